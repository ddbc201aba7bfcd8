# SPDX-License-Identifier: MIT
"""arena.py - the demo's programs and servers, where faults can reach them.

Kafka and the store are behind proxies.  The clocks of Kafka's consumers can be
set (libfaketime); RocketMQ's client stands still for as long as a clock is set
back, so its consumers keep theirs.
"""

import json
import os
import pathlib
import re
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples" / "demo"))

import stage                                      # noqa: E402
from proxy import Proxy                           # noqa: E402
from stage import GROUP, TOPIC, Failed, now_ms    # noqa: E402

WORKERS = ("kafka", "rocketmq") * 2
FAKETIME = sorted(pathlib.Path("/usr/lib").glob(
    "*/faketime/libfaketimeMT.so.1"))


class Arena(stage.Stage):
    def __init__(self, options, place):
        self.proxies = {}
        super().__init__(options, place)
        self.workers = {}    # name: side
        self.serial = 0
        self.guard = threading.Lock()
        self.deaths = {}     # last words of who ended by itself: times
        self.through_proxy("kafka", self.ports["kafka"] + 5)
        self.kafka = "127.0.0.1:%d" % self.proxies["kafka"].port
        if options.store != "sqlite":
            self.through_proxy("store", self.ports["redis"] + 5,
                               self.ports["redis"])
            self.store = "127.0.0.1:%d" % self.proxies["store"].port

    def through_proxy(self, name, port, target=None):
        self.proxies[name] = Proxy(port, target or self.ports[name])

    def lines(self, name):
        if name == "kafka":
            return ("advertised.listeners=PLAINTEXT://" + self.kafka,)
        return super().lines(name)

    # ------------------------------ programs ------------------------------

    def clock_file(self, name):
        return self.dir / ("clock-" + name)

    def set_clock(self, name, seconds):
        part = self.clock_file(name).with_suffix(".part")
        part.write_text("%+d\n" % seconds)
        part.rename(self.clock_file(name))

    def start_worker(self, side):
        with self.guard:
            self.serial += 1
            name = "%s-%d" % (side, self.serial)
        env = {}
        if side == "kafka" and FAKETIME:
            self.set_clock(name, 0)
            env = {"LD_PRELOAD": str(FAKETIME[0]),
                   "FAKETIME_TIMESTAMP_FILE": str(self.clock_file(name)),
                   "FAKETIME_CACHE_DURATION": "1",
                   "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                   # Or each timed wait by that clock ends at once.
                   "FAKETIME_FORCE_MONOTONIC_FIX": "0",
                   "FAKETIME_DONT_RESET": "1"}
        self.start(name, "worker", self.config, side, GROUP, TOPIC, name,
                   self.third, env=env)
        with self.guard:
            self.workers[name] = side
        return name

    def start_resolver(self):
        self.start("resolver", "resolver", self.config, GROUP, TOPIC,
                   self.third, self.status)

    def forget_worker(self, name):
        with self.guard:
            return self.workers.pop(name)

    def begin(self, rate, seed):
        self.start_servers()
        self.write_config()
        self.edit(switch=True, since=now_ms() - 5000)
        self.start("thirdparty", "thirdparty", "-p", self.options.port + 30,
                   "-s", seed, "-l", self.ledger, "-x", 60)
        for side in WORKERS:
            self.start_worker(side)
        self.start_resolver()
        self.tell_producer("again")
        self.start("producer", "producer", "-c", self.config, "-t", TOPIC,
                   "-k", self.kafka, "-f", self.control, "-o", self.sent,
                   "-r", rate, "-s", seed)

    def tell_producer(self, word):
        part = self.control.with_suffix(".part")
        part.write_text(word + "\n")
        part.rename(self.control)

    def edit(self, **settings):
        """Before anybody reads it: later it is mqmctl's to change."""
        config = json.loads(self.config.read_text())
        config["topics"][0].update(settings)
        self.config.write_text(json.dumps(config, indent=4) + "\n")

    def raise_the_dead(self):
        """A worker that ended by itself (it cannot begin while the store is
        away) is told, and replaced as whatever watches over it would."""
        for name, program in list(self.programs.items()):
            if program.poll() is None or name not in self.workers:
                continue
            self.note_death(name, program)
            del self.programs[name]
            self.start_worker(self.forget_worker(name))

    def raise_the_resolver(self):
        """As a worker; and it ends if there is no configuration right now."""
        program = self.programs["resolver"]
        if program.poll() is not None:
            self.note_death("resolver", program)
            self.start_resolver()

    def note_death(self, name, program):
        words = "ended with %d: %s" % (program.returncode,
                                       self.last_words(name)[-200:])
        words = re.sub(r"[a-z]+-[0-9]+: |[0-9]{13} ", "", words)
        self.deaths[words] = self.deaths.get(words, 0) + 1

    def close(self):
        for proxy in self.proxies.values():
            proxy.close()
        super().close()

    def words_of(self, name):
        try:
            return (self.dir / (name + ".err")).read_text(errors="replace")
        except OSError:
            return ""

    def begin_words_anew(self, name):
        path = self.dir / (name + ".err")
        with open(path.with_suffix(".err.old"), "a") as old:
            old.write(self.words_of(name))
        os.truncate(path, 0)
