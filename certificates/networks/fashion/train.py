#!/usr/bin/env python3
"""Trains the small residual network for Fashion-MNIST that is shipped beside this script.

Set-up (Debian or Ubuntu; nothing here is needed to use the trained network):
    apt-get install dataset-fashion-mnist
    python3 -m venv venv && venv/bin/pip install torch==2.4.1 numpy safetensors
    venv/bin/python train.py            # about 9 minutes on one core

Writes network.safetensors (PyTorch names and layouts, f32, batch norm separate), and the first 40
test images with their labels as .npy. The input is u8/255 in [0, 1], without normalisation. The seed
is fixed and one thread is used, so a run repeats bit by bit on the same processor and PyTorch.
The graph is in network.json; its layer names are those of the tensors.
"""
import argparse
import gzip
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from safetensors.torch import save_file

DATA = Path("/usr/share/datasets/fashion-mnist")


def read(name):
    """An IDX file: 4 bytes of magic (the last is the rank), big-endian sizes, bytes."""
    path = next(p for p in DATA.rglob(name + "*") if p.is_file())
    raw = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    rank = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank)]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


class Network(nn.Module):
    """conv, pool, residual block, conv, pool, residual block, mean, linear."""

    def __init__(self, a=16, b=32):
        super().__init__()
        widths = dict(stem=(1, a), block1a=(a, a), block1b=(a, a), wide=(a, b), block2a=(b, b), block2b=(b, b))
        for name, (i, o) in widths.items():
            setattr(self, name, nn.Conv2d(i, o, 3, padding=1, bias=False))
            setattr(self, name + "_bn", nn.BatchNorm2d(o))
        self.classes = nn.Linear(b, 10)

    def conv(self, name, x):
        return getattr(self, name + "_bn")(getattr(self, name)(x))

    def block(self, name, x):
        y = self.conv(name + "b", F.relu(self.conv(name + "a", x)))
        return F.relu(x + y)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv("stem", x)), 2)
        x = self.block("block1", x)
        x = F.max_pool2d(F.relu(self.conv("wide", x)), 2)
        x = self.block("block2", x)
        return self.classes(x.mean((2, 3)))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--epochs", type=int, default=10)
    options.add_argument("--out", type=Path, default=Path(__file__).parent)
    options.add_argument("--export", type=int, metavar="N", help="only write the first N test images and labels")
    options = options.parse_args()
    if options.export:
        np.save(options.out / "images.npy", read("t10k-images")[: options.export])
        np.save(options.out / "labels.npy", read("t10k-labels")[: options.export])
        return
    torch.manual_seed(1)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    pixels = lambda name: torch.tensor(read(name)).float().div(255).unsqueeze(1)
    labels = lambda name: torch.tensor(read(name)).long()
    x, y = pixels("train-images"), labels("train-labels")
    tx, ty = pixels("t10k-images"), labels("t10k-labels")
    net, size = Network(), 128
    steps = (len(x) // size) * options.epochs
    weights = [p for p in net.parameters() if p.ndim > 1]
    others = [p for p in net.parameters() if p.ndim == 1]
    groups = [dict(params=weights, weight_decay=5e-4), dict(params=others, weight_decay=0.0)]
    optimiser = torch.optim.SGD(groups, lr=0.1, momentum=0.9, nesterov=True)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.2, total_steps=steps, pct_start=0.2)
    begin = time.process_time()
    for epoch in range(options.epochs):
        net.train()
        order, total = torch.randperm(len(x)), 0.0
        for i in range(0, len(x) - size + 1, size):
            pick = order[i : i + size]
            images = x[pick]
            flip = torch.rand(size) < 0.5
            images = torch.where(flip[:, None, None, None], images.flip(3), images)
            loss = F.cross_entropy(net(images), y[pick])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rate.step()
            total += loss.item()
        net.eval()
        with torch.no_grad():
            right = sum((net(tx[i : i + 1000]).argmax(1) == ty[i : i + 1000]).sum().item() for i in range(0, len(tx), 1000))
        print(f"epoch {epoch + 1}: loss {total / (len(x) // size):.4f}, test accuracy {right / len(tx):.4f}, "
              f"{time.process_time() - begin:.0f} CPU s", flush=True)
    tensors = {k: v.contiguous() for k, v in net.state_dict().items() if v.dtype == torch.float32}
    # The reader takes the graph and the scale of the input's bytes from the header.
    graph = (Path(__file__).parent / "network.json").read_text()
    about = dict(dataset="Fashion-MNIST", scale="1/255", graph=graph, accuracy=f"{right / len(tx):.4f}", torch=torch.__version__)
    save_file(tensors, options.out / "network.safetensors", metadata=about)
    np.save(options.out / "images.npy", read("t10k-images")[:40])
    np.save(options.out / "labels.npy", read("t10k-labels")[:40])


if __name__ == "__main__":
    main()
