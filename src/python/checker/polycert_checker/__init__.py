"""The independent checker of polycert certificates: exact integers, no code shared with what wrote them.

>>> import polycert_checker
>>> found = polycert_checker.check("relu14.cert.json", require=["relu<=2^-14 on [-1,1]"])  # doctest: +SKIP
>>> print(found)  # doctest: +SKIP
VERIFIED |r(x) - ReLU(x)| <= 2^-14 on [-1, 1]
"""

from ._checker import Result, check

__all__ = ["Result", "check"]
