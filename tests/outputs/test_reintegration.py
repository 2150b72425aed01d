"""OpenSim integrates muscles, alone or in worker processes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from opensim_difcal.errors import ClosedLoopError
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.outputs import reintegration
from opensim_difcal.outputs.reintegration import reintegrate, reintegrate_or_explain
from opensim_difcal.outputs.slider_model import find_muscle

pytestmark = pytest.mark.opensim
NAMES = ("soleus_r", "vaslat_r", "iliacus_r")


@pytest.fixture(scope="module")
def model_path(shared_data):
    return shared_data / "models" / "Rajagopal2016.osim"


@pytest.fixture(scope="module")
def motion(model_path):
    """Time, activation and muscle-tendon length of half a second."""
    model = load_model(model_path)
    time = 1.3 + 0.005 * np.arange(101)
    lengths = []
    for name in NAMES:
        muscle = find_muscle(model, name, model_path)
        optimal = muscle.get_optimal_fiber_length()
        rest = muscle.get_tendon_slack_length() + optimal * np.cos(muscle.get_pennation_angle_at_optimal())
        lengths.append(rest + 0.2 * optimal * np.sin(2 * np.pi * time))
    activation = 0.45 + 0.35 * np.sin(4 * np.pi * time[:, None] + np.arange(3))
    return time, activation, np.stack(lengths, axis=-1)


def test_a_finer_accuracy_gives_the_same_force(model_path, motion):
    coarse = reintegrate(model_path, NAMES, *motion)
    fine = reintegrate(model_path, NAMES, *motion, accuracy=1e-9)
    # Forces are thousands of N: 0.5 N is far below the 2 % that the closed loop accepts.
    np.testing.assert_allclose(coarse, fine, atol=0.5)


def test_a_rigid_tendon_bears_what_the_fiber_bears_at_that_length_and_speed(model_path, motion):
    time, activation, length = motion
    forces = reintegrate(model_path, NAMES, *motion)
    model = load_model(model_path)
    muscle = find_muscle(model, "iliacus_r", model_path)
    optimal = muscle.get_optimal_fiber_length()
    width = optimal * np.sin(muscle.get_pennation_angle_at_optimal())
    fiber = np.hypot(length[:, 2] - muscle.get_tendon_slack_length(), width)
    along = np.sqrt(fiber**2 - width**2)
    speed = 0.2 * optimal * 2 * np.pi * np.cos(2 * np.pi * time) * along / fiber
    active = [muscle.get_ActiveForceLengthCurve().calcValue(x) for x in fiber / optimal]
    passive = [muscle.get_FiberForceLengthCurve().calcValue(x) for x in fiber / optimal]
    normalized_speed = speed / optimal / muscle.get_max_contraction_velocity()
    velocity = [muscle.get_ForceVelocityCurve().calcValue(x) for x in normalized_speed]
    force = activation[:, 2] * active * np.array(velocity) + passive
    force += muscle.get_fiber_damping() * normalized_speed
    expected = force * along / fiber
    # The spline through the samples has the sine's speed to 1e-6, less at its two ends.
    np.testing.assert_allclose(forces[:, 2] / muscle.get_max_isometric_force(), expected, atol=1e-4)


@pytest.mark.slow
def test_worker_processes_give_the_same_numbers(model_path, motion):
    alone = reintegrate(model_path, NAMES, *motion)
    np.testing.assert_array_equal(reintegrate(model_path, NAMES, *motion, n_workers=2), alone)


@pytest.mark.slow
def test_workers_do_not_run_a_script_without_main_guard_again(model_path, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from opensim_difcal.outputs.reintegration import reintegrate\n"
        "print('started', flush=True)\n"
        "time = np.linspace(0.0, 0.1, 21)\n"
        "half = np.full((21, 2), 0.5)\n"
        f"path = Path({str(model_path)!r})\n"
        "print(reintegrate(path, ('soleus_r', 'vaslat_r'), time, half, 0.7 * half, n_workers=2).shape)\n"
    )
    root = Path(reintegration.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(root)},
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, "started\n(21, 2)\n"), done.stderr


def test_muscles_that_cannot_be_integrated_are_named(model_path, motion):
    time, activation, length = motion
    broken = activation.copy()
    broken[5, 1] = np.nan
    with pytest.raises(ClosedLoopError) as error:
        reintegrate(model_path, NAMES, time, broken, length)
    assert str(error.value) == (
        f"{model_path}: OpenSim could not integrate 1 muscle. vaslat_r: its activation or muscle-tendon "
        "length is not finite. Expected a finite tendon force at every sample. Check activation, "
        "muscle-tendon length and parameters of these muscles."
    )


class Deadly:
    """Ends the process that unpickles it."""

    def __reduce__(self):
        return os._exit, (3,)

    def __call__(self):
        raise AssertionError("called")


@pytest.mark.slow
def test_a_worker_that_dies_is_reported_for_its_muscles(model_path, motion, monkeypatch):
    monkeypatch.setattr(reintegration, "tendon_force_by_muscle", Deadly())
    time, activation, length = motion
    forces = reintegrate_or_explain(model_path, NAMES, time, (activation, length), 1e-6, 2)
    assert forces == dict.fromkeys(NAMES, "the worker process died")
