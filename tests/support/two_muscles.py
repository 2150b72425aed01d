"""A flexor without pennation and an extensor with it."""

import opensim

from opensim_difcal.inputs.muscles import read_muscles
from opensim_difcal.inputs.opensim_model import quiet_opensim
from opensim_difcal.physics.muscle import Muscles

SIZES = {"flexor": (1000.0, 0.08, 0.3, 0.0), "extensor": (1500.0, 0.06, 0.12, 0.2)}
"""Maximum isometric force, N; optimal fiber length, m; tendon slack length, m; pennation, rad."""


def muscle_pair() -> Muscles:
    """Returns the two with OpenSim's default curves."""
    model = opensim.Model()
    for name, sizes in SIZES.items():
        muscle = opensim.Millard2012EquilibriumMuscle(name, *sizes)
        muscle.addNewPathPoint("origin", model.getGround(), opensim.Vec3(0))
        muscle.addNewPathPoint("insertion", model.getGround(), opensim.Vec3(0.3, 0, 0))
        model.addForce(muscle)
    with quiet_opensim():
        model.initSystem()
    return read_muscles(model, tuple(SIZES))
