# SPDX-License-Identifier: MIT
"""mishaps.py - what happens to consumers and to the store on the way.

When and to whom is chance by seed, so that guarded and naive runs meet the
same.  A Play is one of these.
"""

import random
import signal
import threading
import time

from stage import now_ms

PAUSE_S = 5.0    # longer than a lease
KILL_BETWEEN = (0, 31)    # seconds after the first cut
PAUSE_BETWEEN = (0, 31)
RESTART_BETWEEN = (5, 31)


class Mishaps:
    def __init__(self, stage, watch, options):
        self.stage, self.watch, self.options = stage, watch, options
        self.naive = options.naive
        self.random = random.Random(options.seed)
        self.story = {"phases": [], "cuts": [], "faults": []}
        self.open = 0
        self.workers = {}
        self.killed = []
        self.threads = []    # at work on faults
        self.victims = []
        self.due = []    # (time, action) of faults
        self.resume = {}    # stopped worker: when to continue it

    def count_open(self, name):
        """What a worker holds at this moment can end as a parking each.

        In a thread: SQLite has one lock, and a worker that was stopped while
        it had it keeps everybody waiting, the count too.
        """
        if self.naive:
            return
        thread = threading.Thread(target=self.add_open, args=(name,))
        thread.start()
        self.threads.append(thread)

    def add_open(self, name):
        n = self.stage.held_by(name)
        if n is None:    # the store stood still, and all that all held
            n = self.stage.held_by("")
        self.open += n or 0
        self.watch.say("    -- %s holds %s messages" % (name, n))

    def mark(self, begin_ms, words):
        self.story["faults"].append((begin_ms, now_ms(), words))
        self.watch.say("    -- " + words)

    def kill(self, name):
        """As a crash: it says goodbye to nobody.  The side it worked for."""
        side = self.workers.pop(name)
        self.stage.kill(name)
        self.killed.append(name)
        self.count_open(name)
        return side

    def kill_one(self):
        name = self.victims[0]
        begin = now_ms()
        side = self.kill(name)
        self.mark(begin, "%s killed" % name)
        self.due.append((time.time() + 1, lambda: self.start_worker(side)))

    def halt(self, names, seconds, words):
        begin = now_ms()
        for name in names:
            self.stage.send(name, signal.SIGSTOP)
            self.resume[name] = seconds
        for name in names:
            self.count_open(name)

        def go_on():
            for name in names:
                self.stage.send(name, signal.SIGCONT)
                del self.resume[name]
            self.mark(begin, words)

        self.due.append((begin / 1000 + seconds, go_on))

    def pause_one(self):
        name = self.victims[1]
        self.watch.say("    -- %s paused for %g s" % (name, PAUSE_S))
        self.halt([name], PAUSE_S, "%s paused" % name)

    def restart_store(self):
        """In a thread: the other faults must not wait for it."""
        def work():
            begin = now_ms()
            self.stage.take_down(self.options.store)
            self.stage.bring_back(self.options.store)
            self.mark(begin, "the store killed and restarted")

        thread = threading.Thread(target=work)
        thread.start()
        self.threads.append(thread)

    def inflict(self):
        for item in sorted(self.due, key=lambda i: i[0]):
            if item[0] <= time.time() and item in self.due:
                self.due.remove(item)
                item[1]()

    def plan_faults(self):
        start = time.time()
        self.victims = self.random.sample(sorted(self.workers), 2)
        kill = start + self.random.uniform(*KILL_BETWEEN)
        pause = start + self.random.uniform(*PAUSE_BETWEEN)
        self.due += [(kill, self.kill_one), (pause, self.pause_one)]
        if self.options.store != "sqlite" and not self.naive:
            restart = start + self.random.uniform(*RESTART_BETWEEN)
            self.due.append((restart, self.restart_store))

