import math

from opensim_difcal.workers import run_in_workers


def test_jobs_are_done_in_workers_and_each_keeps_its_own_fault():
    four, fault, nine = run_in_workers(2, math.sqrt, [(16.0,), (-1.0,), (81.0,)])
    assert (four.result(), nine.result()) == (4.0, 9.0)
    assert isinstance(fault.exception(), ValueError)
