import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import opensim
import pytest
from ankle_tool import LEG, MUSCLES
from ceinms_strategies import SUBJECTS, subject_of
from hypothesis import given, settings
from scipy.interpolate import CubicSpline
from two_segments import arm_model, initialized

from opensim_difcal.ceinms.excitation_generator import read_excitation_generator
from opensim_difcal.ceinms.notes import Notes
from opensim_difcal.ceinms.schema import subject_faults
from opensim_difcal.ceinms.subject import CEINMSSubject
from opensim_difcal.ceinms.subject_reader import read_subject as read_ceinms
from opensim_difcal.ceinms.writer import subject_text
from opensim_difcal.errors import CEINMSFileError, ModelError
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.outputs.subject import Subject
from opensim_difcal.outputs.subject_file import read_subject, write_subject
from opensim_difcal.tools.ceinms.exporting import ExportOutcome, export_ceinms
from opensim_difcal.tools.ceinms.importing import import_ceinms

pytestmark = pytest.mark.opensim


def exported(folder: Path, output: Path, **options) -> ExportOutcome:
    return export_ceinms(folder / "ankle.osim", folder / "ankle_subject.xml", output, **options)


def read_back(path: Path) -> CEINMSSubject:
    assert subject_faults(path.read_bytes()) == []
    return read_ceinms(path, Notes())


@pytest.fixture(scope="module")
def sidecar(calibrated_ankle) -> Subject:
    return read_subject(calibrated_ankle / "ankle_subject.xml")


def test_a_calibrated_subject_fits_the_schema_and_has_our_numbers_exactly(
    calibrated_ankle, sidecar, tmp_path
):
    exported(calibrated_ankle, tmp_path / "s.xml")
    subject = read_back(tmp_path / "s.xml")
    assert subject.names == sidecar.muscle_names
    for name in ("c1", "c2", "shape_factor", "optimal_fiber_length", "tendon_slack_length"):
        assert [getattr(mtu, name) for mtu in subject.mtus] == sidecar.parameters[name].final.tolist()
    force = sidecar.parameters["max_isometric_force"]
    assert [mtu.effective_force for mtu in subject.mtus] == force.final.tolist()
    assert [mtu.max_isometric_force for mtu in subject.mtus] == force.initial.tolist()
    assert subject.em_delay == sidecar.electromechanical_delay
    assert subject.exported_time_step == sidecar.time_step
    assert subject.dofs == {"ankle_angle_r": MUSCLES}
    model = load_model(calibrated_ankle / "ankle.osim")
    for mtu in subject.mtus:
        muscle = model.getMuscles().get(mtu.name)
        assert mtu.pennation_angle == muscle.getPennationAngleAtOptimalFiberLength()
        assert mtu.max_contraction_velocity == muscle.getMaxContractionVelocity()


def test_the_note_says_what_means_something_else(calibrated_ankle, tmp_path):
    exported(calibrated_ankle, tmp_path / "s.xml")
    text = (tmp_path / "s.xml").read_text()
    assert "c1 and c2 belong to a time step of 0.005 s" in text
    assert "optimalFibreLength was calibrated with muscles whose optimal fiber length does not depend" in text
    subject = read_back(tmp_path / "s.xml")
    assert subject.percentage_change == 0.0
    assert subject.calibrated is not None
    assert subject.calibrated.start_subject_file == "leg_scaled.osim"
    assert subject.calibrated.calibration_sequence == (
        "c1_c2_time_step=0.005",
        "optimalFibreLength=Millard",
        "see_the_comment_of_this_file",
        "opensim_difcal",
    )


def test_curves_are_the_models_own_within_a_thousandth_whatever_spline_runs_through_them(
    calibrated_ankle, tmp_path
):
    exported(calibrated_ankle, tmp_path / "s.xml")
    curves = {curve.name: curve for curve in read_back(tmp_path / "s.xml").curves}
    model = load_model(calibrated_ankle / "ankle.osim")
    muscle = opensim.Millard2012EquilibriumMuscle.safeDownCast(model.getMuscles().get("soleus_r"))
    own = {
        "activeForceLength": (muscle.getActiveForceLengthCurve(), np.linspace(0.3, 1.95, 400), 0.0),
        "passiveForceLength": (muscle.getFiberForceLengthCurve(), np.linspace(0.6, 1.9, 400), 0.0),
        "forceVelocity": (muscle.getForceVelocityCurve(), np.linspace(-0.99, 0.99, 400), 0.0),
        "tendonForceStrain": (muscle.getTendonForceLengthCurve(), np.linspace(0.0, 0.09, 400), 1.0),
    }
    assert set(curves) == set(own)
    for name, (curve, x, shift) in own.items():
        expected = np.array([curve.calcValue(value + shift) for value in x])
        assert np.abs(np.interp(x, curves[name].x, curves[name].y) - expected).max() < 3e-3
        spline = CubicSpline(curves[name].x, curves[name].y, bc_type="natural")
        assert np.abs(spline(x) - expected).max() < 1e-3
        assert min(curves[name].y) == 0.0


def test_another_time_step_converts_the_filters_and_the_delay(calibrated_ankle, sidecar, tmp_path):
    outcome = exported(calibrated_ankle, tmp_path / "s.xml", time_step=0.01)
    subject = read_back(tmp_path / "s.xml")
    assert subject.exported_time_step == 0.01
    c1 = sidecar.parameters["c1"].final
    assert [mtu.c1 for mtu in subject.mtus] == pytest.approx(-((-c1) ** 2.0))
    poles = [(-sidecar.parameters[name].final, 0.005) for name in ("c1", "c2")]
    mean = np.sum([h * p / (1 - p) - 2 * h * p**2 / (1 - p**2) for p, h in poles], axis=0).mean()
    assert subject.em_delay == pytest.approx(sidecar.electromechanical_delay + mean)
    assert outcome.notes[0].startswith("c1 and c2 were converted from a time step of 0.005 s to 0.01 s.")


def test_the_excitation_map_is_written_too(calibrated_ankle, tmp_path):
    outcome = exported(
        calibrated_ankle, tmp_path / "s.xml", excitation_generator_file=tmp_path / "deep" / "g.xml"
    )
    generator = read_excitation_generator(tmp_path / "deep" / "g.xml", Notes())
    assert generator.input_signals == MUSCLES
    assert generator.mapping == {name: {name: 1.0} for name in MUSCLES}
    assert outcome.files == (tmp_path / "s.xml", tmp_path / "deep" / "g.xml")
    assert outcome.notes[-1] == (
        f"{tmp_path / 'deep' / 'g.xml'}: <inputSignals> have to be in the order of the EMG file's columns; "
        "CEINMS goes by it."
    )


def test_muscles_of_several_channels_get_their_mean_and_unmapped_columns_are_muscles(
    calibrated_ankle, sidecar, tmp_path
):
    channels = (
        ExcitationChannel(name="A", muscles=("soleus_r",)),
        ExcitationChannel(name="B", muscles=("soleus_r", "tib_ant_r")),
    )
    mapping = written_generator(calibrated_ankle, replace(sidecar, excitation_map=channels), tmp_path)
    assert mapping["soleus_r"] == {"A": 0.5, "B": 0.5}
    assert mapping["tib_ant_r"] == {"B": 1.0}
    assert mapping["med_gas_r"] == {}
    mapping = written_generator(calibrated_ankle, replace(sidecar, excitation_map=()), tmp_path)
    assert mapping["med_gas_r"] == {"med_gas_r": 1.0}


def written_generator(folder: Path, subject: Subject, tmp_path: Path) -> dict[str, dict[str, float]]:
    write_subject(tmp_path / "side.xml", subject)
    export_ceinms(
        folder / "ankle.osim",
        tmp_path / "side.xml",
        tmp_path / "s.xml",
        excitation_generator_file=tmp_path / "g.xml",
    )
    return {
        name: dict(mix)
        for name, mix in read_excitation_generator(tmp_path / "g.xml", Notes()).mapping.items()
    }


def test_a_force_that_no_coefficient_gives_is_written_whole(calibrated_ankle, sidecar, tmp_path):
    force = sidecar.parameters["max_isometric_force"]
    odd = replace(force, initial=np.full(len(MUSCLES), 3e-320))  # so small that quotients overflow
    subject = replace(sidecar, parameters=dict(sidecar.parameters) | {"max_isometric_force": odd})
    write_subject(tmp_path / "side.xml", subject)
    with np.errstate(all="ignore"):
        export_ceinms(calibrated_ankle / "ankle.osim", tmp_path / "side.xml", tmp_path / "s.xml")
    mtus = read_back(tmp_path / "s.xml").mtus
    assert [mtu.max_isometric_force for mtu in mtus] == force.final.tolist()
    assert {mtu.strength_coefficient for mtu in mtus} == {1.0}


def test_differences_between_muscles_that_ceinms_cannot_hold_are_told(calibrated_ankle, tmp_path):
    model = load_model(calibrated_ankle / "ankle.osim")
    muscle = opensim.Millard2012EquilibriumMuscle.safeDownCast(model.getMuscles().get("soleus_r"))
    muscle.set_fiber_damping(0.05)
    muscle.upd_TendonForceLengthCurve().set_strain_at_one_norm_force(0.07)
    model.finalizeConnections()
    model.printToXML(str(tmp_path / "changed.osim"))
    outcome = export_ceinms(
        tmp_path / "changed.osim",
        calibrated_ankle / "ankle_subject.xml",
        tmp_path / "s.xml",
        allow_changed_model=True,
    )
    assert "CEINMS 0.9 has one damping for all muscles: 0.01, which 4 of 5 muscles have." in outcome.notes
    assert (
        "CEINMS 0.9 has one tendonForceStrain curve for all muscles: that of 4 of 5 was written; another has "
        "soleus_r."
    ) in outcome.notes
    with pytest.raises(ModelError, match="belongs to another model"):
        export_ceinms(tmp_path / "changed.osim", calibrated_ankle / "ankle_subject.xml", tmp_path / "s.xml")


def test_paths_that_cannot_be_written_are_refused(calibrated_ankle, tmp_path):
    sidecar = calibrated_ankle / "ankle_subject.xml"
    for output, options, message in (
        (sidecar, {}, f"{sidecar}: is read by the export. Choose another name for what it writes."),
        (tmp_path, {}, f"{tmp_path}: is a folder; expected the name of a file to write."),
        (
            tmp_path / "s.xml",
            {"excitation_generator_file": tmp_path / "s.xml"},
            f"{tmp_path / 's.xml'}: is named for both files. Choose two names.",
        ),
    ):
        with pytest.raises(CEINMSFileError, match=re.escape(message)):
            exported(calibrated_ankle, output, **options)
    with pytest.raises(CEINMSFileError, match=r"--time-step is 0\.0; expected a number of seconds above 0\."):
        exported(calibrated_ankle, tmp_path / "s.xml", time_step=0.0)
    assert list(tmp_path.iterdir()) == []


def test_ours_to_ceinms_and_back_leaves_every_number_and_the_model_as_they_are(
    calibrated_ankle, sidecar, tmp_path
):
    exported(calibrated_ankle, tmp_path / "ankle.xml")
    import_ceinms(tmp_path / "ankle.xml", model_file=LEG / "leg_scaled.osim", output=tmp_path / "out")
    assert (tmp_path / "out" / "ankle.osim").read_bytes() == (calibrated_ankle / "ankle.osim").read_bytes()
    back = read_subject(tmp_path / "out" / "ankle_subject.xml")
    for name, change in sidecar.parameters.items():
        assert back.parameters[name].final.tolist() == change.final.tolist(), name
    force = sidecar.parameters["max_isometric_force"]
    assert back.parameters["max_isometric_force"].initial.tolist() == force.initial.tolist()
    assert back.time_step == sidecar.time_step
    assert back.electromechanical_delay == sidecar.electromechanical_delay
    assert back.model_sha256 == sidecar.model_sha256
    export_ceinms(
        tmp_path / "out" / "ankle.osim", tmp_path / "out" / "ankle_subject.xml", tmp_path / "again.xml"
    )
    again, first = read_back(tmp_path / "again.xml"), read_back(tmp_path / "ankle.xml")
    assert (again.mtus, again.curves, again.dofs) == (first.mtus, first.curves, first.dofs)
    assert again.percentage_change == 0.0


@pytest.fixture(scope="module")
def arm(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("arm")
    initialized(arm_model()).printToXML(str(folder / "arm.osim"))
    return folder


@given(drawn=SUBJECTS)
@settings(max_examples=12, deadline=None)
def test_ceinms_to_ours_and_back_leaves_every_number_as_it_is(arm, drawn):
    mtus = [
        unit | {"name": name} for unit, name in zip(drawn["mtus"], ("flexor", "long_flexor"), strict=False)
    ]
    drawn = drawn | {"mtus": mtus, "dofs": {"elbow": set(range(len(mtus)))}}
    subject = subject_of(drawn)
    (arm / "s.xml").write_text(subject_text(subject, "drawn"))
    import_ceinms(arm / "s.xml", model_file=arm / "arm.osim", output=arm / "out", time_step=0.004)
    export_ceinms(arm / "out" / "s.osim", arm / "out" / "s_subject.xml", arm / "back.xml")
    back = read_back(arm / "back.xml")
    model = load_model(arm / "arm.osim")
    expected = [
        replace(
            mtu,
            pennation_angle=model.getMuscles().get(mtu.name).getPennationAngleAtOptimalFiberLength(),
            max_contraction_velocity=model.getMuscles().get(mtu.name).getMaxContractionVelocity(),
        )
        for mtu in subject.mtus
    ]
    assert list(back.mtus) == expected
    assert back.em_delay == subject.em_delay
    assert back.percentage_change == subject.percentage_change
    assert back.exported_time_step == 0.004
    assert back.dofs == subject.dofs
