"""The trials of the leg: normative angles, target moments and published muscle timing.

Walking angles and moments: rounded knots, not digitised, after Winter (2009),
Biomechanics and Motor Control of Human Movement, and Perry & Burnfield (2010), Gait Analysis; muscle
timing after Perry & Burnfield (2010).
Squat and heel raise: shapes and sizes chosen to be plausible for 75 kg on two legs.
Signs: hip flexion, knee flexion and ankle dorsiflexion positive, moments likewise.
"""

import numpy as np
from movements import Trial, varied, varied_bursts

MASS = 75.0  # kg
SEED = 20240501

WALK_ANGLE = {  # degrees against gait cycle, heel strike at 0
    "hip_flexion_r": (
        (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.7, 0.8, 0.87, 0.94, 1),
        (28, 25, 17, 7, -3, -10, -10, -6, 10, 24, 30, 30, 28),
    ),
    "knee_angle_r": (
        (0, 0.07, 0.14, 0.2, 0.3, 0.4, 0.48, 0.55, 0.6, 0.66, 0.72, 0.78, 0.86, 0.94, 1),
        (5, 12, 19, 18, 11, 6, 9, 21, 36, 53, 62, 57, 33, 8, 5),
    ),
    "ankle_angle_r": (
        (0, 0.06, 0.12, 0.2, 0.3, 0.4, 0.47, 0.55, 0.61, 0.67, 0.75, 0.83, 0.92, 1),
        (0, -5.5, -2, 3.5, 7, 9.5, 9, -2, -15, -14, -5, 1, 1.5, 0),
    ),
}
WALK_MOMENT = {  # N m per kg
    "hip_flexion_r": (
        (0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.56, 0.63, 0.7, 0.8, 0.9, 0.95, 1),
        (-0.38, -0.75, -0.7, -0.35, -0.02, 0.3, 0.62, 0.62, 0.4, 0.2, -0.02, -0.3, -0.42, -0.38),
    ),
    "knee_angle_r": (
        (0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.46, 0.53, 0.6, 0.68, 0.78, 0.87, 0.94, 1),
        (0.22, 0, -0.35, -0.5, -0.38, -0.02, 0.18, 0.18, -0.05, -0.2, -0.12, 0, 0.15, 0.27, 0.22),
    ),
    "ankle_angle_r": (
        (0, 0.04, 0.09, 0.15, 0.2, 0.3, 0.4, 0.47, 0.53, 0.58, 0.63, 0.7, 0.8, 0.9, 1),
        (0.03, 0.12, 0.03, -0.25, -0.45, -0.8, -1.2, -1.5, -1.1, -0.45, -0.03, 0.03, 0.02, 0.02, 0.03),
    ),
}
WALK_BURSTS = {  # centre and width in the gait cycle, activation
    "glut_max1_r": ((0.03, 0.06, 0.3),),
    "glut_max2_r": ((0.06, 0.07, 0.35),),
    "glut_max3_r": ((0.0, 0.06, 0.3), (0.93, 0.04, 0.15)),
    "semimem_r": ((0.93, 0.06, 0.4), (0.04, 0.05, 0.15)),
    "semiten_r": ((0.9, 0.06, 0.45), (0.55, 0.05, 0.1)),
    "bifemlh_r": ((0.95, 0.06, 0.3), (0.05, 0.05, 0.2)),
    "bifemsh_r": ((0.67, 0.07, 0.25), (0.93, 0.04, 0.12)),
    "tfl_r": ((0.38, 0.1, 0.25),),
    "iliacus_r": ((0.62, 0.08, 0.35),),
    "psoas_r": ((0.55, 0.08, 0.35),),
    "rect_fem_r": ((0.58, 0.05, 0.3), (0.06, 0.05, 0.2)),
    "vas_med_r": ((0.1, 0.06, 0.3), (0.97, 0.04, 0.12)),
    "vas_int_r": ((0.07, 0.07, 0.3),),
    "vas_lat_r": ((0.12, 0.06, 0.35), (0.95, 0.04, 0.1)),
    "med_gas_r": ((0.4, 0.09, 0.55),),
    "lat_gas_r": ((0.36, 0.08, 0.45),),
    "soleus_r": ((0.45, 0.08, 0.6), (0.2, 0.1, 0.2)),
    "tib_post_r": ((0.12, 0.08, 0.35), (0.44, 0.07, 0.35)),
    "flex_hal_r": ((0.48, 0.07, 0.4),),
    "tib_ant_r": ((0.03, 0.05, 0.4), (0.68, 0.07, 0.25), (0.93, 0.05, 0.2)),
    "ext_dig_r": ((0.0, 0.05, 0.3), (0.72, 0.08, 0.25)),
}

SQUAT_PHASE = (0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1)
SQUAT_ANGLE = {
    "hip_flexion_r": (SQUAT_PHASE, (5, 10, 42, 74, 80, 72, 38, 9, 5)),
    "knee_angle_r": (SQUAT_PHASE, (5, 12, 48, 80, 86, 79, 44, 10, 5)),
    "ankle_angle_r": (SQUAT_PHASE, (1, 4, 15, 23, 25, 23, 14, 3, 1)),
}
SQUAT_MOMENT = {
    "hip_flexion_r": (SQUAT_PHASE, (-0.05, -0.1, -0.4, -0.85, -1.0, -0.9, -0.5, -0.12, -0.05)),
    "knee_angle_r": (SQUAT_PHASE, (-0.05, -0.15, -0.6, -1.05, -1.2, -1.15, -0.7, -0.15, -0.05)),
    "ankle_angle_r": (SQUAT_PHASE, (-0.15, -0.05, -0.2, -0.4, -0.45, -0.45, -0.35, -0.25, -0.15)),
}
SQUAT_BURSTS = {
    "glut_max1_r": ((0.58, 0.1, 0.3),),
    "glut_max2_r": ((0.62, 0.12, 0.4),),
    "glut_max3_r": ((0.52, 0.14, 0.35),),
    "semimem_r": ((0.68, 0.1, 0.2),),
    "semiten_r": ((0.72, 0.08, 0.15),),
    "bifemlh_r": ((0.6, 0.12, 0.2),),
    "bifemsh_r": ((0.2, 0.08, 0.12),),
    "tfl_r": ((0.3, 0.12, 0.15),),
    "iliacus_r": ((0.2, 0.08, 0.2),),
    "psoas_r": ((0.27, 0.08, 0.15),),
    "rect_fem_r": ((0.42, 0.12, 0.3), (0.7, 0.06, 0.1)),
    "vas_med_r": ((0.56, 0.13, 0.55),),
    "vas_int_r": ((0.48, 0.15, 0.45),),
    "vas_lat_r": ((0.52, 0.12, 0.55),),
    "med_gas_r": ((0.75, 0.1, 0.2),),
    "lat_gas_r": ((0.35, 0.1, 0.15),),
    "soleus_r": ((0.6, 0.15, 0.25),),
    "tib_post_r": ((0.5, 0.15, 0.2),),
    "flex_hal_r": ((0.65, 0.12, 0.2),),
    "tib_ant_r": ((0.2, 0.1, 0.3), (0.45, 0.08, 0.15)),
    "ext_dig_r": ((0.3, 0.12, 0.25),),
}

HEEL_PHASE = (0, 0.08, 0.25, 0.42, 0.5, 0.6, 0.76, 0.92, 1)
HEEL_ANGLE = {
    "hip_flexion_r": (HEEL_PHASE, (6, 7, 9, 8, 6, 7, 9, 7, 6)),
    "knee_angle_r": (HEEL_PHASE, (6, 8, 10, 8, 7, 9, 12, 8, 6)),
    "ankle_angle_r": (HEEL_PHASE, (5, 3, -24, -5, 7, -1, -26, 2, 5)),
}
HEEL_MOMENT = {
    "hip_flexion_r": (HEEL_PHASE, (-0.05, -0.1, 0.12, 0.0, -0.1, 0.05, 0.15, -0.05, -0.05)),
    "knee_angle_r": (HEEL_PHASE, (0.0, 0.15, 0.3, 0.1, 0.05, 0.2, 0.35, 0.05, 0.0)),
    "ankle_angle_r": (HEEL_PHASE, (-0.35, -0.8, -1.3, -0.9, -0.6, -1.0, -1.4, -0.6, -0.35)),
}
HEEL_BURSTS = {
    "glut_max1_r": ((0.1, 0.06, 0.15),),
    "glut_max2_r": ((0.5, 0.08, 0.15),),
    "glut_max3_r": ((0.9, 0.06, 0.12),),
    "semimem_r": ((0.4, 0.08, 0.1),),
    "semiten_r": ((0.3, 0.07, 0.12), (0.8, 0.07, 0.12)),
    "bifemlh_r": ((0.55, 0.08, 0.1),),
    "bifemsh_r": ((0.2, 0.08, 0.15), (0.7, 0.08, 0.12)),
    "tfl_r": ((0.25, 0.1, 0.1),),
    "iliacus_r": ((0.3, 0.08, 0.12),),
    "psoas_r": ((0.72, 0.08, 0.12),),
    "rect_fem_r": ((0.18, 0.08, 0.1),),
    "vas_med_r": ((0.1, 0.08, 0.12),),
    "vas_int_r": ((0.6, 0.1, 0.1),),
    "vas_lat_r": ((0.45, 0.08, 0.12),),
    "med_gas_r": ((0.16, 0.08, 0.5), (0.66, 0.08, 0.5)),
    "lat_gas_r": ((0.22, 0.08, 0.4), (0.7, 0.08, 0.45)),
    "soleus_r": ((0.2, 0.12, 0.5), (0.72, 0.12, 0.55)),
    "tib_post_r": ((0.25, 0.1, 0.45), (0.72, 0.09, 0.35)),
    "flex_hal_r": ((0.28, 0.09, 0.4), (0.8, 0.08, 0.4)),
    "tib_ant_r": ((0.48, 0.06, 0.25), (0.95, 0.06, 0.2)),
    "ext_dig_r": ((0.44, 0.07, 0.2), (0.9, 0.07, 0.15)),
}

# activity: angles, moments, bursts, repetitions, duration of one in both trials (s), angle and moment factors
ACTIVITIES = {
    "walk_slow": (WALK_ANGLE, WALK_MOMENT, WALK_BURSTS, 3, (1.3, 1.24), 0.88, 0.8),
    "walk_normal": (WALK_ANGLE, WALK_MOMENT, WALK_BURSTS, 3, (1.12, 1.16), 1.0, 1.0),
    "walk_fast": (WALK_ANGLE, WALK_MOMENT, WALK_BURSTS, 3, (1.0, 1.04), 1.08, 1.2),
    "squat": (SQUAT_ANGLE, SQUAT_MOMENT, SQUAT_BURSTS, 2, (2.0, 1.86), 1.0, 1.0),
    "heel_raise": (HEEL_ANGLE, HEEL_MOMENT, HEEL_BURSTS, 2, (2.0, 1.8), 1.0, 1.0),
}


def trials() -> list[Trial]:
    """Returns the ten trials of the leg, calibration first."""
    result = []
    for repetition, role in enumerate(("calibration", "validation")):
        for index, (activity, row) in enumerate(ACTIVITIES.items()):
            angle, moment, bursts, cycles, durations, angle_scale, moment_scale = row
            rng = np.random.default_rng([SEED, index, repetition])
            size = 1 + 0.05 * rng.standard_normal()
            effort = MASS * moment_scale * (1 + 0.08 * rng.standard_normal())
            result.append(
                Trial(
                    name=f"{activity}_{repetition + 1}",
                    role=role,
                    cycle=durations[repetition],
                    cycles=cycles,
                    angle={c: varied(k, 0.015, angle_scale * size, rng) for c, k in angle.items()},
                    moment={c: varied(k, 0.03, effort, rng) for c, k in moment.items()},
                    bursts={m: varied_bursts(b, rng) for m, b in bursts.items()},
                )
            )
    return result
