"""Markers of the virtual leg: where they are glued, what cameras see of them, and the unscaled model.

Bony landmarks lie near the joints as gait laboratories palpate them; RTHI and RTIB are clusters on
thigh and shank. The subject wears them where `MARKERS` says. The generic model
has the landmarks at the matching places of its own bones and the clusters up to a centimetre off,
because nobody glues a cluster where a drawing has it: OpenSim's MarkerPlacer moves them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import opensim
from raw_kinematics import BodyMotion
from scipy.signal import butter, sosfiltfilt

# Body: marker: place in the scaled model's body, m.
MARKERS = {
    "pelvis": {
        "RASI": (0.012, 0.010, 0.128),
        "LASI": (0.012, 0.010, -0.128),
        "RPSI": (-0.163, 0.035, 0.045),
        "LPSI": (-0.163, 0.035, -0.045),
    },
    "femur_r": {
        "RGTR": (-0.022, 0.005, 0.082),
        "RTHI1": (0.045, -0.165, 0.075),
        "RTHI2": (0.070, -0.230, 0.040),
        "RTHI3": (0.015, -0.260, 0.085),
        "RKNE": (0.000, -0.400, 0.055),
        "RKNM": (0.000, -0.400, -0.055),
    },
    "tibia_r": {
        "RFIB": (-0.012, -0.050, 0.048),
        "RTUB": (0.050, -0.075, 0.000),
        "RTIB1": (0.032, -0.150, 0.045),
        "RTIB2": (0.045, -0.230, 0.015),
        "RTIB3": (0.015, -0.260, 0.050),
        "RANK": (-0.005, -0.425, 0.045),
        "RANM": (0.005, -0.415, -0.045),
    },
    "foot_r": {
        "RHEE": (-0.065, -0.030, 0.005),
        "RTOE": (0.135, -0.020, 0.005),
        "RMT1": (0.125, -0.035, -0.040),
        "RMT5": (0.085, -0.040, 0.055),
    },
}
CLUSTERS = ("RTHI1", "RTHI2", "RTHI3", "RTIB1", "RTIB2", "RTIB3")
CLUSTER_SHIFT = 0.01  # m, largest in each direction
SUBJECT_TO_GENERIC = {
    "pelvis": 1.06,
    "femur_r": 0.95,
    "tibia_r": 1.07,
    "foot_r": 0.94,
}  # subject over generic
GENERIC_MASS_FACTOR = 1.1  # the generic model is heavier

RATE = 100  # Hz
SKIN_MOTION = 1.0e-3  # m, standard deviation in each direction
SKIN_CUTOFF = 2.0  # Hz
CAMERA_NOISE = 0.2e-3  # m, standard deviation, independent in every frame


def write_generic_model(scaled_model: Path, path: Path, rng: np.random.Generator) -> None:
    """Writes the unscaled model with its marker set, from which ScaleTool makes the scaled one."""
    model = opensim.Model(str(scaled_model))
    for body, row in MARKERS.items():
        for name, place in row.items():
            frame = model.getBodySet().get(body)
            shift = CLUSTER_SHIFT * rng.uniform(-1, 1, 3) if name in CLUSTERS else np.zeros(3)
            model.addMarker(opensim.Marker(name, frame, opensim.Vec3(*(np.array(place) + shift))))
    model.finalizeConnections()
    state = model.initSystem()
    scales = opensim.ScaleSet()
    for body, factor in SUBJECT_TO_GENERIC.items():
        scale = opensim.Scale()
        scale.setSegmentName(body)
        scale.setScaleFactors(opensim.Vec3(1 / factor))
        scale.setApply(True)
        scales.cloneAndAppend(scale)
    model.scale(state, scales, True, GENERIC_MASS_FACTOR * model.getTotalMass(state))
    model.setName("leg_generic")
    model.finalizeFromProperties()
    model.finalizeConnections()
    model.printToXML(str(path))


def seen_markers(motion: Mapping[str, BodyMotion], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Returns what cameras see of every marker, m in ground, (time, 3) each.

    Skin moves slowly over the bones; on top comes what a camera system adds in every frame.
    """
    seen = {}
    for body, row in MARKERS.items():
        for name, place in row.items():
            true = motion[body].point(np.array(place))
            seen[name] = true + skin_motion(len(true), rng) + CAMERA_NOISE * rng.standard_normal(true.shape)
    return seen


def skin_motion(count: int, rng: np.random.Generator) -> np.ndarray:
    """Returns smooth noise of standard deviation `SKIN_MOTION`, (time, 3)."""
    margin = 2 * RATE
    sos = butter(2, SKIN_CUTOFF, fs=RATE, output="sos")
    noise = sosfiltfilt(sos, rng.standard_normal((count + 2 * margin, 3)), axis=0)
    return SKIN_MOTION * (noise / noise.std(axis=0))[margin:-margin]


def write_trc(path: Path, time: np.ndarray, markers: Mapping[str, np.ndarray]) -> None:
    """Writes a .trc file in mm with two decimals."""
    header: Sequence[Sequence[object]] = (
        ("PathFileType", 4, "(X/Y/Z)", path.name),
        (
            "DataRate",
            "CameraRate",
            "NumFrames",
            "NumMarkers",
            "Units",
            "OrigDataRate",
            "OrigDataStartFrame",
            "OrigNumFrames",
        ),
        (RATE, RATE, len(time), len(markers), "mm", RATE, 1, len(time)),
        ("Frame#", "Time", *(cell for name in markers for cell in (name, "", ""))),
        ("", "", *(f"{axis}{i}" for i in range(1, len(markers) + 1) for axis in "XYZ")),
        (),
    )
    places = 1e3 * np.hstack(list(markers.values()))
    rows = (
        (frame, f"{instant:.2f}", *(f"{value:.2f}" for value in row))
        for frame, (instant, row) in enumerate(zip(time, places, strict=True), start=1)
    )
    path.write_text("\n".join("\t".join(map(str, row)) for row in (*header, *rows)) + "\n")
