"""What can be wrong with a synergy-hybrid calibration's inputs, found without calibrating."""

from dataclasses import replace

import numpy as np
import pytest
from ankle_tool import MUSCLES, tiny_tool, trial

from opensim_difcal.errors import DifcalError
from opensim_difcal.inputs.excitations import ExcitationChannel
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.outputs.tables import write_storage
from opensim_difcal.tools.calibration.inputs import read_inputs

ELECTRODES = ("soleus_r", "med_gas_r", "tib_ant_r")
ALL_OF_THE_ANKLE = (*MUSCLES, "flex_hal_r", "ext_dig_r")


def hybrid(results, **changes):
    channels = tuple(ExcitationChannel(name=name, muscles=(name,)) for name in ELECTRODES)
    return tiny_tool(results, **({"mode": "synergy_hybrid", "excitation_map": channels} | changes))


def refused(tool) -> str:
    (problem,) = tool.problems()
    with pytest.raises(DifcalError) as caught:
        read_inputs(tool)
    assert str(caught.value) == str(problem)
    return str(problem)


def test_every_muscle_that_crosses_a_chosen_coordinate_takes_part(tmp_path):
    tool = hybrid(tmp_path)
    assert tool.problems() == []
    inputs = read_inputs(tool)
    assert set(inputs.muscles.names) == set(ALL_OF_THE_ANKLE)
    (read,) = inputs.trials
    assert read.recording is not None
    assert read.recording.channel_names == tuple(sorted(ELECTRODES))
    assert set(read.recording.drivers) == set(ELECTRODES)
    assert not any("zero was taken" in note for note in read.notes)


def test_chosen_muscles_alone_are_synthesized(tmp_path):
    inputs = read_inputs(hybrid(tmp_path, synthesized_muscles=("tib_post_r",)))
    assert set(inputs.muscles.names) == {*ELECTRODES, "tib_post_r"}


def test_a_muscle_with_both_a_recorded_and_a_synthesized_drive_is_refused(tmp_path):
    assert refused(hybrid(tmp_path, synthesized_muscles=("soleus_r",))) == (
        "<synthesized_muscles>: muscle 'soleus_r' also has a recorded excitation. A muscle has one "
        "drive: remove "
        "it here, or take it out of the <excitation_map> or the excitation files."
    )


def test_a_synthesized_muscle_that_the_model_lacks_is_refused(tmp_path):
    assert refused(hybrid(tmp_path, synthesized_muscles=("tib_pos_r",))) == (
        "<synthesized_muscles>: muscle 'tib_pos_r' is not in the model. Did you mean 'tib_post_r'? "
        "Correct the "
        "name, or remove it."
    )


def test_a_synthesized_muscle_that_crosses_nothing_chosen_is_refused(tmp_path):
    assert refused(hybrid(tmp_path, synthesized_muscles=("psoas_r",))) == (
        "<synthesized_muscles>: muscle 'psoas_r' crosses none of the chosen coordinates (ankle_angle_r). "
        "Remove "
        "it, or add a coordinate that it crosses."
    )


def test_fewer_recorded_channels_than_synergies_are_refused(tmp_path):
    assert refused(hybrid(tmp_path, n_synergies=4)) == (
        "<n_synergies> is 4, but only 3 excitation channels were recorded: med_gas_r, soleus_r, "
        "tib_ant_r. Ask "
        "for at most as many synergies as channels, or record more."
    )


@pytest.mark.parametrize(("value", "what"), [(0.0, "zero"), (0.2, "constant (0.2)")])
def test_a_channel_that_carries_nothing_is_refused(tmp_path, value, what):
    files = trial("walk_slow_1", time_range=(0.4, 0.55))
    table = read_storage(files.excitations_file)
    columns = {name: table.column(name) for name in ELECTRODES}
    columns["med_gas_r"] = np.full_like(columns["med_gas_r"], value)
    write_storage(tmp_path / "emg.sto", "emg", table.time, columns)
    broken = replace(files, excitations_file=tmp_path / "emg.sto")
    assert refused(hybrid(tmp_path, trials=(broken,))) == (
        f"Excitation channel 'med_gas_r' is {what} in every calibration trial; no synergy can be "
        f"extracted from "
        "it. Check the electrode, or take it out of the excitation files or the <excitation_map>: its "
        "muscles "
        "are then synthesized like others that were not recorded."
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"n_synergies": 0},
            "<n_synergies> is 0; expected a whole number above 0. Correct it, or leave it out for the "
            "default.",
        ),
        (
            {"primitive_spacing": 0.001},
            "<primitive_spacing> is 0.001; expected a number above <time_step>. Correct it, or leave it "
            "out for "
            "the default.",
        ),
        (
            {"minimum_variance_accounted_for": 85.0},
            "<minimum_variance_accounted_for> is 85.0; expected a number between 0 and 1. Correct it, or "
            "leave "
            "it out for the default.",
        ),
        (
            {"mode": "emg_driven", "synthesized_muscles": ("tib_post_r",)},
            "<synthesized_muscles> names tib_post_r, but <mode> is emg_driven, which synthesizes "
            "nothing. Set "
            "<mode> to synergy_hybrid, or remove the element.",
        ),
        (
            {"synthesized_muscles": ("tib_post_r", "tib_post_r")},
            "<synthesized_muscles> holds 'tib_post_r' more than once. Remove all but one.",
        ),
        (
            {"excitation_tracking_weight": -1.0},
            "<excitation_tracking_weight> is -1.0; expected a number, 0 or more. Correct it, or leave it out "
            "for the default.",
        ),
        (
            {"n_factorizations": 0},
            "<n_factorizations> is 0; expected a whole number above 0. Correct it, or leave it out for the "
            "default.",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused(tmp_path, changes, sentence):
    assert sentence in [str(problem) for problem in hybrid(tmp_path, **changes).problems()]


def test_the_default_preset_decides_some_settings_by_the_mode(tmp_path):
    tool = hybrid(tmp_path, max_iterations=None)
    driven = tiny_tool(tmp_path, max_iterations=None)
    assert (tool.by_preset("prior_weight"), driven.by_preset("prior_weight")) == (0.1, 0.005)
    assert (tool.by_preset("max_iterations"), driven.by_preset("max_iterations")) == (200, 100)
