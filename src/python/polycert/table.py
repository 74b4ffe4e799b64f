"""Coefficient tables: polynomials and composites with exact numbers."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any, Dict, Iterable, List, Optional, Sequence, Tuple, Union

import numpy
from numpy.polynomial import Chebyshev, Polynomial

from . import _polycert, exact
from .exact import Interval, Number, Path, ends, optional, text, texts


class Table:
    """A polynomial, or a composite of several, with what it stands for; every number exact.

    Args:
        coefficients: of one polynomial a one-dimensional array or list, degree 0 first; of a composite a list of those, the
            one that is applied first in front. Numbers are exact (`polycert.exact.Number`): a float64 is the dyadic rational
            that it holds. `numpy.polynomial.Polynomial` and `Chebyshev` bring their basis and their map from domain to window
            along.
        target: what the table is for: "relu" and others are made of a sign p as x (1 + p(x/B))/2; "direct_relu", ... are p
            itself; "smooth" is p, or `value` computed from it, against `function`.
        basis: "power" or "chebyshev".
        domain: (lo, hi) of x.
        eps: a sign is meant for eps <= |x| only.
        function: target "smooth": an expression of x, such as "exp(-x^2/2)".
        value: target "smooth": what is computed from x and p, such as "x/2 + p".
        slope: target "direct_leaky_relu": its slope for x < 0.
        lower, upper: target "direct_clip": its ends.
        output: what the last stage of a sign gives: "sign" (-1 or 1, if left out) or "step" (0 or 1).
        name: a short name.

    Raises:
        ParseError: numbers that are not finite, sizes over a limit, fields that do not go together.
    """

    def __init__(
        self,
        coefficients: Coefficients,
        target: str = "relu",
        *,
        basis: str = "power",
        domain: Interval = (-1, 1),
        eps: Optional[Number] = None,
        function: Optional[str] = None,
        value: Optional[str] = None,
        slope: Optional[Number] = None,
        lower: Optional[Number] = None,
        upper: Optional[Number] = None,
        output: Optional[str] = None,
        name: str = "python",
    ) -> None:
        lo, hi = ends(domain) or ("-1", "1")
        fields: Dict[str, Any] = {
            "format": "polycert-table/1",
            "name": name,
            "target": target,
            "output": output,
            "slope": optional(slope),
            "lower": optional(lower),
            "upper": optional(upper),
            "function": function,
            "value": value,
            "domain": {"lo": lo, "hi": hi},
            "components": [_component(c, basis) for c in _polynomials(coefficients)],
        }
        if eps is not None:
            fields["domain"]["eps"] = text(eps)
        self._set(_polycert.table(json.dumps({k: v for k, v in fields.items() if v is not None})))

    def _set(self, read: Tuple[str, str, str, List[int]]) -> None:
        self.json, self.sha256, self.target, self.degrees = read

    json: str
    """The table as a file, polycert-table/1."""
    sha256: str
    """SHA-256 of what it means, 64 hexadecimal digits."""
    target: str
    """What it is for."""
    degrees: List[int]
    """Degrees, first applied first."""

    @classmethod
    def from_json(cls, content: str) -> Table:
        """Reads the text of a table file."""
        table = cls.__new__(cls)
        table._set(_polycert.table(content))
        return table

    @classmethod
    def read(cls, path: Path) -> Table:
        """Reads a table file (polycert-table/1). Raises ParseError, DigestError and FileError."""
        table = cls.__new__(cls)
        table._set(_polycert.table_file(exact.path(path)))
        return table

    def save(self, path: Path) -> None:
        """Writes the table file."""
        pathlib.Path(path).write_text(self.json, encoding="utf-8")

    def __repr__(self) -> str:
        return f"<Table {self.target}, degrees {self.degrees}, sha256 {self.sha256[:12]}>"


One = Union[Sequence[Number], "numpy.ndarray[Any, Any]", Polynomial, Chebyshev]
Coefficients = Union[One, Sequence[One]]
"""One polynomial, or those of a composite, first applied first."""
TableLike = Union[Table, Path, Coefficients]
"""A table, the path of one, or coefficients."""


def table(given: TableLike, **meaning: Any) -> Table:
    """The table that is meant; `meaning` is of coefficients only."""
    stated = {k: v for k, v in meaning.items() if v is not None}
    if isinstance(given, (str, os.PathLike, Table)):
        if stated:
            raise TypeError(f"{', '.join(stated)}: the table says this itself; it is for coefficients")
        return given if isinstance(given, Table) else Table.read(given)
    return Table(given, **stated)


def _polynomials(given: Any) -> List[Any]:
    if isinstance(given, (Polynomial, Chebyshev)):
        return [given]
    if isinstance(given, numpy.ndarray):
        if given.ndim != 1:
            raise TypeError(f"an array of shape {given.shape}: one polynomial is one-dimensional, a composite a list of those")
        return [given]
    parts = list(given)
    several = [not isinstance(p, str) and isinstance(p, (Iterable, Polynomial, Chebyshev)) for p in parts]
    if any(several) and not all(several):
        raise TypeError("numbers beside polynomials: give either one list of numbers or a list of polynomials")
    return parts if several and all(several) else [parts]


def _component(polynomial: Any, basis: str) -> Dict[str, Any]:
    if not isinstance(polynomial, (Polynomial, Chebyshev)):
        return {"basis": basis, "coefficients": texts(polynomial)}
    offset, scale = polynomial.mapparms()
    return {
        "basis": "chebyshev" if isinstance(polynomial, Chebyshev) else "power",
        "input_map": {"scale": text(scale), "offset": text(offset)},
        "coefficients": texts(polynomial.coef),
    }
