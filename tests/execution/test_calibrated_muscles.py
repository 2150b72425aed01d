"""Activation dynamics at another time step."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from ankle_tool import LEG

from opensim_difcal.execution.calibrated_muscles import CalibratedMuscles
from opensim_difcal.inputs.muscles import read_muscles
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.physics.activation import steady_start
from opensim_difcal.physics.recurrence import solve
from opensim_difcal.physics.simulation import ActivationParameters

NAMES = ("soleus_r", "tib_ant_r")


@pytest.fixture(scope="module")
def calibrated() -> CalibratedMuscles:
    c1, c2, shape = (torch.tensor(x, dtype=torch.float64) for x in ([-0.6, -0.9], [-0.3, -0.5], [-1.0, -0.1]))
    return CalibratedMuscles(
        muscles=read_muscles(load_model(LEG / "leg_scaled.osim"), NAMES),
        activation_parameters=ActivationParameters(c1, c2, shape),
        time_step=0.005,
        electromechanical_delay=0.035,
        delay_shift=torch.zeros(2, dtype=torch.float64),
    )


def filtered(muscles: CalibratedMuscles, times: np.ndarray) -> np.ndarray:
    """Neural activation of a smooth burst, at the given times."""
    grid = np.arange(0.0, 2.0, muscles.time_step)
    arrival = grid[:, None] - muscles.delay_shift.numpy()
    excitation = torch.tensor(np.exp(-(((arrival - 0.9) / 0.15) ** 2)))
    parameters = muscles.activation_parameters
    steady, last, before, drive = steady_start(excitation, parameters.c1, parameters.c2)
    series = (steady + solve(last, before, drive)).numpy()
    return np.column_stack([np.interp(times, grid, column) for column in series.T])


def test_the_calibration_s_time_step_changes_nothing(calibrated):
    assert calibrated.at_time_step(0.005) is calibrated
    assert calibrated.shift_by_muscle() == {}


def test_poles_keep_their_time_constants(calibrated):
    fine = calibrated.at_time_step(0.001)
    for name in ("c1", "c2"):
        before = getattr(calibrated.activation_parameters, name)
        after = getattr(fine.activation_parameters, name)
        torch.testing.assert_close(-0.001 / torch.log(-after), -0.005 / torch.log(-before))


def test_converting_there_and_back_is_the_identity(calibrated):
    again = calibrated.at_time_step(0.002).at_time_step(0.005)
    before, after = calibrated.activation_parameters, again.activation_parameters
    torch.testing.assert_close(after.c1, before.c1)
    torch.testing.assert_close(again.delay_shift, calibrated.delay_shift, atol=1e-15, rtol=0.0)


@pytest.mark.parametrize("time_step", [0.01, 0.002, 0.001])
def test_activations_at_another_step_neither_lead_nor_lag(calibrated, time_step):
    times = np.arange(0.3, 1.8, 0.01)
    expected = filtered(calibrated, times)
    found = filtered(calibrated.at_time_step(time_step), times)
    assert np.sqrt(((found - expected) ** 2).mean(axis=0)).max() < 0.002
    unshifted = replace(calibrated.at_time_step(time_step), delay_shift=torch.zeros(2, dtype=torch.float64))
    assert np.abs(filtered(unshifted, times) - expected).max() > 2.0 * np.abs(found - expected).max()


@pytest.mark.parametrize(
    ("frame_step", "n_substeps", "step"),
    [(0.005, 1, 0.005), (0.01, 2, 0.005), (0.008, 2, 0.004), (0.001, 1, 0.001)],
)
def test_no_step_is_longer_than_the_calibration_s(calibrated, frame_step, n_substeps, step):
    muscles, n = calibrated.for_frames(frame_step)
    assert (n, muscles.time_step) == (n_substeps, pytest.approx(step))


def test_without_activation_dynamics_activation_is_excitation(calibrated):
    muscles = calibrated.at_time_step(0.01).without_activation_dynamics()
    excitation = torch.rand(20, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    parameters = muscles.activation_parameters
    steady, last, before, drive = steady_start(excitation, parameters.c1, parameters.c2)
    torch.testing.assert_close(steady + solve(last, before, drive), excitation)
    assert muscles.electromechanical_delay == 0.0
    assert muscles.shift_by_muscle() == {}


def test_tendons_can_be_made_rigid(calibrated):
    assert bool(calibrated.with_rigid_tendon(rigid=True).muscles.rigid_tendon.all())
    assert not bool(calibrated.with_rigid_tendon(rigid=False).muscles.rigid_tendon.any())
