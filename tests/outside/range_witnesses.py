"""Asks onnxruntime about the witnesses of polycert's VIOLATED.

python range_witnesses.py POLYCERT MODEL.onnx IMAGES_u8_nhwc.npy B COUNT MEAN STD, MEAN and STD as r,g,b

Every activation is given the range [-B, B]. For each witness the activation's input is taken from onnxruntime, in f32, and
held against the stated enclosure of its value; for each layer that HOLDS on a sample, its greatest |input| against B.
Needs onnx, onnxruntime and numpy.
"""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime


def main(polycert, model, images, bound, count, mean, std):
    bound, count = float(bound), int(count)
    with tempfile.TemporaryDirectory() as folder:
        ranges = os.path.join(folder, "ranges.txt")
        with open(ranges, "w") as file:
            file.write(f"-SIHE:relu_vr_def={bound:g}\n")
        line = [polycert, "network", "ranges", model, "--input", images, "--mean", mean, "--std", std]
        line += ["--count", str(count), "--ranges", ranges, "--json"]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        assert done.returncode < 2, done.stderr
        layers = json.loads(done.stdout)["network"]["layers"]
    graph = onnx.load(model)
    relus = [n for n in graph.graph.node if n.op_type == "Relu"]
    assert [n.name or n.output[0] for n in relus] == [layer["layer"] for layer in layers]
    graph.graph.output.extend(onnx.ValueInfoProto(name=n.input[0]) for n in relus)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    name = session.get_inputs()[0].name
    pixels = np.load(images)[:count] / 255
    x = ((pixels - np.array(mean.split(","), float)) / np.array(std.split(","), float)).transpose(0, 3, 1, 2)
    witnesses = 0
    violated = [0] * len(layers)
    for sample in range(count):
        found = session.run([n.input[0] for n in relus], {name: x[sample : sample + 1].astype(np.float32)})
        for k, (layer, values) in enumerate(zip(layers, found)):
            greatest = np.abs(values).max()
            of_sample = [w for w in layer["against"] if w["sample"] == sample]
            # f32 has its own error; a violation by less is neither confirmed nor denied.
            slack = 1e-4 * (1 + greatest)
            assert of_sample or greatest <= bound + slack, (sample, layer["layer"], greatest)
            violated[k] += bool(of_sample)
            for w in of_sample:
                value = values[0].flatten()[w["neuron"]]
                assert list(np.unravel_index(w["neuron"], values[0].shape)) == w["place"], w
                assert w["bound_lo"] - slack <= value <= w["bound_hi"] + slack, (value, w)
                assert abs(value) > bound - slack, (value, w)
                witnesses += 1
    assert violated == [layer["violated"] for layer in layers]
    print(f"{witnesses} witnesses confirmed, {len(layers)} layers, {count} samples, B = {bound:g}")


if __name__ == "__main__":
    main(*sys.argv[1:8])
