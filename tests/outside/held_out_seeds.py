"""Plans of the shipped network by 20 seeds: how often the interval that a plan states holds what other inputs show.

    python held_out_seeds.py POLYCERT [FOLDER] [SELECT STATE SEEDS OTHERS]

For each seed SELECT test images of Fashion-MNIST (200) choose with --agreement 0.995, and STATE others (800) state; what OTHERS
(9000) of those that are left show is asked of a twin in numpy, which knows nothing of polycert but the files of the plan, and is
held against the audit on 100 of the images that state. Two minutes of CPU a seed. A plan that is in FOLDER already is read.
Needs numpy.
"""

import hashlib
import json
import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
from held_out import DATA, NETWORK, numpy_file
from numpy.polynomial import chebyshev, polynomial

ARRAYS = ("weights", "bias", "gamma", "beta", "mean", "variance", "epsilon")


def number(text):
    """An exact number as files have it."""
    mantissa, _, exponent = text.partition("*2^")
    return float(Fraction(mantissa) * Fraction(2) ** int(exponent or 0))


def exact_network(path):
    """The nodes of polycert-exact-network/1: each its name, its whole numbers, its arrays."""
    nodes = []
    with open(path) as f:
        next(f)
        for line in f:
            name, *words = line.split()
            if name in ARRAYS:
                nodes[-1][2][name] = np.array([number(w) for w in words])
            else:
                nodes.append((name, [int(w) for w in words], {}))
    return nodes


class Replaced:
    """The polynomial of an activation, and which images ask it outside [-B, B]."""

    def __init__(self, folder, row):
        with open(os.path.join(folder, row["table"][0])) as f:
            table = json.load(f)
        self.direct, self.b, self.stages = table["target"].startswith("direct"), number(row["B"]), []
        for component in table["components"]:
            of = component.get("input_map", {"scale": "1", "offset": "0"})
            coefficients = np.array([number(c) for c in component["coefficients"]])
            self.stages.append((component["basis"], number(of["scale"]), number(of["offset"]), coefficients))

    def polynomial(self, x):
        for basis, scale, offset, c in self.stages:
            u = scale * x + offset
            if basis == "chebyshev" and not c[3::2].any():
                # Even but for a multiple of u: in T_2, half as long.
                x = chebyshev.chebval(2 * u * u - 1, c[::2]) + (c[1] * u if len(c) > 1 else 0)
            else:
                x = (chebyshev.chebval if basis == "chebyshev" else polynomial.polyval)(u, c)
        return x

    def __call__(self, x):
        self.outside |= (np.abs(x) > self.b).reshape(len(x), -1).any(1)
        return self.polynomial(x) if self.direct else x * (1 + self.polynomial(x / self.b)) / 2


def convolution(x, numbers, arrays):
    _, out, groups, kh, kw, sy, sx, dy, dx, top, left, bottom, right = numbers
    assert groups == dy == dx == 1
    x = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))[:, :, ::sy, ::sx]
    y = np.einsum("nchwij,ocij->nohw", windows, arrays["weights"].reshape(out, -1, kh, kw), optimize=True)
    return y + arrays["bias"].reshape(1, -1, 1, 1)


def run(nodes, x, replaced):
    """The logits, with ReLU and max-pooling or with what replaces them."""
    relu = [lambda x: np.maximum(x, 0)] * len(nodes) if replaced is None else replaced
    values, activation = [], 0
    for name, numbers, arrays in nodes:
        a = values[numbers[0]] if name != "input" else x
        if name == "conv":
            a = convolution(a, numbers, arrays)
        elif name == "batch_norm":
            scale = arrays["gamma"] / np.sqrt(arrays["variance"] + arrays["epsilon"])
            shift = arrays["beta"] - arrays["mean"] * scale
            a = a * scale.reshape(1, -1, 1, 1) + shift.reshape(1, -1, 1, 1)
        elif name == "relu":
            a, activation = relu[activation](a), activation + 1
        elif name == "max_pool":
            assert numbers[1:] == [2, 2, 2, 2, 0, 0, 0, 0]
            r = relu[activation]
            match = lambda a, b: b + r(a - b)
            a = match(
                match(a[:, :, ::2, ::2], a[:, :, ::2, 1::2]), match(a[:, :, 1::2, ::2], a[:, :, 1::2, 1::2])
            )
            activation += 1
        elif name == "add":
            a = a + values[numbers[1]]
        elif name == "avg_pool":
            assert tuple(numbers[1:3]) == a.shape[2:]
            a = a.mean((2, 3), keepdims=True)
        elif name == "dense":
            a = a.reshape(len(x), -1) @ arrays["weights"].reshape(numbers[1], -1).T + arrays["bias"]
        elif name == "output":
            return a
        else:
            assert name in ("input", "reshape"), name
        values.append(a)


def shown(folder, rows, images):
    """Of each image: whether the twin has the network's class, and whether something is asked outside [-B, B]."""
    nodes, replaced = exact_network(os.path.join(folder, "network.exact")), [Replaced(folder, row) for row in rows]
    same, outside = [], []
    for first in range(0, len(images), 100):
        x = images[first : first + 100, None].astype(float) / 255
        for one in replaced:
            one.outside = np.zeros(len(x), bool)
        same.append(run(nodes, x, None).argmax(1) == run(nodes, x, replaced).argmax(1))
        outside.append(np.any([one.outside for one in replaced], axis=0))
    return np.concatenate(same), np.concatenate(outside)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    default = ["", "target/held-out", "200", "800", "20", "9000"]
    polycert, folder, select, state, seeds, others = (sys.argv[1:] + default[len(sys.argv) - 1 :])[:6]
    if not os.path.isdir(DATA):
        print(f"*** SKIPPED: no {DATA}", file=sys.stderr)
        return 0
    os.makedirs(folder, exist_ok=True)
    file = os.path.join(folder, "images.npy")
    numpy_file(os.path.join(DATA, "t10k-images-idx3-ubyte.gz"), file)
    images = np.load(file)
    pixel = [f"{Fraction(v, 255)}\n" for v in range(256)]
    text = ["polycert-exact-input/1\n" + "".join(pixel[v] for v in image.ravel()) for image in images]
    place = {hashlib.sha256(t.encode()).hexdigest(): i for i, t in enumerate(text)}
    held, clear = 0, 0
    for seed in range(1, int(seeds) + 1):
        plan = os.path.join(folder, f"seed{seed}")
        if not os.path.exists(os.path.join(plan, "plan.json")):
            options = ["--select", select, "--state", state, "--seed", str(seed), "--agreement", "0.995", "--margins", "0"]
            subprocess.run([polycert, "plan", NETWORK, "--input", file, *options, "-o", plan], stdout=subprocess.DEVNULL)
        with open(os.path.join(plan, "plan.json")) as f:
            made = json.load(f)
        with open(os.path.join(plan, "audits", "stated.json")) as f:
            verdict = {sample["sample"]: sample["verdict"] == "same" for sample in json.load(f)["samples"]}
        used = {place[digest] for digest in made["selected"] + made["stated"]}
        assert used >= verdict.keys()
        left = [i for i in range(len(images)) if i not in used]
        left = np.sort(np.random.default_rng(seed).permutation(left)[: int(others)])
        some = np.array(sorted(verdict)[:100])
        same, outside = shown(plan, made["activations"], images[np.concatenate([some, left])])
        assert [verdict[i] for i in some] == list(same[: len(some)]), "numpy and the audit do not agree"
        same, outside = same[len(some) :].mean(), outside[len(some) :].mean()
        stated = [[number(end) for end in made[key]] for key in ("same", "outside")]
        inside = [lo <= share <= hi for (lo, hi), share in zip(stated, (same, outside))]
        held, clear = held + inside[0], clear + inside[1]
        print(
            f"seed {seed}: {sum(verdict.values())} of {len(verdict)} stay, share in [{stated[0][0]:.4f}, {stated[0][1]:.4f}];"
            f" {len(left)} others {same:.4f}; outside in [{stated[1][0]:.4f}, {stated[1][1]:.4f}], others {outside:.4f}",
            flush=True,
        )
    print(f"the share of other images lies in the interval of {held} of {seeds} seeds; that of images outside in that of {clear}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
