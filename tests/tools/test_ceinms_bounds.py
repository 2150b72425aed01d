from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ceinms_strategies import units
from hypothesis import given, settings
from hypothesis import strategies as st

from opensim_difcal.ceinms.calibration import CalibratedParameter, CalibrationStep, CEINMSCalibration
from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.subject import MTU
from opensim_difcal.tools.calibration.checks import setting_problems
from opensim_difcal.tools.ceinms.bounds import StartAndBounds, converted_pole, start_and_bounds
from opensim_difcal.tools.nms_calibration_tool import NMSCalibrationTool

UNIT = MTU(
    name="soleus_r",
    c1=-0.5,
    c2=-0.4,
    shape_factor=-1.0,
    optimal_fiber_length=0.05,
    pennation_angle=0.4,
    tendon_slack_length=0.25,
    max_isometric_force=5000.0,
    strength_coefficient=1.0,
)


def parameter(name: str, low: float, high: float, relative: bool = False, **more: Any) -> CalibratedParameter:
    values: dict[str, Any] = {"grouping": "single"} | more
    return CalibratedParameter(name=name, is_relative=relative, range=(low, high), **values)


def calibration(*steps: list[CalibratedParameter]) -> CEINMSCalibration:
    return CEINMSCalibration(
        path=Path("calibration.xml"),
        annealing={},
        tendon="stiff",
        activation="exponential",
        steps=tuple(CalibrationStep(dofs=("ankle",), parameters=tuple(each)) for each in steps),
        trial_files=(),
    )


USUAL = [
    parameter("c1", -0.95, -0.05),
    parameter("c2", -0.95, -0.05),
    parameter("shapeFactor", -2.999, -0.001),
    parameter("tendonSlackLength", 0.85, 1.15, True),
    parameter("optimalFibreLength", 0.9, 1.1, True),
    parameter("strengthCoefficient", 0.5, 2.5),
]


def found(
    mtus: list[MTU], *steps: list[CalibratedParameter], time_steps: tuple[float, float] = (0.005, 0.005)
) -> tuple[StartAndBounds, Notes]:
    notes = Notes()
    return start_and_bounds(mtus, calibration(*steps), notes, time_steps=time_steps), notes


def test_ranges_become_bounds_without_a_change_of_numbers():
    start, notes = found([UNIT, replace(UNIT, name="tibialis")], USUAL)
    assert start.bounds == {
        "optimal_fiber_length": (0.9, 1.1),
        "tendon_slack_length": (0.85, 1.15),
        "strength_coefficient": (0.5, 2.5),
        "c1": (-0.95, -0.05),
        "c2": (-0.95, -0.05),
        "shape_factor": (-2.999, -0.001),
    }
    assert start.initial == {"c1": -0.5, "c2": -0.4, "shape_factor": -1.0}
    assert not list(notes)


def test_a_start_outside_its_own_bounds_is_clamped_and_both_numbers_are_told():
    start, notes = found([replace(UNIT, shape_factor=0.1, c1=0.769, strength_coefficient=3.0)], USUAL)
    assert start.initial["shape_factor"] == pytest.approx(-0.001 - 0.01 * 2.998)
    assert start.initial["c1"] == pytest.approx(-0.05 - 0.01 * 0.9)
    assert start.mtus[0].strength_coefficient == pytest.approx(2.48)
    assert start.bounds["strength_coefficient"] == (pytest.approx(0.5 / 2.48), pytest.approx(2.5 / 2.48))
    assert notes.of(Kind.CLAMPED) == (
        "strengthCoefficient of soleus_r starts at 3, outside its own bounds 0.5 to 2.5. It was clamped to "
        "the bound 2.5, and put 1 % of the range inside, at 2.48, since a search cannot start on a bound.",
        "c1 starts at 0.769, outside its own bounds -0.95 to -0.05. It was clamped to the bound -0.05, and "
        "put 1 % of the range inside, at -0.059, since a search cannot start on a bound.",
        "shapeFactor starts at 0.1, outside its own bounds -2.999 to -0.001. It was clamped to the bound "
        "-0.001, and put 1 % of the range inside, at -0.03098, since a search cannot start on a bound.",
    )


def test_a_start_on_a_bound_is_moved_inside():
    start, notes = found([replace(UNIT, strength_coefficient=0.5)], USUAL)
    assert start.mtus[0].strength_coefficient == pytest.approx(0.52)
    assert notes.of(Kind.CLAMPED) == (
        "strengthCoefficient of soleus_r starts at 0.5, on the bound of 0.5 to 2.5. A search cannot start "
        "there; it starts 1 % of the range inside, at 0.52.",
    )


def test_an_absolute_range_is_the_widest_of_all_muscles_relative_to_their_starts():
    mtus = [UNIT, replace(UNIT, name="tibialis", optimal_fiber_length=0.08)]
    start, notes = found(mtus, [parameter("optimalFibreLength", 0.04, 0.1)])
    assert start.bounds["optimal_fiber_length"] == (pytest.approx(0.5), pytest.approx(2.0))
    assert notes.of(Kind.CONVERTED) == (
        "The range of optimalFibreLength is, relative to the start, another for every muscle; the widest, "
        "0.5 to 2, is <optimal_fiber_length_bounds> of all.",
    )


def test_strength_is_relative_to_the_coefficient_that_the_model_gets():
    start, _ = found([replace(UNIT, strength_coefficient=0.8)], USUAL)
    assert start.bounds["strength_coefficient"] == (pytest.approx(0.625), pytest.approx(3.125))


def test_what_no_step_calibrates_is_held():
    start, notes = found([UNIT], [parameter("tendonSlackLength", 0.85, 1.15, True)])
    assert start.bounds["optimal_fiber_length"] == (0.999, 1.001)
    assert start.bounds["c1"] == (pytest.approx(-0.501), pytest.approx(-0.499))
    assert start.bounds["shape_factor"] == (pytest.approx(-1.001), pytest.approx(-0.999))
    assert (
        "No step calibrates optimalFibreLength, so <optimal_fiber_length_bounds> hold it within a thousandth "
        "of its start. Remove the element from the setup to calibrate it between the default bounds."
    ) in notes.of(Kind.CHOSEN)


def test_ranges_of_several_steps_are_united():
    second = [parameter("tendonSlackLength", 0.95, 1.3, True), parameter("c1", -0.99, -0.5)]
    start, _ = found([UNIT], USUAL, second)
    assert start.bounds["tendon_slack_length"] == (0.85, 1.3)
    assert start.bounds["c1"] == (-0.99, -0.05)


def test_starts_of_filters_that_differ_become_their_median():
    mtus = [replace(UNIT, name=str(c), c1=c) for c in (-0.3, -0.4, -0.9)]
    start, notes = found(mtus, USUAL)
    assert start.initial["c1"] == -0.4
    assert notes.of(Kind.CHOSEN) == (
        "c1 starts at -0.9 to -0.3; here all muscles start at the median, -0.4.",
    )


def test_filters_are_converted_to_another_time_step():
    start, notes = found([UNIT], USUAL, time_steps=(0.01, 0.005))
    assert start.initial["c1"] == pytest.approx(-(0.5**0.5))
    assert start.bounds["c1"] == (pytest.approx(-(0.95**0.5)), pytest.approx(-(0.05**0.5)))
    assert notes.of(Kind.CONVERTED) == (
        "c1 and c2 belong to a time step. The subject's is 0.01 s, that of the setup 0.005 s: c1 starts at "
        "-0.707107 (was -0.5) between -0.974679 and -0.223607 (were -0.95 and -0.05); c2 starts at -0.632456 "
        "(was -0.4) between -0.974679 and -0.223607 (were -0.95 and -0.05).",
    )
    assert converted_pole(converted_pole(-0.5, 2.0), 0.5) == pytest.approx(-0.5)


def test_ranges_that_cannot_be_are_cut_and_told():
    start, notes = found([UNIT], [parameter("c1", -0.95, 0.95), parameter("shapeFactor", 0.0, 0.12)])
    assert start.bounds["c1"] == (-0.95, -0.001)
    assert start.bounds["shape_factor"] == (-2.999, -0.001)
    assert (
        "The range of c1, -0.95 to 0.95, became -0.95 to -0.001: the filter's poles are -c1 and -c2, and "
        "only poles between 0 and 1 stand for a time constant."
    ) in notes.of(Kind.CLAMPED)
    assert (
        "The range of shapeFactor, 0 to 0.12, became -2.999 to -0.001: a positive shape factor belongs to "
        "the piecewise activation, which has no counterpart."
    ) in notes.of(Kind.CLAMPED)


def test_what_is_not_calibrated_here_is_told():
    groups = {"grouping": "muscleGroups", "groups": (("soleus_r",),)}
    _, notes = found(
        [UNIT],
        [parameter("emDelay", 0.0, 0.1), parameter("tendonSlackLength", 0.9, 1.1, True, **groups)],
    )
    assert notes.of(Kind.DROPPED) == (
        "calibration.xml: the calibration of emDelay, which is not calibrated here.",
        "calibration.xml: tendonSlackLength is calibrated by groups (<muscleGroups>). Here every muscle has "
        "its own.",
    )


RANGES = st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)).filter(lambda pair: pair[0] < pair[1])
POSITIVE = st.tuples(st.floats(0, 1e3), st.floats(1e-6, 1e3)).filter(lambda pair: pair[0] < pair[1])
NAMES = ("optimalFibreLength", "tendonSlackLength", "strengthCoefficient", "c1", "c2", "shapeFactor")


@given(
    drawn=st.lists(units(), min_size=1, max_size=3, unique_by=lambda unit: unit["name"]),
    positive=st.dictionaries(st.sampled_from(NAMES[:3]), st.tuples(POSITIVE, st.booleans())),
    others=st.dictionaries(st.sampled_from(NAMES[3:]), st.tuples(RANGES, st.booleans())),
    extreme=st.floats(-2, 2),
    time_steps=st.tuples(st.floats(1e-5, 0.1), st.floats(2.5e-3, 5e-3)),
)
@settings(max_examples=100, deadline=None)
def test_whatever_is_calibrated_the_bounds_are_usable(drawn, positive, others, extreme, time_steps):
    mtus = [MTU(**(unit | {"c1": extreme, "shape_factor": extreme})) for unit in drawn]
    parameters = [
        parameter(name, low, high, relative) for name, ((low, high), relative) in (positive | others).items()
    ]
    start, _ = found(mtus, parameters, time_steps=time_steps)
    tool = NMSCalibrationTool(
        model_file=Path("model.osim"),
        coordinates=("ankle",),
        trials=(),
        **{f"{name}_bounds": pair for name, pair in start.bounds.items()},
        **{f"initial_{name}": value for name, value in start.initial.items()},
    )
    faults = [str(problem) for problem in setting_problems(tool)]
    assert [fault for fault in faults if "bounds" in fault] == []
    assert all(mtu.effective_force > 0.0 for mtu in start.mtus)
    assert all(mtu.optimal_fiber_length > 0.0 for mtu in start.mtus)
