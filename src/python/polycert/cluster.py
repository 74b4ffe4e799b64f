"""An audit on the workers of a Dask cluster: shards as its tasks, and the same result as on one machine."""

from __future__ import annotations

import importlib
import os
import pathlib
import tempfile
from typing import Any, Callable, Dict, Optional, Tuple

from . import _polycert

Progress = Callable[[int, int], Any]
"""Told how many samples are done, and of how many."""
Audited = Tuple[str, str, bool, int]

FEWEST, SAMPLES = 64, 256
"""A shard has at most so many SAMPLES; there are at least FEWEST shards, as far as there are samples."""
MOST = 4096


def audit(client: Any, asked: Dict[str, Any], shards: Optional[int], progress: Optional[Progress]) -> Audited:
    """Audits by shards, each a task. They are written beside the result as they come, joined, and removed.

    The scheduler starts the tasks of a lost worker again elsewhere. What the workers read is sent to them; where certificates are
    asked for, their folder must be one that the workers and this process see.
    """
    try:
        distributed = importlib.import_module("distributed")
    except ImportError as e:
        raise ImportError("client is for Dask: pip install polycert[dask]") from e
    samples = _polycert.audit_samples(asked)
    # Whatever the workers: what an interrupted audit leaves is found again.
    of = min(samples, MOST, max(FEWEST, -(-samples // SAMPLES))) if shards is None else shards
    files = [pathlib.Path(f"{asked['output']}.shard-{i}-of-{of}") for i in range(1, of + 1)]
    sizes = {i: len(range(i - 1, samples, of)) for i in range(1, of + 1)}
    missing = [i for i in sizes if not files[i - 1].exists()]
    done = samples - sum(sizes[i] for i in missing)
    sent, read = _packed(asked)
    # The result of a task, which is made again where the worker that holds it is lost.
    held = client.submit(dict, read, pure=False)
    tasks = {client.submit(_shard, held, sent, i, of, pure=False): i for i in missing}
    try:
        for task, content in distributed.as_completed(list(tasks), with_results=True):
            i = tasks[task]
            part = files[i - 1].with_name(files[i - 1].name + ".part")
            part.write_bytes(content)
            part.replace(files[i - 1])
            done += sizes[i]
            if progress is not None:
                progress(done, samples)
    finally:
        client.cancel([held, *tasks])
    merged = _polycert.audit_merge(asked, of)
    for file in files:
        file.unlink()
    return merged


def _shard(read: Dict[str, bytes], asked: Dict[str, Any], index: int, of: int) -> bytes:
    """On a worker: the bytes of a shard."""
    with tempfile.TemporaryDirectory(prefix="polycert-") as name:
        folder = pathlib.Path(name)
        for place, content in read.items():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_bytes(content)
        asked = _with_paths(asked, lambda place: str(folder / place))
        asked["output"] = str(folder / "audit.json")
        return pathlib.Path(_polycert.audit_shard(asked, index, of)).read_bytes()


def _packed(asked: Dict[str, Any]) -> Tuple[Dict[str, Any], Dict[str, bytes]]:
    """Options with places instead of paths, and what is to be there."""
    read: Dict[str, bytes] = {}

    def packed(path: str) -> str:
        given = pathlib.Path(path)
        place = f"{len(read)}/{given.name}"
        if given.is_dir():
            inside = sorted(file for file in given.rglob("*") if file.is_file())
            read.update({f"{place}/{file.relative_to(given).as_posix()}": file.read_bytes() for file in inside})
        else:
            read[place] = given.read_bytes()
        return place

    sent = _with_paths(asked, packed)
    # The merge writes these; a shard's certificates go where all see them.
    sent["csv"] = sent["output"] = None
    if sent["certificates"] is not None:
        sent["certificates"] = os.path.abspath(sent["certificates"])
    # A task is one of a worker's threads.
    sent["threads"] = sent["threads"] or 1
    return sent, read


def _with_paths(asked: Dict[str, Any], to: Callable[[str], str]) -> Dict[str, Any]:
    """Options with other paths of what is read."""
    new = dict(asked)
    for name in ("network", "graph", "input", "labels", "reference"):
        if new[name] is not None:
            new[name] = to(new[name])
    for name in ("tables", "evaluations"):
        new[name] = [to(path) for path in new[name]]
    new["constants"] = [(name, to(path)) for name, path in new["constants"]]
    return new
