# SPDX-License-Identifier: MIT
"""play.py - the migration, step by step, and what goes wrong on the way.

Guarded and naive runs go the same way: the same messages, the same faults at
the same moments (chance by seed), the same held-back side while the cut goes
back.  Only the consumers differ, and how they are told the cut.
"""

import json
import time

import setback
from mishaps import Mishaps
from retiring import Retiring
from stage import CACHE, GROUP, ROCKETMQ_GROUP, TOPIC, Failed, now_ms

MASK = (1 << 64) - 1
USERS = 100000
HOLD_S = 2.0     # shorter than one
QUIET_S = 4.0
PATIENCE_S = 120

#       cut   for s
CUTS = ((1, 9), (10, 12), (50, 15), (10, 11))
ALL_S = 8    # at 100 %
RESCUE = "3s"    # ten minutes would be usual


def mix(x):
    """demo.c's chance: both must agree on which user a message has."""
    x ^= x >> 31
    x = x * 0x9e3779b97f4a7c15 & MASK
    x ^= x >> 29
    x = x * 0xd6e8feb86659fd93 & MASK
    return x ^ x >> 32


def chance(seed, number, what):
    return mix((mix((mix(seed + 1 & MASK) + number) & MASK) + what * 7919)
               & MASK)


def user_of(seed, number):
    return "user-%d" % (chance(seed, number, 0) % USERS)


class Play(Mishaps):
    def __init__(self, stage, watch, options):
        super().__init__(stage, watch, options)
        self.allowed = set()
        self.allow_number = None
        self.serial = 0
        self.last_issued = (-1, 0.0)
        self.assigned = 0    # what a broken side had not done
        self.orphans = 0    # what its dead had in their hands
        self.retiring = Retiring(self)

    # ------------------------------- pieces -------------------------------

    def phase(self, words, short=None):
        self.watch.phase = words
        self.story["phases"].append((now_ms(), short or words))

    def pass_time(self, seconds):
        end = time.time() + seconds
        while time.time() < end:
            self.revive()
            self.stage.check_alive()
            self.inflict()
            time.sleep(0.02)

    def wait_for(self, ready, words, patience_s=PATIENCE_S):
        end = time.time() + patience_s
        while not ready():
            if time.time() > end:
                raise Failed("%s: not within %d s" % (words, patience_s))
            self.pass_time(0.25)

    def tell_producer(self, word):
        part = self.stage.control.with_suffix(".part")
        part.write_text(word + "\n")
        part.rename(self.stage.control)

    def start_worker(self, side):
        self.serial += 1
        name = "%s-%d" % (side, self.serial)
        s = self.stage
        if self.naive:
            broker, group = ((s.kafka, GROUP) if side == "kafka" else
                             (s.rocketmq, ROCKETMQ_GROUP))
            s.start(name, "naive", side, broker, group, TOPIC, name, s.cut,
                    s.dir / "locks.db", s.third,
                    CACHE / "librocketmq" / "librocketmq.so")
        else:
            s.start(name, "worker", s.config, side, GROUP, TOPIC, name,
                    s.third)
        self.workers[name] = side

    def of_side(self, side):
        return [n for n, s in self.workers.items() if s == side]

    def revive(self):
        """A worker that begins while SQLite is locked, since a paused one was
        stopped in the middle of a transaction, gives up after timeout_ms.
        Whatever watches over a service starts it again."""
        for name, side in list(self.workers.items()):
            if self.stage.gave_up(name):
                del self.workers[name]
                self.watch.say("    -- %s found the store locked" % name)
                self.start_worker(side)

    def set_cut(self, percent):
        if self.naive:
            part = self.stage.cut.with_suffix(".part")
            part.write_text("%d\n" % percent)
            part.rename(self.stage.cut)
        else:
            self.stage.mqmctl("cut", TOPIC, "%d%%" % percent)
        self.story["cuts"].append((now_ms(), percent))
        self.watch.cut = "%d %%" % percent

    # ------------------------------ the steps -----------------------------

    def begin(self):
        s, o = self.stage, self.options
        s.start("thirdparty", "thirdparty", "-p", o.port + 30, "-s", o.seed,
                "-l", s.ledger)
        self.wait_for(lambda: answers(s), "the third party", 10)
        s.cut.write_text("0\n")
        self.tell_producer("kafka")
        s.start("old", "old_consumer", s.kafka, GROUP, TOPIC, s.third)
        s.start("producer", "producer", "-c", s.config, "-t", TOPIC, "-k",
                s.kafka, "-f", s.control, "-o", s.sent, "-r", o.rate, "-s",
                o.seed)
        self.story["begin_ms"] = now_ms()
        self.watch.start()

    def before(self):
        self.phase("Kafka alone")
        self.pass_time(6)
        self.phase("producers send to both")
        self.tell_producer("both")
        self.pass_time(5)

    def take_over(self):
        s = self.stage
        self.phase("consumers replaced")
        s.stop("old")
        if not self.naive:
            s.start("resolver", "resolver", s.config, GROUP, TOPIC, s.third,
                    s.status)
        for side in ("kafka", "rocketmq") * 2:
            self.start_worker(side)
        self.tell_producer("again")
        self.pass_time(0.2)
        s.ask_third("/spoil?on=1", post=True)
        self.wait_for(lambda: self.watch.stats.get("sides", {}).get("kafka"),
                      "the new consumers' first message", 40)
        self.pass_time(4)

    def allow_one(self):
        """The user of a message that is due in four seconds."""
        number = self.last_number() + 4 * self.options.rate
        self.allow_number = number
        user = user_of(self.options.seed, number)
        self.allowed.add(user)
        self.phase("%s allowed" % user, "one user allowed")
        if not self.naive:
            self.stage.mqmctl("allow", TOPIC, user)
        self.pass_time(5)

    def last_number(self):
        with open(self.stage.sent, "rb") as f:
            f.seek(0, 2)
            f.seek(max(0, f.tell() - 4000))
            lines = f.read().decode().splitlines()[1:-1]
        return max(int(line.split()[3]) for line in lines)

    def switch_on(self):
        if not self.naive:
            self.stage.mqmctl("since", TOPIC, "now")
            since = self.stage.settings()["since"]
            self.wait_for(lambda: now_ms() > since + 500, "the switch moment",
                          20)
        self.allow_one()
        self.phase("switch on")
        if not self.naive:
            self.stage.mqmctl("switch", TOPIC, "on")
        self.set_cut(0)
        self.pass_time(4)
        # From now on a message that one broker alone has is missed.
        if not self.naive:
            self.stage.start("rescue", "mqmctl", "-c", self.stage.config,
                             "rescue", TOPIC, "--watch", "--older", RESCUE)
            self.tell_producer("half")

    def move_cut(self):
        self.plan_faults()
        before = 0
        for cut, seconds in CUTS:
            self.phase("cut %d %%" % cut)
            if cut < before:
                self.wait_for(lambda: not self.resume, "the paused one", 20)
                self.halt(self.of_side("rocketmq"), HOLD_S,
                          "RocketMQ held back")
                self.pass_time(0.5)
            self.set_cut(cut)
            self.pass_time(seconds)
            before = cut
        self.wait_for(lambda: not self.due, "the faults", 30)
        self.join_threads()

    def finish_cut(self):
        self.phase("cut 100 %")
        self.set_cut(100)
        self.pass_time(ALL_S)
        self.join_threads()

    def join_threads(self):
        for thread in self.threads:
            thread.join()

    def retire_kafka(self):
        """Producers that died between two sends are mended: otherwise there
        is always a message that Kafka alone has."""
        self.tell_producer("again")
        if not self.naive:
            self.phase("may Kafka go?")
            self.retiring.wait()

    def leave_kafka(self):
        self.phase("no more to Kafka")
        self.tell_producer("rocketmq")
        self.pass_time(1)
        self.wait_for(lambda: self.is_drained("kafka"), "draining Kafka")
        self.phase("Kafka stops")
        for name in self.of_side("kafka"):
            self.stage.stop(name)
            del self.workers[name]
        self.pass_time(4)

    def is_drained(self, side):
        return self.stage.lag(side) == 0 and self.n_open(side) == 0

    def n_open(self, side):
        """Held, owed or parked; the naive way has no such notion."""
        if self.naive:
            return 0
        out = self.stage.mqmctl("pending", TOPIC, "--side", side, "--json")
        return len(json.loads(out))

    def is_quiet(self):
        """Nothing was issued for a while: retries of the broker may come."""
        now = self.stage.third_stats()["distinct"]
        if now != self.last_issued[0]:
            self.last_issued = (now, time.time())
        return time.time() - self.last_issued[1] > QUIET_S

    def end(self):
        self.phase("producers stop")
        self.tell_producer("stop")
        program = self.stage.programs.pop("producer")
        if program.wait(90) != 0:
            raise Failed("the producer: " + self.stage.last_words("producer"))
        self.story["end_ms"] = now_ms()
        self.watch.phase = "the last are settled"
        self.wait_for(lambda: self.is_drained("rocketmq"),
                      "draining RocketMQ")
        self.wait_for(lambda: self.stage.third_stats()["waiting"] == 0,
                      "the third party's last effects", 10)
        self.wait_for(self.is_quiet, "the last issue")
        if not self.naive:
            self.retiring.ask()
        for name in self.of_side("rocketmq"):
            self.stage.stop(name)
        if not self.naive:
            self.stage.stop("rescue")
            self.stage.stop("resolver")

    def go(self):
        self.begin()
        self.before()
        self.take_over()
        self.switch_on()
        self.move_cut()
        setback.happen(self)
        self.finish_cut()
        self.retire_kafka()
        self.leave_kafka()
        self.end()


def answers(stage):
    try:
        return bool(stage.third_stats())
    except OSError:
        return False
