"""Verbs on tables: certify, search, values."""

from __future__ import annotations

import json
import os
from typing import Any, Iterable, Mapping, NamedTuple, Optional

import numpy

from . import _polycert
from .answer import Certification, Found
from .exact import Interval, Number, Path, ends, optional, path, texts
from .table import Table, TableLike, table


def certify(
    coefficients: TableLike,
    target: Optional[str] = None,
    *,
    bound: Optional[Number] = None,
    claim: Optional[Number] = None,
    basis: Optional[str] = None,
    domain: Optional[Interval] = None,
    held: Optional[str] = None,
    evaluation: Optional[str] = None,
    function: Optional[str] = None,
    value: Optional[str] = None,
    error: Optional[str] = None,
    range: Optional[Interval] = None,
    mean_square: Optional[str] = None,
    extend: bool = False,
    slope: Optional[Number] = None,
    window: Optional[int] = None,
    lower: Optional[Number] = None,
    upper: Optional[Number] = None,
    inputs: Optional[int] = None,
    input_gap: Optional[Number] = None,
    input_scale: Optional[Number] = None,
    eps: Optional[Number] = None,
    to: Optional[Number] = None,
    gap: Optional[Number] = None,
    zone: Optional[Number] = None,
    rho: Optional[Number] = None,
    limit: Optional[Number] = None,
    only_error: bool = False,
) -> Certification:
    """Proves the maximum error of a table, and a claim about it.

    Args:
        coefficients: a Table, the path of one, or coefficients (see Table): degree 0 first, floats taken exactly.
        target: the function: "sign", "step", "relu", "leaky_relu", "abs", "clip", "relu6", "max", "max_pool", "argmax" through
            a sign p; "direct_relu", ... p itself; "smooth" p, or `value`, against `function`. The table's own if left out,
            "relu" for coefficients.
        bound: B: inputs are in [-B, B], and p is applied to x/B (1 if left out).
        claim: bound of the maximum error that is to be judged, in the units of the function's value.
        basis, domain: of coefficients: "power" or "chebyshev"; (lo, hi) of x ((-1, 1) if left out).
        held: coefficients as a program holds them: "exact", "f64", "f32" or "fixed:BITS".
        evaluation: also bound what rounding adds in a program: "horner:f64", "horner:f32", "clenshaw:f64", "clenshaw:f32".
        function, value, error, range: target "smooth": an expression of x; what is computed from x and p; "absolute",
            "relative" or "weight:EXPR"; (lo, hi).
        mean_square, extend: target "smooth": enclose the mean squared error for a density; find the widest domain.
        slope: of a leaky ReLU for x < 0. lower, upper: ends of a clip.
        window: K of a K x K max-pool. inputs, input_gap: of an argmax. input_scale: c of the map x -> c x + 1/2 of both.
        eps: functions that jump: the error is meant so far from the jump. to: the composite's domain is [-to, to].
        gap: wanted relative gap of the enclosure (2^-40). zone, rho, limit: of envelope and overflow margin.
        only_error: the enclosure alone.

    Returns:
        A Certification, with `bound_lo`, `bound_hi`, `verdict` and `certificate`; REFUTED and UNDECIDED are verdicts.

    Raises:
        polycert.Error: what cannot be used. It names an argument as the command's option, `held` as --coefficients.
    """
    # A target and its function are what coefficients mean, too.
    bare = not isinstance(coefficients, (Table, str, os.PathLike))
    smooth = {"function": function, "value": value} if bare and target == "smooth" else {}
    own = {"slope": slope} if bare and target == "direct_leaky_relu" else {}
    if bare and target == "direct_clip":
        own = {"lower": lower, "upper": upper}
    meant = table(coefficients, target=target if bare else None, basis=basis, domain=domain, **smooth, **own)
    options = {
        "target": target,
        "bound": optional(bound),
        "claim": optional(claim),
        "coefficients": held,
        "evaluation": evaluation,
        "function": function,
        "value": value,
        "error": error,
        "range": ends(range),
        "mean_square": mean_square,
        "extend": extend,
        "slope": optional(slope),
        "window": window,
        "lower": optional(lower),
        "upper": optional(upper),
        "inputs": inputs,
        "input_gap": optional(input_gap),
        "input_scale": optional(input_scale),
        "eps": optional(eps),
        "to": optional(to),
        "gap": optional(gap),
        "zone": optional(zone),
        "rho": optional(rho),
        "limit": optional(limit),
        "only_error": only_error,
    }
    said, certificate, words = _polycert.certify(meant.json, options)
    return Certification(said, meant, certificate, words)


def search(
    alpha: int,
    target: str = "relu",
    *,
    window: Optional[int] = None,
    objective: str = "depth",
    prices: Optional[Mapping[int, int]] = None,
    max_degree: int = 31,
    zeta: Optional[Number] = None,
    depth: Optional[int] = None,
    more_precise: bool = False,
    cache: Optional[Path] = None,
) -> Found:
    """Finds the cheapest composite that reaches 2^-alpha on [-1, 1], and proves that it does.

    Args:
        alpha: bits: ReLU, max and max-pool to within 2^-alpha; sign to within 2^(1-alpha) on 2^-alpha <= |x| <= 1.
        target: "relu", "sign", "max" or "max_pool" (with `window`, K of a K x K window).
        objective: least "depth" in levels, number of "mults", or "cost" by `prices` (of a multiplication by level, 1 the last).
        max_degree: of a component. depth: greatest depth in levels.
        zeta: eps = zeta 2^-alpha instead of the best for each design.
        more_precise: also list more precise designs at no greater price.
        cache: folder that keeps the error curves (POLYCERT_CACHE, else the user's cache folder).

    Returns:
        Found: `table`, `certificate`, `front`. That no design is cheaper is an estimate; every error is proved.
    """
    asked = {
        "alpha": alpha,
        "target": target,
        "window": window,
        "objective": objective,
        "cost_table": None if prices is None else json.dumps({"cost": {str(k): v for k, v in prices.items()}}),
        "max_degree": max_degree,
        "zeta": optional(zeta),
        "depth": depth,
        "more_precise": more_precise,
        "cache": None if cache is None else path(cache),
    }
    said, made, certificate = _polycert.search(asked)
    return Found(said, Table.from_json(made), certificate)


def search_smooth(
    function: str, range: Interval, precision: int, *, relative: bool = False, by: str = "depth"
) -> Found:
    """Finds the cheapest way to compute a smooth function on an interval to within 2^-precision, and proves that it does.

    Args:
        function: its name or an expression of x, such as "gelu" or "exp(-x^2/2)". range: (lo, hi).
        precision: bits. relative: the relative error is meant. by: least "depth" or "products".
    """
    both = ends(range)
    assert both is not None
    said, made, certificate = _polycert.search_smooth(function, both, precision, relative, by)
    return Found(said, Table.from_json(made), certificate)


class Values(NamedTuple):
    """Enclosures at points: float64 arrays of the points' shape, rounded outward, so that lo <= exact value <= hi."""

    p_lo: "numpy.ndarray[Any, Any]"
    p_hi: "numpy.ndarray[Any, Any]"
    value_lo: "numpy.ndarray[Any, Any]"
    value_hi: "numpy.ndarray[Any, Any]"
    f_lo: "numpy.ndarray[Any, Any]"
    f_hi: "numpy.ndarray[Any, Any]"
    error_lo: "numpy.ndarray[Any, Any]"
    error_hi: "numpy.ndarray[Any, Any]"


def values(
    coefficients: TableLike,
    at: Any,
    *,
    function: Optional[str] = None,
    value: Optional[str] = None,
    error: Optional[str] = None,
    basis: Optional[str] = None,
    held: Optional[str] = None,
) -> Values:
    """Encloses a table's polynomial p(x), the value computed from it, its function f(x) and the error at points.

    Args:
        coefficients: a Table, the path of one, or coefficients in `basis`.
        at: points x, an array of any shape or a list; floats taken exactly. At most 100,000.
        function: f(x), an expression (the table's own if left out; a table of another target than "smooth" needs one).
        value: what is computed from x and p(x), such as "x*(1 + p)/2" for the ReLU of a sign (p if left out).
        error: "absolute", "relative" or "weight:EXPR".
        held: coefficients as a program holds them.
    """
    points = at if isinstance(at, numpy.ndarray) else None
    flat: Iterable[Any] = at if points is None else points.ravel()
    meant = table(coefficients, basis=basis)
    asked = {"function": function, "value": value, "error": error, "coefficients": held}
    found = _polycert.values(meant.json, texts(flat), asked)
    shape = (len(found),) if points is None else points.shape
    columns = numpy.array(found, dtype=numpy.float64).reshape(len(found), 8)
    return Values(*(columns[:, i].reshape(shape) for i in range(8)))


__all__ = ["Values", "certify", "search", "search_smooth", "values"]
