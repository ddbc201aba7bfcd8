# SPDX-License-Identifier: MIT
"""Admin of the test RocketMQ over its remoting protocol, for scripts/rocketmq.

The servers' own tools take seconds a call, this takes milliseconds. Frame:
u32 length | u32 header length | JSON header | body; all header values are
strings. What always holds: a topic that was made is visible in the name
server, and answered by the broker, before the program ends.
"""
import json
import os
import socket
import struct
import sys
import time

ROUTE, CREATE_TOPIC, CREATE_GROUP, TOPIC_CONFIG = 105, 17, 200, 351
SET_CONFIG = 25
COMMITTED, COMMIT, MAX_OFFSET, MIN_OFFSET = 14, 15, 30, 31
SEND, SEND_BACK = 310, 36
NO_TOPIC, NOT_FOUND = 17, 22
# From this version on the name server answers in standard JSON.
VERSION = 453


class Failed(Exception):
    pass


class Conn:
    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), 10)
        self.opaque = 0

    def _read(self, n):
        data = bytearray()
        while len(data) < n:
            piece = self.sock.recv(n - len(data))
            if not piece:
                raise Failed("the server closed the connection")
            data += piece
        return bytes(data)

    def ask(self, code, fields=None, body=b""):
        """The answer: its code, its remark, its fields and its body."""
        self.opaque += 1
        head = json.dumps({
            "code": code, "language": "OTHER", "version": VERSION,
            "opaque": self.opaque, "flag": 0,
            "extFields": {k: str(v) for k, v in (fields or {}).items()},
        }).encode()
        self.sock.sendall(struct.pack(">II", 4 + len(head) + len(body),
                                      len(head)) + head + body)
        while True:
            total, length = struct.unpack(">II", self._read(8))
            length &= 0xFFFFFF
            head = json.loads(self._read(length))
            body = self._read(total - 4 - length)
            # Requests of the server itself may come in between.
            if head["flag"] & 1 and head["opaque"] == self.opaque:
                return (head["code"], head.get("remark"),
                        head.get("extFields") or {}, body)

    def must(self, code, fields=None, body=b""):
        code, remark, fields, body = self.ask(code, fields, body)
        if code != 0:
            raise Failed("the server refused (%d): %s" % (code, remark))
        return fields, body


def broker_of(route):
    """The port of the broker in a route, which must be on this machine."""
    address = route["brokerDatas"][0]["brokerAddrs"]["0"]
    host, port = address.rsplit(":", 1)
    if host != "127.0.0.1":
        raise Failed("the broker's address is '%s'" % address)
    return int(port)


def wait_route(port, topic, seconds=30):
    """The topic's route; for that long a new one may be unknown."""
    end = time.monotonic() + seconds
    while True:
        try:
            code, remark, _, body = Conn(port).ask(ROUTE, {"topic": topic})
            if code == 0:
                return json.loads(body)
        except OSError as error:
            remark = error
        if time.monotonic() >= end:
            raise Failed("no route of topic '%s': %s" % (topic, remark))
        time.sleep(0.02)


def broker(port):
    """A connection to the broker. TBW102 is a topic that each one has."""
    return Conn(broker_of(wait_route(port, "TBW102")))


def queues(conn, topic):
    """How many queues the topic has, 0 when there is no such topic."""
    code, remark, _, body = conn.ask(TOPIC_CONFIG, {"topic": topic})
    if code == NO_TOPIC:
        return 0
    if code != 0:
        raise Failed("the server refused (%d): %s" % (code, remark))
    return json.loads(body)["writeQueueNums"]


def offset(conn, code, topic, queue):
    fields, _ = conn.must(code, {"topic": topic, "queueId": queue})
    return int(fields["offset"])


def ready(port, seconds):
    broker_of(wait_route(port, "TBW102", float(seconds)))


def make_topic(port, conn, name, count, order="false"):
    conn.must(CREATE_TOPIC, {
        "topic": name, "defaultTopic": "TBW102", "readQueueNums": count,
        "writeQueueNums": count, "perm": 6, "topicFilterType": "SINGLE_TAG",
        "topicSysFlag": 0, "order": order, "attributes": ""})
    wait_route(port, name)


def topic(port, name, count="4", order="false"):
    if not count.isdigit() or not 1 <= int(count) <= 1024:
        raise Failed("'%s' is not a number of queues (1 to 1024)" % count)
    if order not in ("true", "false"):
        raise Failed("'%s' is not an order: true or false" % order)
    make_topic(port, broker(port), name, int(count), order)


def group(port, name, retries="16"):
    """A group and its retry topic.

    Without that topic a consumer hears of its first rejected message only at
    a later rebalance, up to ten seconds after it.
    """
    if not retries.isdigit():
        raise Failed("'%s' is not a number of retries" % retries)
    conn = broker(port)
    conn.must(CREATE_GROUP, {}, json.dumps({
        "groupName": name, "consumeEnable": True,
        "consumeFromMinEnable": True, "consumeBroadcastEnable": True,
        "retryQueueNums": 1, "retryMaxTimes": int(retries), "brokerId": 0,
        "whichBrokerWhenConsumeSlowly": 1,
        "notifyConsumerIdsChangedEnable": True}).encode())
    make_topic(port, conn, "%RETRY%" + name, 1)


def offsets(port, name, subject):
    """A line a queue: queue, committed ('-': none), first, next offset."""
    conn = broker(port)
    count = queues(conn, subject)
    if count == 0:
        raise Failed("there is no topic '%s'" % subject)
    for queue in range(count):
        code, remark, fields, _ = conn.ask(COMMITTED, {
            "consumerGroup": name, "topic": subject, "queueId": queue,
            "setZeroIfNotFound": "false"})
        if code not in (0, NOT_FOUND):
            raise Failed("the server refused (%d): %s" % (code, remark))
        print(queue, fields["offset"] if code == 0 else "-",
              offset(conn, MIN_OFFSET, subject, queue),
              offset(conn, MAX_OFFSET, subject, queue))


def commit(port, name, subject, position):
    """The group's position in each queue, as a consumer would leave it."""
    conn = broker(port)
    for queue in range(queues(conn, subject)):
        conn.must(COMMIT, {"consumerGroup": name, "topic": subject,
                           "queueId": queue, "commitOffset": position})


def count(port, subject):
    conn = broker(port)
    print(sum(offset(conn, MAX_OFFSET, subject, queue) -
              offset(conn, MIN_OFFSET, subject, queue)
              for queue in range(queues(conn, subject))))


def setting(port, line):
    """A setting of the running broker, NAME=VALUE."""
    if "=" not in line:
        raise Failed("'%s' is not NAME=VALUE" % line)
    broker(port).must(SET_CONFIG, {}, line.encode())


def send(port, subject, *properties):
    """Each line of the input becomes a message; queues take turns."""
    send_lines(broker(port), subject, properties)


def dead(port, name, subject, *properties):
    """The same, and the group rejects each of them for the last time."""
    conn = broker(port)
    for answer in send_lines(conn, subject, properties):
        # Address (4 bytes), port (4), place in the commit log (8), in hex.
        conn.must(SEND_BACK, {
            "offset": int(answer["msgId"][16:], 16), "group": name,
            "delayLevel": -1, "originMsgId": answer["msgId"],
            "originTopic": subject, "unitMode": "false",
            "maxReconsumeTimes": 16})


def send_lines(conn, subject, properties):
    count = queues(conn, subject)
    answers = []
    if count == 0:
        raise Failed("there is no topic '%s'" % subject)
    text = "".join(p.replace("=", "\x01", 1) + "\x02" for p in properties)
    stem = "%X%X" % (os.getpid(), time.time_ns())
    for number, line in enumerate(sys.stdin.buffer):
        fields, _ = conn.must(SEND, {
            "a": "CLIENT_INNER_PRODUCER", "b": subject, "c": "TBW102", "d": 4,
            "e": number % count, "f": 0, "g": int(time.time() * 1000), "h": 0,
            "i": text + "UNIQ_KEY\x01%s%08X\x02" % (stem, number), "j": 0,
            "k": "false", "l": 0, "m": "false", "n": "broker-a"},
            line.rstrip(b"\n"))
        answers.append(fields)
    return answers


def main(args):
    commands = (ready, topic, group, offsets, commit, count, setting, send,
                dead)
    command = {c.__name__: c for c in commands}[args[1]]
    try:
        command(int(args[0]), *args[2:])
    except (Failed, OSError) as error:
        sys.exit("rocketmq: %s" % error)


main(sys.argv[1:])
