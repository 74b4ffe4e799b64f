"""What jobs read from files: arrays and tables are written to a folder that lasts as long as the job."""

from __future__ import annotations

import os
import pathlib
import tempfile
from typing import Any, List, Optional, Sequence, Union

import numpy

from .exact import Path, path
from .table import Table

Samples = Union[Path, "numpy.ndarray[Any, Any]"]
"""A file (.npy, or one PNG or JPEG), or an array: see Network."""
Tables = Union[Table, Path, Sequence[Union[Table, Path]]]
"""One table for all activations, or one for each, or for each kind of them, in order."""


class Files:
    """A temporary folder; a context manager."""

    def __enter__(self) -> Files:
        self._folder = tempfile.TemporaryDirectory(prefix="polycert-")
        return self

    def __exit__(self, *_: Any) -> None:
        self._folder.cleanup()

    def at(self, name: str) -> str:
        """A path in the folder."""
        return str(pathlib.Path(self._folder.name) / name)

    def array(self, given: Union[Samples, Sequence[Any], None], name: str) -> Optional[str]:
        """The file of an array, exactly; a path stays what it is."""
        if given is None:
            return None
        if isinstance(given, (str, os.PathLike)):
            return path(given)
        array = numpy.asarray(given)
        if array.dtype == numpy.float16 or array.dtype == numpy.bool_:
            # Without loss; polycert reads neither. As bytes they would be pixels, of 255 steps.
            array = array.astype(numpy.float32)
        array = numpy.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        numpy.save(self.at(name), array, allow_pickle=False)
        return self.at(name)

    def tables(self, given: Optional[Tables]) -> List[str]:
        """The files of tables."""
        if given is None:
            return []
        if isinstance(given, (str, os.PathLike, Table)):
            given = [given]
        files = []
        for i, one in enumerate(given):
            if isinstance(one, Table):
                one.save(self.at(f"table-{i}.json"))
                files.append(self.at(f"table-{i}.json"))
            else:
                files.append(path(one))
        return files
