"""Stacks the blocks of a trained CIFAR residual network to a deeper one, for tests of depth.

    python3 stack_resnet.py IN.safetensors OUT.safetensors DEPTH

IN has three blocks a stage (ResNet-20). Of each stage the first block stays; the other two come r times each, with the last
batch norm's factor and offset divided by r: r small steps in place of one, so that numbers stay about as large as they were
while the error bounds pass r times as many layers. DEPTH = 6 (2 r + 1) + 2: 20, 32, 44, 56, ... Standard library only.
"""
import json
import struct
import sys


def read(path):
    with open(path, "rb") as f:
        (n,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(n))
        data = f.read()
    meta = header.pop("__metadata__", {})
    return meta, {k: (v["dtype"], v["shape"], data[slice(*v["data_offsets"])]) for k, v in header.items()}


def divided(tensor, r):
    dtype, shape, data = tensor
    assert dtype == "F32", dtype
    values = struct.unpack(f"<{len(data) // 4}f", data)
    return dtype, shape, struct.pack(f"<{len(values)}f", *(v / r for v in values))


def main(source, target, depth):
    steps, rest = divmod((depth - 2) // 6 - 1, 2)
    if (depth - 2) % 6 or rest or steps < 1:
        sys.exit("DEPTH is 6 (2 r + 1) + 2: 20, 32, 44, 56, 68, ...")
    meta, tensors = read(source)
    made = {}
    for name, tensor in tensors.items():
        part = name.split(".")
        if not part[0].startswith("layer") or part[1] == "0":
            made[name] = tensor
            continue
        if part[2] == "bn2" and part[3] in ("weight", "bias"):
            tensor = divided(tensor, steps)
        for k in range(steps):
            block = 1 + 2 * k + int(part[1]) - 1
            made[".".join([part[0], str(block), *part[2:]])] = tensor
    header, at = {"__metadata__": meta}, 0
    for name, (dtype, shape, data) in made.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(target, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + b"".join(d for _, _, d in made.values()))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
