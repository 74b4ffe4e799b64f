"""The guide, from a trained network to an audited plan; plans that there are none of."""

import importlib.util
import json

import numpy
import pytest
from conftest import ROOT

import polycert


def guide():
    spec = importlib.util.spec_from_file_location("guide", ROOT / "src/python/guide/guide.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The guide's network, its samples, their labels."""
    module = guide()
    layers, images, labels = module.train()
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    module.write_onnx(layers, path)
    # The network that is written is the one that was trained.
    z = images.astype(float)
    for i, (w, b) in enumerate(layers):
        z = z @ w.T.astype(float) + b
        z = z if i == 2 else numpy.maximum(z, 0)
    assert (z.argmax(axis=1) == labels).mean() > 0.9
    return polycert.Network.load(path), images, labels, z.argmax(axis=1)


def test_the_guide(tmp_path, capsys):
    found, audit, plan = guide().main(tmp_path)
    assert found.proved and plan.feasible
    assert len(audit.samples) == 50
    said = json.loads((tmp_path / "plan" / "plan.json").read_text())
    assert said == plan.facts and len(plan.tables()) == len(plan.bounds()) == 2
    assert polycert.check(tmp_path / "plan").verified
    assert "B =" in capsys.readouterr().out


def test_the_classes_are_the_networks(model):
    network, images, labels, classes = model
    audit = network.audit(images[:10], polycert.search(12).table, 64, labels=labels[:10])
    assert [s["network_class"] for s in audit.samples] == classes[:10].tolist()


def test_no_plan_is_an_answer(model, tmp_path):
    network, images, _, _ = model
    plan = polycert.plan(network, images[:20], tmp_path / "none", levels=2, margins=0)
    assert not plan.feasible and not plan.stays and plan["why"]
    assert plan.tables() == [] and "infeasible" in repr(plan)


def test_errors(model, tmp_path):
    network, images, _, _ = model
    with pytest.raises(polycert.DomainError, match="one goal"):
        polycert.plan(network, images, tmp_path / "p", agreement=0.9, margin=0.5)
    with pytest.raises(polycert.ParseError, match="--designs"):
        polycert.plan(network, images, tmp_path / "p", designs=["odd"])
    with pytest.raises(polycert.DomainError, match="no preset"):
        polycert.plan(network, images, tmp_path / "p", preset="C")
    with pytest.raises(polycert.ParseError, match="--k: 81 is not"):
        polycert.plan(network, images, tmp_path / "p", preset="A", k=81)
    assert not (tmp_path / "p").exists()
