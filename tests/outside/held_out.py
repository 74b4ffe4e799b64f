"""A plan of the shipped network on all test images of Fashion-MNIST, and how often its interval holds what other images show.

    python held_out.py POLYCERT [FOLDER] [SELECT STATE SEED AGREEMENT]

Reads the test images (Debian: `apt-get install dataset-fashion-mnist`), writes them to FOLDER as .npy, and plans there:
SELECT images (1000) choose, STATE others (9000) state, 6 minutes on 2 cores; a plan that is in FOLDER already is read.
Then each of 1,000 random ninths of the stated images states an interval of confidence 0.95, and it is counted how often the share
of the others lies in it. Needs Python alone.
"""

import gzip
import json
import math
import os
import random
import struct
import subprocess
import sys

DATA = "/usr/share/datasets/fashion-mnist"
NETWORK = os.path.join(os.path.dirname(__file__), "../../certificates/networks/fashion/network.safetensors")
DRAWS, RISK = 1000, 0.05


def numpy_file(source, target):
    """From the format of MNIST to .npy of bytes."""
    with gzip.open(source) as f:
        raw = f.read()
    axes = raw[3]
    shape = struct.unpack(f">{axes}I", raw[4 : 4 + 4 * axes])
    inner = ", ".join(map(str, shape)) + ("," if axes == 1 else "")
    head = "{'descr': '|u1', 'fortran_order': False, 'shape': (%s)}" % inner
    head += " " * (-(len(head) + 11) % 64) + "\n"
    with open(target, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + raw[4 + 4 * axes :])


def at_least(k, n, p):
    """The probability of k or more of n."""
    log = math.lgamma
    terms = (log(n + 1) - log(i + 1) - log(n - i + 1) + i * math.log(p) + (n - i) * math.log(1 - p) for i in range(k, n + 1))
    return sum(map(math.exp, terms))


def lower(k, n):
    """The lower end of Clopper and Pearson's interval, to 2^-40."""
    lo, hi = 0.0, k / n
    for _ in range(40 if k else 0):
        mid = (lo + hi) / 2
        lo, hi = (mid, hi) if at_least(k, n, mid) <= RISK / 2 else (lo, mid)
    return lo


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    polycert, folder, select, state, seed, agreement = (sys.argv[1:] + ["", "target/held-out", "1000", "9000", "1", "0.995"][len(sys.argv) - 1 :])[:6]
    if not os.path.isdir(DATA):
        print(f"*** SKIPPED: no {DATA}", file=sys.stderr)
        return 0
    os.makedirs(folder, exist_ok=True)
    files = {"images": "t10k-images-idx3-ubyte.gz", "labels": "t10k-labels-idx1-ubyte.gz"}
    for name, source in files.items():
        numpy_file(os.path.join(DATA, source), os.path.join(folder, name + ".npy"))
    plan = os.path.join(folder, "plan")
    if not os.path.exists(os.path.join(plan, "plan.json")):
        images, labels = (os.path.join(folder, name + ".npy") for name in files)
        options = ["--select", select, "--state", state, "--seed", seed, "--agreement", agreement, "--margins", "0"]
        subprocess.run([polycert, "plan", NETWORK, "--input", images, "--labels", labels, *options, "-o", plan])
    with open(os.path.join(plan, "audits", "stated.json")) as f:
        same = [sample["verdict"] == "same" for sample in json.load(f)["samples"]]
    part, held, known = len(same) // 9, 0, {}
    for draw in range(DRAWS):
        random.Random(draw).shuffle(order := list(range(len(same))))
        kept = sum(same[i] for i in order[:part])
        others = sum(same[i] for i in order[part:]) / (len(same) - part)
        if kept not in known:
            known[kept] = lower(kept, part), 1 - lower(part - kept, part)
        held += known[kept][0] <= others <= known[kept][1]
    print(f"class stays on {sum(same)} of {len(same)}; the interval of {held} of {DRAWS} parts of {part} holds what the others show")
    return 0


if __name__ == "__main__":
    sys.exit(main())
