# SPDX-License-Identifier: MIT
"""judge.py - compares what was sent with what was issued.

Two files decide: the producer's list (ms id user number) and the third
party's ledger (ms id side).  Nobody else's word counts.
"""

import math

SHARE_POINTS = 2.0
BEGIN_MARGIN_MS, END_MARGIN_MS = 2000, 1000
SHARE_AT_LEAST = 1000
SHARES_AT_LEAST = 3    # of eight windows; a slow machine is seen late in some
BIN_MS, LATE_PART = 500, 0.03


def read_sent(path):
    sent = {}
    with open(path) as lines:
        for line in lines:
            ms, ident, user, number = line.split()
            sent[ident] = (int(ms), user, int(number))
    return sent


def read_ledger(path):
    issues = {}
    with open(path) as lines:
        for line in lines:
            ms, ident, side = line.split()
            issues.setdefault(ident, []).append((int(ms), side))
    return issues


def quantile(values, q):
    if not values:
        return 0
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))]


def longest_gap(issues, end_ms):
    """Between two issues, from the first one to the last sending."""
    times = sorted(t for found in issues.values() for t, _ in found)
    times = [t for t in times if t <= end_ms]
    return max((b - a for a, b in zip(times, times[1:])), default=0)


def counts(sent, issues):
    times = [len(issues.get(ident, ())) for ident in sent]
    delays = [issues[i][0][0] - sent[i][0] for i in sent if i in issues]
    return {
        "sent": len(sent),
        "once": times.count(1),
        "twice": sum(t > 1 for t in times),
        "never": times.count(0),
        "strangers": sum(i not in sent for i in issues),
        "gap_ms": longest_gap(issues, max(v[0] for v in sent.values())),
        "p50_ms": quantile(delays, 0.5),
        "p99_ms": quantile(delays, 0.99),
    }


def windows(cuts, end_ms):
    """(cut, begin, end, next change) where the cut stood still."""
    for (begin, cut), (end, _) in zip(cuts, cuts[1:] + [(end_ms, None)]):
        yield cut, begin + BEGIN_MARGIN_MS, end - END_MARGIN_MS, end


def seen_in_time(found, change_ms):
    """The messages of those half seconds of which nearly all were issued
    before the cut moved on, so were first seen before it did.

    All of a half second or none: to leave out what was late, one by one,
    would favour the side that is faster.
    """
    bins = {}
    for sent_ms, issue_ms, side in found:
        bins.setdefault(sent_ms // BIN_MS, []).append((issue_ms, side))
    for entries in bins.values():
        late = sum(ms >= change_ms for ms, _ in entries)
        if late <= LATE_PART * len(entries):
            yield from (side for _, side in entries)


def shares(sent, issues, cuts, end_ms, allowed):
    """What the new side really got, in each window."""
    rows = []
    for cut, begin, end, change in windows(cuts, end_ms):
        found = [(ms,) + issues[i][0] for i, (ms, user, _) in sent.items()
                 if begin <= ms < end and i in issues and user not in allowed]
        sides = list(seen_in_time(found, change))
        share = 100.0 * sides.count("rocketmq") / max(1, len(sides))
        rows.append({"cut": cut, "n": len(sides), "share": share})
    return rows


def tolerance(row):
    """In points.  Each user's side is a toss, so a few thousand messages may be
    off by more than is asked for, by chance alone: four standard deviations
    are not."""
    part = row["cut"] / 100.0
    return max(SHARE_POINTS, 400 * math.sqrt(part * (1 - part) / row["n"]))


def can_tell(row):
    return row["n"] >= SHARE_AT_LEAST


def harm(result, guarded):
    """Sentences about what went wrong; none: nothing did."""
    found = []

    def check(good, words):
        if not good:
            found.append(words)

    check(result["twice"] == 0, "%(twice)d messages were issued twice or more"
          % result)
    check(result["never"] == 0, "%(never)d messages were never issued"
          % result)
    check(result["strangers"] == 0,
          "%(strangers)d messages were issued that nobody sent" % result)
    check(result["sent"] >= 20000, "only %(sent)d messages were sent" % result)
    if not guarded:
        return found
    check(result["rate"] >= 500, "only %(rate)d messages a second" % result)
    check(result["parked_left"] == 0, "%(parked_left)d messages are parked"
          % result)
    check(result["open_left"] == 0, "%(open_left)d messages are not done"
          % result)
    check(result["parkings"] <= result["spoilt"] + result["open"],
          "%(parkings)d parkings, but only %(spoilt)d calls were spoilt and "
          "%(open)d messages open at a kill or pause" % result)
    check(result["rescued"] > 0, "no lost copy was sent on: nothing was lost, or "
          "nobody looked")
    check(result["assigned"] > 0, "nothing was given back to Kafka when RocketMQ "
          "broke")
    check(result["retired"], "Kafka may not be switched off at the end")
    check(result["dead_letters"] == 0,
          "%(dead_letters)d dead letters" % result)
    check(result["allow_side"] == "rocketmq",
          "the allow-listed message was issued by %(allow_side)s" % result)
    told = [row for row in result["shares"] if can_tell(row)]
    for row in told:
        check(abs(row["share"] - row["cut"]) <= tolerance(row),
              "at a cut of %(cut)g %% the new side got %(share).1f %% of "
              "%(n)d" % row)
    check(len(told) >= SHARES_AT_LEAST,
          "only %d cuts stood still for long enough to be judged: this machine "
          "is too busy, or RATE too high for it" % len(told))
    return found
