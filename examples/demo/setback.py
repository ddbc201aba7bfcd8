# SPDX-License-Identifier: MIT
"""setback.py - at 50 % RocketMQ's side breaks, and Kafka gets back what it had.

Its consumers are killed, and nothing brings them up.  The cut goes back to 0,
which helps only what nobody has seen yet; what was RocketMQ's already is given
to Kafka by `mqmctl assign --all`, again and again until nothing stays: what the
dead had in their hands is in doubt, and is asked after first.  Naive consumers
have nothing like that: what Kafka's dropped waits until RocketMQ is back.
"""

import threading
import time

from stage import TOPIC, Failed, now_ms

BEFORE_S, UNNOTICED_S = 4, 1.5
IN_FORCE_S = 1.5    # the configuration is read each second
BROKEN_S = 15    # until it is mended
CATCH_UP_S = 3
AGAIN_S = 3    # each time sends again what is not done yet
PATIENCE_S = 120
ALL = ("assign", TOPIC, "--all", "--to", "kafka", "--yes")


def happen(play):
    play.phase("cut 50 %")
    play.set_cut(50)
    play.pass_time(BEFORE_S)
    begin_ms, begin_s = now_ms(), time.time()
    play.watch.phase = "RocketMQ breaks"    # in the plot it is a fault
    for name in play.of_side("rocketmq"):
        play.kill(name)
    play.pass_time(UNNOTICED_S)
    play.phase("back to Kafka")
    play.set_cut(0)
    play.pass_time(IN_FORCE_S)
    if not play.naive:
        give_back(play)
    play.pass_time(begin_s + BROKEN_S - time.time())
    play.mark(begin_ms, "RocketMQ broken")
    play.phase("RocketMQ mended")
    for _ in range(2):
        play.start_worker("rocketmq")
    play.pass_time(CATCH_UP_S)


def give_back(play):
    """In a thread, so that the watch over servers and workers goes on."""
    end = time.time() + PATIENCE_S
    while True:
        answer = []
        thread = threading.Thread(
            target=lambda: answer.extend(play.stage.ask_mqmctl(*ALL)))
        thread.start()
        while thread.is_alive():
            play.pass_time(0.1)
        code, said = answer
        total, sum_up = figures(said)
        play.assigned += total
        play.orphans = max(play.orphans, said.count("who had it died"))
        play.watch.say("    -- mqmctl assign --all --to kafka: %s" % sum_up)
        if code == 0:
            return
        if time.time() > end:
            raise Failed("what RocketMQ had is not given back in %d s: %s" %
                         (PATIENCE_S, said[-600:]))
        play.pass_time(AGAIN_S)


def figures(said):
    """Of "7 assigned to kafka, 7 sent there, 2 stay, 0 too young"."""
    for line in said.splitlines():
        if " assigned to kafka, " in line:
            return int(line.split()[0]), line
    raise Failed("mqmctl assign: " + said[-600:])
