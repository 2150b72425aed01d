"""Three OpenSim muscles with different curves, one of them far from the defaults."""

from dataclasses import dataclass

import opensim
import pytest

from opensim_difcal.inputs.muscles import read_muscles
from opensim_difcal.inputs.opensim_model import quiet_opensim
from opensim_difcal.physics.muscle import Muscles


@dataclass(frozen=True)
class Pair:
    """OpenSim's muscles and our mirror of them."""

    model: opensim.Model
    muscles: Muscles

    def opensim_muscle(self, index: int) -> opensim.Millard2012EquilibriumMuscle:
        muscle = self.model.getMuscles().get(self.muscles.names[index])
        return opensim.Millard2012EquilibriumMuscle.safeDownCast(muscle)


@pytest.fixture(scope="session")
def pair() -> Pair:
    model = opensim.Model()
    for name, sizes in {
        "default": (1000.0, 0.08, 0.2, 0.2),
        "walking": (3000.0, 0.05, 0.25, 0.45),
        "unusual": (600.0, 0.12, 0.1, 0.0),
    }.items():
        muscle = opensim.Millard2012EquilibriumMuscle(name, *sizes)
        muscle.addNewPathPoint("origin", model.getGround(), opensim.Vec3(0))
        muscle.addNewPathPoint("insertion", model.getGround(), opensim.Vec3(0.3, 0, 0))
        _bend_curves(name, muscle)
        model.addForce(muscle)
    with quiet_opensim():
        model.initSystem()
    return Pair(model, read_muscles(model, ["default", "walking", "unusual"]))


def _bend_curves(name: str, muscle: opensim.Millard2012EquilibriumMuscle) -> None:
    if name == "walking":  # Rajagopal et al. 2016
        muscle.set_ActiveForceLengthCurve(opensim.ActiveForceLengthCurve(0.25, 0.77, 1.9, 0.75, 0.1))
    if name == "unusual":
        muscle.set_ActiveForceLengthCurve(opensim.ActiveForceLengthCurve(0.35, 0.7, 1.7, 0.5, 0.05))
        muscle.set_FiberForceLengthCurve(opensim.FiberForceLengthCurve(0.05, 0.6, 0.4, 4.0, 0.5))
        muscle.set_ForceVelocityCurve(opensim.ForceVelocityCurve(0.1, 0.3, 4.0, 0.1, 0.2, 1.5, 0.4, 0.7))
        muscle.set_TendonForceLengthCurve(opensim.TendonForceLengthCurve(0.1, 18.0, 0.5, 0.3))
        muscle.set_fiber_damping(0.02)
        muscle.set_max_contraction_velocity(8.0)
