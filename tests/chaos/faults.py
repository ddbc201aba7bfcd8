# SPDX-License-Identifier: MIT
"""faults.py - what is done to the programs and servers.

A fault is a method that does harm, sees for itself that the harm was done,
waits, and mends it.  Each runs in a thread, on a target that no other fault
has at that time.  One that cannot be seen is counted as unseen, which is a
failure of the run: a fault that has no effect tests nothing.
"""

import pathlib
import resource
import signal
import time

from stage import TOPIC, Failed, now_ms

SERVERS = ("kafka", "rocketmq", "store")
SEEN_S = 20
CUTS = (0, 1, 10, 50, 90, 100)
PAGE = 4096


def state_of(pid):
    try:
        stat = pathlib.Path("/proc", str(pid), "stat").read_text()
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[0]


class Faults:
    def __init__(self, arena, rng, on_main):
        self.arena, self.rng, self.on_main = arena, rng, on_main
        self.ended = False
        self.cut = 0

    # ------------------------------- helpers ------------------------------

    def wait(self, low, high):
        end = time.time() + self.rng.uniform(low, high)
        while time.time() < end and not self.ended:
            time.sleep(0.05)

    def seen(self, condition, patience_s=SEEN_S):
        end = time.time() + patience_s
        while time.time() < end:
            if condition():
                return True
            time.sleep(0.05)
        return False

    def says(self, names, words):
        """One of them says it, later than now."""
        before = {n: len(self.arena.words_of(n)) for n in names}

        def said():
            return any(words in self.arena.words_of(n)[before[n]:]
                       for n in names)
        return said

    def server(self, name):
        return self.arena.options.store if name == "store" else name

    def server_pid(self, name):
        path = self.arena.dir / self.server(name) / "pid"
        return int(path.read_text())

    # ------------------------------- workers ------------------------------

    def worker_killed(self, name):
        program = self.arena.programs[name]
        side = self.arena.forget_worker(name)
        self.arena.kill(name)
        self.wait(0.1, 3)
        self.on_main(lambda: self.arena.start_worker(side))
        return program.returncode == -signal.SIGKILL

    def worker_paused(self, name):
        """Up to 5 s: longer than a lease, shorter than the settling time."""
        pid = self.arena.programs[name].pid
        self.arena.send(name, signal.SIGSTOP)
        seen = self.seen(lambda: state_of(pid) == "T")
        self.wait(0.3, 5)
        self.arena.send(name, signal.SIGCONT)
        return seen

    def worker_replaced(self, name):
        """A clean stop, as when a new version is rolled out."""
        program = self.arena.programs[name]
        side = self.arena.forget_worker(name)
        program.send_signal(signal.SIGTERM)
        seen = self.seen(lambda: program.poll() is not None, 40)
        if not seen:
            program.kill()
            program.wait()
        del self.arena.programs[name]
        self.on_main(lambda: self.arena.start_worker(side))
        return seen

    def clock_set(self, name):
        said = self.says([name], "in force now")
        ahead = self.rng.choice((-3600, -60, 60, 3600))
        self.arena.set_clock(name, ahead)
        time.sleep(1.2)
        self.move_cut()

        def told():
            if not said():
                return False
            line = self.arena.words_of(name).rstrip().rpartition("\n")[2]
            ms = line.split(" ")[0]
            return ms.isdigit() and abs(int(ms) - now_ms()) > 30000
        seen = self.seen(told)
        self.wait(1, 6)
        self.arena.set_clock(name, 0)
        return seen

    def resolver_killed(self, _):
        program = self.arena.programs["resolver"]
        self.arena.kill("resolver")
        self.wait(0.1, 2)
        self.on_main(self.arena.start_resolver)
        return program.returncode == -signal.SIGKILL

    # ------------------------------- servers ------------------------------

    def server_killed(self, target):
        name = self.server(target)
        pid = self.server_pid(target)
        self.arena.take_down(name)
        seen = state_of(pid) in ("", "Z")
        self.wait(0.1, 3)
        self.arena.bring_back(name)
        return seen

    def server_paused(self, target):
        name = self.server(target)
        pid = self.server_pid(target)
        self.arena.script(name, "stop", self.arena.dir / name)
        seen = self.seen(lambda: state_of(pid) == "T")
        self.wait(0.3, 4)
        self.arena.script(name, "cont", self.arena.dir / name)
        return seen

    def connection_cut(self, target):
        proxy = self.arena.proxies[target]
        before = proxy.ended
        proxy.cut()
        seen = self.seen(lambda: proxy.ended > before)
        self.wait(0.1, 4)
        proxy.mend()
        return seen

    def connection_slow(self, target):
        proxy = self.arena.proxies[target]
        before = proxy.slowed
        proxy.slow(self.rng.uniform(0.02, 0.3))
        seen = self.seen(lambda: proxy.slowed > before)
        self.wait(0.5, 5)
        proxy.mend()
        return seen

    def disk_full(self, target):
        """No file may grow: of the server, or of all who write SQLite's."""
        if self.arena.options.store == "sqlite":
            return self.disk_full_sqlite()
        name = self.server(target)
        pid = self.server_pid(target)
        self.arena.absent.add(name)
        resource.prlimit(pid, resource.RLIMIT_FSIZE,
                         (PAGE, resource.RLIM_INFINITY))
        seen = self.seen(lambda: state_of(pid) in ("", "Z"))
        if seen:
            self.arena.servers.remove((name, self.arena.dir / name))
        else:
            self.arena.take_down(name)
        self.wait(0.1, 2)
        self.arena.bring_back(name)
        return seen

    def limit_files(self, names, bytes_):
        for name in names:
            try:
                resource.prlimit(self.arena.programs[name].pid,
                                 resource.RLIMIT_FSIZE,
                                 (bytes_, resource.RLIM_INFINITY))
            except (KeyError, ProcessLookupError):
                pass    # another fault has ended it

    def disk_full_sqlite(self):
        """Not even a page fits, but what they say about it does."""
        names = list(self.arena.workers)
        for name in names:
            self.arena.begin_words_anew(name)
        said = self.says(names, "store")
        self.limit_files(names, PAGE)
        seen = self.seen(said)
        self.wait(0.1, 3)
        self.limit_files(names, resource.RLIM_INFINITY)
        return seen

    # ---------------------------- configuration ---------------------------

    def move_cut(self):
        self.cut = self.rng.choice([c for c in CUTS if c != self.cut])
        try:
            self.arena.mqmctl("cut", TOPIC, "%d%%" % self.cut)
        except Failed:
            return False    # it is broken at the moment
        return True

    def cut_moved(self, _):
        said = self.says(list(self.arena.workers), "in force now")
        self.move_cut()
        return self.seen(said)

    def switch_off(self, _):
        self.arena.mqmctl("switch", TOPIC, "off")
        seen = not self.arena.settings()["switch"]
        self.wait(0.5, 3)
        self.arena.mqmctl("switch", TOPIC, "on")
        return seen

    def config_broken(self, _):
        text = self.arena.config.read_text()
        said = self.says(list(self.arena.workers), "old policy stays")
        self.arena.config.write_text(
            text[:self.rng.randrange(1, len(text) - 2)])
        seen = self.seen(said)
        self.wait(0.1, 3)
        self.arena.config.write_text(text)
        return seen

    def config_gone(self, _):
        away = self.arena.config.with_suffix(".away")
        said = self.says(list(self.arena.workers), "old policy stays")
        self.arena.config.rename(away)
        seen = self.seen(said)
        self.wait(0.1, 3)
        away.rename(self.arena.config)
        return seen

    # -------------------------------- kinds -------------------------------

    def kinds(self):
        """(words, method, targets) of what can be done here."""
        workers = sorted(self.arena.workers)
        kafka = [n for n in workers if self.arena.workers[n] == "kafka"]
        served = [s for s in SERVERS
                  if s != "store" or self.arena.options.store != "sqlite"]
        links = sorted(self.arena.proxies)
        return (
            ("worker killed", self.worker_killed, workers),
            ("worker paused", self.worker_paused, workers),
            ("worker replaced", self.worker_replaced, workers),
            ("clock set", self.clock_set, kafka),
            ("resolver killed", self.resolver_killed, ["resolver"]),
            ("server killed", self.server_killed, served),
            ("server paused", self.server_paused, served),
            ("connection cut", self.connection_cut, links),
            ("connection slow", self.connection_slow, links),
            ("disk full", self.disk_full, ["store"]),
            ("cut moved", self.cut_moved, ["config"]),
            ("switch off", self.switch_off, ["config"]),
            ("configuration broken", self.config_broken, ["config"]),
            ("configuration gone", self.config_gone, ["config"]),
        )
