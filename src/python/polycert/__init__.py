"""Certified polynomial approximations for neural networks under CKKS encryption: numpy in, certificates out.

    import polycert

    found = polycert.search(13)                       # a composite for ReLU to 2^-13, proved
    found.certificate                                 # what polycert-check verifies
    net = polycert.Network.load("model.onnx")
    audit = net.audit(images, found.table, bound=20)  # on which samples the twin is proved to answer the same
    audit.stays

Numbers are exact: floats and float64 arrays are the dyadic rationals that they hold, text ("2^-14", "1/3") and Fractions
what they say. Facts named `bound_` are proved, `estimate_` are estimates, `measure_` was sampled. What cannot be used raises
polycert.Error, which names an argument as the command's option; what is refuted or not proved is an answer.
Other Python threads run while a job does, and Ctrl-C ends it.
"""

from ._polycert import (
    ContradictionError,
    DepthError,
    DigestError,
    DomainError,
    Error,
    FileError,
    MismatchError,
    NotConvergedError,
    ParametersError,
    ParseError,
    Result,
    SelfCheckError,
    UnsupportedError,
    __version__,
    check,
)
from .answer import Answer, Certification, Found
from .certify import Values, certify, search, search_smooth, values
from .network import Audit, Deviation, Network, Plan, Preparation, Ranges, plan
from .table import Table

__all__ = [
    "Answer",
    "Audit",
    "Certification",
    "ContradictionError",
    "DepthError",
    "Deviation",
    "DigestError",
    "DomainError",
    "Error",
    "FileError",
    "Found",
    "MismatchError",
    "Network",
    "NotConvergedError",
    "ParametersError",
    "ParseError",
    "Plan",
    "Preparation",
    "Ranges",
    "Result",
    "SelfCheckError",
    "Table",
    "UnsupportedError",
    "Values",
    "__version__",
    "certify",
    "check",
    "plan",
    "search",
    "search_smooth",
    "values",
]
