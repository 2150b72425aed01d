"""Subjects of CEINMS, drawn at random.

Strategies draw plain values; subjects are made of them outside, since the checks of types
that tests have are random, and hypothesis forbids that inside a strategy.
"""

from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from opensim_difcal.ceinms.dialects import Dialect
from opensim_difcal.ceinms.subject import CURVES, MTU, CalibrationInfo, CEINMSSubject, CurvePoints

PLAIN = st.characters(codec="utf-8", exclude_categories=("Z", "C"))
NAMES = st.text(PLAIN, min_size=1, max_size=12).filter(lambda name: name.split() == [name])


def units(names: st.SearchStrategy[str] = NAMES) -> st.SearchStrategy[dict[str, Any]]:
    """Values of a unit whose activation dynamics can be run."""
    return st.fixed_dictionaries(
        {
            "name": names,
            "c1": st.floats(-0.999, -1e-3),
            "c2": st.floats(-0.999, -1e-3),
            "shape_factor": st.floats(-3, -1e-3),
            "optimal_fiber_length": st.floats(1e-3, 1),
            "pennation_angle": st.floats(0, 1.5),
            "tendon_slack_length": st.floats(1e-3, 1),
            "max_isometric_force": st.floats(1e-3, 1e5),
            "strength_coefficient": st.floats(1e-3, 10),
            "max_contraction_velocity": st.none() | st.floats(1, 30),
        }
    )


POINTS = st.dictionaries(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), min_size=1, max_size=6)

SUBJECTS = st.fixed_dictionaries(
    {
        "em_delay": st.floats(0, 0.2),
        "percentage_change": st.floats(0, 1),
        "damping": st.floats(0, 1),
        "curves": st.dictionaries(st.sampled_from(CURVES), POINTS),
        "mtus": st.lists(units(), min_size=1, max_size=4, unique_by=lambda unit: unit["name"]),
        "dofs": st.dictionaries(NAMES, st.sets(st.integers(0, 3)), min_size=1, max_size=2),
        "sequence": st.lists(NAMES, max_size=3),
    }
)


def subject_of(drawn: dict[str, Any]) -> CEINMSSubject:
    """The calibrated subject of drawn values."""
    mtus = tuple(MTU(**unit) for unit in drawn["mtus"])
    points = {name: sorted(curve.items()) for name, curve in drawn["curves"].items()}
    return CEINMSSubject(
        path=Path("subject.xml"),
        dialect=Dialect.CEINMS_0_9,
        em_delay=drawn["em_delay"],
        percentage_change=drawn["percentage_change"],
        damping=drawn["damping"],
        curves=tuple(
            CurvePoints(name, tuple(x for x, _ in pairs), tuple(y for _, y in pairs))
            for name, pairs in points.items()
        ),
        mtus=mtus,
        dofs={
            dof: tuple(mtus[i].name for i in sorted(members) if i < len(mtus))
            for dof, members in drawn["dofs"].items()
        },
        calibrated=CalibrationInfo("start.xml", tuple(drawn["sequence"])),
        channels={},
    )
