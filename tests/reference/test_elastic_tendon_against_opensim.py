"""Walking muscles integrated by us and by OpenSim along the same signals."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.muscle_against_opensim import (
    Signals,
    integrate_as_printed,
    opensim_force,
    our_force,
    read_signals,
    rms_errors,
)
from opensim_difcal.inputs.muscles import muscle_names, read_muscles
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.physics.differentiable import EngineOperations
from opensim_difcal.physics.time_parallel import TorchEngine

pytestmark = pytest.mark.opensim
LEG = Path(__file__).resolve().parents[2] / "models" / "leg"
FINE_STEP = 0.0025  # s


def walking_signals(shared_data: Path) -> Signals:
    """The muscles of the right leg that the model has elastic, over a stride and a bit."""
    folder = shared_data / "rajagopal_walk"
    model_path = folder / "subject_walk_scaled.osim"
    model = load_model(model_path)
    right = [name for name in muscle_names(model) if name.endswith("_r")]
    rigid = read_muscles(model, right).rigid_tendon.tolist()
    elastic = [name for name, is_rigid in zip(right, rigid, strict=True) if not is_rigid]
    time = 0.168 + FINE_STEP * np.arange(521)
    return read_signals(model_path, elastic, folder / "ik.mot", folder / "emg.sto", time)


def virtual_signals() -> Signals:
    model_path = LEG / "leg_scaled.osim"
    names = muscle_names(load_model(model_path))
    trial = LEG / "trials" / "walk_normal_1"
    time = 0.3 + FINE_STEP * np.arange(489)
    coordinates, emg = (trial.with_name(trial.name + end) for end in ("_ik.mot", "_emg.sto"))
    return read_signals(model_path, names, coordinates, emg, time)


@pytest.fixture(scope="module", params=["measured walk", "virtual leg"])
def walk(request: pytest.FixtureRequest) -> tuple[Signals, np.ndarray]:
    """Signals, and the tendon force that OpenSim integrates along them."""
    measured = request.param == "measured walk"
    signals = walking_signals(request.getfixturevalue("shared_data")) if measured else virtual_signals()
    return signals, opensim_force(signals, accuracy=1e-6)


def test_at_5_ms_the_tendon_force_is_opensims(walk):
    signals, theirs = walk
    error = rms_errors(signals, 0.005, our_force(signals, 0.005), theirs)
    assert np.median(error) <= 0.005
    assert dict(zip(signals.muscles.names, error, strict=True)) == {
        name: pytest.approx(0.0, abs=0.02) for name in signals.muscles.names
    }


def test_the_error_falls_with_the_first_order_of_the_step(walk):
    signals, theirs = walk
    median = {
        step: np.median(rms_errors(signals, step, our_force(signals, step), theirs)) for step in (0.01, 0.005)
    }
    assert 1.5 <= median[0.01] / median[0.005] <= 2.7


@pytest.mark.slow
@pytest.mark.parametrize("name", ["torch", "compiled"])
def test_both_engines_give_the_same_force(walk, engine, name):
    signals, _ = walk
    operations = EngineOperations(TorchEngine() if name == "torch" else engine)
    np.testing.assert_allclose(
        our_force(signals, 0.005, operations.fiber_length), our_force(signals, 0.005), atol=1e-9
    )


def test_without_the_length_increment_the_error_is_several_times_larger(walk):
    signals, theirs = walk
    both, printed = (
        np.median(rms_errors(signals, 0.005, our_force(signals, 0.005, *how), theirs))
        for how in ((), (integrate_as_printed,))
    )
    assert printed > 5.0 * both
