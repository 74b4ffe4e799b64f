"""Two networks whose activations are polynomials, and what polycert says of them against onnxruntime.

    python polynomial_networks.py OUT IMAGES [POLYCERT]

Writes to OUT (fixed seed, so always the same files):
- cryptonets.onnx: conv 5x5, square, dense, square, dense on 28 x 28, as CryptoNets (Gilad-Bachrach et al., 2016);
- aespa.onnx: a residual network on 3 x 32 x 32 with Hermite activations normalised basis by basis, as AESPA (arXiv
  2201.06699): gamma (f0 + f1 BN(h1(x)) + f2 BN(h2(x))) + beta, h1 = x, h2 = (x^2 - 1)/sqrt 2;
- quadratic.onnx: the same with one quadratic a x^2 + b x + c a channel, the batch norms folded and rounded;
- *_relu.onnx: the networks with ReLU that they stand for;
- mnist.npy, cifar.npy: the inputs, float32, channels first.

IMAGES has the arrays mnist_test_000_199_u8.npy and cifar10_test_000_099_u8_nhwc.npy with their labels_u8.npy. Inner
weights are random, batch norms hold the statistics of the images, the last layer is fitted to the labels (ridge), so
that logits mean something. With POLYCERT every network is evaluated on some images, and its logits are compared
with onnxruntime's. Needs numpy, onnx; for the comparison onnxruntime.
"""

import json
import os
import subprocess
import sys

import numpy as np, onnx
from onnx import TensorProto, helper, numpy_helper

OUT, IMAGES = sys.argv[1], sys.argv[2]
rng = np.random.default_rng(7)
F0, F1, F2 = 1 / np.sqrt(2 * np.pi), 0.5, 1 / np.sqrt(4 * np.pi)


class Net:
    """A graph beside the values of its names on all images."""

    def __init__(self, x):
        self.nodes, self.weights, self.values, self.n = [], [], {"x": x}, 0
        self.x = x

    def constant(self, a):
        self.n += 1
        a = np.asarray(a, np.float32)
        self.weights.append(numpy_helper.from_array(a, f"w{self.n}"))
        return f"w{self.n}", a.astype(np.float64)

    def node(self, op, inputs, value, **attributes):
        self.n += 1
        name = f"{op.lower()}{self.n}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        self.values[name] = value
        return name

    def conv(self, x, out, k, stride, pad):
        v = self.values[x]
        c = v.shape[1]
        w, a = self.constant(rng.normal(size=(out, c, k, k)) * np.sqrt(2 / (c * k * k)))
        v = np.pad(v, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
        view = np.lib.stride_tricks.sliding_window_view(v, (k, k), (2, 3))[:, :, ::stride, ::stride]
        y = np.einsum("ncijkl,ockl->noij", view, a, optimize=True)
        attributes = dict(kernel_shape=[k, k], strides=[stride, stride], pads=[pad] * 4)
        return self.node("Conv", [x, w], y, **attributes)

    def norm(self, x):
        """Batch norm by the statistics of the images."""
        v = self.values[x]
        mean, var = v.mean((0, 2, 3)), v.var((0, 2, 3))
        one, zero = np.ones_like(mean), np.zeros_like(mean)
        parts = [self.constant(p) for p in (one, zero, mean, var)]
        m, s = parts[2][1][:, None, None], parts[3][1][:, None, None]
        y = (v - m) / np.sqrt(s + np.float32(1e-5))
        return self.node("BatchNormalization", [x] + [p[0] for p in parts], y, epsilon=1e-5)

    def affine(self, x, a, b):
        for op, c in (("Mul", a), ("Add", b)):
            if c is not None:
                name, c = self.constant(c)
                v = self.values[x]
                x = self.node(op, [x, name], v * c if op == "Mul" else v + c)
        return x

    def product(self, x, y):
        return self.node("Mul", [x, y], self.values[x] * self.values[y])

    def add(self, x, y):
        return self.node("Add", [x, y], self.values[x] + self.values[y])

    def relu(self, x):
        return self.node("Relu", [x], np.maximum(self.values[x], 0))

    def hermite(self, x):
        h2 = self.product(x, x)
        name, c = self.constant(1.0)
        h2 = self.node("Sub", [h2, name], self.values[h2] - c)
        name, c = self.constant(np.sqrt(2))
        h2 = self.node("Div", [h2, name], self.values[h2] / c)
        h1, h2 = self.norm(x), self.norm(h2)
        return self.affine(self.add(self.affine(h1, F1, None), self.affine(h2, F2, None)), None, F0)

    def quadratic(self, x):
        """One a channel, close to the activation above: its batch norms folded and rounded."""
        v = self.values[x]
        h2 = (v * v - 1) / np.sqrt(2)
        axes = (0, 2, 3)
        s1, s2 = 1 / v.std(axes), 1 / h2.std(axes)
        a = F2 * s2 / np.sqrt(2)
        b = F1 * s1
        c = F0 - F1 * s1 * v.mean(axes) - F2 * s2 * (1 / np.sqrt(2) + h2.mean(axes))
        a, b, c = (t[:, None, None] for t in (a, b, c))
        square = self.affine(self.product(x, x), a, None)
        return self.affine(self.add(square, self.affine(x, b, None)), None, c)

    def dense(self, x, w, b=None):
        v = self.values[x]
        (w, a), inputs = self.constant(w), [x]
        y = v @ a
        inputs.append(w)
        if b is not None:
            name, c = self.constant(b)
            inputs.append(name)
            y = y + c
        return self.node("Gemm", inputs, y)

    def flat(self, x):
        v = self.values[x]
        return self.node("Flatten", [x], v.reshape(len(v), -1), axis=1)

    def last(self, x, labels, train):
        """Logits by ridge regression on some of the images; the others tell how well."""
        v = self.values[x]
        mean, scale = v[train].mean(0), v[train].std(0) + 1e-6
        z = (v - mean) / scale
        t = np.eye(10)[labels[train]] - 0.1
        w = np.linalg.solve(z[train].T @ z[train] + 10 * np.eye(z.shape[1]), z[train].T @ t)
        y = self.dense(x, w / scale[:, None], 0.1 - (mean / scale) @ w)
        rest = np.setdiff1d(np.arange(len(v)), train)
        right = self.values[y].argmax(1) == labels
        print(f"  fitted on {len(train)}: right {right[train].mean():.2f}, on the other {len(rest)}: {right[rest].mean():.2f}")
        return y

    def save(self, name, y):
        info = lambda n, d: helper.make_tensor_value_info(n, TensorProto.FLOAT, d)
        dims = [1, *self.x.shape[1:]]
        graph = helper.make_graph(self.nodes, name, [info("x", dims)], [info(y, [1, 10])], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, f"{OUT}/{name}.onnx")


def cryptonets(x, labels, act, name):
    print(name)
    n = Net(x)
    y = n.conv("x", 5, 5, 2, 1)
    y = n.affine(y, 1 / n.values[y].std(), None)
    y = n.flat(act(n, y))
    v = n.values[y]
    y = n.dense(y, rng.normal(size=(v.shape[1], 100)) / np.sqrt((v * v).sum(1).mean()))
    y = act(n, y)
    n.save(name, n.last(y, labels, np.arange(150)))


def residual(x, labels, act, name):
    print(name)
    n = Net(x)
    y = act(n, n.norm(n.conv("x", 8, 3, 1, 1)))
    for out, stride in ((8, 1), (16, 2), (32, 2)):
        z = act(n, n.norm(n.conv(y, out, 3, stride, 1)))
        z = n.norm(n.conv(z, out, 3, 1, 1))
        if stride > 1:
            y = n.norm(n.conv(y, out, 1, stride, 0))
        y = act(n, n.add(z, y))
    v = n.values[y]
    y = n.node("GlobalAveragePool", [y], v.mean((2, 3), keepdims=True))
    n.save(name, n.last(n.flat(y), labels, np.arange(70)))


def main():
    global rng
    os.makedirs(OUT, exist_ok=True)
    load = lambda name: np.load(f"{IMAGES}/{name}")
    mnist = load("mnist_test_000_199_u8.npy").reshape(-1, 1, 28, 28).astype(np.float32) / np.float32(255)
    cifar = load("cifar10_test_000_099_u8_nhwc.npy").transpose(0, 3, 1, 2).astype(np.float32)
    cifar = cifar / np.float32(127.5) - np.float32(1)
    digits = load("mnist_test_000_199_labels_u8.npy").astype(int)
    things = load("cifar10_test_000_099_labels_u8.npy").astype(int)
    np.save(f"{OUT}/mnist.npy", mnist)
    np.save(f"{OUT}/cifar.npy", cifar)
    square = lambda n, x: n.product(x, x)
    made = []
    for make, x, labels, act, name in [
        (cryptonets, mnist, digits, square, "cryptonets"),
        (cryptonets, mnist, digits, Net.relu, "cryptonets_relu"),
        (residual, cifar, things, Net.hermite, "aespa"),
        (residual, cifar, things, Net.quadratic, "quadratic"),
        (residual, cifar, things, Net.relu, "aespa_relu"),
    ]:
        rng = np.random.default_rng(7)
        make(x.astype(np.float64), labels, act, name)
        made.append((name, x, "mnist" if make is cryptonets else "cifar"))
    if len(sys.argv) > 3:
        compare(sys.argv[3], [m for m in made if not m[0].endswith("_relu")])


def compare(polycert, made):
    """The enclosures hold onnxruntime's logits, up to what its f32 rounds."""
    import onnxruntime as ort

    for name, x, file in made:
        session = ort.InferenceSession(f"{OUT}/{name}.onnx", providers=["CPUExecutionProvider"])
        for sample in range(0, len(x), len(x) // 10):
            args = [polycert, "network", "evaluate", f"{OUT}/{name}.onnx", "--input", f"{OUT}/{file}.npy"]
            r = subprocess.run(args + ["--sample", str(sample), "--json"], capture_output=True, text=True)
            found = json.loads(r.stdout)
            bounds = np.array(found["bound_network_logits"])
            logits = session.run(None, {"x": x[sample : sample + 1]})[0][0]
            off = np.maximum(bounds[:, 0] - logits, logits - bounds[:, 1]).max()
            assert r.returncode == 0 and found["network_class"] == logits.argmax(), (name, sample, r.stdout)
            assert off < 1e-4 * (1 + abs(logits).max()), (name, sample, off)
        print(f"{name}: onnxruntime's logits are within 1e-4 of the enclosures, and its class is the proved one")


main()
