"""Series claims at their very limit: the checker that is proved in Coq and polycert-check must accept the same bounds.

    python tightest_series.py POLYCERT_CHECK POLYCERT_CHECK_PROVED SEED COUNT [FOLDER]

COUNT random formulas, tables of one or two components, values, measures, precisions, cells and degrees are drawn. Of each
document the least `hi` that polycert-check accepts is found, to the last place of the precision; the proved checker must
accept that very bound, and refuse the one below it by a unit. So do the models of both agree to the last place. What
the proved checker does not cover is counted by its name. Exit code 1 where they differ; the documents are kept in FOLDER (by
default beside the temporary ones). Needs nothing but Python; `make prove` builds the second program.
"""

import collections
import json
import os
import random
import subprocess
import sys
import tempfile
from fractions import Fraction

from mutated_certificates import digest, written

NAMES = ["exp", "log", "sqrt", "sin", "cos", "atan", "asin", "acos", "erf", "tanh", "sigmoid", "softplus", "gelu",
         "gelu_tanh", "silu"]


def constant(draw):
    return draw.choice(["1", "2", "3", "0.5", "1.25", "0.1", "1e-3", "7", "100", "0.044715", "1/3"])


def formula(draw, depth, leaves):
    if depth == 0:
        return draw.choice(leaves) if draw.random() < 0.75 else draw.choice(["pi", constant(draw), constant(draw)])
    a = formula(draw, depth - 1, leaves)
    kind = draw.randrange(10)
    if kind < 2:
        return f"({a}){draw.choice('+-')}({formula(draw, depth - 1, leaves)})"
    if kind < 4:
        return f"({a})*({formula(draw, depth - 1, leaves)})"
    if kind == 4:
        return f"({a})/({formula(draw, depth - 1, leaves)})"
    if kind == 5:
        return f"({a})^{draw.choice([2, 3, 4, 5, 7, -1, -2])}"
    if kind == 6:
        return f"root({draw.choice([2, 3, 4, 5])}, {a})"
    return f"{draw.choice(NAMES)}({a})"


def component(draw):
    count = draw.randint(1, 6)
    made = {"basis": draw.choice(["power", "chebyshev"]),
            "coefficients": [written(Fraction(draw.randint(-999, 999), draw.choice([64, 100, 333, 1024]))) for _ in range(count)]}
    if draw.random() < 0.5:
        made["input_map"] = {"scale": written(Fraction(draw.choice([-3, -1, 1, 2, 5]), draw.choice([1, 2, 3, 8]))),
                             "offset": written(Fraction(draw.randint(-9, 9), 8))}
    return made


def document(draw):
    precision = draw.choice([64, 65, 100, 128, 192])
    f = formula(draw, draw.randint(0, 3), ["x"])
    value = None
    if draw.random() < 0.4:
        value = formula(draw, draw.randint(0, 2), ["x", "p"])
        if draw.random() < 0.5:
            value = f"y = {value}; " + formula(draw, draw.randint(0, 2), ["x", "p", "y", "y"])
    lo = Fraction(draw.randint(-64, 64), 16)
    hi = lo + Fraction(1, draw.choice([1, 2, 8, 64, 1024]))
    cells = draw.randint(1, 2)
    ends = [lo + (hi - lo) * Fraction(i, cells) for i in range(1, cells + 1)]
    # One piece without boxes: right where the error has no turn in the cell.
    pieces = [{"lo": "-1048577*2^-20", "hi": "1048577*2^-20", "boxes": []}]
    degree = draw.choice([0, 1, 1, 2, 3, 5, 8, 12])
    error = draw.choice(["absolute", "absolute", "relative", "weight:" + formula(draw, 1, ["x"])])
    table = {"format": "polycert-table/1", "name": "drawn", "target": "smooth", "function": f,
             "domain": {"lo": written(lo), "hi": written(hi)}, "components": [component(draw) for _ in range(draw.randint(1, 2))],
             "provenance": {}}
    claim = {"rule": "series", "function": f, "error": error,
             "parts": [{"from": written(lo), "to": written(hi),
                        "cells": [{"to": written(e), "degree": str(degree), "pieces": pieces} for e in ends]}],
             "hi": "0", "witness": {"x": written(draw.choice([lo, hi, (lo + hi) / 2])), "lo": "-1"}}
    if value:
        table["value"] = claim["value"] = value
    target = {"rule": "target", "cites": "0", "function": "smooth", "lo": "-1", "hi": "0"}
    return {"format": "polycert-certificate/1", "table": table, "table_sha256": digest(table),
            "coefficients": draw.choice(["exact", "f64", "f32", "fixed:20"]), "precision": str(precision),
            "claims": [claim, target]}


def outcome(program, d, hi, path):
    for claim in d["claims"]:
        claim["hi"] = written(Fraction(hi))
    with open(path, "w") as file:
        json.dump(d, file)
    done = subprocess.run([program, path], capture_output=True, text=True)
    return done.returncode, (done.stdout + done.stderr).replace(path + ": ", "")


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    rust, proved, seed, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    for program in (rust, proved):
        if not os.access(program, os.X_OK):
            print(f"*** SKIPPED: {program} is not there (`make prove` builds the proved one)", file=sys.stderr)
            return
    keep = sys.argv[5] if len(sys.argv) > 5 else tempfile.mkdtemp()
    os.makedirs(keep, exist_ok=True)
    path = os.path.join(keep, "document.cert.json")
    draw = random.Random(seed)
    seen, wrong = collections.Counter(), 0

    def differ(d, what, a, b):
        nonlocal wrong
        wrong += 1
        with open(os.path.join(keep, f"differs{wrong}.cert.json"), "w") as file:
            json.dump(d, file, indent=1)
        print(f"{what}:\n  {a}\n  {b}")

    for _ in range(count):
        d = document(draw)
        unit = Fraction(1, 1 << int(d["precision"]))
        large = 1 << 60
        code, words = outcome(rust, d, large, path)
        if code != 0:
            other, theirs = outcome(proved, d, large, path)
            seen["refused with any bound"] += 1
            if other not in (code, 3):
                differ(d, "one refuses any bound", words, theirs)
            continue
        low, high = -1, large * (1 << int(d["precision"]))
        while high - low > 1:
            middle = (low + high) // 2
            if outcome(rust, d, middle * unit, path)[0] == 0:
                high = middle
            else:
                low = middle
        code, theirs = outcome(proved, d, high * unit, path)
        if code == 3:
            seen["outside: " + theirs.split("Coq: ")[1].split(" in ")[0].strip()] += 1
            continue
        words = outcome(rust, d, high * unit, path)[1]
        if code != 0 or theirs != words:
            differ(d, f"at hi = {high} units", words, theirs)
        elif high > 0 and outcome(proved, d, (high - 1) * unit, path)[0] != 1:
            differ(d, f"accepted below hi = {high} units", words, theirs)
        else:
            seen["the same bound"] += 1
    print(f"{count} documents (seed {seed}); {wrong} differ")
    for name, n in seen.most_common():
        print(f"  {n} {name}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
