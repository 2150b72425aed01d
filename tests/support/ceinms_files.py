"""Files of CEINMS in our own words: small ones with made-up numbers, and a folder for the virtual leg."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ankle_tool import LEG, MUSCLES

UNITS = {
    "soleus_r": "<c1>-0.51</c1><c2>-0.47</c2><shapeFactor>-0.8</shapeFactor>"
    "<optimalFibreLength>0.047</optimalFibreLength><pennationAngle>0.41</pennationAngle>"
    "<tendonSlackLength>0.268</tendonSlackLength><maxIsometricForce>5120.5</maxIsometricForce>"
    "<strengthCoefficient>1.1</strengthCoefficient>",
    "tib_ant_r": "<emDelay>0.02</emDelay><c1>-0.6</c1><c2>-0.3</c2><shapeFactor>-1.7</shapeFactor>"
    "<optimalFibreLength>0.071</optimalFibreLength><pennationAngle>0.19</pennationAngle>"
    "<tendonSlackLength>0.24</tendonSlackLength><maxContractionVelocity>9</maxContractionVelocity>"
    "<maxIsometricForce>1210</maxIsometricForce><strengthCoefficient>0.9</strengthCoefficient>",
}

CURVES = (
    "<curve><name>activeForceLength</name><xPoints>0.4 1 1.7</xPoints><yPoints>0 1 0</yPoints></curve>"
    "<curve><name>tendonForceStrain</name><xPoints>0 0.02 0.06</xPoints><yPoints>0 0.5 2.5</yPoints></curve>"
)

CALIBRATED = (
    "<calibrated><startSubjectFile>start.xml</startSubjectFile>"
    "<calibrationSequence>walk squat</calibrationSequence></calibrated>"
)
UNCALIBRATED = "<uncalibrated><subjectID>s01</subjectID><additionalInfo>tall</additionalInfo></uncalibrated>"


def subject_xml(
    units: Mapping[str, str] = UNITS, *, info: str = UNCALIBRATED, curves: str = CURVES, delay: str = "0.03"
) -> str:
    """A subject of CEINMS 0.9."""
    mtus = "\n".join(f"<mtu><name>{name}</name>{unit}</mtu>" for name, unit in units.items())
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<subject>
<mtuDefault><emDelay>{delay}</emDelay><percentageChange>0.15</percentageChange><damping>0.1</damping>
{curves}</mtuDefault>
<mtuSet>
{mtus}
</mtuSet>
<dofSet><dof><name>ankle_angle_r</name><mtuNameSet>{" ".join(units)}</mtuNameSet></dof></dofSet>
<calibrationInfo>{info}</calibrationInfo>
</subject>
"""


REAL_TIME_SUBJECT = """<?xml version="1.0" encoding="UTF-8" standalone="no" ?>
<subject>
<muscleDefault><percentageChange>0.15</percentageChange><damping>0.2</damping>
<Curve><name>activeForceLength</name><xPoints>0.4 1 1.7</xPoints><yPoints>0 1 0</yPoints></Curve>
</muscleDefault>
<muscles>
<muscle><name>soleus_r</name><C1>-0.5</C1><C2>-0.5</C2><shapeFactor>0.1</shapeFactor>
<optimalFiberLength>0.047</optimalFiberLength><pennationAngle>23.5</pennationAngle>
<tendonSlackLength>0.268</tendonSlackLength><maxIsometricForce>5120.5</maxIsometricForce>
<strengthCoefficient>1</strengthCoefficient></muscle>
<muscle><name>tib_ant_r</name><C1>-0.5</C1><C2>-0.5</C2><shapeFactor>0.1</shapeFactor>
<optimalFiberLength>0.071</optimalFiberLength><pennationAngle>11</pennationAngle>
<tendonSlackLength>0.24</tendonSlackLength><maxIsometricForce>1210</maxIsometricForce>
<strengthCoefficient>1</strengthCoefficient></muscle>
</muscles>
<DoFs><DoF><name>ankle_angle_r</name><muscleSequence>soleus_r tib_ant_r</muscleSequence></DoF></DoFs>
<Channels>
<Channel><name>SOL</name><muscleSequence>soleus_r</muscleSequence></Channel>
<Channel><name>SOL2</name><muscleSequence>soleus_r</muscleSequence></Channel>
<Channel><name>TA</name><muscleSequence>tib_ant_r</muscleSequence></Channel>
</Channels>
</subject>
"""

GENERATOR = """<excitationGenerator>
<inputSignals type="EMG">SOL TA GAS</inputSignals>
<mapping>
<excitation id="soleus_r"><input weight="1">SOL</input></excitation>
<excitation id="tib_ant_r"><input weight="0.5">TA</input><input weight="0.5">SOL</input></excitation>
<excitation id="psoas_r"/>
</mapping>
</excitationGenerator>
"""

ANNEALING = (
    "<simulatedAnnealing><noEpsilon>4</noEpsilon><rt>.3</rt><T>20000</T><NS>15</NS><NT>5</NT>"
    "<epsilon>1.E-5</epsilon><maxNoEval>200000</maxNoEval></simulatedAnnealing>"
)


def parameter_xml(
    name: str, low: float, high: float, *, kind: str = "absolute", grouping: str = "<single/>"
) -> str:
    """One `<parameter>` of a calibration."""
    return f"<parameter><name>{name}</name>{grouping}<{kind}><range>{low} {high}</range></{kind}></parameter>"


PARAMETERS = (
    parameter_xml("c1", -0.95, -0.05)
    + parameter_xml("c2", -0.95, -0.05)
    + parameter_xml("shapeFactor", -2.999, -0.001)
    + parameter_xml("tendonSlackLength", 0.9, 1.1, kind="relativeToSubjectValue")
    + parameter_xml("optimalFibreLength", 0.8, 1.2, kind="relativeToSubjectValue")
    + parameter_xml("strengthCoefficient", 0.5, 2.5)
)


def calibration_xml(
    trials: str = "walk.xml",
    *,
    dofs: Sequence[str] = ("ankle_angle_r",),
    parameters: Sequence[str] = (PARAMETERS,),
    objective: str = "<minimizeTorqueError/>",
    tendon: str = "<equilibriumElastic><tolerance>1e-6</tolerance></equilibriumElastic>",
    activation: str = "<exponential/>",
) -> str:
    """A calibration configuration; one step for each of the parameter sets."""
    steps = "".join(
        f"<step><dofs>{' '.join(dofs)}</dofs><objectiveFunction>{objective}</objectiveFunction>"
        f"<parameterSet>{each}</parameterSet></step>"
        for each in parameters
    )
    return f"""<calibration>
<algorithm>{ANNEALING}</algorithm>
<NMSmodel><type><openLoop/></type><tendon>{tendon}</tendon><activation>{activation}</activation></NMSmodel>
<calibrationSteps>{steps}</calibrationSteps>
<trialSet>{trials}</trialSet>
</calibration>
"""


TRIAL = """<inputData>
<excitationsFile>emg.sto</excitationsFile>
<muscleTendonLengthFile>lmt.sto</muscleTendonLengthFile>
<momentArmsFiles><momentArmsFile dofName="ankle_angle_r">ma_ankle.sto</momentArmsFile></momentArmsFiles>
<externalTorquesFile>id.sto</externalTorquesFile>
<motionFile>ik.mot</motionFile>
<startStopTime>0.5 0.9</startStopTime>
</inputData>
"""

HYBRID = (
    "<hybrid><alpha>1</alpha><beta>5</beta><gamma>10</gamma><dofSet>ankle_angle_r</dofSet>"
    "<synthMTUs>tib_post_r</synthMTUs><adjustMTUs>soleus_r tib_ant_r</adjustMTUs>"
    f"<algorithm>{ANNEALING}</algorithm></hybrid>"
)


def execution_xml(mode: str = HYBRID, *, tendon: str = "<stiff/>", end: str = "<offline/>") -> str:
    """An execution configuration."""
    return (
        f"<execution><NMSmodel><type>{mode}</type><tendon>{tendon}</tendon>"
        f"<activation><exponential/></activation></NMSmodel>{end}</execution>"
    )


CALIBRATION_SETUP = """<ceinmsCalibration>
<subjectFile>subject.xml</subjectFile>
<excitationGeneratorFile>generator.xml</excitationGeneratorFile>
<calibrationFile>calibration.xml</calibrationFile>
<outputSubjectFile>calibrated.xml</outputSubjectFile>
</ceinmsCalibration>
"""

EXECUTION_SETUP = """<ceinms>
<subjectFile>subject.xml</subjectFile>
<inputDataFile>walk.xml</inputDataFile>
<executionFile>execution.xml</executionFile>
<excitationGeneratorFile>generator.xml</excitationGeneratorFile>
<outputDirectory>out</outputDirectory>
</ceinms>
"""

REAL_TIME_CALIBRATION = """<simulatedAnnealing>
<osimFile>cfg/leg.osim</osimFile>
<subjectXML>cfg/data/subject.xml</subjectXML>
<dofsSpline>ankle_angle_r knee_angle_r</dofsSpline>
<computeSpline><use>false</use><numberOfNode>9</numberOfNode></computeSpline>
<calibration>
<objectiveFunction>StrengthCoefficients_ShapeFactor_TendonSlackLength_single</objectiveFunction>
<EMD>0.05</EMD>
<dofToCalibrate><dofs>ankle_angle_r</dofs></dofToCalibrate>
<trials><directory>cfg/data/</directory>
<trial><trialName>walk</trialName><cropMinTimeFromZero>0.4</cropMinTimeFromZero>
<cropMaxTimeFromZero>0.9</cropMaxTimeFromZero></trial></trials>
<option><noEpsilon>2</noEpsilon><epsilon>1.E-3</epsilon><maxNoEval>100000</maxNoEval></option>
</calibration>
</simulatedAnnealing>
"""


def leg_units(muscles: Sequence[str] = MUSCLES, **changes: str) -> dict[str, str]:
    """Muscles of the scaled leg as units of CEINMS; elements may be replaced by others."""
    from opensim_difcal.inputs.opensim_model import load_model

    model = load_model(LEG / "leg_scaled.osim")
    units = {}
    for name in muscles:
        muscle = model.getMuscles().get(name)
        values = {
            "c1": "-0.5",
            "c2": "-0.5",
            "shapeFactor": "0.1",  # outside its own bounds, as the manual has it
            "optimalFibreLength": repr(muscle.getOptimalFiberLength()),
            "pennationAngle": repr(muscle.getPennationAngleAtOptimalFiberLength()),
            "tendonSlackLength": repr(muscle.getTendonSlackLength()),
            "maxIsometricForce": repr(muscle.getMaxIsometricForce()),
            "strengthCoefficient": "1",
        } | changes
        units[name] = "".join(f"<{tag}>{text}</{tag}>" for tag, text in values.items())
    return units


def leg_generator(muscles: Sequence[str] = MUSCLES, mixes: Mapping[str, str] | None = None) -> str:
    """An excitation generator for the leg's EMG files, every muscle its own column unless told."""
    lines = (LEG / "trials" / "walk_slow_1_emg.sto").read_text().splitlines()
    columns = lines[lines.index("endheader") + 1].split()[1:]
    inputs = {name: f'<input weight="1">{name}</input>' for name in muscles} | dict(mixes or {})
    excitations = "".join(f'<excitation id="{name}">{each}</excitation>' for name, each in inputs.items())
    signals = " ".join(columns)
    return (
        f'<excitationGenerator><inputSignals type="EMG">{signals}</inputSignals><mapping>{excitations}'
        "</mapping></excitationGenerator>"
    )


def leg_trial(name: str, *, motion: bool = True, times: str = "0.4 0.7") -> str:
    """A trial of the leg, of CEINMS 0.21."""
    trials = LEG / "trials"
    coordinates = f"<motionFile>{trials / name}_ik.mot</motionFile>" if motion else ""
    range_ = f"<startStopTime>{times}</startStopTime>" if times else ""
    return (
        f"<inputData>{range_}<excitationsFile>{trials / name}_emg.sto</excitationsFile>"
        f"<externalTorquesFile>{trials / name}_id.sto</externalTorquesFile>{coordinates}</inputData>"
    )


def write_leg_folder(folder: Path, **files: str) -> Path:
    """Writes a folder of CEINMS 0.21 for the leg's ankle; returns its calibration setup.

    Args:
        folder: Is made.
        **files: Contents by file name without its ending, where they differ.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "setup": CALIBRATION_SETUP,
        "run": EXECUTION_SETUP,
        "subject": subject_xml(leg_units()),
        "generator": leg_generator(),
        "calibration": calibration_xml("trials\\walk_slow_1.xml trials\\walk_normal_1.xml"),
        "execution": execution_xml("<openLoop/>", tendon="<equilibriumElastic/>"),
        "walk": leg_trial("walk_slow_2"),
    } | files
    for name, content in contents.items():
        (folder / f"{name}.xml").write_text(content, encoding="utf-8")
    (folder / "trials").mkdir(exist_ok=True)
    for name in ("walk_slow_1", "walk_normal_1"):
        (folder / "trials" / f"{name}.xml").write_text(leg_trial(name))
    return folder / "setup.xml"
