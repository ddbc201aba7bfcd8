# SPDX-License-Identifier: MIT
"""report.py - the table at the end, beside that of the other kind of run."""

import json

from judge import can_tell

ROWS = (
    ("sent", "sent"),
    ("messages a second", "rate"),
    ("sent again (same id)", "again"),
    ("sent to one broker only", "half"),
    ("  missed, and sent on", "rescued"),
    ("issued once", "once"),
    ("issued twice or more", "twice"),
    ("never issued", "never"),
    ("calls refused (503)", "refused"),
    ("calls spoilt", "spoilt"),
    ("open at a kill or pause", "open"),
    ("parked on the way", "parkings"),
    ("  found issued", "found_issued"),
    ("  owed and sent again", "found_owed"),
    ("given back to Kafka", "assigned"),
    ("  in dead hands: parked", "orphans"),
    ("parked at the end", "parked_left"),
    ("dead letters", "dead_letters"),
    ("Kafka retired after, s", "retired_s"),
    ("  declared dead for it", "declared"),
    ("longest silence, ms", "gap_ms"),
    ("send to issue, median ms", "p50_ms"),
    ("send to issue, 99 % ms", "p99_ms"),
)


def cell(result, name):
    value = result.get(name)
    return "-" if value is None else str(value)


def load(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def table(columns):
    """columns: (title, result) pairs."""
    lines = ["%-26s" % "" + "".join("%14s" % t for t, _ in columns)]
    for words, name in ROWS:
        lines.append("%-26s" % words +
                     "".join("%14s" % cell(r, name) for _, r in columns))
    return lines


def share_lines(result):
    lines = ["cut stood at    messages    the new side got"]
    for row in result["shares"]:
        lines.append("%10g %%  %10d  %15.2f %%%s" % (
            row["cut"], row["n"], row["share"],
            "" if can_tell(row) else "   (too few to be judged)"))
    return lines
