# SPDX-License-Identifier: MIT
"""retiring.py - `mqmctl retire`: may Kafka be switched off?

Asked until it says yes; its reasons are shown as they change.  A consumer that
the demo has killed cannot say that it is dead, so when it is named as a reason
it is declared dead, as an operator would who has looked.
"""

import json
import time

from stage import TOPIC, Failed

PATIENCE_S = 120
AGAIN_S = 0.5


class Retiring:
    def __init__(self, play):
        self.play = play
        self.dead = []
        self.shown = None    # subjects of the last answer
        self.yes = False
        self.took_s = None

    def ask(self):
        """Once; with what was declared before."""
        args = ["retire", TOPIC, "--side", "kafka", "--json"]
        for name in self.dead:
            args += ["--dead", name]
        stage = self.play.stage
        with open(stage.dir / "retire.err", "a") as err:
            code, said = stage.ask_mqmctl(*args, err=err)
        try:
            answer = json.loads(said)
        except ValueError:
            raise Failed("mqmctl retire: " + stage.last_words("retire"))
        self.yes = code == 0 and answer["retired"]
        noes = [t for t in answer["told"] if t["kind"] == "no"]
        self.show(noes, answer["by"])
        self.declare(noes)
        return self.yes

    def show(self, noes, who):
        """Each reason when it comes up: figures in it change all the time."""
        subjects = [told["subject"] for told in noes]
        say = self.play.watch.say
        if subjects != self.shown:
            for told in noes:
                say("    -- retire: no, %(text)s" % told)
        if self.yes:
            say("    -- retire: yes (asked by %s)" % who)
        self.shown = subjects

    def declare(self, noes):
        for told in noes:
            name = told["text"].split(" ")[0]
            if (told["subject"] == "instance" and name in self.play.killed and
                    name not in self.dead and "--dead" in told["remedy"]):
                self.dead.append(name)
                self.play.watch.say("    -- %s is declared dead" % name)

    def wait(self):
        begin = time.time()
        while not self.ask():
            if time.time() - begin > PATIENCE_S:
                raise Failed("mqmctl retire still says no after %d s: %s" % (
                    PATIENCE_S, self.play.stage.last_words("retire")))
            self.play.pass_time(AGAIN_S)
        self.took_s = round(time.time() - begin, 1)
