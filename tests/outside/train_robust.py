#!/usr/bin/env python3
"""Trains a 784-256x4-10 network for robustness in the way of certified training, and writes it as ONNX.

    apt-get install dataset-fashion-mnist
    python3 -m venv venv && venv/bin/pip install numpy
    venv/bin/python tests/outside/train_robust.py FOLDER [--data DIR] [--epochs N] [--radius R]

Interval bound propagation (Gowal et al., arXiv 1810.12715): the loss is half the cross-entropy of the clean logits and
half that of the worst logits that intervals allow within `radius` of the image; radius and share grow over the first
half of the epochs. Adam, a fixed seed, float32. FOLDER gets robust_256x4.onnx (Gemm and Relu, input u8/255 in [0, 1]),
images.npy and labels.npy (the first 20 test images), and the clean and certified shares of right answers are printed.
Some eight minutes of one core. Nothing beside numpy is needed: the ONNX is written by hand.
"""
import argparse
import gzip
import time
from pathlib import Path

import numpy as np

SIZES = [784, 256, 256, 256, 256, 10]


def read(folder, name):
    """An IDX file: 4 bytes of magic (the last is the rank), big-endian sizes, bytes."""
    path = next(p for p in Path(folder).rglob(name + "*") if p.is_file())
    raw = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    rank = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank)]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def softmax_gradient(logits, labels):
    """The gradient of the mean cross-entropy."""
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)


def clean(layers, x):
    """Inputs of every layer, and the logits."""
    kept = [x]
    for i, (w, b) in enumerate(layers):
        x = x @ w.T + b
        if i + 1 < len(layers):
            x = np.maximum(x, 0)
            kept.append(x)
    return kept, x


def clean_gradients(layers, x, labels, share, out):
    kept, logits = clean(layers, x)
    g = share * softmax_gradient(logits, labels)
    for i in reversed(range(len(layers))):
        out[i][0][:] += g.T @ kept[i]
        out[i][1][:] += g.sum(0)
        if i:
            g = (g @ layers[i][0]) * (kept[i] > 0)
    return logits


def interval(layers, x, radius):
    """Bounds of every layer's inputs as (middle, half), and those before each ReLU."""
    lo, hi = np.maximum(x - radius, 0), np.minimum(x + radius, 1)
    middle, half = (lo + hi) / 2, (hi - lo) / 2
    kept, ends = [(middle, half)], []
    for i, (w, b) in enumerate(layers):
        middle, half = middle @ w.T + b, half @ np.abs(w).T
        if i + 1 < len(layers):
            lo, hi = middle - half, middle + half
            ends.append((lo > 0, hi > 0))
            lo, hi = np.maximum(lo, 0), np.maximum(hi, 0)
            middle, half = (lo + hi) / 2, (hi - lo) / 2
            kept.append((middle, half))
    return kept, ends, middle, half


def worst_logits(middle, half, labels):
    worst = middle + half
    rows = np.arange(len(labels))
    worst[rows, labels] = (middle - half)[rows, labels]
    return worst


def interval_gradients(layers, x, labels, radius, share, out):
    kept, ends, middle, half = interval(layers, x, radius)
    g = share * softmax_gradient(worst_logits(middle, half, labels), labels)
    # worst = middle + half, but middle - half at the label.
    h = g.copy()
    h[np.arange(len(labels)), labels] *= -1
    for i in reversed(range(len(layers))):
        w = layers[i][0]
        out[i][0][:] += g.T @ kept[i][0] + (h.T @ kept[i][1]) * np.sign(w)
        out[i][1][:] += g.sum(0)
        if i:
            g, h = g @ w, h @ np.abs(w)
            lower, upper = ends[i - 1]
            at_lo, at_hi = (g - h) / 2 * lower, (g + h) / 2 * upper
            g, h = at_lo + at_hi, at_hi - at_lo


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    return bytes(out) + bytes([n])


def field(number, value):
    """A protobuf field: an integer, or bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name, array):
    dims = b"".join(field(1, d) for d in array.shape)
    return dims + field(2, 1) + field(8, name) + field(9, array.astype("<f4").tobytes())


def value_info(name, n):
    shape = field(1, field(1, 1)) + field(1, field(1, n))
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def onnx(layers):
    graph, last = b"", "input"
    weights = b""
    for i, (w, b) in enumerate(layers):
        final = i + 1 == len(layers)
        out = "logits" if final else f"z{i}"
        transposed = field(5, field(1, "transB") + field(3, 1) + field(20, 2))
        ends = [field(1, last), field(1, f"w{i}"), field(1, f"b{i}"), field(2, out)]
        graph += field(1, b"".join(ends) + field(3, f"fc{i}") + field(4, "Gemm") + transposed)
        weights += field(5, tensor(f"w{i}", w)) + field(5, tensor(f"b{i}", b))
        if not final:
            last = f"a{i}"
            graph += field(1, field(1, out) + field(2, last) + field(3, f"relu{i}") + field(4, "Relu"))
    graph += field(2, "robust") + weights
    graph += field(11, value_info("input", SIZES[0])) + field(12, value_info("logits", SIZES[-1]))
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--radius", type=float, default=0.02)
    parser.add_argument("--batch", type=int, default=250)
    a = parser.parse_args()
    rng = np.random.default_rng(15)
    images, labels = read(a.data, "train-images"), read(a.data, "train-labels")
    pictures, marks = read(a.data, "t10k-images"), read(a.data, "t10k-labels")
    x = (images.reshape(len(images), -1) / np.float32(255)).astype(np.float32)
    t = (pictures.reshape(len(pictures), -1) / np.float32(255)).astype(np.float32)
    layers = []
    for n, m in zip(SIZES, SIZES[1:]):
        w = rng.normal(0, np.sqrt(2 / n), (m, n)) * 0.5
        layers.append([w.astype(np.float32), np.zeros(m, np.float32)])
    moments = [[np.zeros_like(p), np.zeros_like(p)] for layer in layers for p in layer]
    steps = len(x) // a.batch
    begin, step = time.time(), 0
    for epoch in range(a.epochs):
        order = rng.permutation(len(x))
        for j in range(steps):
            step += 1
            progress = min(1, max(0, (step / steps - 1) / (a.epochs / 2)))
            radius, share = a.radius * progress, 0.5 * progress
            pick = order[j * a.batch : (j + 1) * a.batch]
            sums = [[np.zeros_like(w), np.zeros_like(b)] for w, b in layers]
            clean_gradients(layers, x[pick], labels[pick], 1 - share, sums)
            if share > 0:
                interval_gradients(layers, x[pick], labels[pick], radius, share, sums)
            rate = 1e-3 * min(1, 4 * (1 - (step - 1) / (steps * a.epochs)))
            flat = [(p, g) for layer, s in zip(layers, sums) for p, g in zip(layer, s)]
            for (p, g), (m, v) in zip(flat, moments):
                m += 0.1 * (g - m)
                v += 0.001 * (g * g - v)
                p -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
        right = (clean(layers, t)[1].argmax(1) == marks).mean()
        _, _, middle, half = interval(layers, t, np.float32(a.radius))
        certified = (worst_logits(middle, half, marks).argmax(1) == marks).mean()
        print(f"epoch {epoch}: {100 * right:.2f} % right, {100 * certified:.2f} % certified "
              f"at {a.radius}, {time.time() - begin:.0f} s", flush=True)
    a.folder.mkdir(parents=True, exist_ok=True)
    (a.folder / "robust_256x4.onnx").write_bytes(onnx(layers))
    np.save(a.folder / "images.npy", pictures[:20])
    np.save(a.folder / "labels.npy", marks[:20])


if __name__ == "__main__":
    main()
