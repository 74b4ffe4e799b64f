"""Mutated and drawn ONNX files against onnxruntime: what polycert reads must mean the same, and nothing may panic or hang.

    python mutated_onnx.py POLYCERT TABLE FOLDER SEED COUNT

FOLDER has NAME.onnx and NAME.npy (its input; without it an image of 28 x 28), as those that polynomial_networks.py makes. TABLE is any table for sign. Needs onnx
and onnxruntime. Files of graphs that polycert reads and onnxruntime refuses are counted apart, and so are those of which
polycert says that their last node is left out. Every other file is drawn: a chain of the operators that exporters write around the
layers (Split, Sum, Slice, Gather, ceil_mode, chains of shapes, ...), mutated too in half of the cases. Files that differ, panic or hang are kept beside the temporary ones.
"""

import copy
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

import numpy as np, onnx, onnxruntime as ort
from onnx import numpy_helper

ort.set_default_logger_severity(4)
P, TABLE, S = sys.argv[1], sys.argv[2], sys.argv[3] + "/"
seeds = [f[:-5] for f in os.listdir(S) if f.endswith(".onnx") and f != "under.onnx"]
rng, N = random.Random(int(sys.argv[4])), int(sys.argv[5])
tmp = tempfile.mkdtemp()
models = {s: onnx.load(S + s + ".onnx") for s in seeds}


def mutate(m):
    m = copy.deepcopy(m)
    g = m.graph
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        k = rng.randrange(9)
        n = rng.choice(list(g.node))
        if k == 0 and n.attribute:
            a = rng.choice(list(n.attribute))
            if a.type == onnx.AttributeProto.INT:
                a.i = rng.choice([-3, -2, -1, 0, 1, 2, 3, 2**31, -(2**63), a.i + 1, a.i - 1])
            elif a.type == onnx.AttributeProto.INTS and a.ints:
                i = rng.randrange(len(a.ints))
                a.ints[i] = rng.choice([-2, -1, 0, 1, 2, 3, a.ints[i] + 1, 2**40])
            elif a.type == onnx.AttributeProto.FLOAT:
                a.f = rng.choice([0.0, -1.0, 1.0, 2.0, float("nan"), 1e38, a.f * 2])
            elif a.type == onnx.AttributeProto.STRING:
                a.s = rng.choice([b"VALID", b"SAME_UPPER", b"NOTSET", b"x", b""])
        elif k == 1 and n.attribute:
            del n.attribute[rng.randrange(len(n.attribute))]
        elif k == 2 and len(n.input) > 1:
            i, j = rng.randrange(len(n.input)), rng.randrange(len(n.input))
            n.input[i], n.input[j] = n.input[j], n.input[i]
        elif k == 3 and g.initializer:
            t = rng.choice(list(g.initializer))
            try:
                a = numpy_helper.to_array(t) if t.data_location != 1 else None
            except ValueError:
                # Its shape was changed before.
                a = None
            if a is not None and a.size:
                b = a.copy().reshape(-1)
                i = rng.randrange(b.size)
                b[i] = rng.choice([0, 1, -1, 2, 3, b[i] * 2] if a.dtype.kind == "f" else [0, 1, -1, 2, 3])
                t.CopyFrom(numpy_helper.from_array(b.reshape(a.shape), t.name))
        elif k == 4 and g.initializer:
            t = rng.choice(list(g.initializer))
            if t.dims:
                i = rng.randrange(len(t.dims))
                t.dims[i] = rng.choice([0, 1, 2, -1, t.dims[i] + 1, 2**40])
        elif k == 5:
            n.op_type = rng.choice(
                [
                    "Add",
                    "Mul",
                    "Sub",
                    "Div",
                    "Relu",
                    "Flatten",
                    "Reshape",
                    "MaxPool",
                    "AveragePool",
                    "Gemm",
                    "MatMul",
                    "Neg",
                    "Concat",
                    "Transpose",
                    "Softmax",
                    "Squeeze",
                    "Unsqueeze",
                    "ReduceMean",
                    "Identity",
                    "GlobalAveragePool",
                    "Clip",
                    "Slice",
                    "Pad",
                    "Pow",
                    "Sum",
                    "LeakyRelu",
                    "PRelu",
                    "Cast",
                    "Split",
                    "Gather",
                    "Shape",
                    "ConstantOfShape",
                ]
            )
        elif k == 6:
            g.node.remove(n) if len(g.node) > 1 else None
        elif k == 7:
            ds = g.input[0].type.tensor_type.shape.dim
            if ds:
                d = rng.choice(list(ds))
                d.dim_value = rng.choice([0, 1, 2, 3, -1])
        elif k == 8:
            names = [x.name for x in g.initializer] + [o for q in g.node for o in q.output] + [g.input[0].name]
            if n.input:
                n.input[rng.randrange(len(n.input))] = rng.choice(names + [""])
    return m.SerializeToString()


def drawn():
    """A random chain of operators over [1, c, rows, columns], and its input."""
    shape = [1] + [rng.randint(1, 4) for _ in range(3)]
    opset = rng.choice([11, 13, 18, 21])
    nodes, weights, used = [], [], []
    g = np.random.default_rng(rng.randrange(2**32))
    start, x = list(shape), "x"

    def name():
        used.append(None)
        return f"v{len(used)}"

    def constant(a):
        n = name()
        weights.append(numpy_helper.from_array(np.asarray(a), n))
        return n

    def floats(*dims):
        return constant((g.integers(-16, 17, dims) / 8).astype(np.float32))

    def add(op, inputs, outputs=1, **attributes):
        made = [name() for _ in range(outputs)]
        nodes.append(onnx.helper.make_node(op, inputs, made, **attributes))
        return made

    def wide():
        return [d if rng.random() < 0.5 else 1 for d in shape]

    for _ in range(rng.randint(1, 5)):
        k, rank = rng.randrange(17), len(shape)
        axis = rng.randrange(1, rank)
        if k == 0 and shape[axis] > 1:
            first = rng.randint(1, shape[axis] - 1)
            sizes = [first, shape[axis] - first]
            if opset < 13:
                made = add("Split", [x], 2, axis=axis, split=sizes)
            else:
                made = add("Split", [x, constant(np.array(sizes, np.int64))], 2, axis=axis)
            part = rng.randrange(2)
            x, shape[axis] = made[part], sizes[part]
        elif k == 1:
            (x,) = add("Sum", [x] + [floats(*wide()) for _ in range(rng.randint(0, 2))] + [x])
        elif k == 2:
            (x,) = add("Neg", [x])
        elif k == 3:
            d = wide()
            (x,) = add("Div", [x, constant(g.choice([3.0, -0.5, 7.0], d).astype(np.float32))])
        elif k == 4:
            (x,) = add("Cast", [x], to=1)
        elif k == 5:
            (x,) = add("LeakyRelu", [x], **({"alpha": rng.choice([0.25, -0.5, 1.5])} if rng.random() < 0.7 else {}))
        elif k == 6:
            lo = rng.choice([-1.0, 0.0])
            ends = [constant(np.float32(lo)), constant(np.float32(lo + rng.choice([0.5, 6.0])))]
            (x,) = add("Clip", [x] + rng.choice([ends, ends[:1], ["", ends[1]]]))
        elif k == 7:
            (x,) = add("PRelu", [x, floats(*wide()[rng.randrange(rank) :])])
        elif k == 8:
            axes, keep = list(range(axis, rng.randint(axis, rank - 1) + 1)), rng.randrange(2)
            if opset < 18:
                (x,) = add("ReduceMean", [x], axes=axes, keepdims=keep)
            else:
                (x,) = add("ReduceMean", [x, constant(np.array(axes, np.int64))], keepdims=keep)
            shape = [1 if i in axes else d for i, d in enumerate(shape) if keep or i not in axes]
        elif k == 9 and rank > 2:
            m = rng.randint(1, 3)
            (x,), shape[-2] = add("MatMul", [floats(m, shape[-2]), x]), m
        elif k == 10:
            n, step = shape[axis], rng.choice([1, 2, -1, -2])
            a, b = sorted([rng.randint(0, n), rng.randint(0, n)])
            ends = (a, b) if step > 0 else (b - 1 if b else 0, a - 1 - n if a == 0 else a - 1)
            left = len(range(a, b, step)) if step > 0 else len(np.arange(n)[ends[0] : ends[1] if ends[1] >= 0 else None : step])
            if left == 0:
                continue
            lists = [[ends[0]], [ends[1] if step > 0 or ends[1] >= 0 else -n - 1], [axis], [step]]
            (x,), shape[axis] = add("Slice", [x] + [constant(np.array(l, np.int64)) for l in lists]), left
        elif k == 11:
            at = [rng.randrange(-shape[axis], shape[axis]) for _ in range(rng.randint(1, 3))]
            (x,), shape[axis] = add("Gather", [x, constant(np.array(at, np.int64))], axis=axis), len(at)
        elif k in (12, 13) and rank == 4:
            kernel, stride = rng.randint(1, 3), rng.randint(1, 2)
            if min(shape[2:]) < kernel:
                continue
            ceil = rng.randrange(2)
            op = "MaxPool" if k == 12 else "AveragePool"
            more = {"count_include_pad": rng.randrange(2)} if k == 13 else {}
            (x,) = add(op, [x], kernel_shape=[kernel] * 2, strides=[stride] * 2, ceil_mode=ceil, **more)
            shape[2:] = [(-(-(d - kernel) // stride) if ceil else (d - kernel) // stride) + 1 for d in shape[2:]]
        elif k == 14:
            (s,) = add("Shape", [x])
            value = numpy_helper.from_array(np.array([rng.choice([0.5, -2.0])], np.float32))
            (c,) = add("ConstantOfShape", [s], value=value)
            (x,) = add(rng.choice(["Add", "Mul"]), [x, c])
        elif k == 15:
            (s,) = add("Shape", [x])
            (n,) = add("Gather", [s, constant(np.array([0], np.int64))], axis=0)
            (d,) = add("Concat", [n, constant(np.array([-1], np.int64))], axis=0)
            (x,), shape = add("Reshape", [x, d]), [1, int(np.prod(shape))]
        elif k == 16:
            (x,) = add("Relu", [x])
        if len(shape) < 2:
            break
    if not nodes:
        (x,) = add("Neg", [x])
    for n in nodes:
        ops[n.op_type] = ops.get(n.op_type, 0) + 1
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(nodes, "drawn", [value("x", 1, start)], [value(x, 1, None)], weights)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)], ir_version=8)
    return model, g.normal(size=start).astype(np.float32)


ops = {}
count = dict(read=0, refused=0, equal=0, ort_refuses=0, differs=0, panic=0, hang=0, noclass=0)
for it in range(N):
    s = rng.choice(seeds)
    own = None
    if it % 2:
        m, own = drawn()
        s = "drawn"
        data = m.SerializeToString() if rng.random() < 0.5 else mutate(m)
    elif rng.random() < 0.25:
        b = bytearray(models[s].SerializeToString())
        for _ in range(rng.choice([1, 1, 2, 5])):
            b[rng.randrange(len(b))] = rng.randrange(256)
        data = bytes(b)
    else:
        try:
            data = mutate(models[s])
        except Exception as e:
            continue
    f = f"{tmp}/m.onnx"
    open(f, "wb").write(data)
    if s == "cnn_dynamo" and not os.path.exists(f"{tmp}/cnn_dynamo.onnx.data"):
        shutil.copy(S + "cnn_dynamo.onnx.data", tmp)
    inp = S + s + ".npy"
    if own is not None:
        x, inp = own, f"{tmp}/x.npy"
        np.save(inp, x)
    elif os.path.exists(inp):
        x = np.load(inp)
    else:
        x = np.linspace(-1, 1, 784).reshape(1, 1, 28, 28).astype(np.float32)
        inp = f"{tmp}/x.npy"
        np.save(inp, x)
    args = [P, "network", "evaluate", f, "--table", TABLE, "--bound", "1000", "--input", inp, "--json"]
    if x.ndim == 4:
        args += ["--layout", "nchw"]
    try:
        r = subprocess.run(args, capture_output=True, text=True, timeout=30)
        if "leave --table" in r.stderr:
            # Nothing but polynomials of its own.
            at = args.index("--table")
            alone = args[:at] + args[at + 4 :]
            r = subprocess.run(alone, capture_output=True, text=True, timeout=30)
    except subprocess.TimeoutExpired:
        count["hang"] += 1
        open(f"{tmp}/hang{it}.onnx", "wb").write(data)
        continue
    if r.returncode not in (0, 1, 2) or "panicked" in r.stderr:
        count["panic"] += 1
        print("PANIC", it, r.stderr[:300])
        open(f"{tmp}/panic{it}.onnx", "wb").write(data)
        continue
    if not r.stdout.strip().startswith("{"):
        count["refused"] += 1
        continue
    j = json.loads(r.stdout)
    count["read"] += 1
    L = np.array(j["bound_network_logits"], dtype=float)
    said = " ".join(j["network_said"])
    try:
        o = ort.SessionOptions()
        o.log_severity_level = 4
        o.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        q = ort.InferenceSession(f, o, providers=["CPUExecutionProvider"])
        i0 = q.get_inputs()[0]
        shape = [d if isinstance(d, int) else 1 for d in i0.shape]
        xx = x.astype(np.float32)
        if len(shape) != xx.ndim:
            xx = xx.reshape(shape)
        outs = [v.name for v in q.get_outputs()]
        out = q.run(outs[:1], {i0.name: xx})[0]
    except Exception as e:
        count["ort_refuses"] += 1
        continue
    out = np.asarray(out, dtype=float).reshape(-1)
    if said and ("Softmax" in said or "softmax" in said or "left out" in said):
        count["noclass"] += 1
        continue
    if (
        out.size != L.shape[0]
        or np.any(out < L[:, 0] - 1e-3 * (1 + abs(out)))
        or np.any(out > L[:, 1] + 1e-3 * (1 + abs(out)))
    ):
        count["differs"] += 1
        print("DIFF", it, s, out[:4], L[:4].tolist(), said)
        open(f"{tmp}/differs{it}.onnx", "wb").write(data)
    else:
        count["equal"] += 1
print(count)
print("drawn:", dict(sorted(ops.items())))
