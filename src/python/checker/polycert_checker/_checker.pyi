import os
from typing import Any, Optional, Sequence, Union

class Result:
    """What the checker says of one document or of several. It is true as a condition where it is `accepted`.

    `str()` has a line for each document: its outcome, and the statement that is proved or what is wrong.
    """

    @property
    def verified(self) -> bool:
        """Every statement of every document is proved (there is at least one document)."""
    @property
    def accepted(self) -> bool:
        """Verified; every stated bound is PROVED; and all that is required is met."""
    @property
    def code(self) -> int:
        """Exit code of polycert-check: 0 accepted; 1 rejected, a stated bound not proved, or not what is required;
        2 unreadable or missing."""
    @property
    def documents(self) -> list[dict[str, Any]]:
        """The fields that polycert-check prints with --json, a dictionary for each document."""
    def __bool__(self) -> bool: ...

def check(
    certificate: Union[bytes, str, "os.PathLike[str]"],
    *,
    require: Sequence[str] = ...,
    network: Union[str, "os.PathLike[str]", None] = ...,
    input: Union[str, "os.PathLike[str]", None] = ...,
    program: Union[str, "os.PathLike[str]", None] = ...,
    table_sha256: Optional[str] = ...,
    any_verdict: bool = ...,
) -> Result:
    """Verifies a certificate: the bytes of one, or the path of one, of a folder, of a manifest or of a plan's folder.

    require: statements that each certificate must prove, as in "relu<=2^-13 on [-40,40]" (certificates/FORMAT.md).
    network, input: the exact network and input of a network certificate (by default PATH.network and PATH.input).
    program: the program of an encrypted inference (by default PATH.program, or program.json beside PATH).
    table_sha256: accept certificates about this table alone, 64 hexadecimal digits.
    any_verdict: accept a certificate whose stated bound is REFUTED or UNDECIDED, which it proves too.

    A document that is rejected or cannot be read is a result, not an exception. ValueError: options that cannot be read or do
    not go together. Other Python threads run meanwhile.
    """
