"""The trials of the arm: joint angles, target moments and muscle timing.

Plain and combined movements with a weight or against a spring in the hand, of plausible size. Which muscles
work when follows in outline Kronberg et al. (1990), Clin Orthop Relat Res 257:76-85, for the shoulder and
Basmajian & De Luca (1985), Muscles Alive, for the elbow; levels are chosen.
Signs: raising the arm in the plane of the shoulder blade, turning it inwards and flexing the elbow
are positive, moments likewise.
"""

import numpy as np
from movements import Bursts, Knots, Trial, varied, varied_bursts

SEED = 20240502

Targets = dict[str, Knots]
Timing = dict[str, Bursts]

PHASE = (0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1)


def courses(elevation: tuple, rotation: tuple, elbow: tuple) -> Targets:
    """Returns a curve for each coordinate from its values at `PHASE`."""
    return {
        "shoulder_elevation": (PHASE, elevation),
        "shoulder_rotation": (PHASE, rotation),
        "elbow_flexion": (PHASE, elbow),
    }


ABDUCTION_ANGLE = courses(
    (10, 14, 42, 72, 80, 74, 44, 15, 10), (0, 1, 5, 9, 10, 9, 5, 1, 0), (20, 21, 24, 28, 30, 28, 24, 21, 20)
)
ABDUCTION_MOMENT = courses(
    (4, 8, 20, 27, 28, 25, 15, 5, 4),
    (0, 1, 0, -2, -4, -3, -1, 1, 0),
    (1, 3, 8, 9, 5, 0, -3, 0, 1),
)
ABDUCTION_BURSTS: Timing = {
    "delt_ant": ((0.4, 0.15, 0.3),),
    "delt_mid": ((0.48, 0.16, 0.35),),
    "delt_post": ((0.62, 0.12, 0.3),),
    "supraspinatus": ((0.25, 0.12, 0.4), (0.7, 0.08, 0.15)),
    "infraspinatus": ((0.45, 0.15, 0.25),),
    "teres_minor": ((0.6, 0.12, 0.25),),
    "subscapularis": ((0.35, 0.12, 0.2),),
    "pect_clav": ((0.2, 0.08, 0.12),),
    "pect_stern": ((0.85, 0.08, 0.15),),
    "lat_dorsi": ((0.8, 0.1, 0.2),),
    "bic_long": ((0.35, 0.12, 0.2),),
    "bic_short": ((0.5, 0.15, 0.1),),
    "brachialis": ((0.55, 0.15, 0.15),),
    "brachioradialis": ((0.42, 0.12, 0.12),),
    "tri_long": ((0.75, 0.1, 0.12),),
    "tri_lat": ((0.15, 0.08, 0.1),),
    "tri_med": ((0.65, 0.1, 0.08),),
}

ROTATION_ANGLE = courses(
    (45, 45, 47, 48, 46, 44, 43, 45, 45),
    (0, 5, 42, 30, 5, -20, -35, -8, 0),
    (85, 85, 88, 90, 90, 88, 85, 85, 85),
)
ROTATION_MOMENT = courses(
    (6, 8, 17, 15, 10, 6, 4, 5, 6), (1, 6, 11, 5, -3, -10, -12, -3, 1), (4, 6, 9, 6, 2, -2, 0, 3, 4)
)
ROTATION_BURSTS: Timing = {
    "delt_ant": ((0.2, 0.1, 0.25), (0.9, 0.08, 0.12)),
    "delt_mid": ((0.5, 0.25, 0.2),),
    "delt_post": ((0.7, 0.1, 0.35),),
    "supraspinatus": ((0.5, 0.12, 0.2),),
    "infraspinatus": ((0.68, 0.1, 0.45),),
    "teres_minor": ((0.6, 0.1, 0.4), (0.8, 0.06, 0.15)),
    "subscapularis": ((0.22, 0.1, 0.45),),
    "pect_clav": ((0.18, 0.08, 0.3),),
    "pect_stern": ((0.25, 0.08, 0.35),),
    "lat_dorsi": ((0.32, 0.1, 0.3),),
    "bic_long": ((0.75, 0.12, 0.15),),
    "bic_short": ((0.3, 0.12, 0.15),),
    "brachialis": ((0.5, 0.2, 0.15),),
    "brachioradialis": ((0.2, 0.1, 0.15),),
    "tri_long": ((0.6, 0.1, 0.15),),
    "tri_lat": ((0.4, 0.08, 0.1),),
    "tri_med": ((0.85, 0.08, 0.1),),
}

ELBOW_ANGLE = courses(
    (8, 8, 10, 12, 12, 12, 10, 8, 8), (0, 1, 3, 5, 5, 5, 3, 1, 0), (18, 24, 70, 112, 120, 110, 66, 23, 18)
)
ELBOW_MOMENT = courses(
    (1, 3, 8, 7, 3, -2, -3, 0, 1), (0, 0.5, 2.5, 2, 0, -2, -2.5, -0.5, 0), (3, 10, 24, 18, 8, -6, -14, -5, 3)
)
ELBOW_BURSTS: Timing = {
    "delt_ant": ((0.25, 0.1, 0.15),),
    "delt_mid": ((0.6, 0.1, 0.1),),
    "delt_post": ((0.75, 0.1, 0.12),),
    "supraspinatus": ((0.4, 0.15, 0.1),),
    "infraspinatus": ((0.3, 0.1, 0.1),),
    "teres_minor": ((0.7, 0.1, 0.1),),
    "subscapularis": ((0.5, 0.12, 0.1),),
    "pect_clav": ((0.35, 0.1, 0.1),),
    "pect_stern": ((0.6, 0.1, 0.08),),
    "lat_dorsi": ((0.7, 0.1, 0.12),),
    "bic_long": ((0.2, 0.1, 0.4),),
    "bic_short": ((0.28, 0.1, 0.45),),
    "brachialis": ((0.24, 0.13, 0.4), (0.9, 0.06, 0.1)),
    "brachioradialis": ((0.36, 0.1, 0.45),),
    "tri_long": ((0.72, 0.1, 0.3),),
    "tri_lat": ((0.66, 0.09, 0.4),),
    "tri_med": ((0.78, 0.09, 0.35),),
}

REACH_ANGLE = courses(
    (12, 16, 40, 62, 68, 62, 38, 15, 12),
    (25, 22, 8, -8, -12, -6, 10, 22, 25),
    (95, 90, 62, 32, 25, 34, 66, 92, 95),
)
REACH_MOMENT = courses(
    (5, 12, 22, 24, 22, 18, 10, 4, 5), (2, 3, -3, -6, -4, 2, 5, 3, 2), (5, 1, -5, -2, 4, 8, 9, 6, 5)
)
REACH_BURSTS: Timing = {
    "delt_ant": ((0.22, 0.1, 0.4), (0.6, 0.1, 0.15)),
    "delt_mid": ((0.35, 0.12, 0.3),),
    "delt_post": ((0.8, 0.1, 0.25),),
    "supraspinatus": ((0.18, 0.1, 0.35),),
    "infraspinatus": ((0.32, 0.1, 0.35),),
    "teres_minor": ((0.4, 0.1, 0.3),),
    "subscapularis": ((0.75, 0.1, 0.35),),
    "pect_clav": ((0.12, 0.08, 0.25), (0.65, 0.08, 0.15)),
    "pect_stern": ((0.7, 0.09, 0.25),),
    "lat_dorsi": ((0.78, 0.1, 0.25),),
    "bic_long": ((0.6, 0.12, 0.25),),
    "bic_short": ((0.72, 0.12, 0.3),),
    "brachialis": ((0.66, 0.12, 0.25), (0.02, 0.06, 0.12)),
    "brachioradialis": ((0.8, 0.1, 0.25),),
    "tri_long": ((0.3, 0.1, 0.25),),
    "tri_lat": ((0.24, 0.09, 0.35),),
    "tri_med": ((0.35, 0.1, 0.35),),
}

PUSH_ANGLE = courses(
    (50, 50, 55, 60, 58, 52, 44, 48, 50),
    (10, 12, 25, 20, 5, -10, -15, 5, 10),
    (95, 92, 65, 42, 45, 70, 98, 96, 95),
)
PUSH_MOMENT = courses(
    (10, 13, 22, 16, 6, -4, -10, 4, 10), (1, 4, 9, 6, -2, -7, -8, -1, 1), (2, -6, -20, -12, 2, 14, 20, 8, 2)
)
PUSH_BURSTS: Timing = {
    "delt_ant": ((0.24, 0.09, 0.45),),
    "delt_mid": ((0.3, 0.1, 0.2),),
    "delt_post": ((0.72, 0.1, 0.45),),
    "supraspinatus": ((0.35, 0.12, 0.2),),
    "infraspinatus": ((0.62, 0.1, 0.35),),
    "teres_minor": ((0.74, 0.08, 0.35),),
    "subscapularis": ((0.3, 0.1, 0.35),),
    "pect_clav": ((0.26, 0.09, 0.45),),
    "pect_stern": ((0.34, 0.1, 0.45),),
    "lat_dorsi": ((0.7, 0.1, 0.45),),
    "bic_long": ((0.68, 0.1, 0.3),),
    "bic_short": ((0.74, 0.09, 0.3),),
    "brachialis": ((0.66, 0.12, 0.35),),
    "brachioradialis": ((0.76, 0.09, 0.3),),
    "tri_long": ((0.3, 0.1, 0.35),),
    "tri_lat": ((0.26, 0.09, 0.45),),
    "tri_med": ((0.2, 0.1, 0.35),),
}

# activity: angles, moments, bursts, duration of one repetition in both trials (s)
ACTIVITIES = {
    "abduction": (ABDUCTION_ANGLE, ABDUCTION_MOMENT, ABDUCTION_BURSTS, (2.0, 1.8)),
    "rotation": (ROTATION_ANGLE, ROTATION_MOMENT, ROTATION_BURSTS, (1.8, 1.9)),
    "elbow_flexion": (ELBOW_ANGLE, ELBOW_MOMENT, ELBOW_BURSTS, (1.7, 1.8)),
    "reach": (REACH_ANGLE, REACH_MOMENT, REACH_BURSTS, (1.6, 1.5)),
    "push_pull": (PUSH_ANGLE, PUSH_MOMENT, PUSH_BURSTS, (1.7, 1.6)),
}


def trials() -> list[Trial]:
    """Returns the ten trials of the arm, calibration first."""
    result = []
    for repetition, role in enumerate(("calibration", "validation")):
        for index, (activity, (angle, moment, bursts, durations)) in enumerate(ACTIVITIES.items()):
            rng = np.random.default_rng([SEED, index, repetition])
            size = 1 + 0.05 * rng.standard_normal()
            effort = 1 + 0.08 * rng.standard_normal()
            result.append(
                Trial(
                    name=f"{activity}_{repetition + 1}",
                    role=role,
                    cycle=durations[repetition],
                    cycles=2,
                    angle={c: varied(k, 0.015, size, rng) for c, k in angle.items()},
                    moment={c: varied(k, 0.03, effort, rng) for c, k in moment.items()},
                    bursts={m: varied_bursts(b, rng) for m, b in bursts.items()},
                )
            )
    return result
