"""One PyTorch model in the forms that exporters write: polycert must read one network from all of them.

    python four_exports.py POLYCERT FOLDER

Needs torch, onnx, onnxscript, onnxslim and numpy. Writes to FOLDER a small residual network of random weights as

- torchscript.onnx: the TorchScript exporter (opset 13; the shape of a reshape as nodes);
- dynamo.onnx: the dynamo exporter, weights in dynamo.onnx.data;
- dynamic.onnx: the same with a batch of any size;
- channels_last.onnx: the model behind a transposition, as tf2onnx writes networks of TensorFlow;
- simplified.onnx: torchscript.onnx after onnxslim;
- weights.safetensors: its state_dict, with a polycert-graph/1 in the header;
- text/: the same with a file of decimals for each array.

`polycert network show --json` prints `meaning_sha256` of each, the digest of the exact network: layers, shapes, and every weight
without rounding, but no names. Exit code 0 only if there is one digest, and another one after one weight has moved by one unit
in its last place.

There is no batch norm in the model: exporters multiply it into the convolution before it, in f32. That rounds; it is another
network, and has another digest.
"""

import json
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxslim
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, padding=1)
        self.left = nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.right = nn.Conv2d(8, 8, 1, stride=2)
        self.hidden = nn.Linear(8 * 4 * 4, 12)
        self.out = nn.Linear(12, 5)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        x = torch.relu(self.left(x) + self.right(x))
        x = nn.functional.max_pool2d(x, 2)
        x = x.reshape(x.size(0), -1)
        return self.out(torch.relu(self.hidden(x)))


class ChannelsLast(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x.permute(0, 3, 1, 2))


GRAPH = {
    "format": "polycert-graph/1",
    "input": [3, 16, 16],
    "layers": [
        {"op": "conv", "weights": "stem.weight", "bias": "stem.bias", "padding": 1},
        {"op": "relu", "name": "a"},
        {"op": "conv", "name": "left", "weights": "left.weight", "bias": "left.bias", "stride": 2, "padding": 1},
        {"op": "conv", "name": "right", "input": "a", "weights": "right.weight", "bias": "right.bias", "stride": 2},
        {"op": "add", "inputs": ["left", "right"]},
        {"op": "relu"},
        {"op": "max_pool", "kernel": 2},
        {"op": "flatten"},
        {"op": "dense", "weights": "hidden.weight", "bias": "hidden.bias"},
        {"op": "relu"},
        {"op": "dense", "weights": "out.weight", "bias": "out.bias"},
    ],
}


def safetensors(path, arrays):
    header, data = {"__metadata__": {"graph": json.dumps(GRAPH)}}, b""
    for name, a in arrays.items():
        raw = a.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(a.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(len(text).to_bytes(8, "little") + text + data)


def text(folder, arrays):
    """Each array as rows of its last axis, 9 digits a number, which is enough to tell every f32."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "graph.json"), "w") as f:
        json.dump({**GRAPH, "files": {"numbers": "f32", "shapes": {name: list(a.shape) for name, a in arrays.items()}}}, f)
    for name, a in arrays.items():
        with open(os.path.join(folder, name + ".txt"), "w") as f:
            for row in a.reshape(-1, a.shape[-1]):
                f.write(" ".join(f"{v:.8e}" for v in row) + "\n")


def digest(polycert, path):
    run = subprocess.run([polycert, "network", "show", path, "--json"], capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"{path}: {run.stderr}")
    return json.loads(run.stdout)["meaning_sha256"]


def main():
    polycert, folder = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    torch.manual_seed(15)
    net, x = Net().eval(), torch.zeros(1, 3, 16, 16)
    at = lambda name: os.path.join(folder, name)

    torch.onnx.export(net, (x,), at("torchscript.onnx"), dynamo=False, opset_version=13)
    torch.onnx.export(net, (x,), at("dynamo.onnx"), dynamo=True, external_data=True)
    batch = ({0: torch.export.Dim("batch")},)
    two = torch.zeros(2, 3, 16, 16)
    torch.onnx.export(net, (two,), at("dynamic.onnx"), dynamo=True, external_data=False, dynamic_shapes=batch)
    last = x.permute(0, 2, 3, 1).contiguous()
    torch.onnx.export(ChannelsLast(net).eval(), (last,), at("channels_last.onnx"), dynamo=False, opset_version=13)
    onnx.save(onnxslim.slim(onnx.load(at("torchscript.onnx"))), at("simplified.onnx"))
    arrays = {name: p.detach().numpy() for name, p in net.named_parameters()}
    safetensors(at("weights.safetensors"), arrays)
    text(at("text"), arrays)

    forms = ["torchscript.onnx", "dynamo.onnx", "dynamic.onnx", "channels_last.onnx", "simplified.onnx"]
    forms += ["weights.safetensors", "text"]
    found = {}
    for form in forms:
        found[form] = digest(polycert, at(form))
        nodes = len(onnx.load(at(form)).graph.node) if form.endswith(".onnx") else "-"
        print(f"{form:22} {nodes:>3} nodes  {found[form]}")
    moved = dict(arrays, **{"out.bias": np.nextafter(arrays["out.bias"], np.float32(2))})
    safetensors(at("moved.safetensors"), moved)
    other = digest(polycert, at("moved.safetensors"))
    print(f"{'one bias moved':22}   -        {other}")
    sys.exit(0 if len(set(found.values())) == 1 and other not in found.values() else 1)


if __name__ == "__main__":
    main()
