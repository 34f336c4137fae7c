#!/usr/bin/env python3
"""Draws how long filters take against the number of users: runs `recado bench evaluate` and writes an SVG.

    benches/latency.py docs/latency.svg [--users 10000,100000,1000000,10000000] [--figures FILE]

`--figures` keeps what was measured, and draws from it again when it is there already.
"""

import argparse
import json
import math
import pathlib
import subprocess

PROGRAM = pathlib.Path(__file__).parent.parent / "target/release/recado"
NAMES = [
    "three_clauses", "equality", "range", "list", "regex_low_cardinality", "regex_unique", "event_count_30_days",
    "nested", "negated",
]  # fmt: skip
COLOURS = ["#1b1b1b", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#888888"]
WIDTH, HEIGHT = 860, 480
LEFT, RIGHT, TOP, BOTTOM = 70, 220, 40, 60
FLOOR_US = 5


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("svg", type=pathlib.Path)
    parser.add_argument("--users", default="10000,100000,1000000,10000000")
    parser.add_argument("--figures", type=pathlib.Path)
    options = parser.parse_args()
    if options.figures and options.figures.exists():
        figures = json.loads(options.figures.read_text())
    else:
        figures = [measure(int(users)) for users in options.users.split(",")]
        if options.figures:
            options.figures.write_text(json.dumps(figures, indent=1))
    options.svg.write_text(draw(figures))


def measure(users):
    command = [PROGRAM, "bench", "evaluate", "--users", str(users), "--count", "50", "--json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def draw(figures):
    """Both axes are logarithmic: a straight line of slope one is a time that grows with the users."""
    users = [one["users"] for one in figures]
    most = max(max(one[name]["p50_us"], FLOOR_US) for one in figures for name in NAMES)
    decades = (math.log10(FLOOR_US), math.ceil(math.log10(most)))
    x = lambda n: LEFT + (WIDTH - LEFT - RIGHT) * share(math.log10(n), math.log10(users[0]), math.log10(users[-1]))
    y = lambda us: HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share(math.log10(max(us, FLOOR_US)), *decades)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="15">Counting the members of a filter, in the server, p50</text>',
    ]
    for decade in range(math.ceil(decades[0]), decades[1] + 1):
        at = y(10**decade)
        parts.append(f'<line x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - RIGHT}" y2="{at:.1f}" stroke="#dddddd"/>')
        parts.append(text(LEFT - 8, at + 4, span(10**decade), "end"))
    for n in users:
        parts.append(f'<line x1="{x(n):.1f}" y1="{TOP}" x2="{x(n):.1f}" y2="{HEIGHT - BOTTOM}" stroke="#dddddd"/>')
        parts.append(text(x(n), HEIGHT - BOTTOM + 20, f"{n:,}", "middle"))
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, "users of 20 attributes, two events each", "middle"))
    last = figures[-1]
    labels = spread({name: y(last[name]["p50_us"]) for name in NAMES})
    for name, colour in zip(NAMES, COLOURS):
        points = " ".join(f'{x(one["users"]):.1f},{y(one[name]["p50_us"]):.1f}' for one in figures)
        width = 3 if name == "three_clauses" else 1.6
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
        label = f'{name.replace("_", " ")}: {span(last[name]["p50_us"])}'
        parts.append(text(WIDTH - RIGHT + 10, labels[name] + 4, label, "start", colour))
    return "\n".join([*parts, "</svg>", ""])


def share(value, least, most):
    return (value - least) / ((most - least) or 1)


def spread(places):
    """Labels one below the other, near their lines and not over each other."""
    spread, above = {}, -math.inf
    for name, at in sorted(places.items(), key=lambda item: item[1]):
        above = max(at, above + 17)
        spread[name] = above
    return spread


def span(us):
    if us < 1_000:
        return f"{us:g} µs"
    return f"{us / 1_000:.3g} ms"


def text(x, y, words, anchor, colour="#1b1b1b"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


main()
