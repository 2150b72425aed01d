"""OpenSim as referee of muscles that our own physics moved."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from opensim_difcal.errors import ClosedLoopError
from opensim_difcal.inputs.muscles import read_muscles
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.outputs.closed_loop import (
    ClosedLoop,
    FrameCheck,
    MuscleTrajectory,
    closed_loop,
    frame_check,
)
from opensim_difcal.physics.differentiable import PlainOperations
from opensim_difcal.physics.elastic_tendon import elastic_tendon_force
from opensim_difcal.physics.muscle import force_balance
from opensim_difcal.physics.rigid_tendon import rigid_fiber_length, rigid_tendon_force
from opensim_difcal.physics.time_parallel import TorchEngine

pytestmark = pytest.mark.opensim
NAMES = ("soleus_r", "vaslat_r", "iliacus_r")


@pytest.fixture(scope="module")
def model_path(shared_data):
    return shared_data / "models" / "Rajagopal2016.osim"


@pytest.fixture(scope="module")
def muscles(model_path):
    return read_muscles(load_model(model_path), NAMES)


def balance_of(muscles):
    def balance(fiber_length, fiber_velocity, activation, length):
        state = torch.as_tensor(fiber_length), torch.as_tensor(fiber_velocity)
        control = torch.as_tensor(activation), torch.as_tensor(length)
        return force_balance(*state, *control, muscles).numpy()

    return balance


@pytest.fixture(scope="module")
def trajectory(muscles):
    """What our muscles do in one second: two with an elastic tendon, iliacus with a rigid one."""
    time = torch.arange(201, dtype=torch.float64)[:, None] * 0.005
    optimal = muscles.optimal_fiber_length
    rest = muscles.tendon_slack_length + optimal * torch.cos(muscles.pennation_angle_at_optimal)
    length = rest + 0.15 * optimal * torch.sin(2 * math.pi * time)
    velocity = 0.15 * optimal * 2 * math.pi * torch.cos(2 * math.pi * time)
    activation = 0.45 + 0.35 * torch.sin(4 * math.pi * time + torch.arange(3))
    fiber_length = PlainOperations(TorchEngine()).fiber_length(activation, length, muscles, 0.005)
    force, _ = elastic_tendon_force(fiber_length, length, muscles)
    rigid = muscles.rigid_tendon
    force = torch.where(rigid, rigid_tendon_force(length, velocity, activation, muscles), force)
    fiber_length = torch.where(rigid, rigid_fiber_length(length, muscles), fiber_length)
    return MuscleTrajectory(
        muscle_names=NAMES,
        time=time[:, 0].numpy(),
        n_lead_in=20,
        activation=activation.numpy(),
        muscle_tendon_length=length.numpy(),
        muscle_tendon_velocity=velocity.numpy(),
        fiber_length=fiber_length.numpy(),
        tendon_force=(force * muscles.max_isometric_force).numpy(),
    )


def test_opensim_agrees_with_our_muscles(model_path, muscles, trajectory):
    loop = closed_loop(model_path, trajectory, balance_of(muscles))
    assert loop.raise_for_failures() is loop
    # First-order steps of 5 ms against OpenSim's adaptive ones; the rigid tendon has no steps.
    assert loop.reintegration_rms_max == max(loop.reintegration_rms.values()) < 0.01
    assert loop.reintegration_rms["iliacus_r"] < 1e-5
    # Both evaluate the same equations: what is left is the tolerance of our curves.
    assert loop.frame_force_error_max < 1e-6
    assert loop.frame_balance_error_max < 1e-6


def test_a_wrong_tendon_is_found_by_both_checks(model_path, muscles, trajectory):
    slack = replace(muscles, tendon_slack_length=1.01 * muscles.tendon_slack_length)
    force, _ = elastic_tendon_force(
        torch.as_tensor(trajectory.fiber_length), torch.as_tensor(trajectory.muscle_tendon_length), slack
    )
    wrong = replace(trajectory, tendon_force=(force * muscles.max_isometric_force).numpy())
    loop = closed_loop(model_path, wrong, balance_of(slack), n_frames=5)
    assert {"soleus_r", "vaslat_r"} <= set(loop.failures)
    assert loop.frame_force_error_max > 0.01
    assert loop.frame_balance_error_max > 0.01


def test_the_lead_in_is_not_compared(model_path, muscles, trajectory):
    force = trajectory.tendon_force.copy()
    force[: trajectory.n_lead_in] = 0.0
    wrong_start = replace(trajectory, tendon_force=force)
    before, after = (closed_loop(model_path, t, balance_of(muscles)) for t in (trajectory, wrong_start))
    assert after == before


def test_small_negative_force_of_our_slack_tendon_counts_as_zero(model_path, muscles, trajectory):
    series = {
        field.name: getattr(trajectory, field.name)[:, :2]
        for field in fields(trajectory)
        if field.name not in ("muscle_names", "time", "n_lead_in")
    }
    elastic = replace(trajectory, muscle_names=NAMES[:2], **series)
    length = elastic.muscle_tendon_length - 0.05 * muscles.tendon_slack_length[:2].numpy()
    slack = replace(
        elastic,
        muscle_tendon_length=length,
        fiber_length=np.tile(muscles.optimal_fiber_length[:2].numpy(), (len(length), 1)),
        tendon_force=-np.ones_like(length),
    )
    check = frame_check(model_path, slack, lambda *series: np.ones_like(series[0]), n_frames=4)
    assert check == FrameCheck(0.0, 0.0)


def test_a_muscle_that_cannot_be_integrated_is_a_failure(model_path, muscles, trajectory):
    activation = trajectory.activation.copy()
    activation[3, 1] = np.nan
    loop = closed_loop(model_path, replace(trajectory, activation=activation), balance_of(muscles))
    assert loop.failures == {
        "vaslat_r": "OpenSim could not integrate it (its activation or muscle-tendon length is not finite)"
    }
    assert loop.reintegration_rms["vaslat_r"] == loop.reintegration_rms_max == math.inf


def test_failures_name_muscle_value_limit_and_remedy(tmp_path):
    failures = {"soleus_r": "the tendon force differs by 3.12 %"}
    loop = ClosedLoop(tmp_path / "a.osim", 0.02, {"soleus_r": 0.0312}, 0.0, 0.0, failures)
    with pytest.raises(ClosedLoopError) as error:
        loop.raise_for_failures()
    assert str(error.value) == (
        "a.osim: OpenSim disagrees with the calibrated muscles. soleus_r: the tendon force "
        "differs by 3.12 %. Expected an RMS difference of at most 2 % of max_isometric_force. "
        "Use a smaller <time_step>. Where that does not help, look at the muscle's tendon strain and "
        "normalized fiber length, and narrow the bounds of its tendon_slack_length."
    )


def test_a_violated_limit_is_worded(model_path, muscles, trajectory):
    loop = closed_loop(model_path, trajectory, balance_of(muscles), limit=1e-9, n_frames=2)
    rms = loop.reintegration_rms["soleus_r"]
    assert loop.failures["soleus_r"] == f"the tendon force differs by {100 * rms:.3g} %"
