#!/usr/bin/env python3
"""Networks with smooth activations against onnxruntime: smooth_network.py DIR POLYCERT

Makes four networks (numpy, onnx; random weights, fixed seed): a multilayer perceptron and a small convolutional network with
GELU in its forms, SiLU, tanh, sigmoid, softplus and ReLU; and with GELU and layer normalisation an MLP-Mixer (tokens, normalised
as an operator and written out) and a network of ConvNeXt blocks (channels last, and instance normalisation). Tables for them are
of `polycert family minimax`, that of 1/sqrt(x) for what the samples' variances ask, and half as much and as little again. Then it
checks, for every sample,
- that polycert's enclosures of the logits hold what onnxruntime answers, but for its f32 rounding;
- that `evaluate`, `audit`, `ranges` and `certify` answer, and the checker verifies the certificate;
- that a table of 1/sqrt(x) on too short a range is found out: the class of no sample is proved with it, and `evaluate` says where.
It needs numpy, onnx and onnxruntime. Exit code 0: all hold.
"""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

# f32 arithmetic of onnxruntime, on logits of some units.
SLACK = 2e-4
SAMPLES = 5
DEGREE = 24
INVERSE_ROOT = "1/sqrt(x)"


class Builder:
    """Nodes and constants of one graph."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.constants, self.count = [], [], 0

    def constant(self, values):
        self.count += 1
        name = f"c{self.count}"
        self.constants.append(numpy_helper.from_array(np.array(values), name))
        return name

    def floats(self, values):
        return self.constant(np.array(values, dtype=np.float32))

    def add(self, operator, *inputs, **attributes):
        self.count += 1
        name = f"{operator.lower()}{self.count}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **attributes))
        return name

    def dense(self, x, n, m):
        weights = self.floats(self.rng.normal(size=(n, m)) / math.sqrt(n))
        bias = self.floats(0.3 * self.rng.normal(size=m))
        return self.add("Add", self.add("MatMul", x, weights), bias)

    def conv(self, x, n, m, stride):
        weights = self.floats(self.rng.normal(size=(m, n, 3, 3)) / math.sqrt(9 * n))
        bias = self.floats(0.3 * self.rng.normal(size=m))
        return self.add("Conv", x, weights, bias, pads=[1, 1, 1, 1], strides=[stride, stride])

    def layer_norm(self, x, n, fused, epsilon=1e-5):
        """Over the last axis, n long, with factors and offsets."""
        gamma = self.floats(1 + 0.3 * self.rng.normal(size=n))
        beta = self.floats(0.3 * self.rng.normal(size=n))
        if fused:
            return self.add("LayerNormalization", x, gamma, beta, axis=-1, epsilon=epsilon)
        axes = self.constant(np.array([-1], dtype=np.int64))
        centred = self.add("Sub", x, self.add("ReduceMean", x, axes))
        square = self.add("Pow", centred, self.floats(2.0))
        variance = self.add("Add", self.add("ReduceMean", square, axes), self.floats(epsilon))
        y = self.add("Div", centred, self.add("Sqrt", variance))
        return self.add("Add", self.add("Mul", y, gamma), beta)

    def transpose(self, x, *perm):
        return self.add("Transpose", x, perm=list(perm))

    def mlp(self, x, n):
        return self.dense(self.add("Gelu", self.dense(x, n, 2 * n)), 2 * n, n)

    def activation(self, kind, x):
        one, half = (lambda: self.floats(1.0)), (lambda: self.floats(0.5))
        if kind == "gelu":
            return self.add("Gelu", x)
        if kind == "gelu_tanh":
            return self.add("Gelu", x, approximate="tanh")
        if kind == "gelu written out":
            e = self.add("Erf", self.add("Div", x, self.floats(math.sqrt(2))))
            return self.add("Mul", self.add("Mul", x, self.add("Add", e, one())), half())
        if kind == "gelu_tanh written out":
            cube = self.add("Mul", self.add("Pow", x, self.floats(3.0)), self.floats(0.044715))
            inner = self.add("Mul", self.add("Add", x, cube), self.floats(math.sqrt(2 / math.pi)))
            gate = self.add("Add", self.add("Tanh", inner), one())
            return self.add("Mul", self.add("Mul", x, half()), gate)
        if kind == "silu":
            return self.add("Mul", x, self.add("Sigmoid", x))
        return self.add({"tanh": "Tanh", "sigmoid": "Sigmoid", "softplus": "Softplus", "relu": "Relu"}[kind], x)

    def save(self, path, shape, output, classes):
        info = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            path.stem,
            [info("x", onnx.TensorProto.FLOAT, shape)],
            [info(output, onnx.TensorProto.FLOAT, [1, classes])],
            self.constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
        onnx.checker.check_model(model)
        onnx.save(model, path)


def perceptron(path):
    b, x, width = Builder(1), "x", 12
    kinds = ["gelu", "gelu_tanh", "gelu written out", "gelu_tanh written out", "silu", "tanh", "sigmoid", "softplus"]
    for kind in kinds:
        x = b.activation(kind, b.dense(x, width, 12))
    b.save(path, [1, 12], b.dense(x, 12, 5), 5)
    return [1, 12]


def convolutional(path):
    b = Builder(2)
    x = b.activation("silu", b.conv("x", 1, 4, 1))
    x = b.activation("gelu", b.conv(x, 4, 6, 2))
    x = b.activation("tanh", b.conv(x, 6, 6, 2))
    x = b.add("Flatten", x)
    x = b.activation("relu", b.dense(x, 6 * 9, 16))
    b.save(path, [1, 1, 12, 12], b.dense(x, 16, 4), 4)
    return [1, 1, 12, 12]


def mixer(path):
    """Patches 3 x 3 of 12 x 12 as 16 tokens of 8 features; two blocks that mix tokens, then features."""
    b, features, tokens = Builder(4), 8, 16
    weights = b.floats(b.rng.normal(size=(features, 1, 3, 3)) / 3)
    x = b.add("Conv", "x", weights, b.floats(0.3 * b.rng.normal(size=features)), strides=[3, 3])
    x = b.add("Reshape", x, b.constant(np.array([1, features, tokens], dtype=np.int64)))
    x = b.transpose(x, 0, 2, 1)
    for fused in [True, False]:
        y = b.transpose(b.layer_norm(x, features, fused), 0, 2, 1)
        x = b.add("Add", x, b.transpose(b.mlp(y, tokens), 0, 2, 1))
        x = b.add("Add", x, b.mlp(b.layer_norm(x, features, not fused), features))
    x = b.layer_norm(x, features, True)
    x = b.add("ReduceMean", x, b.constant(np.array([1], dtype=np.int64)), keepdims=0)
    b.save(path, [1, 1, 12, 12], b.dense(x, features, 4), 4)
    return [1, 1, 12, 12]


def convnext(path):
    """A patch embedding with instance normalisation, and two blocks: a convolution a channel, then a row of features a pixel."""
    b, n = Builder(5), 6
    x = b.conv("x", 1, n, 2)
    ones, zeros = b.floats(np.ones(n)), b.floats(np.zeros(n))
    x = b.add("InstanceNormalization", x, ones, zeros, epsilon=1e-3)
    for fused in [True, False]:
        weights = b.floats(b.rng.normal(size=(n, 1, 3, 3)) / 3)
        y = b.add("Conv", x, weights, b.floats(0.3 * b.rng.normal(size=n)), pads=[1, 1, 1, 1], group=n)
        y = b.layer_norm(b.transpose(y, 0, 2, 3, 1), n, fused, 1e-3)
        x = b.add("Add", x, b.transpose(b.mlp(y, n), 0, 3, 1, 2))
    x = b.layer_norm(b.add("Flatten", b.add("GlobalAveragePool", x)), n, True)
    b.save(path, [1, 1, 12, 12], b.dense(x, n, 4), 4)
    return [1, 1, 12, 12]


class Polycert:
    def __init__(self, program):
        self.program = program

    def run(self, *arguments, wanted=(0,)):
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True)
        if done.returncode not in wanted:
            sys.exit(f"polycert {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def json(self, *arguments, **more):
        return json.loads(self.run(*arguments, "--json", **more))


def value(function, x):
    """A function of polycert's expressions in f64; of these tables alone."""
    names = {
        "x": x,
        "exp": math.exp,
        "erf": math.erf,
        "tanh": math.tanh,
        "sigmoid": lambda v: 1 / (1 + math.exp(-v)),
        "softplus": lambda v: math.log1p(math.exp(v)),
        "silu": lambda v: v / (1 + math.exp(-v)),
        "gelu": lambda v: v * (1 + math.erf(v / math.sqrt(2))) / 2,
        "gelu_tanh": lambda v: v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))) / 2,
    }
    return eval(function.replace("^", "**"), {"__builtins__": {}}, names)


def chebyshev(path, function, reach):
    """A table of a Chebyshev interpolant, where there is no minimax of functions."""
    fit = np.polynomial.chebyshev.Chebyshev.interpolate(
        lambda u: [value(function, reach * t) for t in u], DEGREE, domain=[-1, 1]
    )
    powers = np.polynomial.chebyshev.cheb2poly(fit.coef)
    coefficients = [repr(float(c) / reach**j) for j, c in enumerate(powers)]
    table = {
        "format": "polycert-table/1",
        "name": function,
        "target": "smooth",
        "function": function,
        "domain": {"lo": str(-reach), "hi": str(reach)},
        "components": [{"basis": "power", "coefficients": coefficients}],
    }
    path.write_text(json.dumps(table))


def inverse_root(polycert, path, low, high, degree):
    """A near-best relative approximation of 1/sqrt(x); says the error that `certify` proves."""
    made = ["--function", INVERSE_ROOT, f"--range={low},{high}", "--degree", degree, "--relative", "-o", path]
    polycert.run("family", "minimax", *made)
    proved = polycert.json("certify", path, "--error", "relative")["bound_hi_decimal"]
    print(f"  {INVERSE_ROOT} on [{low}, {high}], degree {degree}: relative error at most {float(proved):.3g}, proved")
    return path


def suggested(polycert, path, model, data):
    """Ranges of all activations, with a margin, and those of variance + epsilon among them."""
    suggest = ["--suggest", path, "--margin", "1.5", "--choose", SAMPLES - 1]
    polycert.run("network", "ranges", model, "--input", data, *suggest, wanted=(0, 1))
    layers = polycert.json("network", "show", model)["layers"]
    roots = {layer["name"] for layer in layers if layer["function"] == INVERSE_ROOT}
    found = json.loads(path.read_text())["layers"]
    return [(float(l["lo"]), float(l["hi"])) for l in found if l["layer"] in roots]


def table(polycert, folder, k, function):
    path, reach = folder / f"table{k}.json", 8
    made = subprocess.run(
        [polycert.program, "family", "minimax", "--function", function, f"--range=-{reach},{reach}"]
        + ["--degree", str(DEGREE), "-o", str(path)],
        capture_output=True,
        text=True,
    )
    if made.returncode != 0:
        print(f"  {function}: no minimax ({made.stderr.strip().splitlines()[-1]}); a Chebyshev interpolant instead")
        chebyshev(path, function, reach)
    return path


def held(answer, logits, what):
    found = answer["bound_network_logits"]
    if len(found) != len(logits):
        sys.exit(f"{what}: {len(found)} logits, onnxruntime has {len(logits)}")
    for k, (pair, v) in enumerate(zip(found, logits)):
        lo, hi = float(pair[0]), float(pair[1])
        if not lo - SLACK <= v <= hi + SLACK or hi - lo > 1e-9:
            sys.exit(f"{what}: logit {k}: onnxruntime {v}, polycert [{lo}, {hi}]")
    return max(float(hi) - float(lo) for lo, hi in found)


def main(folder, program):
    folder.mkdir(parents=True, exist_ok=True)
    polycert = Polycert(program)
    networks = {"perceptron": perceptron, "convolutional": convolutional, "mixer": mixer, "convnext": convnext}
    for name, make in networks.items():
        model = folder / f"{name}.onnx"
        shape = make(model)
        samples = np.random.default_rng(3).normal(size=[SAMPLES, *shape[1:]]).astype(np.float32)
        data = folder / f"{name}.npy"
        np.save(data, samples)
        layers = polycert.json("network", "show", model)["layers"]
        functions = sorted({layer["function"] for layer in layers if layer.get("function")})
        print(f"{name}: {', '.join(functions)}")
        ranges = folder / f"{name}.ranges.json"
        spans = suggested(polycert, ranges, model, data)
        others = [f for f in functions if f != INVERSE_ROOT]
        tables = [table(polycert, folder, f"_{name}_{k}", f) for k, f in enumerate(others)]
        if spans:
            low, high = min(lo for lo, _ in spans), max(hi for _, hi in spans)
            tables.append(inverse_root(polycert, folder / f"{name}.root.json", low, high, DEGREE))
        # A ReLU takes a table of its own kind.
        if any(layer["operation"] == "relu" for layer in layers):
            path = folder / "relu.json"
            polycert.run("family", "minimax", "--function", "relu", "--range=8", "--degree", "24", "-o", path)
            tables.append(path)
        twin = [word for path in tables for word in ("--table", path)]
        session = onnxruntime.InferenceSession(str(model))
        same, widest, change = 0, 0.0, 0.0
        for i in range(SAMPLES):
            logits = session.run(None, {"x": samples[i : i + 1]})[0].ravel()
            answer = polycert.json(
                "network", "evaluate", model, *twin, "--input", data, "--sample", i, wanted=(0, 1)
            )
            widest = max(widest, held(answer, logits, f"{name}, sample {i}"))
            same += answer["verdict"] == "same"
            change = max(change, answer["bound_change"] or 0.0)
        print(
            f"  {SAMPLES} samples: onnxruntime's logits lie inside enclosures at most {widest:.2g} wide; {same} classes proved "
            f"the same, no logit changes by more than {change:.3g}"
        )
        if spans:
            narrow = inverse_root(polycert, folder / f"{name}.narrow.json", high / 2, 2 * high, 8)
            asked = [word for path in tables[:-1] + [narrow] for word in ("--table", path)]
            answer = polycert.json("network", "evaluate", model, *asked, "--input", data, wanted=(1,))
            if answer["verdict"] != "outside":
                sys.exit(f"{name}: variances below a table's range are {answer['verdict']}")
            print("  variances below a table's range are found outside")
        audit = folder / f"{name}.audit.json"
        audit.unlink(missing_ok=True)
        polycert.run("network", "audit", model, *twin, "--input", data, "-o", audit)
        certificate = folder / f"{name}.cert.json"
        certificate.unlink(missing_ok=True)
        said = polycert.run(
            "network", "certify", model, *twin, "--input", data, "-o", certificate, wanted=(0, 1)
        )
        print("  audit and ranges answer; certify: " + next((l for l in said.splitlines() if "VERIFIED" in l), "no class"))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2])
