import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensim_difcal.preprocessing.cycle_quality import QualityLimits, judged_cycles
from opensim_difcal.preprocessing.cycles import Contacts, Cycle, contact_cycles, contacts, peak_cycles

TIME = np.arange(0, 5, 0.01)
WALK = np.maximum(0.0, 800 * np.sin(2 * np.pi * (TIME - 0.3)))  # on the ground 0.3 to 0.8 s of every second


def test_strikes_and_offs_are_where_the_force_crosses_the_threshold():
    found = contacts(TIME, WALK)
    late = np.arcsin(20 / 800) / (2 * np.pi)
    np.testing.assert_allclose(found.strikes, np.arange(5) + 0.3 + late, atol=1e-3)
    np.testing.assert_allclose(found.offs, np.arange(5) + 0.8 - late, atol=1e-3)


def test_noise_on_an_unloaded_plate_and_short_gaps_are_no_contacts():
    force = WALK.copy()
    force[[5, 6, 95, 96]] += 50.0  # in swing
    force[50:52] = 0.0  # in stance
    np.testing.assert_allclose(contacts(TIME, force).strikes, contacts(TIME, WALK).strikes)


def test_cycles_go_from_strike_to_strike_with_the_toe_off_between():
    cycles = contact_cycles(Contacts(np.array([1.0, 2.0, 3.0]), np.array([0.6, 1.6])))
    assert cycles == (Cycle(1.0, 1.6, 2.0), Cycle(2.0, None, 3.0))


def test_no_or_one_strike_make_no_cycle():
    assert contact_cycles(contacts(TIME, np.zeros(len(TIME)))) == ()
    assert contact_cycles(Contacts(np.array([1.0]), np.array([1.6]))) == ()


def test_peaks_of_a_coordinate():
    angle = np.cos(2 * np.pi * TIME) + 0.05 * np.cos(2 * np.pi * 9 * TIME)
    cycles = peak_cycles(TIME, angle)
    np.testing.assert_allclose([cycle.start for cycle in cycles], [1.0, 2.0, 3.0], atol=0.02)
    minima = peak_cycles(TIME, angle, minima=True)
    np.testing.assert_allclose([cycle.start for cycle in minima], np.arange(4) + 0.5, atol=0.06)


@given(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=60))
def test_cycles_rise_whatever_the_force(values):
    force = np.array(values)
    time = np.arange(len(force)) * 0.01
    for cycle in contact_cycles(contacts(time, force)):
        assert cycle.start < cycle.end
        assert cycle.toe_off is None or cycle.start < cycle.toe_off < cycle.end


CYCLES = tuple(Cycle(float(i), i + 0.6, i + 1.0) for i in range(4))
ANGLE = np.sin(2 * np.pi * TIME)
MOMENT = 50 * np.cos(2 * np.pi * TIME)
OWN = Contacts(np.arange(5.0), np.arange(5) + 0.6)
OTHER = Contacts(np.arange(5) + 0.5, np.arange(5) + 1.1)
EVERYTHING = {"EMG channels": (0.0, 5.0)}


def reasons(
    *, angle=ANGLE, moment=MOMENT, cycles=CYCLES, other=OTHER, recorded=EVERYTHING
) -> list[list[str]]:
    judged = judged_cycles(
        cycles,
        coordinates={"knee_angle_r": (TIME, angle)},
        moments={"knee_angle_r": (TIME, moment)},
        recorded=recorded,
        feet=(OWN, other),
    )
    return [list(each.reasons) for each in judged]


def test_good_cycles_have_no_reasons():
    assert reasons() == [[], [], [], []]


def test_a_jump_of_the_moment():
    moment = MOMENT.copy()
    moment[150] += 200
    sentence = "the moment of knee_angle_r jumps by 200 N m at 1.49 s, 2.0 times its usual range"
    assert reasons(moment=moment) == [[], [sentence], [], []]


def test_lost_markers():
    angle = ANGLE.copy()
    angle[210:240] = angle[210]
    assert reasons(angle=angle) == [
        [],
        [],
        ["knee_angle_r stands still for 0.29 s: markers seem to be lost"],
        [],
    ]


def test_a_step_taken_for_a_stride():
    cycles = (*CYCLES[:2], Cycle(2.25, 2.5, 2.75), CYCLES[3])
    found = reasons(cycles=cycles)
    assert found[2] == [
        "it does not end in the posture in which it began (knee_angle_r differs by 100 % of its range): the "
        "strikes are not of one foot, or no full cycle lies between them",
        "it takes 0.50 s, the others 1.00 s",
    ]


def test_one_foot_on_both_plates():
    other = Contacts(np.array([0.5, 1.5, 3.04]), np.array([1.1, 2.1, 3.5]))
    found = reasons(other=other)
    sentence = (
        "both plates are struck at once, at 3.00 and 3.04 s: one foot is on both, and its force counts for "
        "the wrong leg"
    )
    assert found == [[], [], [sentence], [sentence]]


def test_an_electrode_that_is_off_within_the_cycle():
    judged = judged_cycles(
        CYCLES, coordinates={}, moments={}, recorded={}, off={"SOL": [(1.5, 2.25)], "TA": []}
    )
    sentence = "channel SOL holds no signal from 1.50 to 2.25 s"
    assert [list(each.reasons) for each in judged] == [[], [sentence], [sentence], []]


def test_markers_that_are_lost_for_the_whole_cycle():
    angle = ANGLE.copy()
    angle[90:210] = angle[90]
    assert "knee_angle_r stands still for 1.00 s: markers seem to be lost" in reasons(angle=angle)[1]


def test_a_jump_is_the_same_at_every_rate():
    moment = MOMENT.copy()
    moment[150] += 120
    fine = np.arange(0, 4.99, 0.001)
    for time, values in ((TIME, moment), (fine, np.interp(fine, TIME, moment))):
        judged = judged_cycles(CYCLES, coordinates={}, moments={"knee": (time, values)}, recorded={})
        assert [each.is_good for each in judged] == [True, False, True, True]


def test_a_recording_that_ends_within_the_cycle():
    assert reasons(recorded={"EMG channels": (0.0, 3.5)}) == [
        [],
        [],
        [],
        ["the EMG channels were recorded from 0.00 to 3.50 s only"],
    ]


def test_limits_can_be_moved():
    moment = MOMENT.copy()
    moment[150] += 200
    judged = judged_cycles(
        CYCLES,
        coordinates={},
        moments={"knee_angle_r": (TIME, moment)},
        recorded={},
        limits=QualityLimits(moment_jump=5.0),
    )
    assert all(each.is_good for each in judged)


def test_an_unusual_duration_is_compared_with_good_cycles_only():
    cycles = (Cycle(0.0, 0.6, 1.0), Cycle(1.0, 1.6, 2.0), Cycle(2.0, 2.6, 4.0))
    assert reasons(cycles=cycles)[2] == ["it takes 2.00 s, the others 1.00 s"]


@pytest.mark.parametrize("held", [0, 1])
def test_a_locked_coordinate_is_not_lost(held):
    assert reasons(angle=np.full(len(TIME), float(held))) == [[], [], [], []]
