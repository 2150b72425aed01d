from dataclasses import replace

import numpy as np
import pytest

from opensim_difcal.calibration.calibrate import CalibrationSettings
from opensim_difcal.calibration.electrode_sets import (
    ElectrodeProblem,
    SetScores,
    calibrate_set,
    parameter_differences,
    removal_order,
    without_electrodes,
)
from opensim_difcal.calibration.optimization import OptimizerSettings
from opensim_difcal.calibration.synergy_hybrid import SynergySettings
from opensim_difcal.inputs.recording import Recording

SETTINGS = CalibrationSettings(
    optimization=OptimizerSettings(max_iterations=4),
    synergies=SynergySettings(n_synergies=2, n_restarts=2, spacing=0.1),
)


@pytest.fixture
def problem(trials, muscles) -> ElectrodeProblem:
    names = trials[0].muscle_names
    drivers = {name: (name,) for name in names}
    recorded = tuple(replace(t, recording=Recording(names, t.excitation, drivers)) for t in trials)
    return ElectrodeProblem(muscles, recorded, SETTINGS)


def scores(removed: tuple[str, ...], error: float, **factors: dict[str, float]) -> SetScores:
    return SetScores(removed, "emg_driven", (error, error + 1.0), (0.9, 0.8), (1.0,), (0.9,), factors, 3, 0.1)


def test_emg_driven_calibration_is_left_with_the_muscles_of_the_other_electrodes(problem):
    left = without_electrodes(problem, {"extensor"}, "emg_driven")
    assert left.muscles.names == ("flexor",)
    assert left.settings.synergies is None
    assert left.trials[0].muscle_names == ("flexor",)
    assert left.trials[0].moment_arm.shape[-1] == 1


def test_synergy_hybrid_calibration_keeps_all_muscles_and_has_no_more_synergies_than_electrodes(problem):
    left = without_electrodes(problem, {"extensor"}, "synergy_hybrid")
    assert left.muscles.names == problem.muscles.names
    assert not left.trials[0].excitation[:, 1].any()
    assert left.settings.synergies is not None
    assert left.settings.synergies.n_synergies == 1
    assert left.electrodes == ("flexor",)


@pytest.mark.parametrize("method", ["emg_driven", "synergy_hybrid"])
def test_a_set_of_electrodes_is_calibrated_and_scored(problem, method):
    found = calibrate_set(problem, ("extensor",), method)
    assert len(found.calibration_rmse) == len(found.calibration_r2) == 2
    assert len(found.rmse) == len(found.r2) == 1
    expected = {"flexor"} if method == "emg_driven" else {"flexor", "extensor"}
    assert set(found.factors["optimal_fiber_length"]) == expected


def test_the_electrode_whose_removal_costs_least_goes_first():
    single = [scores(("a",), 3.0), scores(("b",), 1.0), scores(("c",), 2.0)]
    assert removal_order(single) == ("b", "c", "a")


def test_differences_are_in_the_allowed_range_and_absent_muscles_keep_the_model_s_value():
    reference = scores(
        (),
        1.0,
        optimal_fiber_length={"a": 1.1, "b": 0.9},
        tendon_slack_length={"a": 1.0, "b": 1.03},
        strength_coefficient={"a": 2.0, "b": 1.0},
    )
    reduced = scores(
        ("b",),
        1.0,
        optimal_fiber_length={"a": 1.07},
        tendon_slack_length={"a": 0.97},
        strength_coefficient={"a": 1.5},
    )
    found = parameter_differences(reduced, reference, SETTINGS)
    assert found == pytest.approx(np.array([0.1, 1.0 / 3.0, 0.1, 0.1, 0.25, 0.0]))
