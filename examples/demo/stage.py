# SPDX-License-Identifier: MIT
"""stage.py - the servers and programs of the demo: started, found, ended.

What always holds: a process is ended by its id, and only if it was started
here; whatever way the demo ends, close() ends them all.
"""

import ctypes
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
CACHE = pathlib.Path(os.environ.get("MQM_CACHE", ROOT / ".cache"))

TOPIC, GROUP, ROCKETMQ_GROUP = "rewards", "issuer", "GID_issuer"
PARKING = "rewards-issuer-parking"
PARTITIONS = 8
PR_SET_PDEATHSIG = 1
# What a server needs in its configuration.  Redis: what keeps it from
# forgetting when it is killed; see docs/redis.md.
LINES = {"redis": ("appendonly yes", "appendfsync always")}
LEASE_MS, HANDLER_MS, SETTLE_MS = 3000, 2000, 10000
POLICY_MAX_AGE_MS = 5000    # five minutes would be usual


class Failed(Exception):
    """The demo cannot go on; the text says why."""


def now_ms():
    return int(time.time() * 1000)


def die_with_parent():
    """Linux: a program goes when the demo is killed with SIGKILL, too.  What
    it hears of a disk that is full is an error, not a signal."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def runs(place):
    """Is the server alive whose process id stands in the folder?  One that is
    being started has none yet."""
    try:
        pid = (place / "pid").read_text().strip()
    except OSError:
        return True
    try:
        stat = pathlib.Path("/proc", pid, "stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


class Stage:
    def __init__(self, options, place):
        """place: a folder for all that this run writes."""
        self.options = options
        self.dir = place
        self.programs = {}
        self.servers = []
        self.absent = set()    # servers that are down on purpose
        self.lock = open(place.with_suffix(".lock"), "w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Failed("another one runs in %s" % place)
        self.begin_anew()
        port = options.port
        self.ports = {"kafka": port, "rocketmq": port + 10,
                      "redis": port + 20, "zookeeper": port + 20}
        self.kafka = "127.0.0.1:%d" % port
        self.rocketmq = "127.0.0.1:%d" % (port + 10)
        self.store = "127.0.0.1:%d" % (port + 20)
        self.third = "http://127.0.0.1:%d" % (port + 30)
        self.config = self.dir / "mqm.json"
        self.control = self.dir / "control"
        self.cut = self.dir / "cut"
        self.ledger = self.dir / "ledger"
        self.sent = self.dir / "sent"
        self.status = self.dir / "resolver.json"

    def begin_anew(self):
        """Also after a run that was killed: its servers may still be up."""
        for name in ("kafka", "rocketmq", "redis", "zookeeper"):
            if (self.dir / name).exists():
                self.servers.append((name, self.dir / name))
        self.close()
        if self.dir.exists():
            shutil.rmtree(self.dir)
        self.dir.mkdir(parents=True)

    # ------------------------------ servers ------------------------------

    def script(self, name, *args):
        done = subprocess.run([str(ROOT / "scripts" / name), *map(str, args)],
                              stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE)
        if done.returncode != 0:
            raise Failed("scripts/%s %s failed: see above"
                         % (name, " ".join(map(str, args))))
        return done.stdout

    def lines(self, name):
        return LINES.get(name, ())

    def up(self, name):
        place = self.dir / name
        self.servers.append((name, place))
        self.script(name, "up", place, self.ports[name], *self.lines(name))

    def take_down(self, name):
        """As a crash does: killed, and its data is kept."""
        self.absent.add(name)
        self.servers.remove((name, self.dir / name))
        self.script(name, "kill", self.dir / name)

    def bring_back(self, name):
        self.up(name)
        self.absent.discard(name)

    def start_servers(self):
        self.script("fetch")
        self.up("kafka")
        self.up("rocketmq")
        if self.options.store != "sqlite":
            self.up(self.options.store)
        for name in ("kafka", "rocketmq"):
            self.script(name, "topic", self.dir / name, TOPIC, PARTITIONS)
            self.script(name, "topic", self.dir / name, PARKING, 1)
        self.script("rocketmq", "group", self.dir / "rocketmq",
                    ROCKETMQ_GROUP)
        # Without a position it may begin behind what comes first.
        self.script("rocketmq", "commit", self.dir / "rocketmq",
                    ROCKETMQ_GROUP, TOPIC, 0)

    def lag(self, side):
        """Messages that the side's group has not acknowledged."""
        group = ROCKETMQ_GROUP if side == "rocketmq" else GROUP
        lines = self.script(side, "offsets", self.dir / side, group, TOPIC)
        total = 0
        for line in lines.splitlines():
            _, committed, low, high = line.split()
            first = int(committed) if committed.isdigit() else int(low)
            total += int(high) - first
        return total

    def dead_letters(self):
        return int(self.script("rocketmq", "count", self.dir / "rocketmq",
                               "%DLQ%" + ROCKETMQ_GROUP))

    # --------------------------- configuration ---------------------------

    def write_config(self):
        url = {"redis": "redis://" + self.store,
               "zookeeper": "zk://" + self.store,
               "sqlite": "sqlite:%s" % (self.dir / "mqm.db"),
               }[self.options.store]
        topic = {
            "topic": TOPIC, "group": GROUP, "old": "kafka", "new": "rocketmq",
            "switch": False, "cut": "0%", "salt": "demo",
            "lease_ms": LEASE_MS, "handler_ms": HANDLER_MS,
            "settle_ms": SETTLE_MS, "clock_margin_ms": 1000,
            "pause_ms": 100, "pause_max_ms": 1000,
            "policy_max_age_ms": POLICY_MAX_AGE_MS,
            "sides": {"kafka": {"parking": PARKING},
                      "rocketmq": {"group": ROCKETMQ_GROUP,
                                   "parking": PARKING}},
        }
        config = {
            "app": "demo", "report_ms": 1000, "store": {"url": url},
            "sides": {
                "kafka": {"adapter": "kafka",
                          "bootstrap.servers": self.kafka,
                          "auto.offset.reset": "earliest",
                          "session.timeout.ms": 4000,
                          "heartbeat.interval.ms": 1000},
                "rocketmq": {"adapter": "rocketmq",
                             "name_server": self.rocketmq,
                             "library": str(CACHE / "librocketmq" /
                                            "librocketmq.so"),
                             "threads": 8},
            },
            "topics": [topic],
        }
        self.config.write_text(json.dumps(config, indent=4) + "\n")

    def settings(self):
        return json.loads(self.config.read_text())["topics"][0]

    def ask_mqmctl(self, *args, err=subprocess.STDOUT):
        """Its exit code and what it said; err: where its complaints go."""
        done = subprocess.run([str(BUILD / "bin" / "mqmctl"), "-c",
                               str(self.config), *args],
                              stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=err)
        return done.returncode, done.stdout

    def mqmctl(self, *args):
        code, said = self.ask_mqmctl(*args)
        if code != 0:
            raise Failed("mqmctl %s: %s" % (" ".join(args), said))
        return said

    # ------------------------------ programs -----------------------------

    def start(self, name, program, *args, env=()):
        out = open(self.dir / (name + ".out"), "w")
        err = open(self.dir / (name + ".err"), "a")
        home = self.dir / "home"
        home.mkdir(exist_ok=True)
        folder = "bin" if program == "mqmctl" else "demo"
        self.programs[name] = subprocess.Popen(
            [str(BUILD / folder / program), *map(str, args)],
            stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            start_new_session=True,
            preexec_fn=die_with_parent,
            env=dict(os.environ, HOME=str(home), **dict(env)))
        out.close()
        err.close()

    def send(self, name, number):
        self.programs[name].send_signal(number)

    def stop(self, name, patience_s=30):
        """A clean stop; the program must end with 0."""
        program = self.programs[name]
        program.send_signal(signal.SIGTERM)
        try:
            code = program.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.check_servers()
            raise Failed("%s did not stop in %d s" % (name, patience_s))
        del self.programs[name]
        if code != 0:
            raise Failed("%s ended with %d: %s" % (name, code,
                                                   self.last_words(name)))

    def kill(self, name):
        self.programs[name].kill()
        self.programs.pop(name).wait()

    def gave_up(self, name):
        """It ended since the store was locked; and is forgotten then."""
        gone = (self.programs[name].poll() == 1 and
                "all of store.timeout_ms" in self.last_words(name))
        if gone:
            del self.programs[name]
        return gone

    def last_words(self, name):
        text = (self.dir / (name + ".err")).read_text(errors="replace")
        return text[-600:] or "(it said nothing)"

    def check_servers(self):
        for name, place in list(self.servers):
            if name not in self.absent and not runs(place):
                raise Failed("the server %s ended by itself: see %s"
                             % (name, place / "server.log"))

    def check_alive(self):
        self.check_servers()
        for name, program in self.programs.items():
            if program.poll() is not None:
                raise Failed("%s ended by itself (%d): %s" % (
                    name, program.returncode, self.last_words(name)))

    def told(self, name):
        """What the program printed at its end."""
        lines = (self.dir / (name + ".out")).read_text().splitlines()
        return json.loads(lines[-1]) if lines else {}

    def rescued(self):
        """How many lost copies were sent on: "12 sent, 0 gone"."""
        text = (self.dir / "rescue.out").read_text()
        return int(text.splitlines()[-1].split()[0])

    def ask_third(self, path, post=False):
        request = urllib.request.Request(self.third + path,
                                         data=b"" if post else None)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            return answer.read().decode()

    def third_stats(self):
        return json.loads(self.ask_third("/stats"))

    def resolver_status(self):
        try:
            return json.loads(self.status.read_text())
        except (OSError, ValueError):
            return {}

    def held_by(self, name):
        """How many messages it holds ("": all of them); None: the store does
        not answer."""
        for _ in range(1 if name else 10):
            done = subprocess.run([str(BUILD / "demo" / "resolver"),
                                   str(self.config), GROUP, TOPIC, "-H", name],
                                  stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL)
            if done.returncode == 0:
                return int(done.stdout)
        return None

    # ------------------------------ the end ------------------------------

    def close(self):
        for program in self.programs.values():
            if program.poll() is None:
                program.kill()
                program.wait()
        self.programs.clear()
        for name, place in reversed(self.servers):
            # Nothing of theirs is needed any more: no slow clean stop. But
            # `kill` knows only a server that came up; `down` any process.
            for verb in ("kill", "down") if name == "rocketmq" else ("down",):
                subprocess.run([str(ROOT / "scripts" / name), verb,
                                str(place)],
                               stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
        self.servers.clear()
