"""Documents made to show single conditions of the checker (mutated_checker.py): what is stated is changed at one place,
every place in turn, from certificates of every rule."""

import copy
from fractions import Fraction

from mutated_certificates import number, written

BASES = ["relu04", "relu13.argmax10", "relu13.pool2", "relu13.pool3", "relu13.clip", "relu13.relu6", "clean2", "clean2x2"]
BASES += ["relu_minimax8", "relu_hermite2", "leaky_minimax6", "clip_minimax9", "relu6_minimax9", "abs_minimax10"]
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
    return {written(y) for y in (-x, 2 * x, x / 2, x * Fraction(1023, 1024), x * Fraction(1025, 1024), x + UNIT, x - UNIT, Fraction(0))}


def documents(certificates, made):
    found = {}
    for base in BASES:
        d = made[base]
        for path in places({"claims": d["claims"]}):
            node = d
            for key in path:
                node = node[key]
            for i, text in enumerate(sorted(variants(path[-1], node))):
                found[f"{base} {'.'.join(map(str, path))} {i}"] = put(d, path, text)
    return found
