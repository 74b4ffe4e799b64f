"""Exact numbers as text.

A float is the dyadic rational that it holds, so that 0.1 is 0x1.999999999999ap-4; give "0.1" or Fraction(1, 10) for a tenth.
"""

from __future__ import annotations

import decimal
import numbers
import os
import pathlib
from fractions import Fraction
from typing import Any, Iterable, List, Optional, Sequence, Tuple, Union

import numpy

Number = Union[int, float, str, Fraction, decimal.Decimal, "numpy.floating[Any]", "numpy.integer[Any]"]
"""An exact number: text ("2^-14", "1/3", "0.001"), int, Fraction, Decimal, or a float for the dyadic rational that it holds."""

Interval = Sequence[Number]
"""Two numbers, lower end first."""

Path = Union[str, "os.PathLike[str]"]


def text(x: Number) -> str:
    """The number as polycert reads it, without any rounding."""
    if isinstance(x, str):
        return x
    if isinstance(x, (bool, numpy.bool_)):
        raise TypeError(f"{x!r} is no number")
    if isinstance(x, numbers.Integral):
        return str(int(x))
    if isinstance(x, numbers.Rational):
        return f"{x.numerator}/{x.denominator}"
    if isinstance(x, decimal.Decimal):
        return str(x)
    if isinstance(x, (float, numpy.float16, numpy.float32)):
        return float(x).hex()
    raise TypeError(f"{x!r} is no exact number: give an int, float, Fraction, Decimal or text")


def optional(x: Optional[Number]) -> Optional[str]:
    """The same of a number that may be left out."""
    return None if x is None else text(x)


def texts(values: Union[Iterable[Number], Number]) -> List[str]:
    """Numbers of a list or a one-dimensional array; one number is a list of one."""
    if isinstance(values, numpy.ndarray):
        if values.ndim > 1:
            raise TypeError(f"an array of shape {values.shape}, where a list of numbers is expected")
        values = numpy.atleast_1d(values)
    elif isinstance(values, str) or not isinstance(values, Iterable):
        values = [values]
    return [text(x) for x in values]


def ends(interval: Optional[Interval]) -> Optional[Tuple[str, str]]:
    """Both ends of an interval."""
    if interval is None:
        return None
    both = texts(interval)
    if len(both) != 2:
        raise TypeError(f"{interval!r}: an interval is two numbers, (lo, hi)")
    return both[0], both[1]


def fraction(number: str) -> Fraction:
    """A number as polycert writes it: `3/8`, `5*2^-14`, `2^-14`, decimals."""
    if "^" in number:
        front, exponent = number.split("^")
        mantissa, _, base = front.rpartition("*")
        sign = -1 if base.startswith("-") else 1
        return Fraction(mantissa or sign) * Fraction(2) ** int(exponent)
    return Fraction(number)


def path(p: Path) -> str:
    """A path as text."""
    return str(pathlib.Path(p))
