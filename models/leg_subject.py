"""The virtual subject of the right leg."""

from leg_model import COORDINATES, write_model
from leg_movements import SEED, trials
from leg_muscles import MUSCLES
from virtual_subject import Subject

STRENGTH = {
    "gluteus_maximus": 1.25,
    "hamstrings": 1.35,
    "hip_flexors": 1.45,
    "quadriceps": 1.2,
    "plantarflexors": 1.3,
    "deep_plantarflexors": 0.8,
    "dorsiflexors": 1.15,
}

LEG = Subject(
    name="leg",
    coordinates=COORDINATES,
    muscles=MUSCLES,
    trials=trials(),
    strength=STRENGTH,
    write_model=write_model,
    seed=SEED,
)
