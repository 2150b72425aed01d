from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opensim_difcal.ceinms.calibration import CalibratedParameter, CalibrationStep, CEINMSCalibration
from opensim_difcal.ceinms.dialects import Dialect
from opensim_difcal.ceinms.execution import CEINMSExecution, Hybrid
from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.project import Project
from opensim_difcal.ceinms.subject import MTU, CEINMSSubject
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.tools.calibration.checks import setting_problems
from opensim_difcal.tools.ceinms.bounds import start_and_bounds
from opensim_difcal.tools.ceinms.setups import calibration_step, calibration_tool, execution_tool
from opensim_difcal.tools.ceinms.trials import ImportedTrial
from opensim_difcal.tools.execution.checks import setting_problems as execution_problems
from opensim_difcal.tools.nms_calibration_tool import NMSCalibrationTool, StrengthGroup
from opensim_difcal.tools.nms_execution_tool import NMSExecutionTool

NAMES = ("soleus", "tibialis", "psoas")
MTUS = tuple(
    MTU(
        name=name,
        c1=-0.5,
        c2=-0.5,
        shape_factor=-1.0,
        optimal_fiber_length=0.05,
        pennation_angle=0.2,
        tendon_slack_length=0.2,
        max_isometric_force=1000.0,
        strength_coefficient=1.0,
    )
    for name in NAMES
)
PROJECT = Project(
    path=Path("setup.xml"),
    subject=CEINMSSubject(
        path=Path("subject.xml"),
        dialect=Dialect.CEINMS_0_9,
        em_delay=0.03,
        percentage_change=0.15,
        damping=0.1,
        curves=(),
        mtus=MTUS,
        dofs={"ankle": NAMES},
        calibrated=None,
        channels={},
    ),
)
TRIAL = ImportedTrial(
    name="walk",
    coordinates_file=Path("/ik.mot"),
    generalized_forces_file=Path("/id.sto"),
    excitations_file=Path("/emg.sto"),
    time_range=(0.2, 0.6),
    frame_step=0.005,
    columns=("A", "B"),
)
MAP = (ExcitationChannel(name="A", muscles=("soleus",)), ExcitationChannel(name="B", muscles=("tibialis",)))


def strength(grouping: str = "single", *groups: tuple[str, ...]) -> CalibratedParameter:
    return CalibratedParameter(
        name="strengthCoefficient", grouping=grouping, groups=groups, is_relative=False, range=(0.5, 2.5)
    )


def calibration(*parameters: CalibratedParameter, **changes: Any) -> CEINMSCalibration:
    steps = tuple(
        CalibrationStep(dofs=("ankle",), parameters=(each,)) for each in parameters or (strength(),)
    )
    values = {"tendon": "integrationElastic", "activation": "exponential", "annealing": {}, "steps": steps}
    return CEINMSCalibration(path=Path("calibration.xml"), trial_files=(), **(values | changes))


def imported(
    configuration: CEINMSCalibration, trial: ImportedTrial = TRIAL, preset: str = "default", project=PROJECT
) -> tuple[NMSCalibrationTool, Notes]:
    notes = Notes()
    start = start_and_bounds(project.subject.mtus, configuration, Notes(), time_steps=(0.005, 0.005))
    tool = calibration_tool(
        project,
        configuration,
        start,
        [trial],
        MAP,
        notes,
        name="run",
        model_file=Path("/out/subject.osim"),
        delay=0.03,
        time_step=0.005,
        preset=preset,
    )
    assert setting_problems(tool) == []
    return tool, notes


def test_a_calibration_becomes_a_tool():
    annealing = {
        "noEpsilon": 3.0,
        "rt": 0.3,
        "T": 5.0,
        "NS": 7.0,
        "NT": 8.0,
        "epsilon": 1e-4,
        "maxNoEval": 9.0,
    }
    step = CalibrationStep(dofs=("ankle", "knee"), parameters=(strength(),), fiber_range=(0.6, 1.4))
    tool, notes = imported(calibration(annealing=annealing, steps=(step,)))
    assert tool.coordinates == ("ankle", "knee")
    assert tool.normalized_fiber_length_range == (0.6, 1.4)
    assert (tool.tendon, tool.elastic_tendon, tool.mode) == ("elastic", "rosenbrock", "emg_driven")
    assert (tool.n_epsilon, tool.temperature_reduction_factor, tool.initial_temperature) == (3, 0.3, 5.0)
    assert (tool.sweeps_per_adjustment, tool.adjustments_per_temperature) == (7, 8)
    assert (tool.cost_epsilon, tool.max_evaluations) == (1e-4, 9)
    assert (tool.electromechanical_delay, tool.time_step) == (0.03, 0.005)
    assert tool.excitation_map == MAP
    assert tool.allow_extra_columns is False
    assert tool.optimizer is None
    assert tool.results_directory == Path("/out/results/run")
    (trial,) = tool.trials
    assert (trial.name, trial.role, trial.time_range) == ("walk", "calibration", (0.2, 0.6))
    assert (
        "The tendon <integrationElastic> became <elastic_tendon>rosenbrock</elastic_tendon>, of all muscles."
        in (notes.of(Kind.CHOSEN))
    )


def test_the_preset_is_the_tools_own_unless_annealing_is_asked_for():
    _, notes = imported(calibration())
    assert notes.of(Kind.CHOSEN)[0] == (
        "Preset default: calibrated by gradients, in seconds. The settings of simulated annealing stand in "
        "the setup and are used with <preset>ceinms</preset> (import with --preset ceinms)."
    )
    tool, notes = imported(calibration(), preset="ceinms")
    assert tool.preset == "ceinms"
    assert notes.of(Kind.CHOSEN)[0] == (
        "Preset ceinms: simulated annealing with the settings of the file, as CEINMS has it."
    )


def test_a_reduction_factor_that_is_none_is_told():
    _, notes = imported(calibration(annealing={"rt": 1.5}))
    assert notes.of(Kind.CLAMPED) == ("calibration.xml: <rt> is 1.5, outside 0 to 1; the default was taken.",)


def test_rigid_tendons_and_the_piecewise_activation_mean_something_else():
    tool, notes = imported(calibration(tendon="stiff", activation="piecewise"))
    assert tool.tendon == "model"
    assert set(notes.of(Kind.MEANING)) == {
        "The tendon is <stiff>. Here <tendon>model</tendon> leaves every muscle the tendon that the model "
        "gives it (ignore_tendon_compliance): set that property to true in the .osim for a rigid one.",
        "The activation is <piecewise>. Here it is always exponential, with a negative shape factor.",
    }


def test_several_steps_become_one_calibration():
    tool, notes = imported(calibration(strength(), strength()))
    assert tool.coordinates == ("ankle",)
    assert any(sentence.startswith("2 steps became one calibration:") for sentence in notes.of(Kind.CHOSEN))


def test_muscle_groups_become_strength_groups():
    tool, notes = imported(calibration(strength("muscleGroups", ("soleus", "psoas"), ("tibialis", "other"))))
    assert tool.strength_groups == (
        StrengthGroup(name="strength_group_1", muscles=("soleus", "psoas")),
        StrengthGroup(name="strength_group_2", muscles=("tibialis",)),
    )
    assert notes.of(Kind.DROPPED) == (
        "calibration.xml: a strength group names other, which the subject does not have.",
    )
    tool, _ = imported(calibration(strength("global")))
    assert tool.strength_groups == (StrengthGroup(name="strength_group_1", muscles=NAMES),)


def test_a_muscle_stays_in_its_first_group():
    groups = strength("muscleGroups", ("soleus",)), strength("muscleGroups", ("soleus", "psoas"))
    tool, notes = imported(calibration(*groups))
    assert [group.muscles for group in tool.strength_groups] == [("soleus",), ("psoas",)]
    assert (
        "calibration.xml: a later step groups muscles for strength that are in a group already; they stay in "
        "the first."
    ) in notes.of(Kind.CHOSEN)


def test_groups_with_different_starts_share_a_factor():
    mtus = (replace(MTUS[0], strength_coefficient=1.2), *MTUS[1:])
    project = replace(PROJECT, subject=replace(PROJECT.subject, mtus=mtus))
    _, notes = imported(calibration(strength("global")), project=project)
    assert notes.of(Kind.MEANING) == (
        "Muscles of a strength group start with different strength coefficients. CEINMS gives all of them "
        "the first one's; here they share a factor on their own.",
    )


def test_columns_that_drive_nothing_are_allowed_where_there_are_some():
    tool, _ = imported(calibration(), trial=replace(TRIAL, columns=("A", "B", "C")))
    assert tool.allow_extra_columns is True


def test_what_a_trial_lacks_is_the_placeholder():
    tool, _ = imported(
        calibration(), trial=replace(TRIAL, generalized_forces_file=None, excitations_file=None)
    )
    assert tool.trials[0].generalized_forces_file == Path("/out/FILL_IN")
    assert tool.trials[0].excitations_file == Path("/out/FILL_IN")


@pytest.mark.parametrize(
    ("frame", "step"),
    [(0.005, 0.005), (0.01, 0.005), (0.004, 0.004), (0.001, 0.005), (1 / 60, 1 / 240), (0.003, 0.003)],
)
def test_the_time_step_is_a_fraction_or_a_multiple_of_the_frames(frame, step):
    assert calibration_step(frame) == pytest.approx(step)


def executed(
    hybrid: Hybrid | None, tendon: str = "stiff", driven: tuple[str, ...] = ("soleus", "tibialis")
) -> tuple[NMSExecutionTool, Notes]:
    notes = Notes()
    execution = CEINMSExecution(
        path=Path("execution.xml"), hybrid=hybrid, dofs=(), tendon=tendon, activation="exponential"
    )
    tool = execution_tool(
        PROJECT,
        execution,
        [TRIAL],
        MAP,
        notes,
        name="run",
        model_file=Path("/out/subject.osim"),
        coordinates=("ankle",),
        crossing=("soleus", "tibialis", "psoas", "gastrocnemius"),
        driven=driven,
    )
    assert execution_problems(tool) == []
    return tool, notes


def hybrid(synthesized: tuple[str, ...], adjusted: tuple[str, ...], gamma: float = 10.0) -> Hybrid:
    return Hybrid(alpha=1.0, beta=5.0, gamma=gamma, synthesized=synthesized, adjusted=adjusted)


def test_an_open_loop_stays_one():
    tool, notes = executed(None)
    assert (tool.mode, tool.tendon) == ("open_loop", "rigid")
    assert tool.subject_file == Path("/out/subject_subject.xml")
    assert notes.of(Kind.CHOSEN) == ("The tendon <stiff> became <tendon>rigid</tendon>, of all muscles.",)
    assert executed(None, tendon="equilibriumElastic")[0].tendon == "elastic"


def test_a_hybrid_with_muscles_to_synthesize_and_to_adjust():
    tool, notes = executed(hybrid(("psoas", "gluteus"), ("soleus", "tibialis")))
    assert (tool.mode, tool.moment_error) == ("emg_hybrid", "raw")
    assert (tool.alpha, tool.beta, tool.gamma) == (1.0, 5.0, 10.0)
    assert (tool.synthesized_muscles, tool.adjusted_muscles) == (("psoas",), ("soleus", "tibialis"))
    assert notes.of(Kind.DROPPED) == (
        "<synthMTUs> gluteus: muscles that cross none of the degrees of freedom.",
    )
    assert notes.of(Kind.MEANING) == (
        "gamma weighs absolute changes of excitations in CEINMS, squared ones here; alpha, beta and gamma "
        "were taken as they are. What they mean is best seen in the report of a run.",
    )


def test_muscles_to_adjust_alone_are_assisted():
    tool, notes = executed(hybrid((), ("soleus", "psoas"), gamma=0.0))
    assert (tool.mode, tool.adjusted_muscles, tool.gamma) == ("emg_assisted", ("soleus",), 1e-6)
    assert notes.of(Kind.CLAMPED) == ("gamma is 0; here it is 1e-06, which has to be above 0.",)
    assert notes.of(Kind.DROPPED) == ("<adjustMTUs> psoas: they have no excitation that could be adjusted.",)


def test_all_muscles_to_synthesize_are_static_optimization():
    tool, notes = executed(hybrid(NAMES, ()), driven=())
    assert (tool.mode, tool.activation_dynamics) == ("static_optimization", True)
    assert "No muscle is adjusted and all are synthesized: mode static_optimization." in notes.of(Kind.CHOSEN)


def test_nothing_to_adjust_holds_the_recorded_ones():
    tool, notes = executed(hybrid(("psoas",), ()))
    assert (tool.mode, tool.gamma, tool.adjusted_muscles) == ("emg_hybrid", 1000.0, ())
    assert (
        "No muscle is adjusted, and mode emg_hybrid always adjusts: gamma is 1000, so that recorded "
        "excitations stay as they are."
    ) in notes.of(Kind.MEANING)
