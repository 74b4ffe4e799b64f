"""An audit on the workers of a Dask cluster: the bytes of one machine, though a worker is killed."""

import os
import signal
import subprocess
import sys

import numpy
import pytest
from conftest import CERTIFICATES, FASHION

import polycert

RELU13 = CERTIFICATES / "relu13.json"


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed", reason="no Dask: audits on its workers are NOT tested")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster, distributed.Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def network():
    return polycert.Network.load(FASHION / "network.safetensors")


def test_a_worker_is_killed_and_the_bytes_are_those_of_one_machine(client, network, tmp_path, images, labels):
    folders = [tmp_path / name for name in ("one", "many")]
    told, killed = [], []

    def progress(done, of):
        told.append((done, of))
        if not killed:
            killed.extend(client.run(os.getpid).values())
            os.kill(killed[0], signal.SIGKILL)

    for folder, more in zip(folders, ({}, {"client": client, "shards": 5, "progress": progress})):
        folder.mkdir()
        network.audit(
            images[:6],
            RELU13,
            20,
            labels=labels[:6],
            first=1,
            csv=folder / "audit.csv",
            certificates=folder / "certificates",
            output=folder / "audit.json",
            **more,
        )
    one, many = ({p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in folders)
    assert one == many and len(one) == 2 + 1 + 3 * 5
    assert len(killed) == 2 and killed[0] not in client.run(os.getpid).values()
    assert told[-1] == (5, 5) and told == sorted(told)


def test_what_is_done_is_kept_and_errors_come_back(client, network, tmp_path, images):
    output = tmp_path / "audit.json"

    def ended(done, of):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        network.audit(images[:4], RELU13, 20, output=output, client=client, shards=4, progress=ended)
    assert len(list(tmp_path.glob("audit.json.shard-*-of-4"))) == 1 and not output.exists()
    told = []
    network.audit(
        images[:4], RELU13, 20, output=output, client=client, shards=4, progress=lambda *at: told.append(at)
    )
    assert told == [(2, 4), (3, 4), (4, 4)] and [p.name for p in tmp_path.iterdir()] == ["audit.json"]
    # A stale shard of another request.
    (tmp_path / "other.json.shard-1-of-1").write_text("{}\n")
    with pytest.raises(polycert.ParseError, match="shard-1-of-1.*not a shard"):
        network.audit(images[:1], RELU13, 20, output=tmp_path / "other.json", client=client, shards=1)
    with pytest.raises(polycert.DomainError, match="5 shards of 4 samples"):
        network.audit(images[:4], RELU13, 20, client=client, shards=5)
    with pytest.raises(polycert.DomainError, match="B is needed"):
        network.audit(images[:4], RELU13, client=client)


def test_progress_of_one_machine(network, images):
    told = []
    network.audit(images[:6], RELU13, 20, threads=1, progress=lambda *at: told.append(at))
    assert told == sorted(told) and told[-1] == (6, 6)

    def ended(done, of):
        raise KeyError("enough")

    with pytest.raises(KeyError):
        network.audit(numpy.repeat(images, 100, axis=0), RELU13, 20, threads=1, progress=ended)


def test_without_dask_it_is_said_and_all_else_works(images):
    script = (
        "import sys; sys.modules['distributed'] = None\n"
        "import numpy, polycert\n"
        f"network = polycert.Network.load({str(FASHION / 'network.safetensors')!r})\n"
        f"images = numpy.load({str(FASHION / 'images.npy')!r})[:1]\n"
        f"assert network.audit(images, {str(RELU13)!r}, 20).stays\n"
        "try:\n"
        f"    network.audit(images, {str(RELU13)!r}, 20, client=object())\n"
        "except ImportError as e:\n"
        "    assert 'pip install polycert[dask]' in str(e)\n"
        "else:\n"
        "    raise SystemExit('no word')\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
