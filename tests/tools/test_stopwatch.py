"""The seconds of a run by stage."""

from opensim_difcal.tools.common import stopwatch
from opensim_difcal.tools.common.stopwatch import Stopwatch


def test_the_stages_add_up_to_the_time_since_the_start(monkeypatch):
    clock = iter([10.0, 11.5, 14.0, 14.25])
    monkeypatch.setattr(stopwatch.time, "perf_counter", lambda: next(clock))
    watch = Stopwatch()
    for stage in ("reading", "computing", "reading"):
        watch.lap(stage)
    assert watch.seconds == {"reading": 1.75, "computing": 2.5}
