"""Measured forces of the virtual leg: a foot plate that looks like walking, and the motors of an orthosis.

The simulated joint moments cannot all come from one plausible plate force: near a straight knee no
force under the foot makes much of a knee moment, and in swing there is none at all. Therefore the
subject wears a gait trainer: a frame holds the pelvis, a plate under the sole moves with the foot and
measures its force, and motors at hip, knee and ankle turn thigh, shank and foot. Their measured torques
are exactly what the plate leaves over, so that inverse dynamics of the true motion gives the true moments.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from raw_kinematics import BodyMotion
from scipy.interpolate import BSpline, PchipInterpolator
from scipy.optimize import least_squares

RATE = 200  # Hz
BODY_WEIGHT = 75.0 * 9.80665  # N
TOE_OFF = 0.6  # of the gait cycle
STANCE = (0, 0.05, 0.12, 0.22, 0.35, 0.5, 0.65, 0.78, 0.88, 0.95, 1)  # share of stance
VERTICAL = (0, 0.25, 0.8, 1.08, 0.92, 0.76, 0.93, 1.1, 0.8, 0.25, 0)  # body weights
FORE_AFT = (0, -0.03, -0.12, -0.17, -0.1, 0, 0.09, 0.19, 0.15, 0.04, 0)  # body weights, braking first
PROGRESSION = (
    -0.055,
    -0.045,
    -0.02,
    0.01,
    0.035,
    0.06,
    0.085,
    0.115,
    0.14,
    0.155,
    0.16,
)  # m ahead of the ankle
SOLE = -0.052  # m, under the ankle
SOLE_SPAN = (-0.06, 0.17)  # m, heel and toe, from the ankle
SHEAR_LIMIT = 0.25  # of the vertical force
VERTICAL_CHANGE = 0.12  # of the expected vertical force
TOLERANCE = (0.08, 0.08, 0.05)  # of vertical force (relative), shear and place (m): what is easily changed
MOTOR_TOLERANCE = 15.0  # N m that are easily left to a motor
KNOT_DISTANCE = 0.08  # s
LEAST_FORCE = 5.0  # N, below which the plate shows nothing
STANDING = {"squat": 0.5, "heel_raise": 0.9}  # body weights on this foot
STANDING_CENTER = {"squat": 0.03, "heel_raise": 0.12}  # m ahead of the ankle

MOTORS = {"thigh": "femur_r", "shank": "tibia_r", "foot": "foot_r"}


@dataclass(frozen=True)
class Plate:
    """What the plate measures: force (N), its point in ground (m), and where that is in the foot (m)."""

    force: np.ndarray
    point: np.ndarray
    place: np.ndarray


def activity_of(trial: str) -> str:
    """Returns `walk_slow` of `walk_slow_1`."""
    return trial.rpartition("_")[0]


def contacts(trial: str, time: np.ndarray, start: float, cycle: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns, for every contact with the plate, which instants it takes and its phase from 0 to 1."""
    if activity_of(trial) in STANDING:
        return [(np.ones(len(time), bool), np.linspace(0, 1, len(time)))]
    phase = (time - start) / cycle
    steps = range(int(np.floor(phase[0])), int(np.ceil(phase[-1])) + 1)
    found = (((phase - step) / TOE_OFF) for step in steps)
    return [(inside, one[inside]) for one in found if (inside := (one > 0) & (one < 1)).any()]


def expected(trial: str, phase: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns vertical force (N), fore-aft over vertical force, and place under the foot (m) of a contact."""
    standing = STANDING.get(activity_of(trial))
    if standing is not None:
        place = np.full(len(phase), STANDING_CENTER[activity_of(trial)])
        return np.full(len(phase), standing * BODY_WEIGHT), np.zeros(len(phase)), place
    vertical, fore_aft, place = (
        PchipInterpolator(STANCE, knots)(phase) for knots in (VERTICAL, FORE_AFT, PROGRESSION)
    )
    return vertical * BODY_WEIGHT, fore_aft / np.maximum(vertical, 0.05), place


def plate(
    trial: str,
    time: np.ndarray,
    stances: list[tuple[np.ndarray, np.ndarray]],
    foot: BodyMotion,
    wanted: np.ndarray,
) -> Plate:
    """Returns the plate's force: near what is expected, as far as it can towards the wanted moments.

    Per contact, smooth changes of the vertical force, the shear and the place under the foot
    are chosen by least squares, so that little is left to the motors.

    Args:
        trial: Name of the trial.
        time: s.
        stances: Contacts, from `contacts`.
        foot: Motion of the foot.
        wanted: Generalized forces that plate and motors must give together, N m, (time, coordinate).
    """
    force, place = np.zeros((len(time), 3)), np.zeros((len(time), 3))
    for inside, phase in stances:
        one = fitted_contact(trial, time[inside], phase, part(foot, inside), wanted[inside])
        force[inside], place[inside] = one
    loaded = force[:, 1] >= LEAST_FORCE
    force[~loaded] = 0.0
    point = np.where(loaded[:, np.newaxis], foot.point(place), 0.0)
    return Plate(force, point, place)


def part(motion: BodyMotion, inside: np.ndarray) -> BodyMotion:
    """Returns the motion at some instants."""
    return BodyMotion(
        motion.origin[inside], motion.rotation[inside], motion.angular[inside], motion.linear[inside]
    )


def fitted_contact(
    trial: str, time: np.ndarray, phase: np.ndarray, foot: BodyMotion, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns force (N) and place in the foot (m) of one contact, both (time, 3)."""
    vertical, shear, ahead = expected(trial, phase)
    basis = smooth_basis(time)
    count = basis.shape[1]

    def measured(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        change, slope, center = (basis @ row for row in weights.reshape(3, count))
        up = vertical * (1 + change)
        force = np.column_stack([up * slope, up, np.zeros(len(up))])
        return force, np.column_stack([center, np.full(len(up), SOLE), np.zeros(len(up))])

    def misfit(weights: np.ndarray) -> np.ndarray:
        force, place = measured(weights)
        left = wanted - foot.force_share(foot.point(place), force)
        change, slope, center = (basis @ row for row in weights.reshape(3, count))
        away = (change / TOLERANCE[0], (slope - shear) / TOLERANCE[1], (center - ahead) / TOLERANCE[2])
        return np.concatenate([(left / MOTOR_TOLERANCE).ravel(), *away])

    low = np.repeat([-VERTICAL_CHANGE, -SHEAR_LIMIT, SOLE_SPAN[0]], count)
    high = np.repeat([VERTICAL_CHANGE, SHEAR_LIMIT, SOLE_SPAN[1]], count)
    start = np.linalg.lstsq(basis, np.column_stack([0 * phase, shear, ahead]), rcond=None)[0].T.ravel()
    inner = 0.01 * (high - low)
    fit = least_squares(
        misfit, np.clip(start, low + inner, high - inner), bounds=(low, high), x_scale=high - low
    )
    return measured(fit.x)


def smooth_basis(time: np.ndarray) -> np.ndarray:
    """Returns cubic B-splines over a span of time, (time, spline)."""
    pieces = max(3, round((time[-1] - time[0]) / KNOT_DISTANCE))
    inner = np.linspace(time[0], time[-1], pieces + 1)
    knots = np.concatenate([[inner[0]] * 3, inner, [inner[-1]] * 3])
    return BSpline.design_matrix(time, knots, 3).toarray()


def motor_torques(motion: Mapping[str, BodyMotion], left: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the torques about z on thigh, shank and foot (N m) whose generalized forces are `left`."""
    share = np.stack([motion[body].angular[..., 2] for body in MOTORS.values()], axis=-1)
    torques = np.linalg.solve(share, left[..., np.newaxis])[..., 0]
    return dict(zip(MOTORS, torques.T, strict=True))


def force_columns(measured: Plate, motors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns the columns of a force file: force, point, free torque of the plate; torques of the motors."""
    columns = {f"ground_force_v{axis}": measured.force[:, i] for i, axis in enumerate("xyz")}
    columns |= {f"ground_force_p{axis}": measured.point[:, i] for i, axis in enumerate("xyz")}
    none = np.zeros(len(measured.force))
    columns |= {f"ground_torque_{axis}": none for axis in "xyz"}
    for name, torque in motors.items():
        columns |= {f"orthosis_{name}_torque_{axis}": torque if axis == "z" else none for axis in "xyz"}
    return columns
