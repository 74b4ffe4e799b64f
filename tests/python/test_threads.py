"""Long work: other Python threads run, and Ctrl-C ends it."""

import os
import signal
import threading
import time

import numpy
import pytest
from conftest import CERTIFICATES, FASHION

import polycert

RELU13 = CERTIFICATES / "relu13.json"


def test_other_threads_run_meanwhile():
    stop, ticks = threading.Event(), []

    def tick():
        while not stop.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.005)

    thread = threading.Thread(target=tick)
    thread.start()
    begin = time.monotonic()
    polycert.search(11, max_degree=31, cache=None)
    answers = polycert.certify(CERTIFICATES / "relu14.json")
    took = time.monotonic() - begin
    stop.set()
    thread.join()
    assert answers.bound_hi > 0
    gaps = numpy.diff([t for t in ticks if t >= begin])
    assert len(gaps) > 3 and gaps.max() < max(0.25 * took, 0.25), (took, gaps.max())


def test_ctrl_c_ends_an_audit(tmp_path, images):
    network = polycert.Network.load(FASHION / "network.safetensors")
    many = numpy.repeat(images, 2_000, axis=0)
    # A shell's background jobs begin with the signal ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(1.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    begin = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        network.audit(many, RELU13, 20, output=tmp_path / "audit.json", threads=2)
    signal.signal(signal.SIGINT, before)
    assert time.monotonic() - begin < 30
    assert not (tmp_path / "audit.json").exists()
    # What was done is kept for the next run, as the program keeps it; and the library still works.
    assert (tmp_path / "audit.json.journal").exists()
    assert network.audit(images[:1], RELU13, 20).stays
