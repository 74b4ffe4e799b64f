"""From a trained network to an audited plan: python src/python/guide/guide.py FOLDER

The network is trained here with numpy, and written as ONNX, as torch.onnx.export writes one; begin at step 2 with your own.
"""

import pathlib
import sys

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

import polycert


def train(seed=7):
    """A network of 8 inputs, twice 16 ReLU, 3 classes: weights [outputs, inputs], biases; and the samples with their labels."""
    random = numpy.random.default_rng(seed)
    centres = random.normal(size=(3, 8))
    labels = random.integers(0, 3, size=600)
    x = (centres[labels] + 0.4 * random.normal(size=(600, 8))).astype(numpy.float32)
    sizes = [8, 16, 16, 3]
    layers = [(random.normal(size=(n, m)) / m**0.5, numpy.zeros(n)) for m, n in zip(sizes, sizes[1:])]
    for _ in range(300):
        values = [x[:400].astype(float)]
        for i, (w, b) in enumerate(layers):
            z = values[-1] @ w.T + b
            values.append(z if i == 2 else numpy.maximum(z, 0))
        p = numpy.exp(values[-1] - values[-1].max(axis=1, keepdims=True))
        slope = (p / p.sum(axis=1, keepdims=True) - numpy.eye(3)[labels[:400]]) / 400
        for i in (2, 1, 0):
            w, b = layers[i]
            behind = (slope @ w) * (values[i] > 0)
            layers[i] = (w - 0.5 * slope.T @ values[i], b - 0.5 * slope.sum(axis=0))
            slope = behind
    return [(w.astype(numpy.float32), b.astype(numpy.float32)) for w, b in layers], x[400:], labels[400:]


def write_onnx(layers, path):
    """Gemm and Relu, one after the other."""
    nodes, weights, name = [], [], "input"
    for i, (w, b) in enumerate(layers):
        weights += [numpy_helper.from_array(w, f"fc{i}.weight"), numpy_helper.from_array(b, f"fc{i}.bias")]
        out = "logits" if i == 2 else f"z{i}"
        nodes.append(helper.make_node("Gemm", [name, f"fc{i}.weight", f"fc{i}.bias"], [out], f"fc{i}", transB=1))
        if i < 2:
            nodes.append(helper.make_node("Relu", [out], [f"a{i}"], f"act{i}"))
        name = f"a{i}"
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, s]) for n, s in (("input", 8), ("logits", 3))]
    graph = helper.make_graph(nodes, "guide", ends[:1], ends[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)

    # 1. A trained network, and samples that did not train it.
    layers, images, labels = train()
    write_onnx(layers, folder / "model.onnx")

    # 2. Read it. Weights are taken exactly; what is left out of the file is said.
    network = polycert.Network.load(folder / "model.onnx")
    print(network, *network["said"], sep="\n")

    # 3. A polynomial for ReLU to 2^-10, proved; the checker, which shares no code with the search, verifies the certificate.
    found = polycert.search(10)
    print(found, "degrees", found.table.degrees)
    assert found.proved and polycert.check(found.certificate.encode(), require=["relu<=2^-10 on [-1,1]"])

    # 4. Which ranges do the activations see? Some samples choose, the others try them.
    ranges = network.ranges(images, margin="3/2")
    widest = max(polycert.exact.fraction(end) for layer in ranges.layers for end in layer["stated"])
    print("B =", widest)

    # 5. On which samples is the twin, with this polynomial on [-B, B], proved to answer as the network does?
    #    Many samples: client=distributed.Client(...) has the workers of a Dask cluster do them, with the same result.
    audit = network.audit(images[:50], found.table, bound=widest, labels=labels[:50])
    print(audit.words)

    # 6. Leave the choice to the planner: a polynomial, B and levels for each activation, and the cost; half of the samples
    #    choose, the others state what the plan is worth.
    plan = polycert.plan(network, images, folder / "plan", labels=labels)
    print(plan, "of", plan.bounds(), "stays" if plan.stays else "does not stay on every sample")

    # 7. The plan's folder is a document: the checker verifies all of it.
    assert polycert.check(plan.folder)

    # 8. The planned tables, audited by themselves on samples that neither chose nor stated. A direct table has its own domain.
    tables = [polycert.Table.read(path) for path in plan.tables()]
    bounds = [1 if t.target.startswith("direct") else b for t, b in zip(tables, plan.bounds())]
    print(network.audit(images[:20], tables, bounds))
    return found, audit, plan


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "guide")
