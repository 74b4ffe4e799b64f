"""What the tests share: the repository, its program, its shipped network."""

import json
import pathlib
import subprocess

import numpy
import pytest

ROOT = pathlib.Path(__file__).parents[2]
CERTIFICATES = ROOT / "certificates"
FASHION = CERTIFICATES / "networks" / "fashion"
PROGRAM = ROOT / "target" / "debug" / "polycert"


def polycert(*words):
    """What the program prints with --json."""
    run = subprocess.run([str(PROGRAM), *map(str, words), "--json"], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode in (0, 1), run.stderr
    return json.loads(run.stdout)


@pytest.fixture(scope="session")
def images():
    return numpy.load(FASHION / "images.npy")


@pytest.fixture(scope="session")
def labels():
    return numpy.load(FASHION / "labels.npy")
