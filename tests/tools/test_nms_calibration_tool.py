"""A calibration from setup file to results, on the leg's virtual subject."""

import csv
import json
import logging
import time
from pathlib import Path
from typing import Any

import opensim
import pytest
from ankle_tool import LEG, MUSCLES, TRIALS, ankle_tool, tiny_tool

from opensim_difcal import NMSCalibrationTool, peak_of_summed_forces
from opensim_difcal.calibration.result import Status
from opensim_difcal.calibration.unknowns import PARAMETER_NAMES
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.outputs.subject_file import read_subject
from opensim_difcal.setup_template import write_setup
from opensim_difcal.tools.calibration.checks import output_names
from opensim_difcal.tools.calibration.inputs import read_inputs
from opensim_difcal.tools.calibration.run import make_engine
from opensim_difcal.tools.nms_calibration_tool import StrengthGroup

TABLES = ("activations", "excitations", "fiber_lengths", "joint_moments", "tendon_forces")
TABLES += ("normalized_fiber_lengths",)
FILES = {"ankle.osim", "ankle_subject.xml", "parameters.csv", "report.html", "summary.json"}
FILES |= {f"{trial}_{table}.sto" for trial in TRIALS for table in TABLES}


@pytest.fixture(scope="module")
def setup_file(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ankle")
    write_setup(ankle_tool(folder / "results"), folder / "setup.xml")
    return folder / "setup.xml"


@pytest.fixture(scope="module")
def timed_outcome(setup_file):
    started = time.perf_counter()
    return NMSCalibrationTool(setup_file).run(), time.perf_counter() - started


@pytest.fixture(scope="module")
def outcome(timed_outcome):
    return timed_outcome[0]


@pytest.fixture(scope="module")
def results(outcome) -> Path:
    return outcome.files[0].parent


@pytest.fixture(scope="module")
def summary(results):
    return json.loads((results / "summary.json").read_text(encoding="utf-8"))


pytestmark = pytest.mark.slow


def test_exactly_the_documented_files_are_written_and_the_model_last(outcome, results):
    assert {path.name for path in results.iterdir()} == FILES
    assert {path.name for path in outcome.files} == FILES
    assert set(output_names(ankle_tool(results))) == FILES
    assert outcome.files[-1].name == "ankle.osim"


def test_the_summary_has_the_documented_keys(summary):
    documented = (
        "tool name status reason iterations cost seconds trials parameters pooled closed_loop warnings"
    )
    assert set(documented.split()) <= set(summary)
    assert (summary["tool"], summary["name"]) == ("NMSCalibrationTool", "ankle")
    assert (summary["status"], summary["reason"]) == ("max_iterations", Status.MAX_ITERATIONS.value)
    assert summary["iterations"] == 8
    assert set(summary["cost"]) == {"initial", "final"}
    terms = {"moment_error", "normalized_fiber_length", "tendon_strain", "prior", "total"}
    assert set(summary["cost"]["initial"]) == set(summary["cost"]["final"]) == terms
    stages = {"geometry", "compilation", "calibration", "closed_loop", "report"}
    assert set(summary["seconds"]) == {"total", *stages}
    checks = {"reintegration_rms_max", "frame_force_error_max", "frame_balance_error_max"}
    assert checks <= set(summary["closed_loop"])


def test_the_seconds_of_the_stages_add_up_to_the_time_of_the_run(summary, timed_outcome):
    total, *stages = summary["seconds"].values()
    assert total == pytest.approx(sum(stages))
    assert total <= timed_outcome[1]  # after the summary is written, files are moved and the model is loaded


_ENDS = ("standard_error", "lower_95", "upper_95")
CONFIDENCE = {"informed", *_ENDS, *(f"{end}_with_prior" for end in _ENDS)}


def test_the_summary_compares_every_trial_and_coordinate_before_and_after(summary):
    assert [(each["name"], each["role"]) for each in summary["trials"]] == list(TRIALS.items())
    for agreement in (*(each["coordinates"] for each in summary["trials"]), summary["pooled"]):
        assert set(agreement) == {"ankle_angle_r"}
        assert set(agreement["ankle_angle_r"]) == {"uncalibrated", "calibrated"}
        for numbers in agreement["ankle_angle_r"].values():
            assert set(numbers) == {"rmse", "r2"}


def test_the_summary_holds_every_parameter_between_its_bounds(summary):
    assert set(summary["parameters"]) == set(MUSCLES)
    for parameters in summary["parameters"].values():
        assert set(parameters) == set(PARAMETER_NAMES)
        for change in parameters.values():
            assert set(change) == {"initial", "final", "lower", "upper", "at_bound", *CONFIDENCE}
            assert change["lower"] < change["final"] < change["upper"]
            assert change["lower"] <= change["lower_95"] <= change["final"] <= change["upper_95"]


def test_the_calibration_predicts_the_unseen_trial_better(summary):
    ankle = summary["pooled"]["ankle_angle_r"]
    before, after = (summary["cost"][when]["moment_error"] for when in ("initial", "final"))
    assert after < 0.1 * before
    # 0.3 s of two trials and 5 of 9 ankle muscles: enough to halve the error, not for more.
    assert ankle["calibrated"]["rmse"] < 0.5 * ankle["uncalibrated"]["rmse"]
    assert ankle["calibrated"]["r2"] > ankle["uncalibrated"]["r2"]


def test_opensim_agrees_with_the_calibrated_muscles(summary):
    assert summary["closed_loop"]["reintegration_rms_max"] < 0.02
    assert summary["closed_loop"]["frame_force_error_max"] < 1e-6
    assert summary["closed_loop"]["frame_balance_error_max"] < 1e-6


def test_the_calibrated_model_differs_from_the_scaled_one_in_the_calibrated_values_alone(results):
    before = (LEG / "leg_scaled.osim").read_text().splitlines()
    after = (results / "ankle.osim").read_text().splitlines()
    assert len(before) == len(after)
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    values = ("max_isometric_force", "optimal_fiber_length", "tendon_slack_length")
    for old, new in changed:
        (name,) = [value for value in values if f"<{value}>" in old]
        indent = old.partition("<")[0]
        assert new.startswith(f"{indent}<{name}>")
        assert new.endswith(f"</{name}>")
    assert len(changed) == len(values) * len(MUSCLES)


def test_model_sidecar_and_table_hold_the_same_values(outcome, results, summary):
    written = load_model(results / "ankle.osim")
    subject = read_subject(results / "ankle_subject.xml")
    rows = list(csv.DictReader((results / "parameters.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len(MUSCLES) * len(PARAMETER_NAMES)
    for i, name in enumerate(subject.muscle_names):
        final = summary["parameters"][name]["tendon_slack_length"]["final"]
        assert written.getMuscles().get(name).getTendonSlackLength() == final
        assert outcome.model.getMuscles().get(name).getTendonSlackLength() == final
        assert subject.parameters["tendon_slack_length"].final[i] == final
    assert subject.time_step == 0.01


def test_the_same_setup_gives_the_same_bytes(setup_file, outcome, results):
    first = {name: (results / name).read_bytes() for name in FILES}
    again = NMSCalibrationTool(setup_file).run()
    second = {name: (results / name).read_bytes() for name in FILES}
    assert again.result.cost_history == outcome.result.cost_history
    summaries = [json.loads(each.pop("summary.json")) for each in (first, second)]
    for each in summaries:
        del each["seconds"]
    assert summaries[0] == summaries[1]
    assert [name for name in first if first[name] != second[name]] == []


def test_an_opensim_model_calibrates_like_its_file(tmp_path, without_pictures):
    from_file = tiny_tool(tmp_path / "file").run()
    model = opensim.Model(str(LEG / "leg_scaled.osim"))
    from_memory = tiny_tool(tmp_path / "memory", model_file=model).run()
    assert from_memory.result.cost_history == from_file.result.cost_history
    subject = read_subject(tmp_path / "memory" / "ankle_subject.xml")
    assert next(iter(subject.provenance.input_files)) == "leg_scaled.osim (opensim.Model)"
    assert "<model_file>" in subject.provenance.settings["setup"]
    assert "leg_scaled.osim</model_file>" in subject.provenance.settings["setup"]
    assert "<prior_weight>0.005</prior_weight>" in subject.provenance.settings["setup"]


def test_tendons_made_elastic_are_listed_and_written(tmp_path, without_pictures):
    text = (LEG / "leg_scaled.osim").read_text()
    start = text.index('name="soleus_r"')
    rigid = text[start:].replace("_compliance>false", "_compliance>true", 1)
    model_file = tmp_path / "rigid.osim"
    model_file.write_text(text[:start] + rigid)
    outcome = tiny_tool(tmp_path, model_file=model_file, tendon="elastic").run()
    assert outcome.result.made_elastic == ("soleus_r",)
    assert outcome.summary["made_elastic"] == ["soleus_r"]
    soleus = opensim.Millard2012EquilibriumMuscle.safeDownCast(outcome.model.getMuscles().get("soleus_r"))
    assert not soleus.get_ignore_tendon_compliance()


def test_a_rigid_tendon_stays_rigid_by_default(tmp_path, without_pictures):
    text = (LEG / "leg_scaled.osim").read_text()
    start = text.index('name="soleus_r"')
    model_file = tmp_path / "rigid.osim"
    model_file.write_text(text[:start] + text[start:].replace("_compliance>false", "_compliance>true", 1))
    outcome = tiny_tool(tmp_path, model_file=model_file).run()
    assert outcome.result.made_elastic == ()
    soleus = opensim.Millard2012EquilibriumMuscle.safeDownCast(outcome.model.getMuscles().get("soleus_r"))
    assert soleus.get_ignore_tendon_compliance()


def test_strength_groups_share_one_coefficient(tmp_path, without_pictures):
    calf = StrengthGroup(name="calf", muscles=("med_gas_r", "lat_gas_r", "flex_hal_r"))
    outcome = tiny_tool(tmp_path, strength_groups=(calf,)).run()
    force = outcome.result.parameters["max_isometric_force"]
    ratio = dict(zip(outcome.result.muscle_names, force.final / force.initial, strict=True))
    assert ratio["med_gas_r"] == pytest.approx(ratio["lat_gas_r"], rel=1e-12)
    assert outcome.result.warnings[-1] == (
        "Strength group 'calf': flex_hal_r have no excitation and are not calibrated."
    )


def test_a_user_s_cost_term_and_several_starts_stand_in_summary_and_report(tmp_path):
    def little_cocontraction(prediction, trials):
        return 0.05 * (prediction.activation**2).mean(-1)[trials.scored].mean()

    terms = {"cocontraction": little_cocontraction, "peak": peak_of_summed_forces(0.01)}
    outcome = tiny_tool(tmp_path, cost_terms=terms, n_starts=2, max_iterations=2).run()
    summary: Any = outcome.summary
    cost = summary["cost"]
    assert cost["final"]["cocontraction"] > 0.0
    assert cost["initial"]["peak"] > 0.0
    assert sum(v for name, v in cost["final"].items() if name != "total") == pytest.approx(
        cost["final"]["total"]
    )
    assert len(summary["starts"]) == 2
    assert "The cost has terms that were given in Python: cocontraction, peak." in summary["warnings"]
    report = (tmp_path / "report.html").read_text()
    assert "cocontraction" in report
    assert "2 searches from different starts ended at the costs " in report


def test_compilation_is_announced_where_nothing_is_kept(tmp_path, caplog):
    with caplog.at_level(logging.INFO, "opensim_difcal"):
        tool = tiny_tool(tmp_path, cache_directory=tmp_path / "cache")
        make_engine(tool, read_inputs(tool))
        make_engine(tool, read_inputs(tool))
    announced = [record.getMessage() for record in caplog.records]
    assert announced == [
        "Compiling the muscle, some five seconds; later runs find it in the cache directory."
    ]
