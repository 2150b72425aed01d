"""The seconds of a run by stage."""

import time

import pytest

from opensim_difcal.tools.stopwatch import Stopwatch


def test_the_stages_add_up_to_the_time_since_the_start():
    started = time.perf_counter()
    watch = Stopwatch()
    watch.lap("reading")
    time.sleep(0.02)
    watch.lap("computing")
    watch.lap("reading")
    assert list(watch.seconds) == ["reading", "computing"]
    assert watch.seconds["computing"] >= 0.02
    # Between the two readings of the clock is nothing but the stopwatch's own start.
    assert sum(watch.seconds.values()) == pytest.approx(time.perf_counter() - started, abs=5e-3)
