"""certify, search, values, Table: as the program answers, and exactly."""

import json
from fractions import Fraction

import numpy
import pytest
from conftest import CERTIFICATES, polycert as program
from numpy.polynomial import Chebyshev, Polynomial

import polycert
from polycert.exact import fraction, text

RELU04 = CERTIFICATES / "relu04.json"


def test_certify_answers_as_the_program_does():
    answer = polycert.certify(RELU04, claim="2^-4")
    said = program("certify", RELU04, "--claim", "2^-4")
    del said["certificate"]
    assert answer.facts == said
    assert answer.verdict == "PROVED" and answer.proved
    assert 0 < answer.bound_lo <= answer.bound_hi <= Fraction(1, 16)
    assert answer.check().accepted
    assert polycert.check(answer.certificate.encode(), require=["relu<=2^-4 on [-1,1]"])
    assert answer.words.startswith("VERIFIED")
    # B of other inputs: the error is B times as large.
    wide = polycert.certify(RELU04, bound=3)
    assert wide.bound_hi == 3 * answer.bound_hi


def test_a_claim_that_does_not_hold_is_a_verdict():
    answer = polycert.certify(RELU04, claim="2^-9")
    assert answer.verdict == "REFUTED" and not answer.proved
    # The certificate proves the refutation: verified, and not what was claimed.
    assert answer.check().verified and not answer.check().accepted
    x = answer.witness_x
    assert x is not None and abs(x) <= 1


def test_the_error_is_that_of_the_exact_numbers():
    # |x - c| on [-1, 1] against x: the error is |c| exactly, for the dyadic rational that the float is.
    for c in [0.1, numpy.float32(0.1), Fraction(1, 10), "0.1", numpy.float64(2**-60)]:
        answer = polycert.certify([c, 1], "smooth", function="x")
        exact = Fraction(c) if not isinstance(c, numpy.generic) else Fraction(float(c))
        assert answer.bound_lo <= exact <= answer.bound_hi, c
        assert answer.bound_hi - answer.bound_lo <= exact / 2**30
    tenth = polycert.certify(["0.1", 1], "smooth", function="x")
    double = polycert.certify(numpy.array([0.1, 1.0]), "smooth", function="x")
    assert json.loads(tenth.table.json)["components"] != json.loads(double.table.json)["components"]
    assert tenth.table.sha256 != double.table.sha256


def test_numpy_polynomials_bring_basis_and_map():
    x = numpy.linspace(0, 2, 40)
    for kind in (Polynomial, Chebyshev):
        p = kind.fit(x, numpy.exp(x), 6)
        answer = polycert.certify(p, "smooth", function="exp(x)", domain=(0, 2))
        sampled = numpy.abs(p(x) - numpy.exp(x)).max()
        assert sampled <= answer.bound_hi * Fraction(1 + 2**-30) <= 2 * sampled
    # A composite is a list of polynomials.
    composite = polycert.certify([numpy.array([0, 1.5, 0, -0.5]), numpy.array([0, 1.5, 0, -0.5])])
    assert composite.table.degrees == [3, 3] and composite.table.target == "relu"


def test_values_enclose():
    c = numpy.array([1.0, 1.0, 0.5])
    x = numpy.linspace(-1, 1, 12).reshape(3, 4)
    v = polycert.values(c, x, function="exp(x)", value="2*p")
    assert v.p_lo.shape == x.shape
    for i in numpy.ndindex(x.shape):
        exact = Fraction(float(x[i]))
        p = 1 + exact + exact * exact / 2
        assert v.p_lo[i] <= p <= v.p_hi[i] and v.value_lo[i] <= 2 * p <= v.value_hi[i]
        assert v.p_hi[i] - v.p_lo[i] <= 2**-50
    assert ((v.f_lo <= numpy.exp(x) + 1e-15) & (numpy.exp(x) - 1e-15 <= v.f_hi)).all()
    assert (v.error_lo <= v.error_hi).all()
    listed = polycert.values(c, ["1/3", 2], function="exp(x)")
    assert listed.p_lo.shape == (2,) and listed.p_lo[1] == 5.0


def test_search_answers_as_the_program_does(tmp_path):
    found = polycert.search(6, max_degree=7, cache=tmp_path)
    said = program("search", "--alpha", "6", "--max-degree", "7", "--no-cache")
    assert found.facts == said
    assert found.proved and found.bound_hi <= Fraction(1, 64)
    assert found.table.degrees == found.best["degrees"]
    assert found.check()
    smooth = polycert.search_smooth("sigmoid", (-4, 4), 8)
    assert smooth.facts == program("search", "--function", "sigmoid", "--range", "-4,4", "--precision", "8")
    assert smooth.table.target == "smooth" and smooth.check()
    priced = polycert.search(4, objective="cost", prices={i: i * i for i in range(1, 40)}, max_degree=7)
    assert priced.facts["objective"] == "cost"


def test_tables_are_files(tmp_path):
    table = polycert.Table.read(RELU04)
    table.save(tmp_path / "t.json")
    assert polycert.Table.read(tmp_path / "t.json").sha256 == table.sha256
    answer = polycert.certify(table)
    answer.save(tmp_path / "t.cert.json")
    assert polycert.check(tmp_path / "t.cert.json", table_sha256=table.sha256)
    assert not polycert.check(tmp_path / "t.cert.json", table_sha256="0" * 64)


def test_errors_have_their_own_words_and_kinds(tmp_path):
    with pytest.raises(polycert.DomainError, match="--slope is for"):
        polycert.certify(RELU04, slope="1/10")
    with pytest.raises(polycert.ParseError, match="--claim: .*not a finite number"):
        polycert.certify(RELU04, claim="small")
    with pytest.raises(polycert.DomainError, match="did you mean 2\\^-13"):
        polycert.certify(RELU04, claim=13)
    with pytest.raises(polycert.FileError) as missing:
        polycert.certify(tmp_path / "none.json")
    assert missing.value.path == str(tmp_path / "none.json") and str(missing.value).startswith(missing.value.path)
    with pytest.raises(polycert.ParseError, match="coefficients\\[0\\].*nan"):
        polycert.certify([float("nan"), 1.0])
    with pytest.raises(polycert.ParseError):
        polycert.certify(numpy.array([]))
    with pytest.raises(polycert.ParseError, match="--window: 1 is not from 2 to 32"):
        polycert.certify(RELU04, "max_pool", window=1)
    with pytest.raises(polycert.ParseError, match="--alpha: 0 is not from 2"):
        polycert.search(0)
    with pytest.raises(polycert.ParseError, match="--objective"):
        polycert.search(4, objective="speed")
    with pytest.raises(polycert.Error, match="--precision"):
        polycert.search_smooth("exp(x)", (0, 1), 121)
    with pytest.raises(polycert.DomainError, match="smooth needs --function"):
        polycert.values(RELU04, [0.5])
    changed = RELU04.read_text().replace('"sha256": "', '"sha256": "0', 1)
    changed = changed[: changed.index('"sha256": "0') + 75] + '"' + changed[changed.index('"sha256": "0') + 77 :]
    with pytest.raises(polycert.DigestError, match="SHA-256"):
        polycert.Table.from_json(changed)
    assert issubclass(polycert.DigestError, polycert.Error) and polycert.Error.__name__ == "Error"
    for wrong in (lambda: polycert.certify(numpy.zeros((2, 2))), lambda: polycert.certify([1, [2]]), lambda: text(1j)):
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(TypeError, match="basis"):
        polycert.certify(RELU04, basis="power")


@pytest.mark.parametrize("written,value", [("3/8", Fraction(3, 8)), ("5*2^-4", Fraction(5, 16)), ("-2^-3", Fraction(-1, 8)),
                                           ("-5*2^3", Fraction(-40)), ("2^10", Fraction(1024)), ("0.25", Fraction(1, 4))])
def test_numbers_are_read_as_they_are_written(written, value):
    assert fraction(written) == value
    # The same by the library: the polynomial's constant, as the table writes it back.
    table = polycert.Table([written, 1], "direct_relu")
    assert fraction(json.loads(table.json)["components"][0]["coefficients"][0]) == value
