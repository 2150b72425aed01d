"""Strains of curves, calibrated and written: from a setup to a model that OpenSim agrees with."""

import csv

import numpy as np
import opensim
import pytest
from ankle_tool import MUSCLES, ankle_tool, tiny_tool

from opensim_difcal import CurveStrainGroup, NMSExecutionTool
from opensim_difcal.inputs.muscles import read_muscles
from opensim_difcal.inputs.trial_files import ExecutionTrialFiles
from opensim_difcal.outputs.subject_file import read_subject
from opensim_difcal.physics.curve_strains import CURVE_STRAINS
from opensim_difcal.tools.calibration.inputs import input_problems
from opensim_difcal.tools.execution.subject_source import _differences

CALF = CurveStrainGroup(name="calf", muscles=("soleus_r", "med_gas_r", "lat_gas_r"))
BOUNDS = "<passive_fiber_strain_at_zero_force_bounds>"


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("strains")
    tool = ankle_tool(folder, calibrated_curve_strains=CURVE_STRAINS, curve_strain_groups=(CALF,))
    return tool, tool.run()


def test_the_written_model_has_the_calibrated_strains(outcome):
    _, done = outcome
    muscles = read_muscles(done.model, MUSCLES)
    for kind in CURVE_STRAINS:
        change = done.result.parameters[kind]
        np.testing.assert_allclose(getattr(muscles, kind).numpy(), change.final, rtol=0, atol=0)
        moved = change.final != change.initial
        assert moved.tolist() == [name in CALF.muscles for name in MUSCLES], kind


def test_opensim_agrees_with_the_stretched_curves(outcome):
    _, done = outcome
    checks = done.summary["closed_loop"]
    assert checks["reintegration_rms_max"] < 0.02
    assert checks["frame_force_error_max"] < 1e-9
    assert checks["frame_balance_error_max"] < 1e-6


def test_strains_are_reported_as_the_other_parameters_are(outcome):
    tool, done = outcome
    rows = list(csv.DictReader((tool.results_directory / "parameters.csv").read_text().splitlines()))
    assert {row["parameter"] for row in rows} > set(CURVE_STRAINS)
    subject = read_subject(tool.results_directory / "ankle_subject.xml")
    for kind in CURVE_STRAINS:
        np.testing.assert_array_equal(subject.parameters[kind].final, done.result.parameters[kind].final)
    assert done.result.strain_groups == {"calf": CALF.muscles}
    verdicts = done.result.identifiability.verdicts
    assert not any(kind in verdicts["tib_ant_r"] for kind in CURVE_STRAINS)
    assert all(kind in verdicts["soleus_r"] for kind in CURVE_STRAINS)


def test_an_execution_gives_the_calibrated_moments_again(outcome, tmp_path):
    tool, done = outcome
    files = tool.trials[-1]
    execution = NMSExecutionTool(
        name="again",
        model_file=tool.results_directory / "ankle.osim",
        subject_file=tool.results_directory / "ankle_subject.xml",
        results_directory=tmp_path,
        coordinates=tool.coordinates,
        allow_extra_columns=True,
        trials=(
            ExecutionTrialFiles(
                name=files.name,
                coordinates_file=files.coordinates_file,
                generalized_forces_file=files.generalized_forces_file,
                excitations_file=files.excitations_file,
                time_range=files.time_range,
            ),
        ),
    )
    (executed,) = execution.run().result.trials
    expected = done.result.calibrated[-1].joint_moment
    np.testing.assert_allclose(executed.prediction.joint_moment, expected, rtol=0, atol=1e-9)


def test_bounds_within_which_a_curve_need_not_rise_are_found_by_validate(tmp_path):
    tool = tiny_tool(
        tmp_path,
        calibrated_curve_strains=CURVE_STRAINS,
        passive_fiber_strain_at_zero_force_bounds=(-0.2, 0.4),
    )
    (problem,) = input_problems(tool)
    assert str(problem).startswith("med_gas_r: within their bounds")
    assert BOUNDS in str(problem)


def test_an_unknown_muscle_of_a_group_is_refused(tmp_path):
    group = CurveStrainGroup(name="calf", muscles=("soleu_r",))
    tool = tiny_tool(tmp_path, calibrated_curve_strains=CURVE_STRAINS, curve_strain_groups=(group,))
    (problem,) = input_problems(tool)
    assert str(problem) == (
        "<curve_strain_groups>/<CurveStrainGroup name='calf'>: the model has no muscle 'soleu_r'. "
        "Did you mean 'soleus_r'? Correct the name, or remove it."
    )


@pytest.mark.parametrize("muscles", [("glut_max1_r",), ()])
def test_a_group_of_which_no_muscle_takes_part_is_refused(tmp_path, muscles):
    group = CurveStrainGroup(name="hip", muscles=muscles)
    tool = tiny_tool(tmp_path, calibrated_curve_strains=CURVE_STRAINS, curve_strain_groups=(group,))
    (problem,) = input_problems(tool)
    assert str(problem) == (
        "<curve_strain_groups>/<CurveStrainGroup name='hip'>: none of its muscles takes part in the "
        "calibration. Name muscles with an excitation, or remove the group."
    )


def test_bounds_of_strains_that_stay_are_not_checked(tmp_path):
    tool = tiny_tool(
        tmp_path,
        calibrated_curve_strains=("tendon_strain_at_one_norm_force",),
        passive_fiber_strain_at_zero_force_bounds=(-0.2, 0.9),
    )
    assert input_problems(tool) == []


def test_values_that_are_not_calibrated_are_neither_counted_nor_given_an_interval(outcome):
    tool, done = outcome
    known = done.result.identifiability
    assert known.n_values == 6 * len(MUSCLES) + 3 * len(CALF.muscles)
    rows = csv.DictReader((tool.results_directory / "parameters.csv").read_text().splitlines())
    cells = {(row["muscle"], row["parameter"]): row["standard_error"] for row in rows}
    assert cells["tib_ant_r", CURVE_STRAINS[0]] == ""
    assert float(cells["soleus_r", CURVE_STRAINS[0]]) > 0.0


def test_a_model_object_with_other_curves_is_refused(outcome):
    tool, _ = outcome
    model = opensim.Model(str(tool.results_directory / "ankle.osim"))
    soleus = opensim.Millard2012EquilibriumMuscle.safeDownCast(model.getMuscles().get("soleus_r"))
    soleus.set_TendonForceLengthCurve(opensim.TendonForceLengthCurve())
    model.initSystem()
    subject = read_subject(tool.results_directory / "ankle_subject.xml")
    (difference,) = _differences(subject, model)
    assert difference.startswith("tendon_strain_at_one_norm_force of soleus_r is 0.049, calibrated was ")
