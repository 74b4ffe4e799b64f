"""Networks: as the program answers; arrays and files are the same; errors."""

import json

import numpy
import pytest
from conftest import CERTIFICATES, FASHION, polycert as program
from safetensors.numpy import save_file

import polycert

NETWORK = FASHION / "network.safetensors"
RELU13 = CERTIFICATES / "relu13.json"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Two inputs, two ReLU, two classes; samples of float64."""
    path = tmp_path_factory.mktemp("small") / "network.safetensors"
    layers = [
        {"op": "dense", "name": "one", "weights": "a"},
        {"op": "relu", "name": "act"},
        {"op": "dense", "name": "two", "weights": "c"},
    ]
    graph = json.dumps({"format": "polycert-graph/1", "input": [2], "layers": layers})
    weights = {"a": [[4, -2], [0, 1]], "c": [[1, 1], [0, 3]]}
    save_file({k: numpy.array(v, numpy.float32) for k, v in weights.items()}, path, {"graph": graph})
    return polycert.Network.load(path)


def test_load():
    network = polycert.Network.load(NETWORK)
    assert network.facts == program("network", "show", NETWORK)
    assert network.activations == network["activation_layers"] > 0
    assert numpy.prod(network.input_shape) == numpy.prod(numpy.load(FASHION / "images.npy").shape[1:])


def test_audit_answers_as_the_program_does(tmp_path, images, labels):
    network = polycert.Network.load(NETWORK)
    audit = network.audit(images, RELU13, 20, labels=labels, count=3, certificates=tmp_path / "certs")
    line = ["network", "audit", NETWORK, "--table", RELU13, "--bound", "20", "--input", FASHION / "images.npy"]
    line += ["--labels", FASHION / "labels.npy", "--count", "3", "-o", tmp_path / "cli.json"]
    program(*line)
    said = json.loads((tmp_path / "cli.json").read_text())
    timeless = lambda f: {k: v for k, v in f.items() if k not in ("command", "made", "certificates", "seconds")}
    strip = lambda s: {k: v for k, v in s.items() if "seconds" not in k}
    ours, theirs = timeless(audit.facts), timeless(said)
    ours["samples"], theirs["samples"] = ([strip(s) for s in f["samples"]] for f in (ours, theirs))
    assert ours == theirs
    assert audit.stays and [s["verdict"] for s in audit.samples] == ["same"] * 3
    assert audit.certificates == 3
    assert polycert.check(tmp_path / "certs" / "manifest.json")
    assert "3" in audit.words


def test_floats_are_taken_exactly(small):
    # The classes are told apart by one unit in the last place: x0 4 - 2 x1 + x1 against 3 x1.
    x = numpy.array([[1.0, 1.0], [1.0, numpy.nextafter(1.0, 2)], [1.0, numpy.nextafter(1.0, 0)]])
    audit = small.audit(x[1:], RELU13, 8)
    assert [s["verdict"] for s in audit.samples] != []
    table = polycert.Table([0, 1], "direct_relu", domain=(0, 8))
    exact = small.audit(x, table, sensitivities=False)
    classes = [s["network_class"] for s in exact.samples]
    assert classes == [None, 1, 0], classes


def test_deviate_and_audit_under_noise(small):
    x = numpy.array([[0.5, 0.25], [0.25, 0.5]])
    found = small.deviate(x, RELU13, 4, worst=["2^-20", 2.0**-24], count=2, budget=True)
    assert found.certified == 2 == found["certified_at_every_level"] and len(found.samples) == 2
    moved = [level["bound_deviation"] for level in found.samples[0]["levels"]]
    assert moved[0] > moved[1] > 0
    one = small.deviate(x, RELU13, 4, worst=[[0.25]], attack=0)
    assert one.certified == 0
    audit = small.audit(x, RELU13, 4, worst="2^-20")
    assert audit.stays
    assert not small.audit(x, RELU13, 4, worst="1/4").stays


def test_ranges(small, tmp_path):
    random = numpy.random.default_rng(1)
    x = random.uniform(0, 1, (20, 2))
    chosen = small.ranges(x, suggest=tmp_path / "ranges.json", margin=2)
    assert chosen.holds and len(chosen.layers) == 1 and chosen.layers[0]["holds"] == 10
    again = small.ranges(x, tmp_path / "ranges.json", RELU13, box=(0, 1))
    assert again["twin"]["ranges"]["samples"] == 20
    assert not again.holds or again["box"][0]["holds"]
    narrow = small.ranges(100 * x, tmp_path / "ranges.json")
    assert not narrow.holds and narrow["network"]["some_violated"] > 0


def test_preparation(small):
    pixels = numpy.array([[51, 102]], numpy.uint8)
    said = small.audit(pixels, RELU13, 4)["input_said"]
    assert any("divided by 255" in line for line in said)
    plain = small.audit(pixels, RELU13, 2000, preparation=polycert.Preparation(scale=1, domain=(0, 255)))
    assert not any("divided by 255" in line for line in plain["input_said"])
    # Truth values are 0 and 1, no pixels.
    truth = small.audit(numpy.array([[True, False]]), RELU13, 8)
    assert not any("255" in line for line in truth["input_said"])
    assert truth["samples"][0]["twin_class"] == 0


def test_errors(small, tmp_path, images):
    with pytest.raises(polycert.FileError):
        polycert.Network.load(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"\x00\x01\x02")
    with pytest.raises(polycert.Error, match="bad.onnx"):
        polycert.Network.load(tmp_path / "bad.onnx")
    with pytest.raises(polycert.DomainError, match="an array of shape"):
        small.audit(numpy.zeros((1, 3)), RELU13, 4)
    with pytest.raises(polycert.Error, match="images.npy"):
        small.audit(numpy.array([[float("nan"), 0.0]]), RELU13, 4)
    with pytest.raises(polycert.DomainError, match="B is needed"):
        small.audit(numpy.zeros((1, 2)), RELU13)
    with pytest.raises(polycert.ParseError, match="--threads: 0 is not from 1"):
        small.audit(numpy.zeros((1, 2)), RELU13, 4, threads=0)
    with pytest.raises(polycert.ParseError, match="--max-precision"):
        small.audit(numpy.zeros((1, 2)), RELU13, 4, max_precision=10**6)
    with pytest.raises(polycert.DomainError, match="noise levels"):
        small.deviate(numpy.ones((1, 2)), RELU13, 4)
    with pytest.raises(TypeError, match="from"):
        small.audit(numpy.zeros((1, 2)), RELU13, 4, first=-1)
    with pytest.raises(ValueError):
        small.audit(numpy.array([["a", object()]], dtype=object), RELU13, 4)
    with pytest.raises(polycert.Error, match="element type"):
        small.audit(numpy.array([[1j, 0]]), RELU13, 4)


def test_column_major_arrays_and_other_byte_orders(small):
    x = numpy.array([[0.5, 0.25], [0.25, 0.5], [0.125, 0.75]])
    wanted = [s["twin_class"] for s in small.audit(x, RELU13, 4).samples]
    for other in (numpy.asfortranarray(x), x.astype(">f8"), x[::-1][::-1], x.astype(numpy.float16)):
        assert [s["twin_class"] for s in small.audit(other, RELU13, 4).samples] == wanted
