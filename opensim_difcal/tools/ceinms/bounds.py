"""What a calibration of CEINMS calibrates, as bounds and start values of this package."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

from opensim_difcal.ceinms.calibration import CalibratedParameter, CEINMSCalibration
from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.subject import MTU

Range = tuple[float, float]

_FIELDS = {
    "optimalFibreLength": "optimal_fiber_length",
    "tendonSlackLength": "tendon_slack_length",
    "strengthCoefficient": "strength_coefficient",
    "c1": "c1",
    "c2": "c2",
    "shapeFactor": "shape_factor",
}
"""Parameters that both calibrate: by CEINMS's name that of `MTU` and of this package's bounds."""

_ABSOLUTE = {"c1": (-0.999, -0.001), "c2": (-0.999, -0.001), "shape_factor": (-10.0, -0.001)}
"""What bounds can be at most, where they are not relative to the model's value."""

_HELD = 0.001
_INSIDE = 0.01
_LEAST_FACTOR = 1e-3
_LEAST_POLE = 1e-12
_ROUNDING = 1e-6


@dataclass(frozen=True)
class StartAndBounds:
    """Where a calibration begins, and between what it stays.

    Attributes:
        mtus: The subject's, with start values inside their bounds.
        bounds: By name of the parameter; of lengths and strength relative to the start.
        initial: Start of c1, c2 and shape_factor, the same for all muscles.
    """

    mtus: tuple[MTU, ...]
    bounds: dict[str, Range]
    initial: dict[str, float]


def start_and_bounds(
    mtus: Sequence[MTU],
    calibration: CEINMSCalibration,
    notes: Notes,
    *,
    time_steps: tuple[float, float],
) -> StartAndBounds:
    """Returns where a calibration begins, and between what it stays.

    The ranges of several steps are united. A parameter that no step calibrates is held within
    a thousandth of its start.

    Args:
        mtus: The subject's.
        calibration: What CEINMS calibrates.
        notes: What the user is told is added.
        time_steps: Those that C1 and C2 of the subject and of this package's calibration
            belong to, s.
    """
    _tell_of_others(calibration, notes)
    work = _Work(list(mtus), calibration, notes)
    bounds: dict[str, Range] = {}
    initial: dict[str, float] = {}
    for ceinms_name, name in _FIELDS.items():
        if name in _ABSOLUTE:
            bounds[name], initial[name] = work.absolute(ceinms_name, name)
        else:
            bounds[name] = work.relative(ceinms_name, name)
    subject_step, step = time_steps
    if step != subject_step:
        _convert_filters(bounds, initial, step / subject_step, notes, time_steps)
    return StartAndBounds(tuple(work.mtus), bounds, initial)


@final
@dataclass
class _Work:
    mtus: list[MTU]
    calibration: CEINMSCalibration
    notes: Notes

    def given(self, ceinms_name: str) -> list[CalibratedParameter]:
        """A parameter in every step that calibrates it."""
        steps = self.calibration.steps
        return [each for step in steps for each in step.parameters if each.name == ceinms_name]

    def relative(self, ceinms_name: str, name: str) -> Range:
        """Bounds relative to the start; starts outside are moved."""
        given = self.given(ceinms_name)
        if not given:
            return self._held(ceinms_name, name, (1.0 - _HELD, 1.0 + _HELD))
        moved = [self._inside(i, ceinms_name, name, given) for i in range(len(self.mtus))]
        if all(each.is_relative for each in given) and not any(moved):
            low, high = min(each.range[0] for each in given), max(each.range[1] for each in given)
            return max(low, _LEAST_FACTOR), high
        factors = []
        for i, mtu in enumerate(self.mtus):
            before, now = moved[i] or getattr(mtu, name), getattr(mtu, name)
            low, high = _united(given, before, positive=True)
            factors.append((low / now, high / now))
        bounds = min(low for low, _ in factors), max(high for _, high in factors)
        bounds = min(bounds[0], 1.0 - _ROUNDING), max(bounds[1], 1.0 + _ROUNDING)  # of very narrow ranges
        if len({(round(low, 9), round(high, 9)) for low, high in factors}) > 1:
            self.notes.add(
                Kind.CONVERTED,
                f"The range of {ceinms_name} is, relative to the start, another for every muscle; the "
                f"widest, {bounds[0]:.4g} to {bounds[1]:.4g}, is <{name}_bounds> of all.",
            )
        return bounds

    def absolute(self, ceinms_name: str, name: str) -> tuple[Range, float]:
        """Absolute bounds and one start value for all muscles."""
        given, limits = self.given(ceinms_name), _ABSOLUTE[name]
        starts = [getattr(mtu, name) for mtu in self.mtus]
        common = statistics.median(starts)
        if len(set(starts)) > 1:
            self.notes.add(
                Kind.CHOSEN,
                f"{ceinms_name} starts at {min(starts):g} to {max(starts):g}; here all muscles start at the "
                f"median, {common:g}.",
            )
        if not given:
            start = self._clamped(ceinms_name, common, *limits)
            held = start - _HELD, start + _HELD
            return self._held(ceinms_name, name, _around(held, start)), start
        ranges = [_united(given, start) for start in starts]
        wanted = min(low for low, _ in ranges), max(high for _, high in ranges)
        bounds = max(wanted[0], limits[0]), min(wanted[1], limits[1])
        if not bounds[0] < bounds[1]:
            bounds = {"shape_factor": (-2.999, -0.001)}.get(name, (-0.95, -0.05))
        if bounds != wanted:
            self.notes.add(
                Kind.CLAMPED,
                f"The range of {ceinms_name}, {wanted[0]:g} to {wanted[1]:g}, became {bounds[0]:g} to "
                f"{bounds[1]:g}: {_WHY[name]}",
            )
        start = self._clamped(ceinms_name, common, *bounds)
        return _around(bounds, start), start

    def _inside(
        self, i: int, ceinms_name: str, name: str, given: Sequence[CalibratedParameter]
    ) -> float | None:
        """Moves the start of a muscle inside its range; returns what it was, if it was outside."""
        mtu = self.mtus[i]
        start = getattr(mtu, name)
        now = self._clamped(f"{ceinms_name} of {mtu.name}", start, *_united(given, start, positive=True))
        if now == start:
            return None
        self.mtus[i] = replace(mtu, **{name: now})
        return start

    def _clamped(self, what: str, start: float, low: float, high: float) -> float:
        """The start, or where it is moved to; says so."""
        if low < start < high:
            return start
        bound = low if start <= low else high
        margin = _INSIDE * (high - low)
        now = bound + margin if bound == low else bound - margin
        if start == bound:
            self.notes.add(
                Kind.CLAMPED,
                f"{what} starts at {start:g}, on the bound of {low:g} to {high:g}. A search cannot start "
                f"there; it starts 1 % of the range inside, at {now:g}.",
            )
        else:
            self.notes.add(
                Kind.CLAMPED,
                f"{what} starts at {start:g}, outside its own bounds {low:g} to {high:g}. It was clamped to "
                f"the bound {bound:g}, and put 1 % of the range inside, at {now:g}, since a search cannot "
                "start on a bound.",
            )
        return now

    def _held(self, ceinms_name: str, name: str, bounds: Range) -> Range:
        self.notes.add(
            Kind.CHOSEN,
            f"No step calibrates {ceinms_name}, so <{name}_bounds> hold it within a thousandth of its start. "
            "Remove the element from the setup to calibrate it between the default bounds.",
        )
        return bounds


_WHY = {
    "c1": "the filter's poles are -c1 and -c2, and only poles between 0 and 1 stand for a time constant.",
    "c2": "the filter's poles are -c1 and -c2, and only poles between 0 and 1 stand for a time constant.",
    "shape_factor": "a positive shape factor belongs to the piecewise activation, which has no counterpart.",
}


def _around(bounds: Range, start: float) -> Range:
    """Bounds of a negative parameter that hold its start strictly inside, and stay below 0."""
    low, high = bounds
    low = low if low < start else 2.0 * start
    return low, high if start < high < 0.0 else 0.5 * start


def _united(given: Sequence[CalibratedParameter], start: float, *, positive: bool = False) -> Range:
    """The range of a parameter that starts there, over all steps."""
    ranges = [
        sorted(factor * start for factor in each.range) if each.is_relative else each.range for each in given
    ]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    return (max(low, _LEAST_FACTOR * min(start, high)) if positive else low), high


def converted_pole(c: float, ratio: float) -> float:
    """Returns C1 or C2 at another time step, -(-C)^ratio.

    Args:
        c: Between -1 and 0.
        ratio: The new time step over the old.
    """
    return min(-((-c) ** ratio), -_LEAST_POLE)  # a pole that decays within one step


def _convert_filters(
    bounds: dict[str, Range],
    initial: dict[str, float],
    ratio: float,
    notes: Notes,
    time_steps: tuple[float, float],
) -> None:
    before = {name: (bounds[name], initial[name]) for name in ("c1", "c2")}
    for name in before:
        low, high = (converted_pole(c, ratio) for c in bounds[name])
        initial[name] = converted_pole(initial[name], ratio)
        bounds[name] = _around((low, high), initial[name])
    notes.add(
        Kind.CONVERTED,
        f"c1 and c2 belong to a time step. The subject's is {time_steps[0]:g} s, that of the setup "
        f"{time_steps[1]:g} s: "
        + "; ".join(
            f"{name} starts at {initial[name]:.6g} (was {start:g}) between {bounds[name][0]:.6g} and "
            f"{bounds[name][1]:.6g} (were {low:g} and {high:g})"
            for name, ((low, high), start) in before.items()
        )
        + ".",
    )


def _tell_of_others(calibration: CEINMSCalibration, notes: Notes) -> None:
    """Parameters and groups that have no counterpart."""
    for step in calibration.steps:
        for each in step.parameters:
            if each.name not in _FIELDS:
                notes.add(
                    Kind.DROPPED,
                    f"{calibration.path.name}: the calibration of {each.name}, which is not calibrated here.",
                )
            elif each.name != "strengthCoefficient" and each.grouping != "single":
                notes.add(
                    Kind.DROPPED,
                    f"{calibration.path.name}: {each.name} is calibrated by groups (<{each.grouping}>). Here "
                    "every muscle has its own.",
                )
