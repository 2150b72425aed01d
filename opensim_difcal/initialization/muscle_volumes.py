"""Maximum isometric force from the muscle volumes of a person of some height and mass.

Volumes are those of one leg, by linear regression on the product of height and mass of 24
healthy people in MRI. The six smallest rows of the table (`pectineus` to `popliteus`) are
composed of two published relations, that of the muscle to the whole leg's volume and that of
the whole leg's volume to height and mass; all others are the direct relation.

References:
    Handsfield et al. (2014), J Biomech 47(3):631-638, doi 10.1016/j.jbiomech.2013.12.002.
    Rajagopal et al. (2016), IEEE Trans Biomed Eng 63(10):2068-2079 (specific tension).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from opensim_difcal.errors import ModelError
from opensim_difcal.initialization.limits import SPECIFIC_TENSION

LEG_VOLUME = (47.05, 1289.6)
"""Slope, cm^3/(m kg), and intercept, cm^3, of all 35 muscles of one leg together."""


def _composed(slope: float, intercept: float) -> tuple[float, float]:
    """From a muscle's relation to the leg's volume, cm^3, to that to height and mass."""
    return slope * LEG_VOLUME[0], slope * LEG_VOLUME[1] + intercept


MUSCLE_VOLUMES: Mapping[str, tuple[float, float]] = {
    "gluteus_maximus": (6.01, 105.0),
    "adductor_magnus": (3.64, 109.0),
    "gluteus_medius": (2.17, 54.8),
    "psoas": (2.43, -26.3),
    "iliacus": (1.11, 39.4),
    "sartorius": (1.19, 15.9),
    "adductor_longus": (1.19, 14.3),
    "gluteus_minimus": (0.576, 33.1),
    "adductor_brevis": (0.622, 27.1),
    "gracilis": (0.58, 32.1),
    "tensor_fasciae_latae": (0.62, -11.8),
    "piriformis": (0.137, 25.7),
    "vastus_lateralis": (5.89, 102.0),
    "vastus_medialis": (3.03, 57.6),
    "vastus_intermedius": (1.29, 111.0),
    "rectus_femoris": (1.71, 56.9),
    "semimembranosus": (1.54, 54.5),
    "biceps_femoris_long_head": (1.24, 53.0),
    "semitendinosus": (1.27, 29.1),
    "biceps_femoris_short_head": (0.738, 8.64),
    "soleus": (2.57, 120.0),
    "gastrocnemius_medialis": (1.71, 46.2),
    "gastrocnemius_lateralis": (1.08, 15.7),
    "tibialis_anterior": (0.796, 36.7),
    "peroneus_brevis_and_longus": (0.956, 12.5),
    "tibialis_posterior": (0.451, 48.9),
    "extensor_digitorum_and_hallucis_longus": (0.619, 25.6),
    "flexor_hallucis_longus": (0.622, 1.85),
    "flexor_digitorum_longus": (0.13, 13.9),
    "pectineus": _composed(0.0107, -9.94),
    "obturator_externus": _composed(0.00349, 28.3),
    "quadratus_femoris": _composed(0.00475, -1.45),
    "obturator_internus": _composed(0.00252, 8.68),
    "small_external_rotators": _composed(0.00172, 3.85),
    "popliteus": _composed(0.00298, 2.11),
}
"""Slope, cm^3/(m kg), and intercept, cm^3, of every muscle of one leg."""

_NAMES: Mapping[str, str] = {
    "gluteus_maximus": "glmax1 glmax2 glmax3 glut_max1 glut_max2 glut_max3 glut_max",
    "adductor_magnus": "addmagDist addmagIsch addmagMid addmagProx add_mag1 add_mag2 add_mag3 add_mag",
    "gluteus_medius": "glmed1 glmed2 glmed3 glut_med1 glut_med2 glut_med3",
    "psoas": "psoas",
    "iliacus": "iliacus",
    "psoas iliacus": "iliopsoas",
    "sartorius": "sart sar",
    "adductor_longus": "addlong add_long",
    "gluteus_minimus": "glmin1 glmin2 glmin3 glut_min1 glut_min2 glut_min3",
    "adductor_brevis": "addbrev add_brev",
    "gracilis": "grac",
    "tensor_fasciae_latae": "tfl",
    "piriformis": "piri peri",
    "vastus_lateralis": "vaslat vas_lat",
    "vastus_medialis": "vasmed vas_med",
    "vastus_intermedius": "vasint vas_int",
    "vastus_lateralis vastus_medialis vastus_intermedius": "vasti",
    "rectus_femoris": "recfem rect_fem",
    "semimembranosus": "semimem",
    "biceps_femoris_long_head": "bflh bifemlh",
    "semitendinosus": "semiten",
    "semimembranosus biceps_femoris_long_head semitendinosus": "hamstrings",
    "biceps_femoris_short_head": "bfsh bifemsh",
    "soleus": "soleus",
    "gastrocnemius_medialis": "gasmed med_gas",
    "gastrocnemius_lateralis": "gaslat lat_gas",
    "gastrocnemius_medialis gastrocnemius_lateralis": "gastroc",
    "tibialis_anterior": "tibant tib_ant",
    "peroneus_brevis_and_longus": "perbrev perlong per_brev per_long",
    "tibialis_posterior": "tibpost tib_post",
    "extensor_digitorum_and_hallucis_longus": "edl ehl ext_dig ext_hal",
    "flexor_hallucis_longus": "fhl flex_hal",
    "flexor_digitorum_longus": "fdl flex_dig",
    "pectineus": "pect",
    "quadratus_femoris": "quad_fem",
    "small_external_rotators": "gem",
}
ROWS_OF_MUSCLE: Mapping[str, tuple[str, ...]] = {
    name: tuple(rows.split()) for rows, names in _NAMES.items() for name in names.split()
}
"""Rows of the table by the name of a model's muscle without its side: those of Rajagopal2016 and
its descendants, of gait2392 and of gait10dof18musc."""

_SIDES = ("_r", "_l")


@dataclass(frozen=True)
class VolumeForces:
    """Forces from volumes.

    Attributes:
        max_isometric_force: N, by muscle that has a volume.
        volume: cm^3, of the same muscles.
        rows: What of the table each is, a part of it where others share it.
        without_volume: Muscles of which the table knows nothing.
        leg_volume: Of all 35 muscles of one leg, cm^3.
    """

    max_isometric_force: Mapping[str, float]
    volume: Mapping[str, float]
    rows: Mapping[str, tuple[str, ...]]
    without_volume: tuple[str, ...]
    leg_volume: float


def muscle_volume(row: str, height: float, mass: float) -> float:
    """Returns the volume of a muscle of one leg, cm^3: slope * height * mass + intercept.

    Args:
        row: One of `MUSCLE_VOLUMES`.
        height: m.
        mass: kg.
    """
    slope, intercept = MUSCLE_VOLUMES[row]
    return slope * height * mass + intercept


def leg_volume(height: float, mass: float) -> float:
    """Returns the volume of all muscles of one leg, cm^3.

    Args:
        height: m.
        mass: kg.
    """
    slope, intercept = LEG_VOLUME
    return slope * height * mass + intercept


def forces_from_volumes(
    names: Sequence[str],
    optimal_fiber_length: Float[np.ndarray, " muscle"],
    *,
    model_volume: Float[np.ndarray, " muscle"],
    height: float,
    mass: float,
    specific_tension: float = SPECIFIC_TENSION,
) -> VolumeForces:
    """Returns max_isometric_force = specific_tension * volume / optimal_fiber_length.

    Pennation is not in it: the force is along the fiber, as the models have it. Muscles that are
    parts of one row of the table share its volume in proportion to the volumes that the model
    gives them.

    Args:
        names: Muscles of the model, with their side: `soleus_r`.
        optimal_fiber_length: m.
        model_volume: max_isometric_force * optimal_fiber_length as the model has them, in any unit.
        height: m.
        mass: kg.
        specific_tension: N/cm^2.

    Raises:
        ModelError: If the table knows none of the muscles, or if a volume is not positive for so
            small a person.
    """
    parts = {name: _place(name) for name in names}
    known = {name: place for name, place in parts.items() if place is not None}
    if not known:
        raise ModelError(
            "None of the model's muscles has a volume in the table of Handsfield et al. (2014); the first is "
            f"{names[0]!r}. Expected muscles of the leg named as in Rajagopal2016 or gait2392, with their "
            "side, such as 'soleus_r'. Leave <height> and <mass> out."
        )
    of_model = dict(zip(names, model_volume.tolist(), strict=True))
    totals: dict[tuple[str, tuple[str, ...]], float] = {}
    for name, place in known.items():
        totals[place] = totals.get(place, 0.0) + of_model[name]
    volume = {
        name: _volume(place[1], height, mass) * of_model[name] / totals[place]
        for name, place in known.items()
    }
    lengths = dict(zip(names, optimal_fiber_length.tolist(), strict=True))
    return VolumeForces(
        max_isometric_force={
            name: specific_tension * volume[name] / (100.0 * lengths[name]) for name in volume
        },
        volume=volume,
        rows={name: rows for name, (_, rows) in known.items()},
        without_volume=tuple(name for name in names if name not in known),
        leg_volume=leg_volume(height, mass),
    )


def _place(name: str) -> tuple[str, tuple[str, ...]] | None:
    """Side and rows of a muscle; None where the table does not know it."""
    for side in _SIDES:
        stem = name.removesuffix(side)
        if stem != name and stem in ROWS_OF_MUSCLE:
            return side, ROWS_OF_MUSCLE[stem]
    return None


def _volume(rows: Sequence[str], height: float, mass: float) -> float:
    volumes = {row: muscle_volume(row, height, mass) for row in rows}
    for row, volume in volumes.items():
        if volume <= 0.0:
            raise ModelError(
                f"At <height> {height:g} m and <mass> {mass:g} kg the volume of {row} would be {volume:.3g} "
                "cm^3: the relations of Handsfield et al. (2014) do not reach so small a person. Leave "
                "<height> and <mass> out."
            )
    return sum(volumes.values())
