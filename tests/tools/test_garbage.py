"""The garbage collector is paused, and then as it was."""

import gc

import pytest

from opensim_difcal.tools.common.garbage import no_garbage_collection


def fail_without_collector():
    with no_garbage_collection():
        raise ZeroDivisionError(gc.isenabled())


def test_the_collector_works_again_afterwards_also_after_an_error():
    with pytest.raises(ZeroDivisionError, match="^False$"):
        fail_without_collector()
    assert gc.isenabled()


def test_a_collector_that_the_user_stopped_stays_so():
    gc.disable()
    try:
        with no_garbage_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
