"""Thelen's curves are those that OpenSim computes."""

import numpy as np
import opensim
import pytest

from opensim_difcal.inputs.opensim_model import quiet_opensim
from opensim_difcal.inputs.thelen_conversion import thelen_curves
from opensim_difcal.outputs.slider_model import slider_model

pytestmark = pytest.mark.opensim
STRENGTH, OPTIMAL, SLACK = 1000.0, 0.1, 0.2


@pytest.fixture(scope="module")
def sampled():
    """Normalized lengths, forces and velocities of a muscle in many states, fully active."""
    muscle = opensim.Thelen2003Muscle("soleus", STRENGTH, OPTIMAL, SLACK, 0.0)
    muscle.set_KshapeActive(0.5)
    muscle.set_Flen(1.6)
    muscle.set_Af(0.3)
    rows = []
    with quiet_opensim():
        slider = slider_model(muscle, activation_dynamics=True)
        state = slider.model.initSystem()
        copy = slider.muscle
        for fiber in np.linspace(0.5, 1.7, 13) * OPTIMAL:
            for tendon in SLACK * np.linspace(1.0, 1.05, 11):
                slider.coordinate.setValue(state, float(fiber + tendon))
                copy.setActivation(state, 1.0)
                copy.setFiberLength(state, float(fiber))
                slider.model.realizeDynamics(state)
                rows.append(
                    (
                        fiber / OPTIMAL,
                        copy.getActiveForceLengthMultiplier(state),
                        copy.getPassiveForceMultiplier(state),
                        tendon / SLACK,
                        copy.getTendonForce(state) / STRENGTH,
                        copy.getNormalizedFiberVelocity(state),
                        copy.getForceVelocityMultiplier(state),
                    )
                )
    return thelen_curves(muscle), np.array(rows).T


def test_force_length_curves(sampled):
    curves, (length, active, passive, tendon_length, tendon, _, _) = sampled
    assert curves.active_force_length(length) == pytest.approx(active, abs=1e-12)
    assert curves.passive_force_length(length) == pytest.approx(passive, abs=1e-12)
    assert curves.tendon_force_length(tendon_length) == pytest.approx(tendon, abs=1e-9)


def test_force_velocity_curve(sampled):
    curves, (*_, velocity, force) = sampled
    inside = velocity > -1.0  # beyond, the curves are extrapolated
    assert inside.sum() > 60
    assert velocity.max() > 1.0  # the line beyond the threshold is seen too
    assert curves.force_velocity(velocity[inside]) == pytest.approx(force[inside], abs=1e-9)
