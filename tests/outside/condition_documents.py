"""Documents made to show single conditions of the checker (mutated_checker.py): what is stated is changed at one place,
every place in turn, from certificates of every rule."""

import copy
import random
from fractions import Fraction

from mutated_certificates import as_step, loosened, number, written

BASES = ["relu04", "relu13.argmax10", "relu13.pool2", "relu13.pool3", "relu13.clip", "relu13.relu6", "clean2", "clean2x2"]
BASES += ["relu_minimax8", "relu_hermite2", "leaky_minimax6", "clip_minimax9", "relu6_minimax9", "abs_minimax10"]
BASES += ["relu_minimax8_zero", "relu_gauss4", "clean3"]
BASES += ["sign_chebyshev27", "two sides", "sides that differ", "mode f32", "max PROVED", "relu REFUTED", "step UNDECIDED"]
UNIT = Fraction(1, 2**60)


def places(node, path=()):
    """The numbers of a claim that are no cells and no pieces."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else []
    for key, value in pairs:
        if key in ("cells", "pieces", "rule", "function", "verdict"):
            continue
        if isinstance(value, str):
            yield path + (key,)
        else:
            yield from places(value, path + (key,))


def put(d, path, value):
    d = copy.deepcopy(d)
    node = d
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return d


def variants(key, text):
    if key in ("cites", "deviation", "closeness", "ranges", "inputs", "order"):
        return {str(max(0, int(text) + k)) for k in (-1, 1)}
    x = number(text)
    return {written(y) for y in (-x, 2 * x, x / 2, x * Fraction(1023, 1024), x * Fraction(1025, 1024), x + UNIT, x - UNIT, x / 1024, Fraction(0))}


def square(boxes, parts=(("-1", "0", "-1"), ("0", "1", "1"))):
    """x^2 against |x|: the error is 1/4 exactly, at -1/2 and 1/2, which only the exact comparison sees."""
    table = {"format": "polycert-table/1", "name": "square", "target": "direct_abs", "domain": {"lo": "-1", "hi": "1"},
             "components": [{"basis": "power", "coefficients": ["0", "0", "1"]}], "provenance": {}}
    claims = [{"rule": "lines", "hi": "1/4", "witness": {"x": "1*2^-1", "lo": "1/4"}, "parts": [
        {"from": a, "to": b, "slope": s, "intercept": "0", "pieces": [{"lo": boxes[i][0], "hi": boxes[i][1], "boxes": boxes[i][2]}]}
        for i, (a, b, s) in enumerate(parts)]},
        {"rule": "target", "cites": "0", "function": "direct_abs", "lo": "1/4", "hi": "1/4"}]
    return {"format": "polycert-certificate/1", "table": table, "table_sha256": "", "coefficients": "exact", "precision": "192", "claims": claims}


LEFT = ("-1", "0", [["-5*2^-3", "-3*2^-3"]])
RIGHT = ("0", "1", [["3*2^-3", "5*2^-3"]])


def exact():
    """Squares, with their boxes right and wrong, and parts whose ends cut a box, or end in the critical point."""
    made = {"square": square([LEFT, RIGHT])}
    wrong = {"narrow": [["7*2^-4", "9*2^-4"]], "left": [["1*2^-3", "3*2^-3"]], "right": [["5*2^-3", "7*2^-3"]],
             "turned": [["5*2^-3", "3*2^-3"]], "beyond": [["3*2^-3", "9*2^-3"]], "before": [["-1*2^-3", "5*2^-3"]],
             "point": [["1*2^-1", "1*2^-1"]], "none": [], "two": [["3*2^-3", "1*2^-1"], ["1*2^-1", "5*2^-3"]],
             "odd": [["3*2^-3", written(Fraction(2**191 + 1, 2**192))]],
             "uneven": [["2361183241434822606847*2^-73", "5*2^-3"]], "wide": [["0", "1"]], "end": [["1*2^-1", "5*2^-3"]]}
    hints = {f"box {name}": ("0", "1", boxes) for name, boxes in wrong.items()}
    hints.update({"empty segment": ("1", "0", []), "segment of a point": ("1", "1", [])})
    for name, hint in hints.items():
        made[f"square, {name}"] = square([LEFT, hint])
        made[f"square, {name}, bound 2"] = d = square([LEFT, hint])
        d["claims"][0]["hi"] = d["claims"][1]["hi"] = "2"
    # Lines that are proved, and are not those of |x|: another slope, and a part on both sides of the kink.
    for name, part, slope, witness, most in [
        ("slope", ("0", "1", []), "0", "1", "1"),
        ("across", ("-1*2^-1", "1", RIGHT[2]), "1", "-1*2^-1", "3/4"),
        ("across, left", ("-1", "1*2^-1", LEFT[2]), "-1", "1*2^-1", "3/4"),
    ]:
        made[f"square, {name}"] = d = square([part], ((part[0], part[1], slope),))
        d["claims"][0].update({"hi": most, "witness": {"x": witness, "lo": most}})
        d["claims"][1].update({"hi": most, "lo": most})
    made["square, parts that do not meet"] = d = square([LEFT, RIGHT])
    other = copy.deepcopy(d["claims"][0])
    other["hi"] = "3"
    other["parts"][1]["intercept"] = "1/2"
    d["claims"].insert(0, other)
    d["claims"][-1]["cites"] = "1"
    for cut in ("1*2^-1", "7*2^-4", "9*2^-4", "3*2^-3", "5*2^-3"):
        middle = number(cut)
        for name, (a, b) in {"to": ("0", cut), "from": (cut, "1")}.items():
            made[f"square, {name} {cut}"] = d = square([LEFT, RIGHT], (("-1", "0", "-1"), (a, b, "1")))
            at = min(max(Fraction(1, 2), number(a)), number(b))
            low = at - at * at
            for hi in {low, Fraction(1, 4), max(middle - middle**2, low), low - UNIT}:
                e = copy.deepcopy(d)
                e["claims"][0]["hi"] = e["claims"][1]["hi"] = written(Fraction(1, 4))
                e["claims"][0]["parts"].pop(0)
                e["claims"][0]["witness"] = {"x": written(at) if "*" in written(at) or at.denominator == 1 else f"{at.numerator}*2^-{at.denominator.bit_length() - 1}", "lo": written(low)}
                e["claims"][0]["hi"] = written(hi)
                e["claims"][1].update({"lo": written(low), "hi": written(hi)})
                made[f"square, {name} {cut}, {hi}"] = e
    return made


def direct(name, coefficients, hi, witness, parts):
    """|x| by powers, on parts `(from, to, slope, intercept, segments)`; a segment is `(from, to, boxes)`."""
    table = {"format": "polycert-table/1", "name": name, "target": "direct_abs", "domain": {"lo": "-1", "hi": "1"},
             "components": [{"basis": "power", "coefficients": coefficients}], "provenance": {}}
    claims = [{"rule": "lines", "hi": hi, "witness": {"x": witness, "lo": "0"}, "parts": [
        {"from": a, "to": b, "slope": s, "intercept": c, "pieces": [{"lo": u, "hi": v, "boxes": k} for u, v, k in segments]}
        for a, b, s, c, segments in parts]},
        {"rule": "target", "cites": "0", "function": "direct_abs", "lo": "0", "hi": hi}]
    return {"format": "polycert-certificate/1", "table": table, "table_sha256": "", "coefficients": "exact", "precision": "192", "claims": claims}


def exactly():
    """Bounds that are met exactly, at 1/2, with what does not count: other turns, or pieces that meet there."""
    box, half = [["3*2^-3", "5*2^-3"]], "1*2^-1"
    left, right = [["-3*2^-1", "-5*2^-2"]], [["5*2^-2", "3*2^-1"]]
    made = {}
    # G' = 12 (x - 1/2) (x^2 - 2): |G| is 47/16 at 1/2, and more at a turn that is no fraction and outside of the part.
    quartic = [0, 12, -12, -2, 3]
    whole = [("-2", "2", left + box + right)]
    made["quartic, another turn before"] = direct("quartic", [str(c + (i == 1)) for i, c in enumerate(quartic)], "47/16", half, [("0", "1", "1", "0", whole)])
    turned = [("-2", "2", [["-3*2^-1", "-5*2^-2"], ["-5*2^-3", "-3*2^-3"], *right])]
    made["quartic, another turn after"] = direct("quartic", [str(c * (-1) ** i - (i == 1)) for i, c in enumerate(quartic)], "47/16", "-1*2^-1", [("-1", "0", "-1", "0", turned)])
    # G = 4 x (1 - x)/3: 1/3 at 1/2, where two segments meet; x (1 - x), where a gap between two has the turn.
    made["thirds, two segments"] = direct("thirds", ["0", "7/3", "-4/3"], "1/3", half, [("0", "1", "1", "0", [("0", half, []), (half, "1", [])])])
    gap = [("0", "7*2^-4", []), ("9*2^-4", "1", [])]
    made["square, a gap with the turn"] = direct("square", ["0", "0", "1"], "1/4", half, [("0", "1", "1", "0", gap)])
    after = ("5*2^-3", "1", [])
    for name, middle in {"a point": ("3*2^-2", "3*2^-2", []), "turned back": ("3*2^-2", "5*2^-3", [])}.items():
        d = direct("square", ["0", "0", "1"], "1/4", half, [("0", "1", "1", "0", [("0", "3*2^-2", box), middle, ("3*2^-2", "1", []) if name == "a point" else after])])
        made[f"square, a segment of {name} between"] = d
    # The second and the third part do not meet.
    parts = [("-1", "0", "-1", "0", [("-1", "0", [["-5*2^-3", "-3*2^-3"]])]), ("0", "3*2^-2", "1", "0", [("0", "1", box)]),
             ("3*2^-2", "1", "1", "1*2^-3", [("0", "1", box)])]
    d = direct("square", ["0", "0", "1"], "2", half, parts)
    whole = copy.deepcopy(d["claims"][0])
    whole["parts"][2]["intercept"] = "0"
    d["claims"].insert(1, whole)
    d["claims"][-1]["cites"] = "1"
    made["square, later parts that do not meet"] = d
    # A coefficient beyond the largest f32.
    d = direct("large", ["0", "1*2^130"], "1*2^131", "1", [("0", "1", "1", "0", [("0", "1", [])])])
    d["coefficients"] = "f32"
    made["a coefficient beyond f32"] = d
    return made


def tight(made):
    """Documents that are made tight: polynomials on intervals of either sign, cells of either order, numbers between two."""
    draw, found = random.Random(2), {}
    for i in range(80):
        c = [Fraction(draw.randint(-9, 9) * draw.choice((0, 1, 1)), draw.choice((3, 8))) for _ in range(draw.randint(2, 5))]
        c += [Fraction(0)] * (2 - len(c))
        c[0] += draw.choice((-1, 0, 1))
        gap = draw.choice((("-1*2^-2", "1*2^-2"), ("-3*2^-3", "-1*2^-3"), ("1*2^-3", "3*2^-3"), ("-1*2^-3", "1*2^-2"), ("0", "1*2^-3"), ("-1*2^-3", "0")))
        if i % 8 == 0:
            c[1::2] = [Fraction(0)] * len(c[1::2])
        # The part is the gap between two segments: an interval on which the polynomial is evaluated as a whole.
        part = gap if i % 4 else ("-1*2^-1", "1*2^-1")
        d = direct("drawn", [str(x + (k == 1)) for k, x in enumerate(c)], "0", "0", [(*part, "1", "0", [("-1*2^-1", gap[0], []), (gap[1], "1*2^-1", [])])])
        d["precision"] = "64"
        for holder in (d["table"], d["claims"][1]):
            holder.update({"lower": "-1", "upper": "1"})
        d["table"]["target"] = d["claims"][1]["function"] = "direct_clip"
        d["claims"][0]["witness"]["x"] = draw.choice(part)
        d["coefficients"] = draw.choice(("exact", "fixed:1", "fixed:2"))
        found[f"tight, drawn polynomial {i}"] = d
    # Horner's steps with factors of every two signs: what is made of the first is multiplied by an interval of x.
    above, below = ("1*2^-3", "3*2^-3"), ("-3*2^-3", "-1*2^-3")
    signs = [(c, gap) for c in ((0, 0, -1, 4), (0, 0, 1, 4), (-2, -1, 4), (2, 3, 4)) for gap in (above, below)]
    signs.append(([Fraction(x, 4) for x in (-8, -12, -5, 1, 11, -9)], ("-3*2^-3", "-5*2^-4")))
    for i, (c, gap) in enumerate(signs):
        # Two short segments at the ends, without a turn.
        segments = [(gap[0], written(number(gap[0]) + UNIT), []), (written(number(gap[1]) - UNIT), gap[1], [])]
        d = direct("signs", [str(x + (k == 1)) for k, x in enumerate(c)], "0", gap[0], [(*gap, "1", "0", segments)])
        for holder in (d["table"], d["claims"][1]):
            holder.update({"lower": "-1", "upper": "1"})
        d["table"]["target"] = d["claims"][1]["function"] = "direct_clip"
        d["precision"] = "64"
        found[f"tight, signs {i}"] = d
    for i in range(24):
        d = copy.deepcopy(made[draw.choice(("relu04", "two sides"))])
        d["claims"] = [next(c for c in d["claims"] if c["rule"] == "deviation"), d["claims"][-1]]
        d["claims"][1] = {"rule": "target", "cites": "0", "function": "relu", "scale": "1", "lo": "0", "hi": "1"}
        points = sorted({draw.randint(1, 127) for _ in range(draw.randint(0, 4))})
        # Up to a place where the error still grows, or up to 1.
        last = draw.choice(("1", "1*2^-4"))
        ends = ["0"] + [written(Fraction(x, 128) * number(last)) for x in points] + [last]
        orders = "".join(draw.choice("0111") for _ in ends[1:])
        d["precision"], d["claims"][0]["to"], d["claims"][0]["witness"]["x"] = "80", last, "1*2^-5"
        d["claims"][0]["cells"] = [{"points": ends, "orders": orders} for _ in d["claims"][0]["cells"]]
        found[f"tight, drawn cells {i}"] = d
    for i in range(3):
        d = copy.deepcopy(made["relu13.argmax10"])
        a = next(c for c in d["claims"] if c["rule"] == "argmax")
        ranges = d["claims"][int(a["ranges"])]["ranges"][-1]
        ranges[:] = [ranges, ["0", "64"], ["-64", "1"]][i]
        found[f"tight, argmax {i}"] = d
    # 4 - (x - 2)^2 on a box from 1 on, in which the simplest number is 1, and no turn.
    found["a turn at 2 in a box from 1"] = direct("large", ["0", "5", "-1"], "4", "2", [("0", "3", "1", "0", [("0", "3", [["1", "5*2^-1"]])])])
    return found


def cells(d):
    """Cells that begin elsewhere, end early, turn back, stand still or are none, and orders that are others."""
    for i, c in enumerate(d["claims"]):
        for change in range(9):
            e = copy.deepcopy(d)
            lists = e["claims"][i].get("cells")
            if not lists:
                continue
            k = lists[0]
            if change == 0:
                k["points"][0] = "1*2^-20"
            elif change == 1:
                k["points"][0] = "-1*2^-20"
            elif change == 2:
                k["points"], k["orders"] = k["points"][:1], ""
            elif change == 3:
                k["points"].pop()
                k["orders"] = k["orders"][:-1]
            elif change == 4:
                k["points"].insert(1, k["points"][2] if len(k["points"]) > 2 else "1")
                k["orders"] = k["orders"][:1] + k["orders"]
            elif change == 5:
                k["points"].insert(1, k["points"][0])
                k["orders"] = k["orders"][:1] + k["orders"]
            elif change == 6:
                k["points"].insert(1, "0")
                k["orders"] = "0" + k["orders"]
            elif change == 7:
                k["orders"] = "1" * len(k["orders"])
            else:
                lists.append(copy.deepcopy(k))
            yield e


def documents(certificates, made):
    found = {**exact(), **exactly(), **tight(made)}
    found.update(changed("square", found["square"]))
    for base in ("relu13.pool2", "relu13.pool3"):
        d = copy.deepcopy(made[base])
        pool = next(c for c in d["claims"] if c["rule"] == "pool")
        pool["range"] = "1/1048576"
        found[f"{base}, witness beyond the range"] = copy.deepcopy(d)
        d = copy.deepcopy(made[base])
        for pool in d["claims"]:
            if pool["rule"] == "pool":
                pool["witness"] = {"inputs": ["1*2^-3" for _ in pool["witness"]["inputs"]], "lo": "0"}
            if pool["rule"] == "target":
                pool["lo"] = "0"
        found[f"{base}, inputs alike"] = d
        # Inputs a unit apart, whose difference is not proved to have a sign.
        for order, name in ((1, "above"), (-1, "below")):
            found[f"{base}, inputs that are next to each other, {name}"] = d = copy.deepcopy(d)
            for pool in d["claims"]:
                if pool["rule"] == "pool":
                    near = [written(Fraction(1, 8) + Fraction(1, 3 * 2**40) // Fraction(1, 2**191) * Fraction(1, 2**191)), "1*2^-3"]
                    near[1] = written(number(near[0]) - Fraction(1, 2**191))
                    pool["witness"]["inputs"][:2] = near[::order]
    for base, field, value in (("leaky_minimax6", "slope", "1/64"), ("clip_minimax9", "lower", "-64"), ("clip_minimax9", "upper", "64")):
        found[f"{base}, made for another {field}"] = d = copy.deepcopy(made[base])
        d["table"][field] = value
    found["clean2, of a step"] = d = as_step(made["clean2"])
    d["table"]["target"] = "sign"
    found["relu05, not odd"] = d = loosened(copy.deepcopy(made["relu05"]))
    d["table"]["components"][-1]["coefficients"][0] = "1*2^-30"
    found["two sides, cells of one"] = d = copy.deepcopy(made["two sides"])
    for c in d["claims"]:
        if "cells" in c:
            c["cells"].pop()
    found["relu13.relu6, lower end not 0"] = d = copy.deepcopy(made["relu13.relu6"])
    for c in d["claims"]:
        if c["rule"] == "clip":
            c["lower"], c["to"] = "-1*2^-60", "11"
            c["hi"] = written(number(c["hi"]) * 2)
            c["witness"]["lo"] = written(number(c["witness"]["lo"]) / 2)
        if c["rule"] == "target":
            c["lo"], c["hi"] = written(number(c["lo"]) / 4), written(number(c["hi"]) * 4)
            c.pop("claim", None)
    found["relu04, order of the last cell"] = d = copy.deepcopy(made["relu04"])
    for c in d["claims"]:
        if c["rule"] == "derivative":
            c["cells"][0]["orders"] = "01"
    found["relu04, max with a witness beyond 1"] = d = copy.deepcopy(made["relu04"])
    cited = max((c for c in d["claims"] if c["rule"] == "deviation"), key=lambda c: number(c["to"]))
    cited["witness"] = {"x": cited["to"], "lo": "0"}
    d["claims"][-1] = {"rule": "target", "cites": str(d["claims"].index(cited)), "function": "max", "scale": "1", "lo": "0", "hi": cited["hi"]}
    found["relu13.clip, witness beyond"] = d = copy.deepcopy(made["relu13.clip"])
    d["claims"][1].update({"to": "6", "witness": {"x": "889*2^-7", "lo": "0"}})
    d["claims"][2]["lo"] = "0"
    found["relu13.argmax10, wide ranges"] = d = copy.deepcopy(made["relu13.argmax10"])
    for c in d["claims"]:
        if c["rule"] == "stage_ranges":
            c["ranges"][-1] = ["-64", "64"]
    found["relu13.argmax10, exchanged"] = d = copy.deepcopy(made["relu13.argmax10"])
    for c in d["claims"]:
        if c["rule"] == "argmax":
            inputs = c["witness"]["inputs"]
            inputs[0], inputs[1] = inputs[1], inputs[0]
            c["witness"]["lo"] = written(number(c["witness"]["lo"]) * Fraction(3, 4))
        if c["rule"] == "target":
            c["lo"] = written(number(c["lo"]) * Fraction(3, 4))
    found["relu13.argmax10, turned round"] = d = copy.deepcopy(made["relu13.argmax10"])
    for c in d["claims"]:
        if c["rule"] == "argmax":
            c["witness"]["inputs"].reverse()
            c["witness"]["lo"] = written(number(c["witness"]["lo"]) * Fraction(3, 4))
        if c["rule"] == "target":
            c["lo"] = written(number(c["lo"]) * Fraction(3, 4))
    for base in ("relu04", "two sides", "relu13.abs"):
        for i, e in enumerate(cells(made[base]) if base in made else []):
            found[f"{base}, cells {i}"] = e
    for base in BASES:
        found.update(changed(base, made[base]))
    return found


def changed(base, d):
    found = {}
    for path in places({"claims": d["claims"]}):
        node = d
        for key in path:
            node = node[key]
        for i, text in enumerate(sorted(variants(path[-1], node))):
            found[f"{base} {'.'.join(map(str, path))} {i}"] = put(d, path, text)
    return found
