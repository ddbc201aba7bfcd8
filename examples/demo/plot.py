# SPDX-License-Identifier: MIT
"""plot.py - messages a second per side over time, the cut drawn over it: SVG.

Stacked areas, the new side below; the cut is a step line with its own scale at
the right, drawn so that 100 % is the usual rate: it runs along the new side's
area if the share is right.  Above it the phases, below it what was done to the
consumers.
"""

from xml.sax.saxutils import escape

WIDTH, HEIGHT = 1130, 560
LEFT, RIGHT, TOP, BOTTOM = 70, 1030, 150, 440
SIDES = (("rocketmq", "RocketMQ", "#e58e3a"),
         ("kafka", "Kafka", "#3f6fa3"),
         ("old", "Kafka, unguarded", "#9dbbd9"))
INK, GREY, CUT, FAULT = "#24292f", "#8b949e", "#111111", "#c62f2f"
FONT = "font-family='DejaVu Sans, Helvetica, Arial, sans-serif'"


class Scale:
    def __init__(self, begin_ms, end_ms, top, usual):
        self.begin, self.end, self.top = begin_ms, end_ms, top
        self.usual = usual

    def x(self, ms):
        part = (ms - self.begin) / max(1, self.end - self.begin)
        return LEFT + (RIGHT - LEFT) * min(1.0, max(0.0, part))

    def y(self, rate):
        return BOTTOM - (BOTTOM - TOP) * min(1.0, rate / self.top)

    def y_cut(self, cut):
        return self.y(self.usual * cut / 100.0)


def text(x, y, words, size=12, anchor="start", colour=INK, more=""):
    return ("<text x='%.1f' y='%.1f' font-size='%d' text-anchor='%s' "
            "fill='%s' %s>%s</text>" % (x, y, size, anchor, colour, more,
                                        escape(words)))


def line(x1, y1, x2, y2, colour, width=1.0, more=""):
    return ("<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' stroke='%s' "
            "stroke-width='%g' %s/>" % (x1, y1, x2, y2, colour, width, more))


def per_second(issues, begin_ms, end_ms):
    n = (end_ms - begin_ms) // 1000 + 1
    rates = {name: [0] * n for name, _, _ in SIDES}
    for found in issues.values():
        for ms, side in found:
            at = (ms - begin_ms) // 1000
            if 0 <= at < n and side in rates:
                rates[side][at] += 1
    return rates


def nice_top(highest):
    for step in (200, 400, 600, 800, 1000, 1200, 1600, 2000, 3000, 4000,
                 6000, 8000, 12000):
        if highest <= step:
            return step
    return highest


def areas(scale, rates):
    n = len(next(iter(rates.values())))
    xs = [scale.x(scale.begin + 1000 * i + 500) for i in range(n)]
    below = [0] * n
    for name, _, colour in SIDES:
        above = [b + r for b, r in zip(below, rates[name])]
        points = ["%.1f,%.1f" % (x, scale.y(v)) for x, v in zip(xs, above)]
        points += ["%.1f,%.1f" % (x, scale.y(v))
                   for x, v in reversed(list(zip(xs, below)))]
        if any(rates[name]):
            yield "<polygon points='%s' fill='%s' fill-opacity='0.9'/>" % (
                " ".join(points), colour)
        below = above


def axes(scale):
    for i in range(5):
        rate = scale.top * i // 4
        y = scale.y(rate)
        yield line(LEFT, y, RIGHT, y, "#d0d7de", 0.8)
        yield text(LEFT - 8, y + 4, str(rate), 11, "end", GREY)
    for cut in (0, 25, 50, 75, 100):
        yield text(RIGHT + 8, scale.y_cut(cut) + 4, "%d %%" % cut, 11,
                   "start", GREY)
    for s in range(0, (scale.end - scale.begin) // 1000 + 1, 10):
        x = scale.x(scale.begin + s * 1000)
        yield line(x, BOTTOM, x, BOTTOM + 5, GREY)
        yield text(x, BOTTOM + 18, "%d s" % s, 11, "middle", GREY)
    yield line(LEFT, BOTTOM, RIGHT, BOTTOM, INK, 1.2)


def phases(scale, marks):
    for ms, words in marks:
        x = scale.x(ms)
        yield line(x, TOP - 6, x, BOTTOM, "#57606a", 0.7,
                   "stroke-dasharray='2,4'")
        yield text(0, 0, words, 11, "start", INK,
                   "transform='translate(%.1f,%.1f) rotate(-32)'"
                   % (x + 3, TOP - 9))


def cut_line(scale, cuts):
    if not cuts:
        return
    path, y = ["M %.1f %.1f" % (scale.x(cuts[0][0]), scale.y_cut(0))], None
    for ms, cut in cuts:
        y = scale.y_cut(cut)
        path.append("H %.1f V %.1f" % (scale.x(ms), y))
    path.append("H %.1f" % RIGHT)
    for colour, width in (("#ffffff", 5.0), (CUT, 2.2)):
        yield ("<path d='%s' fill='none' stroke='%s' stroke-width='%g' "
               "stroke-linejoin='round'/>" % (" ".join(path), colour, width))


def faults(scale, marks):
    """Labels take turns on three rows, so that neighbours stay apart."""
    for i, (begin, end, words) in enumerate(sorted(marks)):
        x1, x2 = scale.x(begin), scale.x(end)
        y = BOTTOM + 34 + 18 * (i % 3)
        yield ("<rect x='%.1f' y='%d' width='%.1f' height='%d' fill='%s' "
               "fill-opacity='0.16'/>" % (x1, TOP, max(1.5, x2 - x1),
                                          BOTTOM - TOP, FAULT))
        yield line(x1, TOP, x1, y + 4, FAULT, 1.0)
        yield text(x1 + 4, y + 4, words, 11, "start", FAULT)


def legend():
    x = LEFT
    y = HEIGHT - 22
    for _, words, colour in SIDES:
        yield ("<rect x='%d' y='%d' width='14' height='12' fill='%s'/>"
               % (x, y - 10, colour))
        yield text(x + 20, y, words)
        x += 44 + 8 * len(words)
    yield line(x, y - 4, x + 22, y - 4, CUT, 2.2)
    yield text(x + 28, y, "the cut (right scale)")
    x += 200
    yield line(x, y - 10, x, y + 2, FAULT, 2)
    yield text(x + 8, y, "a consumer killed or held")


def draw(path, title, issues, story):
    """story: begin_ms, end_ms, phases, cuts, faults (lists of marks)."""
    begin, end = story["begin_ms"], story["end_ms"]
    rates = per_second(issues, begin, end)
    totals = sorted(map(sum, zip(*rates.values())))
    scale = Scale(begin, end, nice_top(totals[-1]), totals[len(totals) // 2])
    parts = ["<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' "
             "viewBox='0 0 %d %d' %s>" % (WIDTH, HEIGHT, WIDTH, HEIGHT, FONT),
             "<rect width='100%' height='100%' fill='#ffffff'/>",
             text(LEFT, 28, title, 17, more="font-weight='bold'"),
             text(LEFT, 48, "messages issued a second, by the side whose "
                  "consumer did it", 12, colour=GREY)]
    parts += axes(scale)
    parts += areas(scale, rates)
    parts += faults(scale, story["faults"])
    parts += phases(scale, story["phases"])
    parts += cut_line(scale, story["cuts"])
    parts += legend()
    parts.append("</svg>")
    path.write_text("\n".join(parts) + "\n")
