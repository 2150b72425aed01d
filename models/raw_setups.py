"""OpenSim's setup files for the raw recordings: ScaleTool, InverseKinematicsTool, InverseDynamicsTool.

Every path in them is relative to the file itself; what the tools write goes to `results/leg_raw`.
"""

from collections.abc import Sequence
from pathlib import Path

from raw_forces import MOTORS
from raw_markers import CLUSTERS, MARKERS

LOWPASS_CUTOFF = 8  # Hz, of inverse dynamics: six harmonics of 1 s lie below
RAW = "../../models/leg/raw"
RESULTS = "../../results/leg_raw"
SCALED_MODEL = "leg_scaled_by_tool.osim"
CLUSTER_WEIGHT = 0.2  # of the static pose, where the clusters' places are not known yet
DOCUMENT = (
    '<?xml version="1.0" encoding="UTF-8" ?>\n<OpenSimDocument Version="40600">\n{}\n</OpenSimDocument>\n'
)
# Distances between landmarks of one bone, which no joint angle changes.
MEASUREMENTS = {
    "pelvis": (("RASI", "LASI"), ("RPSI", "LPSI"), ("RASI", "RPSI"), ("LASI", "LPSI")),
    "femur_r": (("RGTR", "RKNE"), ("RGTR", "RKNM")),
    "tibia_r": (("RFIB", "RANK"), ("RTUB", "RANM"), ("RFIB", "RANM"), ("RTUB", "RANK")),
    "foot_r": (("RHEE", "RTOE"), ("RHEE", "RMT1"), ("RHEE", "RMT5")),
}


def indented(text: str, depth: int) -> str:
    """Returns the text with every line moved to the right."""
    return "\n".join(" " * 4 * depth + line for line in text.splitlines())


def marker_tasks(cluster_weight: float) -> str:
    """Returns the task set of all markers."""
    tasks = "\n".join(
        f'<IKMarkerTask name="{name}"><apply>true</apply>'
        f"<weight>{cluster_weight if name in CLUSTERS else 1.0}</weight></IKMarkerTask>"
        for row in MARKERS.values()
        for name in row
    )
    return f"<IKTaskSet>\n    <objects>\n{indented(tasks, 2)}\n    </objects>\n</IKTaskSet>"


def measurement(body: str) -> str:
    """Returns the measurement that scales one body alike in all directions."""
    pairs = "\n".join(
        f"<MarkerPair><markers>{first} {second}</markers></MarkerPair>"
        for first, second in MEASUREMENTS[body]
    )
    return f"""<Measurement name="{body}">
    <apply>true</apply>
    <MarkerPairSet>
        <objects>
{indented(pairs, 3)}
        </objects>
    </MarkerPairSet>
    <BodyScaleSet>
        <objects>
            <BodyScale name="{body}"><axes>X Y Z</axes></BodyScale>
        </objects>
    </BodyScaleSet>
</Measurement>"""


def scale_setup(mass: float, static_end: float) -> str:
    """Returns ScaleTool's setup."""
    measurements = "\n".join(measurement(body) for body in MEASUREMENTS)
    return DOCUMENT.format(f"""    <!--Start OpenSim itself in this folder; results/leg_raw must exist.-->
    <ScaleTool name="{Path(SCALED_MODEL).stem}">
        <!--Mass of the modelled half pelvis and leg, kg.-->
        <mass>{mass:g}</mass>
        <GenericModelMaker>
            <model_file>{RAW}/leg_generic.osim</model_file>
        </GenericModelMaker>
        <ModelScaler>
            <apply>true</apply>
            <scaling_order>measurements</scaling_order>
            <MeasurementSet>
                <objects>
{indented(measurements, 5)}
                </objects>
            </MeasurementSet>
            <marker_file>{RAW}/static.trc</marker_file>
            <time_range>0 {static_end:g}</time_range>
            <preserve_mass_distribution>true</preserve_mass_distribution>
        </ModelScaler>
        <MarkerPlacer>
            <apply>true</apply>
{indented(marker_tasks(CLUSTER_WEIGHT), 3)}
            <marker_file>{RAW}/static.trc</marker_file>
            <time_range>0 {static_end:g}</time_range>
            <output_model_file>{RESULTS}/{SCALED_MODEL}</output_model_file>
            <output_motion_file>{RESULTS}/static_pose.mot</output_motion_file>
        </MarkerPlacer>
    </ScaleTool>""")


def ik_setup(trial: str, end: float) -> str:
    """Returns InverseKinematicsTool's setup."""
    return DOCUMENT.format(f"""    <InverseKinematicsTool name="{trial}">
        <model_file>{RESULTS}/{SCALED_MODEL}</model_file>
        <marker_file>{RAW}/{trial}.trc</marker_file>
        <time_range>0 {end:g}</time_range>
        <accuracy>1e-08</accuracy>
{indented(marker_tasks(1.0), 2)}
        <results_directory>{RESULTS}</results_directory>
        <report_errors>false</report_errors>
        <output_motion_file>{RESULTS}/{trial}_ik.mot</output_motion_file>
    </InverseKinematicsTool>""")


def id_setup(trial: str, end: float) -> str:
    """Returns InverseDynamicsTool's setup."""
    return DOCUMENT.format(f"""    <InverseDynamicsTool name="{trial}">
        <results_directory>{RESULTS}</results_directory>
        <model_file>{RESULTS}/{SCALED_MODEL}</model_file>
        <time_range>0 {end:g}</time_range>
        <forces_to_exclude>Muscles</forces_to_exclude>
        <external_loads_file>{RAW}/{trial}_external_loads.xml</external_loads_file>
        <coordinates_file>{RESULTS}/{trial}_ik.mot</coordinates_file>
        <lowpass_cutoff_frequency_for_coordinates>{LOWPASS_CUTOFF}</lowpass_cutoff_frequency_for_coordinates>
        <output_gen_force_file>{trial}_id.sto</output_gen_force_file>
    </InverseDynamicsTool>""")


def external_loads(trial: str) -> str:
    """Returns which columns of the force file act on which body."""
    plate = external_force("plate", "foot_r", "ground_force_v", "ground_force_p", "ground_torque_")
    motors = (
        external_force(f"orthosis_{name}", body, "", "", f"orthosis_{name}_torque_")
        for name, body in MOTORS.items()
    )
    forces = indented("\n".join((plate, *motors)), 3)
    return DOCUMENT.format(f"""    <ExternalLoads name="{trial}">
        <objects>
{forces}
        </objects>
        <datafile>{trial}_forces.mot</datafile>
    </ExternalLoads>""")


def external_force(name: str, body: str, force: str, point: str, torque: str) -> str:
    """Returns one external force; empty identifiers mean that there is none."""
    return f"""<ExternalForce name="{name}">
    <applied_to_body>{body}</applied_to_body>
    <force_expressed_in_body>ground</force_expressed_in_body>
    <point_expressed_in_body>ground</point_expressed_in_body>
    <force_identifier>{force}</force_identifier>
    <point_identifier>{point}</point_identifier>
    <torque_identifier>{torque}</torque_identifier>
</ExternalForce>"""


def write_setups(
    folder: Path, raw: Path, mass: float, static_end: float, ends: Sequence[tuple[str, float]]
) -> None:
    """Writes all setup files; the files of external loads go beside the recordings.

    Args:
        folder: Where the setup files go.
        raw: Folder of the recordings.
        mass: Of the modelled bodies, kg.
        static_end: End of the static trial, s.
        ends: Name and end (s) of every trial.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scale.xml").write_text(scale_setup(mass, static_end))
    for trial, end in ends:
        (folder / f"ik_{trial}.xml").write_text(ik_setup(trial, end))
        (folder / f"id_{trial}.xml").write_text(id_setup(trial, end))
        (raw / f"{trial}_external_loads.xml").write_text(external_loads(trial))
