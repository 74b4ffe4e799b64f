"""Documents made to show single conditions of series claims (mutated_checker.py).

All but a few are made tight there: the least bound that is accepted shows every change of a model's last unit. Numbers
that are computed with 64 bits more than the answer show theirs only where the answer lies on the grid within as little:
arguments are chosen for that.
"""

import random

from mutated_certificates import written
from tightest_series import document

WHOLE = [{"lo": "-1048577*2^-20", "hi": "1048577*2^-20", "boxes": []}]


def units(n, precision=64):
    return f"{n}*2^-{precision}"


def series(function, lo, hi, degree=1, precision=64, cells=None, witness=None, coefficients=("0",), pieces=WHOLE):
    """f against p, which is 0, over a cell from lo to hi, in units."""
    ends = [hi] if cells is None else cells
    lo, hi = units(lo, precision), units(hi, precision)
    table = {"format": "polycert-table/1", "name": "made", "target": "smooth", "function": function, "domain": {"lo": lo, "hi": hi},
             "components": [{"basis": "power", "coefficients": list(coefficients)}], "provenance": {}}
    claim = {"rule": "series", "function": function, "error": "absolute", "hi": "0",
             "parts": [{"from": lo, "to": hi, "cells": [{"to": units(e, precision), "degree": str(degree), "pieces": pieces} for e in ends]}],
             "witness": {"x": hi if witness is None else witness, "lo": "-1"}}
    target = {"rule": "target", "cites": "0", "function": "smooth", "lo": "-1", "hi": "0"}
    return {"format": "polycert-certificate/1", "table": table, "table_sha256": "", "coefficients": "exact",
            "precision": str(precision), "claims": [claim, target]}


def with_point(d):
    """One part more, from 1/3 to 1/3, whose cell has a width."""
    cell = {"to": units(2 * (2**63 // 3 + 1)), "degree": "1", "pieces": WHOLE}
    d["claims"][0]["parts"].append({"from": "1/3", "to": "1/3", "cells": [cell]})
    return d


ONE = 2**64
END = 2**32  # how far beyond the end of a root an argument may lie, at precision 64
SERIES = {
    # Numbers above 2^8192, in the coefficients and in the radius alone, where the answer is small again.
    "large": series("1/(((2+x)^64)^64)^4", 0, 2**44),
    "large, times 0": series("0*(" + "1e300*(" * 9 + "x" + ")" * 10, 0, 2**44),
    "large radius, times 0": series("0*((x^64)^64)^4", -8 * ONE, 8 * ONE, 0, witness="0"),
    "small coefficient after none": series("x", 0, ONE // 2, coefficients=["1", "0", units(1, 70)]),
    "no coefficient at the end": series("x", 0, ONE // 2, coefficients=["1", "1", "0"]),
    "exp of much": series("exp(x)", -4200 * ONE, -4200 * ONE + 2),
    "exp of a wide cell": series("0*exp(x)", -33 * ONE, 33 * ONE),
    "exp of a wide radius": series("0*exp(x*x)", 0, 4 * ONE, 0),
    "log of a negative": series("0*log(x)", -ONE, ONE),
    "log of a wide radius": series("0*log(3+x*x)", 0, 8 * ONE, 0),
    "sin of much": series("sin(x)", 2**21 * ONE, 2**21 * ONE + 2),
    "erf of much": series("erf(x)", 9 * ONE, 9 * ONE + 2),
    # (2^63 + 1)^2 - 1 is the number of which the root is taken: Newton's steps would go on between two numbers.
    **{f"root below a square {j}": series("sqrt(x)", j * j * 2**62 + j - 1, j * j * 2**62 + j + 1) for j in (1, 3, 5, 7)},
    "root with large terms": series("sqrt(x)", 2 - END, END, 512),
    "root of a negative middle": series("sqrt(x)", 2 - END, 2),
    "root of a negative": series("sqrt(x)", -ONE, ONE),
    "root of a negative, witness": series("sqrt(x)", -2, ONE, witness=units(-2)),
    "root of none": series("sqrt(0*x)", 0, 2),
    "third root": series("root(3, x)", 2, 2**40, 40),
    "asin at an end": series("asin(x)", ONE // 2, ONE),
    "asin beyond the end": series("asin(x)", ONE - 2, ONE + END, witness=units(ONE - 2)),
    "asin beyond the end, a little": series("asin(x)", ONE + 2, ONE + 10),
    "asin before the end": series("asin(x)", -2 * ONE, ONE // 2),
    "asin after the end": series("asin(x)", -ONE // 2, 2 * ONE),
    "asin of a wide radius": series("asin(x*x)", 9 * ONE // 20 // 2 * 2, 9 * ONE // 10 // 2 * 2, 0),
    "cells, back": series("x", 0, 10, cells=[-2, 10]),
    "cells, none": series("x", 0, 10, cells=[0, 10]),
    "a part of a point": with_point(series("x", 0, 2**40)),
    "witness before": series("x", 2, 10, witness=units(0)),
    "witness after": series("x", 2, 10, witness=units(12)),
}


# A function or a value, and others that differ from it at one place, for what is required of a certificate.
FORMULAS = [
    ("2+x", "3+x"), ("1/2+x", "1/3+x"), ("exp(x)+sin(x)", "exp(x)+cos(x)", "cos(x)+sin(x)"), ("exp(1+x)", "exp(2+x)"),
    ("exp(x)*sin(x)", "exp(x)*cos(x)", "cos(x)*sin(x)"), ("exp(x)/sin(x)", "exp(x)/cos(x)", "cos(x)/sin(x)"),
    ("sin(x)^2", "sin(x)^3", "cos(x)^2"), ("root(2, x)", "root(3, x)", "root(2, 1+x)"),
]
VALUES = [("y = p + x; z = y*x; y + z", "y = p - x; z = y*x; y + z", "y = p + x; z = y/x; y + z", "y = p + x; z = y*x; y - z")]


def wanted_documents():
    """Documents, each with requirements of which the first is met but for the bound, and others are not."""
    on = f"<=1 on [0,{units(2**60)}]"
    found = {}
    for first, *others in FORMULAS:
        found[f"wanted {first}"] = series(first, 0, 2**60), [f + on for f in (first, *others)]
    for first, *others in VALUES:
        d = series("x", 0, 2**60)
        d["claims"][0]["value"] = d["table"]["value"] = first
        found[f"wanted by {first}"] = d, [f"x by {g}{on}" for g in (first, *others)]
    apart = series("x", 0, 2**60)
    apart["claims"][0]["parts"].append({**apart["claims"][0]["parts"][0], "from": units(2**61), "to": units(2**62)})
    found["wanted, parts apart"] = apart, [f"x<=1 on [0,{units(2**62)}]", f"x{on}"]
    return found


def tiny(draw):
    """Functions at numbers of a few units, and at 1 and those."""
    f = draw.choice(["exp", "log", "sqrt", "sin", "cos", "atan", "asin", "erf"])
    argument = draw.choice(["x", "1+x", "1-x", "-x", "4+x"]) if f != "log" else draw.choice(["1+x", "1-x", "x"])
    at = draw.randrange(-8, 7) * 2
    return series(f"{f}({argument})", at, at + 2, draw.choice([0, 1, 2]), draw.choice([64, 64, 65, 66, 68, 72]))


# log(whole + rest 2^-128) is so near to a number of the grid that one unit of the 64 guard bits decides: found by going along
# the numbers near e^g whose enclosures just reach g. An odd rest is the middle of a cell, an even one the witness. The same
# of sin x, x near -600000 pi/2: t - t^3/6 is that near for the t = (6 r)^(1/3) that makes up for the rest r of that multiple
# of pi/2, whose enclosure is wide; and of erf x near 2^-64 - 1, which grows with x 2^64 by 13 of those units.
LOGARITHMS = {
    "46": (94961194206024488745, 45478437909916699600986810766297740065),
    "47.5": (425586546179390318634, 252658474567307638927773778893801101481),
    "48.375": (1020929051074526842507, 64460459060886407770848227156993681412),
    "53.5": (171693866851891636734881, 168332178277253475715618422680379689584),
}
TURNED = -17385646699364093547959171
STEADY = -119419984108320810119


def series_documents():
    draw = random.Random(1)
    found = {f"tight {name}": d for name, d in SERIES.items()}
    found.update({f"tight, drawn {i}": document(draw) for i in range(200)})
    found.update({f"tight, tiny {i}": tiny(draw) for i in range(200)})
    for g, (whole, rest) in LOGARITHMS.items():
        found[f"tight log {g}"] = series(f"log({whole}+x)", rest // 2 * 2, rest // 2 * 2 + 2, 0, 128, witness=units(rest // 2 * 2, 128))
    found["tight sin, turned"] = series("sin(x)", TURNED - 1, TURNED + 1, 0)
    found["tight erf, steady"] = series("erf(x)", STEADY - 1, STEADY + 1, 0)
    return found
