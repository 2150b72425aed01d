"""The muscle table of the right leg; sources in `leg_model`.

Columns: name, strength group, max isometric force (N), optimal fiber length (m), tendon slack
length (m), pennation at optimal fiber length (rad), path from origin to insertion, cylinders.
"""

from osim_build import MovingPoint, Muscle, Point

KNEE = "/jointset/knee_r/knee_angle_r"
CALCANEUS = (-0.04877, -0.04195, 0.00792)  # in talus, m
TOES = (0.1788, -0.002, 0.00108)  # in calcaneus, m

# The quadriceps tendon's last point, moving with the patella in the tibia.
PATELLA_ANGLE = (-0.1745, -0.0873, 0.0, 0.1745, 0.3491, 0.6981, 1.0472, 1.3963, 1.5708, 2.0944)
PATELLA = {
    "rect_fem_r": (
        (0.0733, 0.067, 0.0618, 0.0534, 0.0484, 0.0422, 0.0366, 0.0308, 0.0275, 0.0156),
        (0.016, 0.0192, 0.021, 0.0228, 0.0234, 0.0242, 0.0249, 0.0253, 0.0251, 0.0234),
        0.0014,
    ),
    "vas_med_r": (
        (0.068, 0.0613, 0.056, 0.0476, 0.0426, 0.0364, 0.0308, 0.025, 0.0217, 0.0098),
        (0.0183, 0.0207, 0.0218, 0.0226, 0.0228, 0.0234, 0.0239, 0.0243, 0.0241, 0.0224),
        -0.0146,
    ),
    "vas_int_r": (
        (0.0684, 0.0613, 0.0555, 0.0465, 0.0413, 0.0349, 0.0293, 0.0235, 0.0202, 0.0083),
        (0.0218, 0.0242, 0.0253, 0.026, 0.0261, 0.0266, 0.0271, 0.0275, 0.0273, 0.0256),
        0.0018,
    ),
    "vas_lat_r": (
        (0.0712, 0.065, 0.06, 0.0519, 0.047, 0.0409, 0.0353, 0.0295, 0.0262, 0.0143),
        (0.0151, 0.018, 0.0196, 0.0211, 0.0216, 0.0224, 0.023, 0.0234, 0.0232, 0.0215),
        0.0165,
    ),
}

def pelvis(x: float, y: float, z: float) -> Point:
    """A point in the pelvis."""
    return Point("pelvis", x, y, z)


def femur(x: float, y: float, z: float) -> Point:
    """A point in the femur."""
    return Point("femur_r", x, y, z)


def tibia(x: float, y: float, z: float) -> Point:
    """A point in the tibia."""
    return Point("tibia_r", x, y, z)


def calcaneus(x: float, y: float, z: float) -> Point:
    """A point published in the calcaneus, moved to the foot's origin at the talus."""
    return Point(
        "foot_r",
        round(x + CALCANEUS[0], 5),
        round(y + CALCANEUS[1], 5),
        round(z + CALCANEUS[2], 5),
    )


def toes(x: float, y: float, z: float) -> Point:
    """A point published in the toes, moved to the foot's origin at the talus."""
    return calcaneus(x + TOES[0], y + TOES[1], z + TOES[2])


def patella(muscle: str) -> MovingPoint:
    """The point of a quadriceps muscle that moves with the patella."""
    x, y, z = PATELLA[muscle]
    return MovingPoint("tibia_r", KNEE, PATELLA_ANGLE, x, y, z)


MUSCLES = (
    Muscle("glut_max1_r", "gluteus_maximus", 573, 0.142, 0.0797, 0.087, (
        pelvis(-0.1195, 0.0612, 0.07), pelvis(-0.1291, 0.0012, 0.0886),
        femur(-0.0457, -0.0248, 0.0392), femur(-0.0277, -0.0566, 0.047))),
    Muscle("glut_max2_r", "gluteus_maximus", 819, 0.147, 0.0889, 0.0, (
        pelvis(-0.1349, 0.0176, 0.0563), pelvis(-0.1376, -0.052, 0.0914),
        femur(-0.0426, -0.053, 0.0293), femur(-0.0156, -0.1016, 0.0419))),
    Muscle("glut_max3_r", "gluteus_maximus", 552, 0.144, 0.1308, 0.087, (
        pelvis(-0.1556, -0.0314, 0.0058), pelvis(-0.1529, -0.1052, 0.0403),
        femur(-0.0299, -0.1041, 0.0135), femur(-0.006, -0.1419, 0.0411))),
    Muscle("semimem_r", "hamstrings", 1288, 0.08, 0.3321, 0.262, (
        pelvis(-0.1192, -0.0975, 0.0715), tibia(-0.027, -0.0477, -0.0196))),
    Muscle("semiten_r", "hamstrings", 410, 0.201, 0.2755, 0.087, (
        pelvis(-0.1263, -0.1099, 0.0604), tibia(-0.0332, -0.0528, -0.0229),
        tibia(-0.0113, -0.0746, -0.0245), tibia(0.0027, -0.0956, -0.0193))),
    Muscle("bifemlh_r", "hamstrings", 896, 0.109, 0.3143, 0.0, (
        pelvis(-0.126, -0.1026, 0.0694), tibia(-0.0301, -0.036, 0.0294),
        tibia(-0.0234, -0.0563, 0.0343))),
    Muscle("bifemsh_r", "hamstrings", 804, 0.173, 0.0814, 0.401, (
        femur(0.005, -0.2111, 0.0234), tibia(-0.0301, -0.036, 0.0294),
        tibia(-0.0234, -0.0563, 0.0343))),
    Muscle("tfl_r", "hip_flexors", 233, 0.095, 0.4085, 0.052, (
        pelvis(-0.0311, 0.0214, 0.1241), femur(0.0294, -0.0995, 0.0597),
        femur(0.0054, -0.4049, 0.0357), tibia(0.006, -0.0487, 0.0297))),
    Muscle("iliacus_r", "hip_flexors", 1073, 0.1, 0.0772, 0.122, (
        pelvis(-0.0674, 0.0365, 0.0854), femur(-0.0193, -0.0621, 0.0129)), ("femoral_head",)),
    Muscle("psoas_r", "hip_flexors", 1113, 0.1, 0.1294, 0.14, (
        pelvis(-0.0647, 0.0887, 0.0289), femur(-0.0188, -0.0597, 0.0104)), ("femoral_head",)),
    Muscle("rect_fem_r", "quadriceps", 1169, 0.114, 0.3002, 0.087, (
        pelvis(-0.0295, -0.0311, 0.0968), patella("rect_fem_r")), ("condyles_front",)),
    Muscle("vas_med_r", "quadriceps", 1294, 0.089, 0.1123, 0.087, (
        femur(0.014, -0.2099, 0.0188), femur(0.0356, -0.2769, 0.0009),
        patella("vas_med_r")), ("condyles_front",)),
    Muscle("vas_int_r", "quadriceps", 1365, 0.087, 0.1246, 0.052, (
        femur(0.029, -0.1924, 0.031), femur(0.0335, -0.2084, 0.0285),
        patella("vas_int_r")), ("condyles_front",)),
    Muscle("vas_lat_r", "quadriceps", 1871, 0.084, 0.1446, 0.087, (
        femur(0.0048, -0.1854, 0.0349), femur(0.0269, -0.2591, 0.0409),
        patella("vas_lat_r")), ("condyles_front",)),
    Muscle("med_gas_r", "plantarflexors", 1558, 0.06, 0.3844, 0.297, (
        femur(-0.019, -0.3829, -0.0235), calcaneus(0.0, 0.031, -0.0053)), ("condyles_behind",)),
    Muscle("lat_gas_r", "plantarflexors", 683, 0.064, 0.3753, 0.14, (
        femur(-0.022, -0.3846, 0.0272), calcaneus(0.0, 0.031, -0.0053)), ("condyles_behind",)),
    Muscle("soleus_r", "plantarflexors", 3549, 0.05, 0.245, 0.436, (
        tibia(-0.0024, -0.1533, 0.0071), calcaneus(0.0, 0.031, -0.0053))),
    Muscle("tib_post_r", "deep_plantarflexors", 1588, 0.031, 0.312, 0.209, (
        tibia(-0.0094, -0.1348, 0.0019), tibia(-0.0144, -0.4051, -0.0229),
        calcaneus(0.0417, 0.0334, -0.0286), calcaneus(0.0772, 0.0159, -0.0281))),
    Muscle("flex_hal_r", "deep_plantarflexors", 322, 0.043, 0.3715, 0.175, (
        tibia(-0.0079, -0.2334, 0.0244), tibia(-0.0186, -0.4079, -0.0174),
        calcaneus(0.0374, 0.0276, -0.0241), calcaneus(0.1038, 0.0068, -0.0256),
        calcaneus(0.1726, -0.0053, -0.0269), toes(0.0155, -0.0064, -0.0265),
        toes(0.0562, -0.0102, -0.0181))),
    Muscle("tib_ant_r", "dorsiflexors", 905, 0.098, 0.2061, 0.087, (
        tibia(0.0179, -0.1624, 0.0115), tibia(0.0329, -0.3951, -0.0177),
        calcaneus(0.1166, 0.0178, -0.0305))),
    Muscle("ext_dig_r", "dorsiflexors", 512, 0.102, 0.3319, 0.14, (
        tibia(0.0032, -0.1381, 0.0276), tibia(0.0289, -0.4007, 0.0072),
        calcaneus(0.0922, 0.0388, -0.0001), calcaneus(0.1616, 0.0055, 0.013),
        toes(0.0003, 0.0047, 0.0153), toes(0.0443, -0.0004, 0.025))),
)
