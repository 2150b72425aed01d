import logging
import re
import shutil
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import opensim
import pytest
from ankle_tool import LEG, MUSCLES
from ceinms_files import (
    CALIBRATED,
    EXECUTION_SETUP,
    REAL_TIME_CALIBRATION,
    REAL_TIME_SUBJECT,
    calibration_xml,
    execution_xml,
    leg_generator,
    leg_trial,
    leg_units,
    parameter_xml,
    subject_xml,
    write_leg_folder,
)
from ceinms_mutations import mutated
from hypothesis import given, settings
from hypothesis import strategies as st
from two_segments import arm_model, initialized

from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.trial import CEINMSTrial
from opensim_difcal.cli import main
from opensim_difcal.errors import CEINMSFileError, DifcalError, ModelError, Problems, StorageFileError
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.outputs.subject_file import read_subject
from opensim_difcal.setup_file import read_setup, read_what_can_be_read
from opensim_difcal.tools import registry
from opensim_difcal.tools.ceinms.importing import ImportOutcome, import_ceinms
from opensim_difcal.tools.ceinms.trials import TrialImport

pytestmark = pytest.mark.opensim

MODEL = LEG / "leg_scaled.osim"


def imported(source: Path, output: Path, model_file: Path = MODEL, **options: Any) -> ImportOutcome:
    return import_ceinms(source, model_file=model_file, output=output, **options)


@pytest.fixture(autouse=True)
def _package_logger():
    """Puts the package's logger back as it was before a command."""
    logger = logging.getLogger("opensim_difcal")
    before = logger.handlers, logger.propagate, logger.level
    yield
    logger.handlers, logger.propagate = before[:2]
    logger.setLevel(before[2])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder of CEINMS 0.21 for the leg's ankle, imported into `out`."""
    folder = tmp_path_factory.mktemp("ceinms")
    imported(write_leg_folder(folder), folder / "out")
    return folder


def test_a_calibration_becomes_a_model_a_setup_and_a_report(folder):
    assert sorted(path.name for path in (folder / "out").iterdir()) == [
        "import_report.md",
        "subject.osim",
        "subject_calibration.xml",
    ]
    tool = read_setup(folder / "out" / "subject_calibration.xml", registry.TOOLS)
    assert tool.model_file == folder / "out" / "subject.osim"
    assert [trial.name for trial in tool.trials] == ["walk_slow_1", "walk_normal_1"]
    assert [trial.time_range for trial in tool.trials] == [(0.4, 0.7)] * 2
    assert tool.coordinates == ("ankle_angle_r",)
    assert {channel.name for channel in tool.excitation_map} == set(MUSCLES)
    assert tool.allow_extra_columns is True
    assert tool.time_step == 0.005
    assert tool.initial_c1 == pytest.approx(-(0.5**0.5))
    assert tool.problems() == []


def test_the_report_tells_what_was_read_clamped_and_converted(folder):
    text = (folder / "out" / "import_report.md").read_text()
    assert f"- {folder / 'subject.xml'}\n" in text
    assert "- shapeFactor starts at 0.1, outside its own bounds -2.999 to -0.001." in text
    assert "the path 'trials\\walk_slow_1.xml' was read with / instead of \\." in text
    assert "percentageChange" in text
    for heading in ("Files that were read", "Values that were clamped", "What means something else here"):
        assert f"## {heading}\n" in text


def test_the_given_model_stays_and_the_new_one_differs_in_the_subjects_numbers_alone(tmp_path):
    before = MODEL.read_bytes()
    units = leg_units(optimalFibreLength="0.0601", tendonSlackLength="0.25", strengthCoefficient="1.5")
    source = tmp_path / "s.xml"
    source.write_text(subject_xml(units))
    outcome = imported(source, tmp_path / "out")
    assert MODEL.read_bytes() == before
    assert outcome.files[-1] == tmp_path / "out" / "s.osim"
    lines = before.decode().splitlines()
    changed = [
        new.strip()
        for old, new in zip(lines, outcome.files[-1].read_text().splitlines(), strict=True)
        if old != new
    ]
    assert len(changed) == 3 * len(MUSCLES)
    assert changed.count("<optimal_fiber_length>0.0601</optimal_fiber_length>") == len(MUSCLES)
    model, given = load_model(outcome.files[-1]), load_model(MODEL)
    force = given.getMuscles().get("soleus_r").getMaxIsometricForce()
    assert model.getMuscles().get("soleus_r").getMaxIsometricForce() == force * 1.5
    sentence = next(each for each in outcome.notes.of(Kind.CHOSEN) if "left as they are" in each)
    assert sentence.startswith(
        "16 muscles of the model are not in the subject and were left as they are: glut_max1_r"
    )


def test_an_uncalibrated_subject_alone_has_no_sidecar(tmp_path):
    source = tmp_path / "s.xml"
    source.write_text(subject_xml(leg_units()))
    outcome = imported(source, tmp_path / "out")
    assert [path.name for path in outcome.files] == ["import_report.md", "s.osim"]
    assert (
        "s.xml is not calibrated, so no sidecar (_subject.xml) was written, which only an execution needs."
        in (outcome.notes.of(Kind.CHOSEN))
    )


def test_a_calibrated_subject_alone_has_a_sidecar_and_its_step_is_a_guess_unless_given(tmp_path):
    source = tmp_path / "s.xml"
    source.write_text(subject_xml(leg_units(shapeFactor="-1.25"), info=CALIBRATED))
    outcome = imported(source, tmp_path / "out")
    assert outcome.notes.of(Kind.MISSING) == (
        "c1 and c2 of the subject belong to a time step of 0.005 s, A GUESS: no file tells. Import again "
        "with --time-step and the step of your muscle-tendon lengths, in seconds.",
    )
    side = read_subject(tmp_path / "out" / "s_subject.xml")
    assert side.parameters["shape_factor"].final.tolist() == [-1.25] * len(MUSCLES)
    assert side.electromechanical_delay == 0.03
    assert side.muscle_tendon_length_ranges == {}
    assert not side.parameters["c1"].at_bound.any()
    imported(source, tmp_path / "out", time_step=0.008)
    assert read_subject(tmp_path / "out" / "s_subject.xml").time_step == 0.008


def test_a_step_that_is_too_long_for_tendons_is_converted(tmp_path):
    source = tmp_path / "s.xml"
    source.write_text(subject_xml(leg_units(shapeFactor="-1.25"), info=CALIBRATED))
    outcome = imported(source, tmp_path / "out", time_step=0.04)
    side = read_subject(tmp_path / "out" / "s_subject.xml")
    assert side.time_step == 0.02
    assert side.parameters["c1"].final == pytest.approx(-(0.5**0.5))
    assert (
        "c1 and c2 belong to 0.04 s, longer than the 0.02 s with which tendons are resolved; every c became "
        "-(-c)^0.5, which belongs to 0.02 s."
    ) in outcome.notes.of(Kind.CONVERTED)


def test_activation_that_cannot_be_run_is_clamped_and_told(tmp_path):
    source = tmp_path / "s.xml"
    source.write_text(subject_xml(leg_units(c1="0.769"), info=CALIBRATED))
    notes = imported(source, tmp_path / "out").notes
    side = read_subject(tmp_path / "out" / "s_subject.xml")
    assert set(side.parameters["c1"].final) == {-0.001}
    assert set(side.parameters["shape_factor"].final) == {-0.001}
    assert (
        "c1 of soleus_r is 0.769; it became -0.001, since only poles -c1 between 0 and 1 stand for a time "
        "constant."
    ) in notes.of(Kind.CLAMPED)
    assert (
        "shapeFactor of soleus_r is 0.1, which belongs to the piecewise activation; it became -0.001, with "
        "which activation is excitation nearly."
    ) in notes.of(Kind.CLAMPED)


def test_an_execution_becomes_a_setup_that_validates(tmp_path):
    write_leg_folder(tmp_path)
    imported(tmp_path / "run.xml", tmp_path / "out")
    tool = read_setup(tmp_path / "out" / "subject_execution.xml", registry.TOOLS)
    assert tool.mode == "open_loop"
    assert tool.tendon == "elastic"
    assert tool.problems() == []


def test_a_hybrid_leaves_out_the_emg_of_muscles_that_are_synthesized(tmp_path):
    hybrid = (
        "<hybrid><alpha>1</alpha><beta>2</beta><gamma>3</gamma><synthMTUs>tib_post_r</synthMTUs>"
        "<adjustMTUs>soleus_r tib_ant_r med_gas_r lat_gas_r</adjustMTUs></hybrid>"
    )
    write_leg_folder(tmp_path, execution=execution_xml(hybrid))
    outcome = imported(tmp_path / "run.xml", tmp_path / "out")
    tool = read_setup(tmp_path / "out" / "subject_execution.xml", registry.TOOLS)
    assert (tool.mode, tool.synthesized_muscles) == ("emg_hybrid", ("tib_post_r",))
    assert "tib_post_r" not in {channel.name for channel in tool.excitation_map}
    assert tool.problems() == []
    assert "<synthMTUs> tib_post_r: their recorded excitations are not used, as in CEINMS." in (
        outcome.notes.of(Kind.CHOSEN)
    )


def test_unequal_weights_are_summed_beforehand_and_the_setup_validates(tmp_path):
    mixes = {"soleus_r": '<input weight="0.7">soleus_r</input><input weight="0.2">med_gas_r</input>'}
    source = write_leg_folder(tmp_path, generator=leg_generator(mixes=mixes))
    imported(source, tmp_path / "out")
    tool = read_setup(tmp_path / "out" / "subject_calibration.xml", registry.TOOLS)
    assert tool.excitation_map == ()
    assert tool.problems() == []
    recorded = read_storage(LEG / "trials" / "walk_slow_1_emg.sto")
    summed = read_storage(tool.trials[0].excitations_file)
    expected = 0.7 * recorded.column("soleus_r") + 0.2 * recorded.column("med_gas_r")
    np.testing.assert_array_equal(summed.column("soleus_r"), expected)
    assert summed.labels == MUSCLES


def test_without_coordinates_validate_says_exactly_what_is_missing(tmp_path, capsys):
    source = write_leg_folder(tmp_path)
    (tmp_path / "trials" / "walk_slow_1.xml").write_text(leg_trial("walk_slow_1", motion=False))
    arguments = ["import-ceinms", str(source), "--model", str(MODEL), "--output", str(tmp_path / "out")]
    assert main(arguments) == 0
    assert "What is missing: Trial 'walk_slow_1' names no coordinates" in capsys.readouterr().out
    setup = tmp_path / "out" / "subject_calibration.xml"
    assert main(["validate", str(setup)]) == 1
    assert capsys.readouterr().err == (
        f"[error] {setup}: <trials>/<Trial name='walk_slow_1'>/<coordinates_file> still holds the template's "
        "'FILL_IN'; expected a path. Coordinates (inverse kinematics), .mot or .sto.\n"
    )
    coordinates = LEG / "trials" / "walk_slow_1_ik.mot"
    assert main([*arguments, "--coordinates-file", f"walk_slow_1.xml={coordinates}"]) == 0
    assert main(["validate", str(setup)]) == 0


def test_a_trial_without_any_file_leaves_its_times_to_the_user(tmp_path):
    source = write_leg_folder(tmp_path)
    (tmp_path / "trials" / "walk_slow_1.xml").write_text("<inputData/>")
    imported(source, tmp_path / "out")
    setup = tmp_path / "out" / "subject_calibration.xml"
    assert "<time_range>FILL_IN FILL_IN</time_range>" in setup.read_text()
    with pytest.raises(Problems) as caught:
        read_setup(setup, registry.TOOLS)
    assert len(caught.value.errors) == 4  # three files and the times


def test_a_configuration_of_ceinms_rt_is_imported(tmp_path):
    data = tmp_path / "cfg" / "data" / "walk"
    data.mkdir(parents=True)
    subject = REAL_TIME_SUBJECT.replace("<name>SOL</name>", "<name>soleus_r</name>")
    subject = subject.replace("<name>SOL2</name>", "<name>med_gas_r</name>").replace(
        "<name>TA</name>", "<name>tib_ant_r</name>"
    )
    (tmp_path / "cfg" / "data" / "subject.xml").write_text(subject)
    for ending, name in (("emg.sto", "emg"), ("id.sto", "id"), ("ik.mot", "ik")):
        content = (LEG / "trials" / f"walk_slow_1_{ending}").read_bytes()
        (data / f"{name}.sto").write_bytes(content)
    source = tmp_path / "cfg" / "calibration.xml"
    source.write_text(REAL_TIME_CALIBRATION)
    outcome = imported(source, tmp_path / "out")
    tool = read_setup(tmp_path / "out" / "subject_calibration.xml", registry.TOOLS)
    assert tool.electromechanical_delay == 0.05
    assert tool.trials[0].time_range == (0.4, 0.9)
    assert {channel.name: channel.muscles for channel in tool.excitation_map} == {
        "soleus_r": ("soleus_r",),
        "med_gas_r": ("soleus_r",),
        "tib_ant_r": ("tib_ant_r",),
    }
    assert tool.c1_bounds == (pytest.approx(-0.7082, abs=1e-3), pytest.approx(-0.7062, abs=1e-3))
    assert tool.problems() == []
    assert any("CEINMS-RT has its bounds in its code" in each for each in outcome.notes.of(Kind.CHOSEN))


def test_a_model_with_thelen_muscles_is_converted_on_request_only(tmp_path):
    model = arm_model()
    forces = model.updForceSet()
    forces.remove(forces.getIndex("flexor"))
    thelen = opensim.Thelen2003Muscle("flexor", 100.0, 0.1, 0.2, 0.0)
    thelen.addNewPathPoint("origin", model.getGround(), opensim.Vec3(0, 0.2, 0))
    thelen.addNewPathPoint("insertion", model.getBodySet().get("elbow_body"), opensim.Vec3(0.1, 0, 0))
    model.addForce(thelen)
    initialized(model).printToXML(str(tmp_path / "arm.osim"))
    source = tmp_path / "s.xml"
    source.write_text(subject_xml({"flexor": leg_units(["soleus_r"])["soleus_r"]}))
    with pytest.raises(ModelError, match="muscle 'flexor' is a <Thelen2003Muscle>"):
        imported(source, tmp_path / "out", model_file=tmp_path / "arm.osim")
    assert not list((tmp_path / "out").iterdir())
    outcome = imported(
        source, tmp_path / "out", model_file=tmp_path / "arm.osim", convert_thelen_muscles=True
    )
    converted = load_model(outcome.files[-1])
    assert converted.getMuscles().get("flexor").getConcreteClassName() == "Millard2012EquilibriumMuscle"


def test_muscles_and_degrees_of_freedom_that_the_model_lacks_are_refused(tmp_path):
    units = leg_units(["soleus_r"])
    source = write_leg_folder(
        tmp_path,
        subject=subject_xml({"soleus_l": units["soleus_r"]}),
        generator=leg_generator(["soleus_l"], {"soleus_l": ""}),
        calibration=calibration_xml("trials/walk_slow_1.xml", dofs=("ankle_angle_l",)),
    )
    with pytest.raises(Problems) as caught:
        imported(source, tmp_path / "out")
    first, second = (str(error) for error in caught.value.errors)
    assert first.startswith(
        f"{tmp_path / 'subject.xml'}: muscle-tendon unit 'soleus_l' is no muscle of {MODEL}. Did you mean "
        "'soleus_r'? The muscles are 'bifemlh_r', "
    )
    assert first.endswith("Give the model that the subject was made from.")
    assert second == (
        f"{source}: degree of freedom 'ankle_angle_l' is no coordinate of {MODEL}. Did you mean "
        "'ankle_angle_r'? The coordinates are 'ankle_angle_r', 'hip_flexion_r', 'knee_angle_r'. Give the "
        "model that the files were made from."
    )
    assert not (tmp_path / "out").exists()


def test_what_is_read_is_not_written_over(tmp_path):
    source = tmp_path / "leg.xml"
    source.write_text(subject_xml(leg_units()))
    (tmp_path / "leg.osim").write_bytes(MODEL.read_bytes())
    expected = re.escape(
        f"--output: the import would write leg.osim over {tmp_path / 'leg.osim'}, which it reads. Choose "
        "another folder."
    )
    with pytest.raises(CEINMSFileError, match=expected):
        imported(source, tmp_path, model_file=tmp_path / "leg.osim")
    assert (tmp_path / "leg.osim").read_bytes() == MODEL.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["leg.osim", "leg.xml"]


def test_an_import_that_fails_leaves_earlier_files_as_they_were(folder, tmp_path):
    source = write_leg_folder(tmp_path)
    imported(source, tmp_path / "out")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    write_leg_folder(
        tmp_path, generator=leg_generator(mixes={"soleus_r": '<input weight="2">soleus_r</input>'})
    )
    trial = leg_trial("walk_slow_1").replace("_emg.sto", "_id.sto")
    (tmp_path / "trials" / "walk_slow_1.xml").write_text(trial)
    with pytest.raises(StorageFileError, match="walk_slow_1_id.sto: no column"):
        imported(source, tmp_path / "out")
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before


def test_a_time_step_that_is_none_is_refused(folder):
    with pytest.raises(
        CEINMSFileError, match=r"--time-step is -1\.0; expected a number of seconds above 0\."
    ):
        imported(folder / "setup.xml", folder / "other", time_step=-1.0)


def test_trials_with_different_frames_are_told(tmp_path):
    source = write_leg_folder(tmp_path)
    table = read_storage(LEG / "trials" / "walk_slow_1_ik.mot")
    lines = (LEG / "trials" / "walk_slow_1_ik.mot").read_text().splitlines()
    begin = lines.index("endheader") + 2
    kept = [*lines[:begin], *lines[begin::2]]
    text = "\n".join(kept).replace(f"nRows={len(table.time)}", f"nRows={len(kept) - begin}") + "\n"
    (tmp_path / "ik.mot").write_text(text)
    outcome = imported(source, tmp_path / "out", coordinates_files={"walk_normal_1": tmp_path / "ik.mot"})
    assert (
        "Trials have frames every 0.01 to 0.02 s. In CEINMS the same c1 and c2 mean other time constants for "
        "each; here they mean the same."
    ) in outcome.notes.of(Kind.MEANING)


def test_what_the_subject_means_differently_is_told(tmp_path):
    units = leg_units(activationScale="0.9")
    units["soleus_r"] = re.sub("<pennationAngle>[^<]*", "<pennationAngle>0.1", units["soleus_r"])
    source = tmp_path / "s.xml"
    source.write_text(subject_xml(units))
    notes = imported(source, tmp_path / "out").notes
    assert "<activationScale> of soleus_r, 0.9." in notes.of(Kind.DROPPED)
    assert any(
        each.startswith("Pennation angles; the model's are kept. Different are: soleus_r (model 0.436")
        for each in notes.of(Kind.DROPPED)
    )
    assert any(each.endswith("Millard's default does at 0.049.") for each in notes.of(Kind.MEANING))


def test_values_of_a_parameter_set_reach_the_setup(tmp_path):
    groups = "<muscleGroups><muscles>soleus_r med_gas_r lat_gas_r</muscles></muscleGroups>"
    parameters = parameter_xml("strengthCoefficient", 0.8, 2.0, grouping=groups)
    source = write_leg_folder(
        tmp_path, calibration=calibration_xml("trials/walk_slow_1.xml", parameters=(parameters,))
    )
    imported(source, tmp_path / "out")
    tool = read_setup(tmp_path / "out" / "subject_calibration.xml", registry.TOOLS)
    assert tool.strength_coefficient_bounds == (0.8, 2.0)
    assert tool.optimal_fiber_length_bounds == (0.999, 1.001)
    assert [group.muscles for group in tool.strength_groups] == [("soleus_r", "med_gas_r", "lat_gas_r")]
    assert tool.problems() == []


def test_what_is_written_is_well_formed(folder):
    for path in (folder / "out").glob("*.xml"):
        assert ElementTree.parse(path).getroot().tag == "OpenSimDocument"


@pytest.mark.slow
def test_an_imported_calibration_runs_and_so_does_an_execution_of_what_it_finds(tmp_path):
    source = write_leg_folder(tmp_path)
    imported(source, tmp_path / "out")
    tool = read_setup(tmp_path / "out" / "subject_calibration.xml", registry.TOOLS)
    outcome = replace(tool, max_iterations=8).run()
    assert outcome.result.final_cost < 0.5 * outcome.result.cost_history[0]["total"]
    calibrated = tool.results_directory / "subject_calibrated.osim"
    exported = ["export-ceinms", str(calibrated), str(calibrated.with_name("subject_calibrated_subject.xml"))]
    assert main([*exported, "--output", str(tmp_path / "calibrated.xml")]) == 0
    (tmp_path / "run.xml").write_text(EXECUTION_SETUP.replace("subject.xml", "calibrated.xml"))
    imported(tmp_path / "run.xml", tmp_path / "run")
    assert (tmp_path / "run" / "calibrated.osim").read_bytes() == calibrated.read_bytes()
    execution = read_setup(tmp_path / "run" / "calibrated_execution.xml", registry.TOOLS)
    summary = execution.run().summary
    assert summary["pooled"]["all"]["ankle_angle_r"]["open_loop"]["r2"] > 0.9


NAMES = ("setup", "subject", "generator", "calibration", "execution", "walk", "run")


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("spoiled")


@pytest.fixture(scope="module")
def contents(folder) -> dict[str, bytes]:
    return {name: (folder / f"{name}.xml").read_bytes() for name in NAMES}


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_spoiled_folders_are_imported_or_refused_and_what_is_written_is_a_setup(spoiled, contents, data):
    roots = {name: ElementTree.fromstring(content) for name, content in contents.items()}
    for name in data.draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2)):
        mutated(roots[name], data)
    write_leg_folder(spoiled)
    for name, root in roots.items():
        (spoiled / f"{name}.xml").write_bytes(ElementTree.tostring(root, encoding="utf-8"))
    source = spoiled / data.draw(st.sampled_from(["setup.xml", "run.xml", "subject.xml"]))
    shutil.rmtree(spoiled / "out", ignore_errors=True)
    try:
        files = imported(source, spoiled / "out").files
    except DifcalError:
        assert not [path for path in (spoiled / "out").rglob("*") if path.is_file()]
        return
    for path in files:
        if path.name.endswith(("_calibration.xml", "_execution.xml")):
            _, problems = read_what_can_be_read(path, registry.TOOLS)
            expected = ("FILL_IN", "does not exist", "is a folder")
            assert all(any(word in str(problem) for word in expected) for problem in problems)


@pytest.mark.parametrize("file", ["emg", "id", "ik"])
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_spoiled_tables_are_told_or_refused(spoiled, file, data):
    ending = {"emg": "emg.sto", "id": "id.sto", "ik": "ik.mot"}[file]
    lines = (LEG / "trials" / f"walk_slow_1_{ending}").read_bytes().splitlines()[:40]
    lines = [b"nRows=33" if line.startswith(b"nRows") else line for line in lines]
    content = b"\n".join(lines) + b"\n"
    at = data.draw(st.integers(0, len(content)))
    inserted = data.draw(
        st.sampled_from([b"", b"NaN\t", b"\xff\xfe", b"\n", b"1e999\t", b"9" * 400, b"\xe7\xad\x8b"])
    )
    cut = data.draw(st.sampled_from([0, 1, 100, len(content)]))
    path = spoiled / ending
    path.write_bytes(content[:at] + inserted + content[at + cut :])
    trial = CEINMSTrial(
        path=spoiled / "walk.xml",
        name="walk",
        excitations_file=path if file == "emg" else None,
        external_torques_file=path if file == "id" else None,
        motion_file=path if file == "ik" else None,
        moment_arm_files={},
    )
    notes = Notes()
    work = TrialImport(
        output=spoiled,
        staging=spoiled,
        dofs=("ankle_angle_r",),
        delay=0.03,
        mixes={"soleus_r": {"soleus_r": 0.5}},
        coordinates_files={},
        notes=notes,
    )
    began = time.process_time()
    with suppress(DifcalError):
        (found,) = work.read([trial])
        assert found.time_range[0] < found.time_range[1] or np.isnan(found.time_range[0])
    assert time.process_time() - began < 1.0
