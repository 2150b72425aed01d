"""The virtual subject of the right arm."""

from arm_model import COORDINATES, write_model
from arm_movements import SEED, trials
from arm_muscles import MUSCLES
from virtual_subject import Subject

STRENGTH = {
    "deltoid": 1.25,
    "cuff": 0.85,
    "pectoralis_latissimus": 1.4,
    "elbow_flexors": 1.3,
    "elbow_extensors": 0.8,
}

ARM = Subject(
    name="arm",
    coordinates=COORDINATES,
    muscles=MUSCLES,
    trials=trials(),
    strength=STRENGTH,
    write_model=write_model,
    seed=SEED,
)
