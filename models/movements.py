"""Joint angles and target moments of a trial, as smooth functions of time.

A trial goes through a phase: 0 at the start of its scored window, 1 after one repetition of the
movement. Angles and target moments repeat with the phase; excitations vary from one to the next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

HARMONICS = 6  # of one repetition, which takes at least 1 s: content up to 6 Hz
LEAD = 0.4  # s of every file before the scored window
TAIL = 0.1  # s of every file after it
PRE_ROLL = 0.3  # s simulated before the file begins, so that nothing remembers the start

Knots = tuple[Sequence[float], Sequence[float]]
Bursts = Sequence[tuple[float, float, float]]


@dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes:
        name: Activity and number, such as `walk_slow_1`; 1 calibrates, 2 validates.
        role: `calibration` or `validation`.
        cycle: Duration of one repetition of the movement, s.
        cycles: How often the scored window repeats it.
        angle: By coordinate, knots of the joint angle: phase and degrees.
        moment: By coordinate, knots of the target moment: phase and N m.
        bursts: By muscle, published bursts: centre (phase), width (phase), activation.
    """

    name: str
    role: str
    cycle: float
    cycles: int
    angle: Mapping[str, Knots]
    moment: Mapping[str, Knots]
    bursts: Mapping[str, Bursts]

    @property
    def start(self) -> float:
        """Start of the scored window, s."""
        return LEAD

    @property
    def end(self) -> float:
        """End of the scored window, s."""
        return LEAD + self.cycle * self.cycles

    def phase(self, time: np.ndarray) -> np.ndarray:
        """Returns the phase at a time, counted on through the repetitions."""
        return (time - self.start) / self.cycle

    def simulation_time(self, step: float) -> np.ndarray:
        """Returns the simulated instants, from before the file to its end, s."""
        first = -round(PRE_ROLL / step)
        last = round((self.end + TAIL) / step)
        return np.arange(first, last + 1) * step

    def curve(self, knots: Knots, time: np.ndarray) -> np.ndarray:
        """Returns the smooth curve through knots at the given times."""
        return smooth_curve(knots, self.phase(time))


def smooth_curve(knots: Knots, phase: np.ndarray) -> np.ndarray:
    """Returns a periodic, band-limited curve near the knots.

    It is the Fourier series of the periodic spline through the knots, cut after `HARMONICS`.
    """
    at, value = np.asarray(knots[0], float), np.asarray(knots[1], float)
    value = np.append(value[:-1], value[0])
    samples = CubicSpline(at, value, bc_type="periodic")(np.arange(200) / 200)
    spectrum = np.fft.rfft(samples)[: HARMONICS + 1] / 200
    spectrum[1:] *= 2
    turns = np.exp(2j * np.pi * np.outer(phase, np.arange(HARMONICS + 1)))
    return (turns @ spectrum).real


def varied(knots: Knots, share: float, scale: float, rng: np.random.Generator) -> Knots:
    """Returns knots scaled and jittered, as one trial differs from another.

    Args:
        knots: Phase and value.
        share: Standard deviation of the jitter as a share of the curve's range.
        scale: Factor on the values.
        rng: Source of the jitter.
    """
    value = np.asarray(knots[1], float)
    jitter = share * np.ptp(value) * rng.standard_normal(len(value))
    return knots[0], scale * (value + jitter)


def varied_bursts(bursts: Bursts, rng: np.random.Generator) -> Bursts:
    """Returns bursts moved by 2 % of the phase and scaled by 15 % (standard deviations)."""
    return tuple(
        (
            centre + 0.02 * rng.standard_normal(),
            width,
            level * float(np.clip(1 + 0.15 * rng.standard_normal(), 0.6, 1.4)),
        )
        for centre, width, level in bursts
    )
