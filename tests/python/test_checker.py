"""The small package: the checker alone."""

import json
import sys

import pytest
from conftest import CERTIFICATES

import polycert_checker

RELU14 = CERTIFICATES / "relu14.cert.json"


def test_bytes_and_paths():
    for given in (RELU14, str(RELU14), RELU14.read_bytes()):
        found = polycert_checker.check(given, require=["relu<=2^-14 on [-1,1]"])
        assert found and found.verified and found.accepted and found.code == 0
        assert str(found).startswith("VERIFIED |r(x) - ReLU(x)| <= ")
    short = polycert_checker.check(RELU14, require=["relu<=2^-20 on [-1,1]"])
    assert short.verified and not short.accepted and short.documents[0]["unmet"]


def test_folders():
    found = polycert_checker.check(CERTIFICATES)
    assert found and len(found.documents) > 5
    assert {d["outcome"] for d in found.documents} == {"VERIFIED"}


def test_what_is_altered_is_rejected():
    document = json.loads(RELU14.read_text())
    claim = next(c for c in document["claims"] if "hi" in c)
    claim["hi"] = "2^-20"
    found = polycert_checker.check(json.dumps(document).encode())
    assert not found and not found.verified and found.documents[0]["outcome"] in ("REJECTED", "UNREADABLE")
    for bad in (b"", b"{", b"\xff\xfe", b"[]"):
        found = polycert_checker.check(bad)
        assert not found.verified and found.code == 2, bad
    assert polycert_checker.check("/nowhere/at.all").code == 2
    assert not polycert_checker.check("-").verified


def test_options():
    with pytest.raises(ValueError, match="require"):
        polycert_checker.check(RELU14, require=["anything"])
    with pytest.raises(ValueError, match="--input goes with"):
        polycert_checker.check(RELU14, input="x")
    with pytest.raises(TypeError):
        polycert_checker.check(3)


def test_it_is_alone():
    """No producer behind it."""
    assert polycert_checker.__name__ == polycert_checker.Result.__module__ == "polycert_checker"
    source = (CERTIFICATES.parent / "src/python/checker/Cargo.toml").read_text()
    dependencies = source.split("[dependencies]")[1].split("[lints")[0]
    names = [line.split("=")[0].strip() for line in dependencies.splitlines() if "=" in line and not line.startswith("#")]
    assert names == ["polycert-checker", "pyo3"]
    assert "polycert_checker._checker" in sys.modules
