"""The muscle table of the right arm.

Columns: name, strength group, max isometric force (N), optimal fiber length (m), tendon slack
length (m), pennation at optimal fiber length (rad), path from origin to insertion, cylinders.

Max isometric force, optimal fiber length and pennation: Holzbaur, Murray & Delp (2005), Ann Biomed Eng
33(6):829-840; those of biceps, triceps and brachialis agree with arm26, the others were not read again
against the print. Paths of biceps, triceps and brachialis: the same source, in the numbers of the public
arm26 model, without its via points at the shoulder blade that only serve flexion. The other
paths are lines between our own points near the attachments, given about the centre of the
shoulder and chosen for moment arms of the sign and rough size reported by Ackland et al. (2008),
J Anat 213(4):383-390, and Kuechle et al. (1997), J Shoulder Elbow Surg 6(5):429-439. Tendon slack
lengths were refitted to these paths so that fibers work around their optimum.
"""

from osim_build import Muscle, Point

SHOULDER_CENTER = (-0.01755, -0.007, 0.17)  # in thorax, m


def thorax(x: float, y: float, z: float) -> Point:
    """A point on the thorax or shoulder blade, given in the thorax."""
    return Point("thorax", x, y, z)


def girdle(x: float, y: float, z: float) -> Point:
    """A point on the thorax or shoulder blade, given from the centre of the shoulder."""
    return Point(
        "thorax",
        round(x + SHOULDER_CENTER[0], 5),
        round(y + SHOULDER_CENTER[1], 5),
        round(z + SHOULDER_CENTER[2], 5),
    )


def humerus(x: float, y: float, z: float) -> Point:
    """A point in the humerus."""
    return Point("humerus", x, y, z)


def forearm(x: float, y: float, z: float) -> Point:
    """A point in the forearm."""
    return Point("forearm", x, y, z)


MUSCLES = (
    Muscle("delt_ant", "deltoid", 1142.6, 0.0976, 0.032, 0.384, (
        girdle(0.03, 0.038, 0.008), humerus(0.008, -0.11, 0.012))),
    Muscle("delt_mid", "deltoid", 1142.6, 0.1078, 0.0339, 0.262, (
        girdle(-0.012, 0.037, 0.03), humerus(0.005, -0.12, 0.012))),
    Muscle("delt_post", "deltoid", 259.9, 0.1367, 0.0441, 0.314, (
        girdle(-0.055, 0.03, -0.005), humerus(-0.006, -0.13, 0.01))),
    Muscle("supraspinatus", "cuff", 487.8, 0.0682, 0.0187, 0.122, (
        girdle(-0.04, 0.03, -0.075), humerus(0.002, 0.022, 0.02))),
    Muscle("infraspinatus", "cuff", 1210.8, 0.0755, 0.0491, 0.323, (
        girdle(-0.065, -0.03, -0.085), humerus(-0.014, 0.012, 0.022))),
    Muscle("teres_minor", "cuff", 354.3, 0.0741, 0.0492, 0.419, (
        girdle(-0.075, -0.06, -0.06), humerus(-0.017, -0.01, 0.02))),
    Muscle("subscapularis", "cuff", 1377.8, 0.0873, 0.0365, 0.349, (
        girdle(-0.01, -0.035, -0.105), humerus(0.02, 0.005, 0.006))),
    Muscle("pect_clav", "pectoralis_latissimus", 364.4, 0.1442, 0.0508, 0.297, (
        girdle(0.055, 0.0, -0.155), humerus(0.012, -0.045, 0.006))),
    Muscle("pect_stern", "pectoralis_latissimus", 515.4, 0.1385, 0.0737, 0.454, (
        girdle(0.06, -0.1, -0.15), humerus(0.012, -0.05, 0.004))),
    Muscle("lat_dorsi", "pectoralis_latissimus", 389.1, 0.254, 0.1114, 0.436, (
        girdle(-0.09, -0.32, -0.12), humerus(0.011, -0.045, -0.004))),
    Muscle("bic_long", "elbow_flexors", 624.3, 0.1157, 0.2666, 0.0, (
        thorax(-0.0392, 0.0035, 0.1479), thorax(-0.0289, 0.0139, 0.1564),
        humerus(0.0213, 0.0179, 0.0103), humerus(0.0238, -0.0051, 0.012),
        humerus(0.0135, -0.0283, 0.0014), humerus(0.0107, -0.0774, -0.0016),
        humerus(0.017, -0.1212, 0.0002), humerus(0.0228, -0.1754, -0.0063),
        forearm(0.0075, -0.0484, 0.0218))),
    Muscle("bic_short", "elbow_flexors", 435.6, 0.1321, 0.1851, 0.0, (
        thorax(0.0047, -0.0123, 0.1348), humerus(0.0112, -0.0758, -0.011),
        humerus(0.017, -0.1212, -0.0108), humerus(0.0228, -0.1754, -0.0063),
        forearm(0.0075, -0.0484, 0.0218))),
    Muscle("brachialis", "elbow_flexors", 987.3, 0.0858, 0.0429, 0.0, (
        humerus(0.0068, -0.1739, -0.0036), forearm(-0.0032, -0.0239, 0.0009)), ("elbow_front",)),
    Muscle("brachioradialis", "elbow_flexors", 261.3, 0.1726, 0.0896, 0.0, (
        humerus(-0.0098, -0.1996, 0.0022), forearm(0.032, -0.13, 0.02),
        forearm(0.036, -0.22, 0.025))),
    Muscle("tri_long", "elbow_extensors", 798.5, 0.134, 0.1935, 0.209, (
        thorax(-0.0537, -0.0137, 0.1472), humerus(-0.0271, -0.1144, -0.0066),
        humerus(-0.0318, -0.2264, -0.0122), humerus(-0.0174, -0.2676, -0.0121),
        forearm(-0.0219, 0.0105, -0.0008)), ("elbow_behind",)),
    Muscle("tri_lat", "elbow_extensors", 624.3, 0.1138, 0.0855, 0.157, (
        humerus(-0.006, -0.1265, 0.0043), humerus(-0.0234, -0.1453, 0.0093),
        humerus(-0.0318, -0.2264, -0.0122), humerus(-0.0174, -0.2676, -0.0121),
        forearm(-0.0219, 0.0105, -0.0008)), ("elbow_behind",)),
    Muscle("tri_med", "elbow_extensors", 624.3, 0.1138, 0.07, 0.157, (
        humerus(-0.0084, -0.1369, -0.0091), humerus(-0.026, -0.1514, -0.0108),
        humerus(-0.0318, -0.2264, -0.0122), humerus(-0.0174, -0.2676, -0.0121),
        forearm(-0.0219, 0.0105, -0.0008)), ("elbow_behind",)),
)
