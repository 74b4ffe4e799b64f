"""An audit of the shipped network on the workers of a local Dask cluster: the bytes of one machine, and the times.

    python workers.py [IMAGES] [FOLDER]

Reads the test images of Fashion-MNIST (Debian: `apt-get install dataset-fashion-mnist`), IMAGES of them (1000); needs the Python
packages `polycert[dask]`. One run is without Dask, on one thread; the others have 1, 2 and 4 workers of one thread each, and one has
a worker of two killed (SIGKILL) once a third of the samples is done. Prints a table, with the CPU time of all processes of each run
(where the machine is busy, the one to compare); exit code 1 if any bytes differ.
"""

import gzip
import os
import pathlib
import resource
import signal
import sys
import tempfile
import time

import distributed
import numpy

import polycert

DATA = pathlib.Path("/usr/share/datasets/fashion-mnist")
CERTIFICATES = pathlib.Path(__file__).parents[2] / "certificates"


def read(name, head):
    with gzip.open(DATA / name) as f:
        return numpy.frombuffer(f.read(), numpy.uint8, offset=head)


def cpu():
    """Seconds of this process and those that have ended."""
    used = (resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


def run(folder, samples, workers, kill):
    """Seconds, and the bytes of the result and its CSV."""
    images, labels = samples
    network = polycert.Network.load(CERTIFICATES / "networks/fashion/network.safetensors")
    killed = []

    def ask(**more):
        begin = time.monotonic()
        files = folder / "audit.json", folder / "audit.csv"
        table = CERTIFICATES / "relu13.json"
        network.audit(images, table, 20, labels=labels, sensitivities=False, output=files[0], csv=files[1], **more)
        took = time.monotonic() - begin
        content = [file.read_bytes() for file in files]
        for file in files:
            file.unlink()
        return took, content

    if workers is None:
        return ask(threads=1)
    with distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster, distributed.Client(cluster) as client:

        def progress(done, of):
            if kill and not killed and 3 * done >= of:
                killed.append(next(iter(client.run(os.getpid).values())))
                os.kill(killed[0], signal.SIGKILL)

        found = ask(client=client, progress=progress)
    assert len(killed) == int(kill)
    return found


def main():
    count, folder = int(sys.argv[1]) if len(sys.argv) > 1 else 1000, sys.argv[2] if len(sys.argv) > 2 else None
    if not DATA.is_dir():
        print(f"*** SKIPPED: no {DATA}", file=sys.stderr)
        return 0
    samples = read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)[:count], read("t10k-labels-idx1-ubyte.gz", 8)[:count]
    same, first, whole = True, None, None
    with tempfile.TemporaryDirectory(dir=folder) as name:
        print("| workers | killed | seconds | of one worker's | CPU seconds | bytes |\n|---|---|---|---|---|---|", flush=True)
        for workers, kill in ((None, False), (1, False), (2, False), (2, True), (4, False)):
            before = cpu()
            took, content = run(pathlib.Path(name), samples, workers, kill)
            whole = whole or content
            first = took if workers == 1 else first
            share = "" if first is None else f"{took / first:.2f}"
            same &= content == whole
            verdict = "the same" if content == whole else "OTHER"
            used = cpu() - before
            print(f"| {workers or 'no Dask'} | {int(kill)} | {took:.1f} | {share} | {used:.0f} | {verdict} |", flush=True)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
