from dataclasses import replace

import numpy as np
import pytest

from opensim_difcal.calibration.calibrate import CalibrationSettings, calibrate
from opensim_difcal.calibration.optimization import OptimizerSettings
from opensim_difcal.calibration.synergy_hybrid import SynergySettings, unrecorded_notes
from opensim_difcal.inputs.recording import Recording

SYNERGIES = SynergySettings(n_synergies=2, n_restarts=3, spacing=0.1)
SHORT = OptimizerSettings(max_iterations=25)


def calibrated(trials, muscles, engine, **changes):
    settings = CalibrationSettings(optimization=SHORT, synergies=SYNERGIES)
    return calibrate("arm", trials, muscles, replace(settings, **changes), engine=engine)


@pytest.fixture(scope="module")
def result(half_recorded, muscles, engine):
    return calibrated(half_recorded, muscles, engine)


def test_recorded_muscles_keep_their_emg_and_the_others_are_synthesized(result, half_recorded):
    assert result.synergies.synthesized_muscles == ("extensor",)
    for prediction, trial in zip(result.calibrated, half_recorded, strict=True):
        np.testing.assert_array_equal(prediction.trial.excitation[:, 0], trial.excitation[:, 0])
        synthesized = prediction.trial.excitation[:, 1]
        assert synthesized.max() > 0.0
        assert (synthesized >= 0.0).all()
        assert (synthesized <= 1.0).all()


def test_the_cost_of_eq_5_falls_and_stands_term_by_term(result):
    assert result.final_cost < 0.9 * result.cost_history[0]["total"]
    assert {"excitation_tracking", "synthesized_excitation", "synergy_range"} <= set(result.cost_history[-1])


def test_unseen_trials_are_projected_from_recordings_alone(result, half_recorded, muscles, engine):
    *seen, unseen = half_recorded
    blind = [*seen, replace(unseen, joint_moment=unseen.joint_moment + 100.0)]
    other = calibrated(blind, muscles, engine)
    np.testing.assert_array_equal(
        result.calibrated[-1].trial.excitation, other.calibrated[-1].trial.excitation
    )


def test_two_runs_with_the_same_seed_agree_to_the_last_digit(result, half_recorded, muscles, engine):
    again = calibrated(half_recorded, muscles, engine)
    assert again.final_cost == result.final_cost
    for name, change in result.parameters.items():
        np.testing.assert_array_equal(change.final, again.parameters[name].final)


def test_another_seed_starts_elsewhere(result, half_recorded, muscles, engine):
    other = calibrated(half_recorded, muscles, engine, seed=2)
    assert other.cost_history[0]["total"] != result.cost_history[0]["total"]


def test_with_no_excitation_missing_hybrid_and_emg_driven_agree(trials, muscles, engine):
    names = trials[0].muscle_names
    drivers = {name: (name,) for name in names}
    recorded = [replace(trial, recording=Recording(names, trial.excitation, drivers)) for trial in trials]
    hybrid = calibrated(recorded, muscles, engine)
    driven = calibrated(recorded, muscles, engine, synergies=None)
    for name, change in driven.parameters.items():
        np.testing.assert_allclose(change.final, hybrid.parameters[name].final, rtol=1e-12)
    assert hybrid.synergies is not None
    assert hybrid.synergies.synthesized_muscles == ()


@pytest.mark.parametrize(
    "change", [{"primitives": "gaussian", "spacing": 0.15}, {"weights_by_trial": True}, {"n_synergies": None}]
)
def test_other_forms_of_synergies_calibrate_too(half_recorded, muscles, engine, change):
    found = calibrated(half_recorded, muscles, engine, synergies=replace(SYNERGIES, **change))
    assert found.final_cost < 0.9 * found.cost_history[0]["total"]
    assert found.synergies is not None
    assert len(found.synergies.weights) == (2 if found.synergies.weights.keys() != {""} else 1)


@pytest.mark.parametrize("optimizer", ["lbfgs", "adamw"])
def test_other_optimizers_learn_synergies_too(half_recorded, muscles, engine, optimizer):
    budget = replace(SHORT, max_iterations=60)
    found = calibrated(half_recorded, muscles, engine, optimizer=optimizer, optimization=budget)
    assert found.final_cost < found.cost_history[0]["total"]


def test_several_starts_differ_in_the_weights_of_unrecorded_muscles(half_recorded, muscles, engine):
    found = calibrated(half_recorded, muscles, engine, n_starts=2)
    assert len(found.starts) == 2
    assert found.starts[0].cost <= found.starts[1].cost


def test_what_rests_on_synthesized_excitations_alone_is_said(half_recorded):
    trial = half_recorded[0]
    notes = unrecorded_notes(("flexor", "extensor"), {"arm": ("flexor", "extensor")}, trial)
    assert notes == [
        "Strength group 'arm' has no recorded member (flexor, extensor): how strong it is and how strongly "
        "it is excited cannot be told apart.",
        "No muscle with a recorded excitation crosses elbow; its moment is explained by synthesized "
        "excitations alone.",
    ]


def test_a_recorded_member_makes_no_note(half_recorded):
    assert unrecorded_notes(("extensor",), {"arm": ("flexor", "extensor")}, half_recorded[0]) == []


def test_unrecorded_muscles_can_be_held_more_firmly(result, half_recorded, muscles, engine):
    held = calibrated(half_recorded, muscles, engine, unrecorded_prior_factor=1e4)
    change = held.parameters["optimal_fiber_length"]
    moved = np.abs(change.final / change.initial - 1.0)
    assert moved[1] < 1e-3
    assert moved[1] < moved[0]
