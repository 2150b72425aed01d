"""Single muscles whose force was measured: a rat's soleus shaken, a cat's at rest."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.muscle import (
    OPENSIM,
    RIGID,
    ROSENBROCK,
    Rat,
    fitted_passive_curve,
    our_force,
    passive_curve,
    predicted_force,
    read_cat,
    read_rat,
)
from opensim_difcal.physics.differentiable import ValueOperations
from opensim_difcal.physics.engine import Engine

pytestmark = pytest.mark.opensim
TRIALS = ("trial 1", "trial 2", "trial 3", "trial 6")


@pytest.fixture(scope="module")
def rat(shared_data: Path) -> Rat:
    return read_rat(shared_data)


@pytest.fixture(scope="module")
def errors(rat: Rat, engine: Engine) -> dict[str, dict[str, float]]:
    """Mean absolute error, % of the measured maximum, by trial and model, published parameters."""
    operations = ValueOperations(engine)
    return {
        name: {
            model: rat.error(trial, predicted_force(model, rat.parameters, trial, operations))
            for model in (RIGID, OPENSIM, ROSENBROCK)
        }
        for name, trial in rat.trials.items()
    }


def test_all_four_trials_are_read(rat):
    assert tuple(rat.trials) == TRIALS
    assert all(trial.force.max() > 1.17 for trial in rat.trials.values())


@pytest.mark.parametrize("trial", TRIALS)
def test_the_rat_is_predicted_as_well_as_by_opensim(errors, trial):
    assert errors[trial][ROSENBROCK] == pytest.approx(errors[trial][OPENSIM], abs=1.0)
    assert errors[trial][OPENSIM] < 11.0


@pytest.mark.parametrize("trial", TRIALS)
def test_a_rigid_tendon_predicts_the_rat_much_worse(errors, trial):
    assert errors[trial][RIGID] >= 1.8 * max(errors[trial][OPENSIM], errors[trial][ROSENBROCK])


def test_the_passive_curve_fitted_to_the_cats_passive_stretch_predicts_it_and_another_trial(
    shared_data, engine
):
    """The isometric trial at 9 mm was not fitted; its force before and after stimulation is passive too."""
    cat, operations = read_cat(shared_data), ValueOperations(engine)

    def error(curve, name: str) -> float:
        muscles, rest = cat.with_passive_curve(curve)
        trial = cat.trial(name, rest, (1.0, 10.0))
        difference = np.abs(our_force(ROSENBROCK, muscles, trial, operations, 0.01) - trial.force)
        return float(difference.mean()) / cat.plateau

    fitted, default = fitted_passive_curve(cat, operations), passive_curve(0.0, 0.7)
    assert error(default, "F49") > 0.15
    assert error(fitted, "F49") < 0.01
    assert error(fitted, "F44") < 0.2 * error(default, "F44")
