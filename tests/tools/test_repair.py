"""Muscles that the trials leave no room for their fibers, from the model to the results."""

import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ankle_tool import LEG, ankle_tool, tiny_tool

from benchmarks.real_data_setups import lopes, rajagopal
from opensim_difcal import NMSCalibrationTool
from opensim_difcal.outputs.osim_file import MuscleChange, calibrated_osim_text
from opensim_difcal.tools.calibration.inputs import read_inputs

LONGER = 1.55  # the slack length that leaves tib_ant_r no room


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory) -> Path:
    """The leg's model with a tendon of tib_ant_r that is much too long."""
    muscles = read_inputs(tiny_tool(Path("unused"))).muscles
    i = muscles.names.index("tib_ant_r")
    change = MuscleChange(
        max_isometric_force=float(muscles.max_isometric_force[i]),
        optimal_fiber_length=float(muscles.optimal_fiber_length[i]),
        tendon_slack_length=LONGER * float(muscles.tendon_slack_length[i]),
    )
    text = calibrated_osim_text((LEG / "leg_scaled.osim").read_bytes(), {"tib_ant_r": change})
    path = tmp_path_factory.mktemp("spoilt") / "spoilt.osim"
    path.write_bytes(text)
    return path


def wide(tool: NMSCalibrationTool, **changes) -> NMSCalibrationTool:
    bounds = {"tendon_slack_length_bounds": (0.6, 1.4), "optimal_fiber_length_bounds": (0.6, 1.4)}
    return replace(tool, **(bounds | changes))


def test_the_virtual_subjects_need_no_repair():
    for name in ("leg_emg_driven", "arm_emg_driven"):
        tool = NMSCalibrationTool(LEG.parents[1] / "tools_setup" / f"{name}.xml")
        inputs = read_inputs(replace(tool, trials=tool.trials[:2]))
        assert inputs.repairs == ()


def test_an_infeasible_muscle_is_repaired_before_the_calibration(tmp_path, spoilt):
    inputs = read_inputs(wide(tiny_tool(tmp_path, model_file=spoilt)))
    (repair,) = inputs.repairs
    assert (repair.name, repair.trial, repair.is_feasible) == ("tib_ant_r", "walk_slow_1", True)
    assert repair.sentence in inputs.notes
    i = inputs.muscles.names.index("tib_ant_r")
    assert float(inputs.muscles.tendon_slack_length[i]) == repair.tendon_slack_length[1]


def test_the_shortest_fiber_is_the_one_that_opensim_allows(tmp_path, spoilt):
    inputs = read_inputs(wide(tiny_tool(tmp_path, model_file=spoilt)))
    (repair,) = inputs.repairs
    i = inputs.muscles.names.index("tib_ant_r")
    width = np.sin(float(inputs.muscles.pennation_angle_at_optimal[i]))
    allowed = float(inputs.muscles.minimum_normalized_fiber_length[i])
    assert np.hypot(repair.shortest_after, width) == pytest.approx(allowed)


def test_without_the_setting_nothing_is_repaired(tmp_path, spoilt):
    inputs = read_inputs(wide(tiny_tool(tmp_path, model_file=spoilt), repair_infeasible_muscles=False))
    assert inputs.repairs == ()
    assert not any("no room" in note for note in inputs.notes)


@pytest.mark.slow
def test_results_say_what_was_repaired(tmp_path, spoilt, without_pictures, caplog):
    tool = wide(ankle_tool(tmp_path, model_file=spoilt))
    with caplog.at_level(logging.WARNING, "opensim_difcal"):
        outcome = tool.run()
    (repair,) = outcome.result.repairs
    assert repair.sentence in caplog.messages
    assert repair.sentence in outcome.result.warnings
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert [each["muscle"] for each in summary["repairs"]] == ["tib_ant_r"]
    assert any("no room for the fibers of tib_ant_r" in reason for reason in summary["verdict"]["reasons"])
    slack = summary["parameters"]["tib_ant_r"]["tendon_slack_length"]
    assert slack["initial"] == repair.tendon_slack_length[0]
    assert slack["lower"] == pytest.approx(0.6 * repair.tendon_slack_length[1])
    assert slack["upper"] == pytest.approx(1.4 * repair.tendon_slack_length[1])
    assert "no room for its fiber" in (tmp_path / "report.html").read_text()
    assert summary["closed_loop"]["reintegration_rms_max"] < 0.02


def test_the_hamstrings_of_a_real_runner_are_repaired(shared_data, tmp_path):
    """Semimembranosus of an estimated model, in running: the case that users meet."""
    tool = lopes(shared_data, tmp_path)
    (repair,) = read_inputs(tool).repairs
    print(repair.sentence)
    assert repair.name == "semimem_r"
    assert repair.trial.startswith("run81")
    assert -0.1 < repair.shortest_before < 0.0
    assert repair.shortest_after == pytest.approx(0.36, abs=0.01)
    before, after = repair.tendon_slack_length
    assert after / before == pytest.approx(0.905, abs=0.01)
    assert repair.optimal_fiber_length[0] == repair.optimal_fiber_length[1]
    walking = tuple(each for each in tool.trials if each.name.startswith("walk"))
    assert read_inputs(replace(tool, trials=walking)).repairs == ()


def test_a_well_scaled_walker_needs_no_repair(shared_data, tmp_path):
    assert read_inputs(rajagopal(shared_data, tmp_path)).repairs == ()
