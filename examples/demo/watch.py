# SPDX-License-Identifier: MIT
"""watch.py - the progress view: a line a second, in a thread of its own.

It only reads; what it cannot read at this moment it leaves out.
"""

import sys
import threading
import time

BAR = 24
# On a terminal the bar has the plot's colours.
COLOURS = {"K": "\033[48;5;67m%s\033[0m", "R": "\033[48;5;173m%s\033[0m"}


class Watch(threading.Thread):
    def __init__(self, stage):
        super().__init__(daemon=True)
        self.stage = stage
        self.phase = ""
        self.cut = "-"
        self.sent = 0
        self.issued = 0
        self.stats = {}
        self.began = time.time()
        self._quiet = threading.Event()
        self._rest = b""
        self._file = None

    def count_sent(self):
        if self._file is None:
            try:
                self._file = open(self.stage.sent, "rb")
            except OSError:
                return
        self.sent += self._file.read().count(b"\n")

    def say(self, text):
        print("%6.1f  %s" % (time.time() - self.began, text), flush=True)

    def look(self):
        before = self.stats
        self.count_sent()
        try:
            self.stats = self.stage.third_stats()
        except OSError:
            return None
        self.issued = self.stats["distinct"]
        old, new = (before.get("sides", {}), self.stats["sides"])
        return {s: new.get(s, 0) - old.get(s, 0) for s in new}

    @staticmethod
    def paint(letter, n):
        text = letter * n
        return COLOURS[letter] % text if sys.stdout.isatty() else text

    def line(self, rate):
        left = rate.get("old", 0) + rate.get("kafka", 0)
        right = rate.get("rocketmq", 0)
        part = round(BAR * left / (left + right)) if left + right else 0
        bar = (self.paint("K", part) +
               self.paint("R", BAR - part if left + right else 0))
        bar += " " * (0 if left + right else BAR)
        parked = self.stage.resolver_status().get("parked", 0)
        self.say("%-22s cut %5s  [%s]  kafka %4d/s  rocketmq %4d/s  "
                 "backlog %5d  parked %3d" % (
                     self.phase, self.cut, bar, left, right,
                     max(0, self.sent - self.issued), parked))

    def run(self):
        self.began = next_s = time.time()
        while not self._quiet.is_set():
            next_s += 1
            self._quiet.wait(max(0.0, next_s - time.time()))
            rate = self.look()
            if rate is not None and not self._quiet.is_set():
                self.line(rate)

    def stop(self):
        self._quiet.set()
        if self.is_alive():
            self.join()
