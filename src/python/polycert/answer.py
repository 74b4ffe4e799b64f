"""What verbs answer: the facts that the command prints with --json, by name."""

from __future__ import annotations

import json
import pathlib
from fractions import Fraction
from typing import Any, Dict, List, Optional

from . import _polycert
from .exact import Path, fraction
from .table import Table


class Answer:
    """Facts by name. Those named `bound_` are proved, `estimate_` are estimates, `measure_` was sampled."""

    facts: Dict[str, Any]
    """The fields of the command's JSON."""

    def __init__(self, said: str) -> None:
        self.facts = json.loads(said)

    def __getitem__(self, name: str) -> Any:
        return self.facts[name]

    def _exact(self, name: str) -> Optional[Fraction]:
        number = self.facts.get(name)
        return None if number is None else fraction(number)


class Certification(Answer):
    """The proved error of a table, in the units of the function's input and value.

    It is no exception that a claim does not hold: see `verdict`.
    """

    table: Table
    """What it is about."""
    certificate: str
    """The certificate, which the independent checker has verified; JSON."""
    words: str
    """What the checker says that it proves."""

    def __init__(self, said: str, table: Table, certificate: str, words: str = "") -> None:
        super().__init__(said)
        self.table, self.certificate, self.words = table, certificate, words

    @property
    def verdict(self) -> Optional[str]:
        """PROVED, REFUTED or UNDECIDED; None without a claim."""
        return self.facts["verdict"]

    @property
    def proved(self) -> bool:
        """Whether the claim is proved."""
        return self.verdict == "PROVED"

    @property
    def bound_lo(self) -> Fraction:
        """The maximum error is at least this."""
        return fraction(self.facts["bound_lo"])

    @property
    def bound_hi(self) -> Fraction:
        """The maximum error is at most this."""
        return fraction(self.facts["bound_hi"])

    @property
    def witness_x(self) -> Optional[Fraction]:
        """Where the error is at least `bound_lo`, if there is such a point."""
        return self._exact("witness_x")

    def check(self) -> "_polycert.Result":
        """Has the independent checker verify the certificate once more."""
        return _polycert.check(self.certificate.encode())

    def save(self, path: Path) -> None:
        """Writes the certificate."""
        pathlib.Path(path).write_text(self.certificate, encoding="utf-8")

    def __repr__(self) -> str:
        verdict = f"{self.verdict}: " if self.verdict else ""
        return f"<{type(self).__name__} {verdict}error in [{float(self.bound_lo):.6g}, {float(self.bound_hi):.6g}]>"


class Found(Certification):
    """What a search found: the best table with its certificate, and the designs that no other undercuts."""

    @property
    def best(self) -> Dict[str, Any]:
        """Degrees or form, depth in levels, products, bound of the best design."""
        return self.facts["best"]

    @property
    def front(self) -> List[Dict[str, Any]]:
        """The designs that no other undercuts in both depth and price, each with its proved `bound_hi`."""
        return self.facts["front"]
