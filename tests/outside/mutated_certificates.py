"""Mutated certificates: the checker that is proved in Coq and polycert-check must accept the same ones.

    python mutated_certificates.py POLYCERT_CHECK POLYCERT_CHECK_PROVED CERTIFICATES SEED COUNT [FOLDER]

Starts from the shipped certificates, and from others derived of them: sides of their own, a last stage that gives 0 or 1,
every coefficient mode, every function and every verdict. COUNT mutants are drawn, each rule getting the same share: numbers
nudged at their last place or moved far, boxes, points, parts, claims and fields left out, doubled or exchanged, and indices,
functions, modes and verdicts changed. The digest is always made again. Both programs read every mutant; those that one
accepts and the other does not are kept in FOLDER (by default beside the temporary ones). Exit code 1 if there are any.
Needs nothing but Python; `make prove` builds the second program.
"""

import collections
import copy
import glob
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
from fractions import Fraction


def number(text):
    if "*2^" in text:
        mantissa, exponent = text.split("*2^")
        return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    return Fraction(text)


def written(x):
    d = x.denominator
    if d == 1:
        return str(x.numerator)
    if d & (d - 1) == 0:
        return f"{x.numerator}*2^-{d.bit_length() - 1}"
    return f"{x.numerator}/{d}"


def digest(table):
    def plain(text):
        x = number(text)
        return str(x.numerator) if x.denominator == 1 else f"{x.numerator}/{x.denominator}"

    domain = table["domain"]
    lines = ["polycert-table/1", f"domain {plain(domain['lo'])} {plain(domain['hi'])}"]
    lines += [f"segment {plain(lo)} {plain(hi)}" for lo, hi in domain.get("segments", [])]
    lines.append("eps " + (plain(domain["eps"]) if "eps" in domain else "-"))
    if table.get("output") == "step":
        lines.append("output step")
    if "slope" in table:
        lines.append("slope " + plain(table["slope"]))
    if "lower" in table and "upper" in table:
        lines.append(f"ends {plain(table['lower'])} {plain(table['upper'])}")
    lines += [f"{name} {table[name]}" for name in ("function", "value") if name in table]
    for c in table["components"]:
        m = c.get("input_map", {"scale": "1", "offset": "0"})
        lines.append(f"component {c['basis']} {plain(m['scale'])} {plain(m['offset'])} {len(c['coefficients'])}")
        lines += [plain(x) for x in c["coefficients"]]
    return hashlib.sha256(("\n".join(lines) + "\n").encode()).hexdigest()


# ---- certificates derived from shipped ones, true by themselves ----


def widened(node, by):
    """Every box wider, so that the critical points of rounded polynomials stay in them."""
    if isinstance(node, dict):
        if "boxes" in node:
            lo, hi = number(node["lo"]), number(node["hi"])
            node["boxes"] = [[written(max(lo, number(u) - by)), written(min(hi, number(v) + by))] for u, v in node["boxes"]]
        else:
            for value in node.values():
                widened(value, by)
    elif isinstance(node, list):
        for value in node:
            widened(value, by)


def loosened(d, by=Fraction(0)):
    """Every bound a little wider, so that rounded coefficients stay within it."""
    if by:
        widened(d, by)
    factor = {"hi": Fraction(1025, 1024), "lo": Fraction(1023, 1024)}
    for c in d["claims"]:
        if "hi" in c:
            c["hi"] = written(number(c["hi"]) * factor["hi"])
        for holder in [c.get("witness"), c if c["rule"] == "target" else None]:
            if holder and "lo" in holder:
                holder["lo"] = written(number(holder["lo"]) * factor["lo"])
        if "claim" in c and c["claim"]["verdict"] == "PROVED":
            c["claim"]["bound"] = written(max(number(c["claim"]["bound"]), number(c["hi"])))
        if c["rule"] == "stage_ranges":
            for r in c["ranges"]:
                lo, hi = number(r[0]), number(r[1])
                r[0], r[1] = written(lo - Fraction(1, 1024)), written(hi + Fraction(1, 1024))
        c.pop("escape", None)
    return d


def with_target(d, function, cited, factor, scale, extra=None, stated=None):
    """The claims of d without its target, and one of another function."""
    d = copy.deepcopy(d)
    claims = [c for c in d["claims"] if c["rule"] != "target"]
    c = claims[cited]
    lo, hi = number(c["witness"]["lo"]) * factor, number(c["hi"]) * factor
    target = {"rule": "target", "cites": str(cited), "function": function, "scale": scale, **(extra or {})}
    target["lo"], target["hi"] = written(lo), written(hi)
    if stated == "PROVED":
        target["claim"] = {"bound": written(hi * 2), "verdict": stated}
    elif stated == "REFUTED":
        target["claim"] = {"bound": written(lo / 2), "verdict": stated}
    elif stated == "UNDECIDED":
        target["claim"] = {"bound": written((lo + hi) / 2), "verdict": stated}
    d["claims"] = claims + [target]
    return d


def two_sided(d):
    d = copy.deepcopy(d)
    stages = d["branches"][0]["stages"]
    d["branches"] = [{"side": s, "stages": copy.deepcopy(stages)} for s in ("positive", "negative")]
    for c in d["claims"]:
        if "cells" in c:
            c["cells"] = [c["cells"][0], copy.deepcopy(c["cells"][0])]
    return d


def as_step(d):
    """p = 2 h - 1, with h for the last component."""
    d = copy.deepcopy(d)
    c = d["table"]["components"][-1]["coefficients"]
    c[:] = [written(number(x) / 2) for x in c]
    c[0] = written(number(c[0]) + Fraction(1, 2))
    d["table"]["output"] = "step"
    return d


def even_part(d):
    """A small even term, so that the sides differ; hints of the one are not always those of the other."""
    d = two_sided(loosened(copy.deepcopy(d)))
    c = d["table"]["components"][-1]["coefficients"]
    c[0] = written(number(c[0]) + Fraction(1, 2**30))
    return d


def smooth(folder):
    """Series claims: the small shipped ones, and others made of them."""
    made = {}
    for file in sorted(glob.glob(os.path.join(folder, "smooth", "*.cert.json"))):
        with open(file) as f:
            d = json.load(f)
        if os.path.getsize(file) < 12_000:
            made["smooth " + os.path.basename(file)[: -len(".cert.json")]] = d

    def other(name, **fields):
        d = copy.deepcopy(made["smooth " + name])
        series, target = d["claims"]
        for holder in (series, d["table"]):
            holder.update({k: v for k, v in fields.items() if holder is series or k != "error"})
        series["hi"] = target["hi"] = written(number(series["hi"]) * 8)
        series["witness"]["lo"] = target["lo"] = "0"
        target.pop("claim", None)
        return d

    def lines(d):
        """A narrow cell with a line for a model: no turn, whatever the error."""
        part = d["claims"][0]["parts"][0]
        part["from"], part["to"] = "0", "1*2^-4"
        pieces = [{"lo": "-2", "hi": "2", "boxes": []}]
        part["cells"] = [{"to": "1*2^-4", "degree": "1", "pieces": pieces}]
        d["claims"][0]["witness"]["x"] = "0"
        return d

    made["smooth relative"] = lines(other("exp10", error="relative"))
    made["smooth weight"] = lines(other("exp10", error="weight:1/(2+x)"))
    made["smooth value"] = other("exp10", value="y = p + x; z = y - x; z")
    made["smooth root"] = other("inverse_sqrt10", function="1/root(2, x)")
    return made


def bases(folder):
    shipped = {}
    for file in sorted(glob.glob(os.path.join(folder, "*.cert.json"))):
        with open(file) as f:
            d = json.load(f)
        if os.path.getsize(file) < 20_000 and d["table"]["target"] != "smooth":
            shipped[os.path.basename(file)[: -len(".cert.json")]] = d
    made = dict(shipped)
    for file in sorted(glob.glob(os.path.join(folder, "relu13.pool?.cert.json"))):
        with open(file) as f:
            d = json.load(f)
        # The pool alone, with the deviation that it cites.
        d["claims"] = [c for c in d["claims"] if c["rule"] in ("deviation", "pool", "target")]
        made[os.path.basename(file)[: -len(".cert.json")]] = d
    small = shipped["relu04"]
    for mode, by in [("f64", 44), ("f32", 18), ("fixed:40", 32), ("fixed:24", 18)]:
        by = Fraction(1, 2**by)
        d = loosened(copy.deepcopy(small), by)
        d["coefficients"] = mode
        made["mode " + mode] = d
        direct = loosened(copy.deepcopy(shipped["relu_hermite2"]), by)
        direct["coefficients"] = mode
        made["direct " + mode] = direct
    for function, cited, factor, extra in [
        ("sign", 1, Fraction(1), None),
        ("step", 1, Fraction(1, 2), None),
        ("relu", 0, Fraction(3), None),
        ("abs", 0, Fraction(6), None),
        ("leaky_relu", 0, Fraction(33, 10), {"slope": "-1/10"}),
        ("max", 0, Fraction(3), None),
    ]:
        for verdict in ["PROVED", "REFUTED", "UNDECIDED"]:
            made[f"{function} {verdict}"] = with_target(small, function, cited, factor, "3", extra, verdict)
    made["two sides"] = two_sided(small)
    made["two sides of step"] = as_step(two_sided(small))
    made["step"] = as_step(small)
    made["sides that differ"] = even_part(shipped["relu05"])
    return {**made, **smooth(folder)}


# ---- mutations ----


def places(node, path=()):
    """Every string with the fields that lead to it, and every list."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("provenance", "name", "format", "table_sha256", "precision", "rule"):
                continue
            if isinstance(value, str):
                yield path + (key,), node, key
            else:
                yield from places(value, path + (key,))
    elif isinstance(node, list):
        yield path + ("[]",), node, None
        for i, value in enumerate(node):
            if isinstance(value, str):
                yield path + (i,), node, i
            else:
                yield from places(value, path + (i,))


WORDS = {
    "verdict": ["PROVED", "REFUTED", "UNDECIDED"],
    "function": ["sign", "step", "relu", "abs", "max", "clip", "relu6", "max_pool", "argmax", "direct_sign", "direct_step"]
    + ["direct_bit", "direct_relu", "direct_abs", "direct_relu6", "smooth"],
    "basis": ["power", "chebyshev"],
    "side": ["both", "positive", "negative"],
    "output": ["sign", "step"],
}
FORMULAS = ["exp(x)", "1/x", "1*exp(x)", "x + 0", "log(1+x)", "1/sqrt(x)", "cos(pi*x)", "erf(x)", "p", "tanh(x", "exp(-x)", "root(3, x)"]
VALUES = ["p", "1*p", "y = p; y", "p + 0*x", "y = p; z", "x", "p = x; p"]
MODES = ["exact", "f64", "f32", "fixed:1", "fixed:24", "fixed:60", "fixed:1024"]


def nudged(text, random):
    x = number(text)
    unit = Fraction(1, max(x.denominator, 2**60))
    kind = random.randrange(9)
    if kind == 0:
        x += random.choice((1, -1)) * unit
    elif kind == 1:
        x += random.choice((1, -1)) * random.randrange(1, 1 << 20) * unit
    elif kind == 2:
        x = -x
    elif kind == 3:
        x *= 2
    elif kind == 4:
        x /= 2
    elif kind == 5:
        x *= Fraction(1025, 1024)
    elif kind == 6:
        x *= 1 + Fraction(random.choice((1, -1)), 2**30)
    elif kind == 7:
        x = Fraction(0)
    else:
        x += random.choice((1, -1)) * Fraction(1, 2 ** random.randrange(1, 40))
    return x


def mutate(d, random, rule):
    """One to two changes; the first is in a claim of the rule, or in the table or the branches."""
    d = copy.deepcopy(d)
    for turn in range(random.choice((1, 1, 1, 2))):
        claims = [c for c in d["claims"] if c["rule"] == rule]
        part = random.choice(claims) if turn == 0 and claims and rule else d
        if rule == "table" and turn == 0:
            part = d["table"]["components"]
        if rule == "branches" and turn == 0 and "branches" in d:
            part = d["branches"]
        # The kind of a place is chosen first: coefficients and points are many, bounds are few.
        kinds = collections.defaultdict(list)
        for path, holder, key in places(part):
            kinds[tuple(k for k in path if isinstance(k, str))].append((holder, key))
        kinds[("claims",)].append((d["claims"], None))
        if part is d:
            kinds[("mode",)].append((d, "coefficients"))
        kind = random.choice(sorted(kinds))
        holder, key = random.choice(kinds[kind])
        if key is None:
            if not holder:
                continue
            i = random.randrange(len(holder))
            how = random.randrange(3)
            if how == 0:
                holder.pop(i)
            elif how == 1:
                holder.insert(random.randrange(len(holder) + 1), copy.deepcopy(holder[i]))
            else:
                j = random.randrange(len(holder))
                holder[i], holder[j] = holder[j], holder[i]
        elif key == "coefficients" and holder is d:
            holder[key] = random.choice(MODES)
        elif key == "function" and ("parts" in holder or "components" in holder):
            holder[key] = random.choice(FORMULAS)
        elif key == "value":
            holder[key] = random.choice(VALUES)
        elif key == "error":
            holder[key] = random.choice(["absolute", "relative", "weight:x", "weight:1", "weight:2", "weight:"])
        elif key == "degree":
            holder[key] = str(max(0, int(holder[key]) + random.choice((-12, -3, -1, 1, 3, 500))))
        elif key in WORDS:
            holder[key] = random.choice(WORDS[key])
        elif key == "target":
            continue
        elif key == "orders":
            i = random.randrange(len(holder[key]) or 1)
            flipped = "1" if holder[key][i : i + 1] == "0" else "0"
            holder[key] = holder[key][:i] + flipped + holder[key][i + 1 :]
            if kind and random.randrange(3) == 0 and len(holder.get("points", [])) > 2:
                # A point less, with its digit.
                i = random.randrange(1, len(holder["points"]))
                holder["points"].pop(i)
                holder["orders"] = holder["orders"][1:]
        elif key in ("cites", "deviation", "closeness", "ranges", "inputs", "order"):
            holder[key] = str(max(0, int(holder[key]) + random.choice((-2, -1, 1, 2))))
        elif random.randrange(40) == 0 and isinstance(holder, dict):
            del holder[key]
        else:
            holder[key] = written(nudged(holder[key], random))
    try:
        d["table_sha256"] = digest(d["table"])
    except (KeyError, ZeroDivisionError, ValueError):
        pass
    return d


def outcomes(program, folder):
    """The first word that a program says of every file."""
    run = subprocess.run([program, "--any-verdict", folder], capture_output=True, text=True)
    said = {}
    for line in (run.stdout + "\n" + run.stderr).split("\n"):
        if line.startswith(folder) and ".cert.json: " in line:
            file, words = line.split(".cert.json: ", 1)
            said[os.path.basename(file)] = words
    return said


def main():
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    checker, proved, certificates, seed, count = sys.argv[1:6]
    for program in (checker, proved):
        if not os.access(program, os.X_OK):
            print(f"*** SKIPPED: {program} is not there (`make prove` builds the proved one)", file=sys.stderr)
            return 0
    rng, total = random.Random(int(seed)), int(count)
    kept = sys.argv[6] if len(sys.argv) > 6 else tempfile.mkdtemp()
    made = bases(certificates)
    rules = ["stage_ranges", "closeness", "deviation", "derivative", "magnitude", "pool", "argmax", "clip", "lines"]
    rules += ["contraction", "series", "target", "table", "branches"]
    holders = {rule: [n for n, d in made.items() if rule in ("table") or (rule == "branches" and "branches" in d) or any(c["rule"] == rule for c in d["claims"])] for rule in rules}
    table, differing, done, unchanged = collections.Counter(), [], 0, []
    by_rule = collections.Counter()
    while done < total or not unchanged:
        with tempfile.TemporaryDirectory() as folder:
            batch = {}
            if not unchanged:
                # What is not mutated is accepted by both, or the mutants mean little.
                batch = {f"base{i}": (name, d) for i, (name, d) in enumerate(made.items())}
                for _, d in batch.values():
                    d["table_sha256"] = digest(d["table"])
            else:
                for i in range(min(400, total - done)):
                    rule = rules[(done + i) % len(rules)]
                    batch[f"m{done + i}"] = (rule, mutate(made[rng.choice(holders[rule])], rng, rule))
            for file, (_, d) in batch.items():
                with open(os.path.join(folder, file + ".cert.json"), "w") as f:
                    json.dump(d, f)
            old, new = outcomes(checker, folder), outcomes(proved, folder)
            for file, (rule, d) in batch.items():
                a, b = old.get(file, "NOTHING"), new.get(file, "NOTHING")
                words = a.split()[0], b.split()[0]
                if not unchanged and "VERIFIED" not in words[0]:
                    print(f"base {rule}: {a[:150]}")
                table[words] += unchanged != []
                by_rule[rule, words[0]] += 1
                if (words[0] == "VERIFIED") != (words[1] == "VERIFIED") or (words[0] == "VERIFIED" and a != b):
                    differing.append((file, rule, a, b))
                    with open(os.path.join(kept, file + ".cert.json"), "w") as f:
                        json.dump(d, f)
            done += len(batch) if unchanged else 0
            unchanged = unchanged or [len(batch)]
    print(f"{unchanged[0]} certificates, {done} mutants (seed {seed}); polycert-check, proved checker:")
    for words, n in sorted(table.items()):
        print(f"  {words[0]}, {words[1]}: {n}")
    for rule in rules:
        accepted = by_rule[rule, "VERIFIED"]
        print(f"  {rule}: {sum(n for (r, _), n in by_rule.items() if r == rule)} mutants, {accepted} accepted")
    for file, rule, a, b in differing:
        print(f"DIFFER {kept}/{file}.cert.json ({rule})\n  {a[:200]}\n  {b[:200]}")
    print(f"{len(differing)} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
