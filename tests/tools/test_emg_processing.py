import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from raw_emg_signals import RATE, bursts, raw_emg

from opensim_difcal import EMGChannel, EMGProcessingTool, EMGRecording
from opensim_difcal.errors import DifcalError
from opensim_difcal.inputs.cycles_file import read_cycles
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.outputs.tables import write_storage

EMG_TIME = np.arange(0, 6, 1 / RATE)
TIME = np.arange(0, 6, 0.01)


@pytest.fixture
def session(tmp_path) -> EMGProcessingTool:
    """Five strides of one second from 0.3 s on; the third holds a jump of the moment."""
    for name, excitation, seed in (
        ("walk", 0.5 * bursts(EMG_TIME), 1),
        ("mvc", bursts(EMG_TIME, period=6.0, width=0.15), 2),
    ):
        columns = {"SOL": raw_emg(excitation, seed), "TA": raw_emg(np.roll(excitation, 500), seed + 10)}
        write_storage(tmp_path / f"{name}_emg_raw.sto", name, EMG_TIME, {**columns, "trigger": 0 * EMG_TIME})
    force = np.maximum(0.0, 800 * np.sin(2 * np.pi * (TIME - 0.3)))
    other = np.maximum(0.0, 800 * np.sin(2 * np.pi * (TIME - 0.8)))
    write_storage(tmp_path / "grf.mot", "grf", TIME, {"right_vy": force, "left_vy": other})
    write_storage(tmp_path / "ik.mot", "ik", TIME, {"ankle_angle_r": 0.3 * np.sin(2 * np.pi * TIME)})
    moment = -50 * force / 800
    moment[250] += 300
    write_storage(tmp_path / "id.sto", "id", TIME, {"ankle_angle_r_moment": moment})
    return EMGProcessingTool(
        name="session",
        results_directory=tmp_path / "results",
        recordings=(
            EMGRecording(
                name="walk",
                emg_file=tmp_path / "walk_emg_raw.sto",
                ground_reaction_forces_file=tmp_path / "grf.mot",
                coordinates_file=tmp_path / "ik.mot",
                generalized_forces_file=tmp_path / "id.sto",
            ),
            EMGRecording(name="mvc", role="mvc", emg_file=tmp_path / "mvc_emg_raw.sto"),
        ),
        channels=(EMGChannel(name="soleus_r", column="SOL"), EMGChannel(name="TA")),
        segmentation="ground_reaction_force",
        vertical_force="right_vy",
        other_vertical_force="left_vy",
        quality_coordinates=("ankle_angle_r",),
    )


def refused(tool: EMGProcessingTool) -> str:
    with pytest.raises(DifcalError) as error:
        tool.run()
    assert str(error.value) in "\n".join(map(str, [error.value, *tool.problems()]))
    return str(error.value)


def test_a_session_becomes_envelopes_cycles_and_a_report(session):
    assert session.problems() == []
    outcome = session.run()
    folder = session.results_directory
    assert sorted(path.name for path in outcome.files) == [
        "channels.csv",
        "report.html",
        "summary.json",
        "walk_cycles.csv",
        "walk_emg.sto",
    ]
    table = read_storage(folder / "walk_emg.sto")
    assert table.labels == ("soleus_r", "TA")
    assert 1 / np.median(np.diff(table.time)) == pytest.approx(200.0)
    excitation = 0.5 * bursts(table.time)
    for label, truth in (("soleus_r", excitation), ("TA", np.roll(excitation, 100))):
        assert np.corrcoef(table.column(label), truth)[0, 1] > 0.95
        assert table.column(label).max() == pytest.approx(0.5, abs=0.2)
    cycles = read_cycles(folder / "walk_cycles.csv")
    assert [cycle.is_good for cycle in cycles] == [True, True, False, True, True]
    np.testing.assert_allclose([cycle.start for cycle in cycles], np.arange(5) + 0.304, atol=0.002)
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["cycles"] == {"walk": {"found": 5, "good": 4}}
    assert summary["channels"]["soleus_r"]["maximum_in"] == "mvc"
    assert summary["notes"] == ["Recording 'walk': 1 cycle of 5 was rejected; the report says why."]
    page = (folder / "report.html").read_text()
    assert "the moment of ankle_angle_r jumps by 3" in page
    assert page.count("<img ") == 2


def test_without_channels_every_common_column_is_taken_and_a_dead_one_refused(session):
    tool = replace(session, channels=())
    with pytest.raises(DifcalError) as error:
        tool.run()
    assert str(error.value) == (
        f"{session.recordings[0].emg_file}: column 'trigger' is dead: it keeps one value most of the "
        "time. Leave the channel out of <channels>, and its muscles to synergies."
    )
    assert not session.results_directory.exists()


def test_recordings_without_forces_are_not_cut(session):
    squat = EMGRecording(name="squat", emg_file=session.recordings[0].emg_file)
    session.recordings = (*session.recordings, squat)
    names = {path.name for path in session.run().files}
    assert {"walk_cycles.csv", "squat_emg.sto"} <= names
    assert "squat_cycles.csv" not in names


def test_an_electrode_that_falls_off_rejects_the_cycles_in_it(session, tmp_path):
    table = read_storage(tmp_path / "walk_emg_raw.sto")
    columns = {label: table.column(label).copy() for label in table.labels}
    columns["TA"][(EMG_TIME > 3.5) & (EMG_TIME < 4.8)] = 0.0
    write_storage(tmp_path / "walk_emg_raw.sto", "walk", EMG_TIME, columns)
    notes = session.run().summary["notes"]
    assert (
        "walk_emg_raw.sto, channel 'TA': no signal from 3.50 to 4.80 s: the electrode was off. Cycles in it "
        "are rejected."
    ) in notes
    cycles = read_cycles(session.results_directory / "walk_cycles.csv")
    assert [cycle.is_good for cycle in cycles] == [True, True, False, False, False]


def test_a_clock_of_its_own_can_be_set_right(session, tmp_path):
    table = read_storage(tmp_path / "walk_emg_raw.sto")
    columns = {label: table.column(label) for label in table.labels}
    write_storage(tmp_path / "walk_emg_raw.sto", "walk", EMG_TIME + 100, columns)
    session.recordings = (replace(session.recordings[0], time_offset=-100.0), session.recordings[1])
    session.run()
    cycles = read_cycles(session.results_directory / "walk_cycles.csv")
    assert sum(cycle.is_good for cycle in cycles) == 4


def test_what_cycles_are_not_judged_by_is_told(session):
    bare = replace(session.recordings[0], generalized_forces_file=None)
    session.recordings = (bare, session.recordings[1])
    notes = replace(session, other_vertical_force="").run().summary["notes"]
    assert notes == [
        "Cycles of 'walk' were not judged by their moments (no <generalized_forces_file>) and a foot "
        "on both plates (no <other_vertical_force>)."
    ]
    notes = replace(session, quality_coordinates=()).run().summary["notes"]
    assert notes == [
        "Cycles of 'walk' were not judged by their posture and moments (<quality_coordinates> is empty)."
    ]


@pytest.mark.parametrize(
    ("force", "reason"),
    [
        (
            np.minimum(0.0, -800 * np.sin(2 * np.pi * TIME)),
            "right_vy goes from -800 to 0 N, never above <force_threshold>; it must be positive upward and "
            "in N.",
        ),
        (
            np.maximum(30.0, 800 * np.sin(2 * np.pi * TIME)),
            "right_vy goes from 30 to 800 N, never below <force_threshold>; zero the plate, or raise the "
            "threshold.",
        ),
        (
            np.where(TIME > 3, 800.0, 0.0),
            "right_vy goes from 0 to 800 N; a cycle needs two heel strikes in the recording.",
        ),
    ],
)
def test_why_there_is_no_cycle_is_told(session, tmp_path, force, reason):
    write_storage(tmp_path / "grf.mot", "grf", TIME, {"right_vy": force, "left_vy": 0 * force})
    assert f"Recording 'walk': no cycle was found. {reason}" in session.run().summary["notes"]


def test_cycles_between_the_peaks_of_a_coordinate(session):
    tool = replace(session, segmentation="coordinate_peaks", cycle_coordinate="ankle_angle_r")
    tool.run()
    starts = [cycle.start for cycle in read_cycles(tool.results_directory / "walk_cycles.csv")]
    np.testing.assert_allclose(starts, np.arange(5) + 0.25, atol=0.011)


def test_an_envelope_is_refused(session, tmp_path):
    write_storage(
        tmp_path / "walk_emg_raw.sto", "walk", EMG_TIME, {"SOL": bursts(EMG_TIME), "TA": EMG_TIME**2}
    )
    with pytest.raises(DifcalError) as error:
        session.run()
    assert (
        f"{tmp_path / 'walk_emg_raw.sto'}: column 'SOL' never changes its sign, so that it is no raw EMG but "
        "rectified, or an envelope already. Give the raw recording; envelopes go into the <excitations_file> "
        "of a trial as they are."
    ) in str(error.value)


def test_a_channel_that_no_file_has(session):
    tool = replace(session, channels=(EMGChannel(name="SOLE"),))
    path = session.recordings[0].emg_file
    assert f"{path}: no column 'SOLE'. Did you mean 'SOL'? The columns are: SOL, TA, trigger." in refused(
        tool
    )


def test_recordings_without_a_common_column(session, tmp_path):
    write_storage(tmp_path / "mvc_emg_raw.sto", "mvc", EMG_TIME, {"VL": raw_emg(bursts(EMG_TIME), 5)})
    assert refused(replace(session, channels=())) == (
        f"{session.recordings[0].emg_file}: it shares no column with all other recordings. Name the columns "
        "in <channels>."
    )


def test_a_force_column_that_is_not_there(session):
    assert "no column 'right_fy'" in refused(replace(session, vertical_force="right_fy"))


def test_a_quality_coordinate_that_is_not_there(session):
    assert "no column 'knee_angle_r'" in refused(replace(session, quality_coordinates=("knee_angle_r",)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"above_one": "cut"},
            "<above_one> is 'cut'; expected one of raise_maximum, clip, keep, refuse.",
        ),
        (
            {"low_pass_order": 0},
            "<low_pass_order> is 0; expected a whole number from 1 to 10. Correct it, or leave it out for "
            "the default.",
        ),
        (
            {"max_moment_jump": 0.0},
            "<max_moment_jump> is 0.0; expected a number above 0. Correct it, or leave it out for the "
            "default.",
        ),
        (
            {"shortest_contact": -1.0},
            "<shortest_contact> is -1.0; expected a number not below 0. Correct it, or leave it out for the "
            "default.",
        ),
        (
            {"peak_prominence": 2.0},
            "<peak_prominence> is 2.0; expected a part of the range, above 0 and at most 1. Correct it, or "
            "leave it out for the default.",
        ),
        (
            {"output_sampling_rate": 10.0},
            "<output_sampling_rate> is 10 Hz, less than four times <low_pass_cutoff_frequency>, 5 Hz, so "
            "that envelopes would lose their shape. Raise it.",
        ),
        (
            {"vertical_force": ""},
            "<segmentation> is ground_reaction_force, which needs <vertical_force>. Name the column.",
        ),
        (
            {"channels": (EMGChannel(name="SOL"), EMGChannel(name="S2", column="SOL"))},
            "<channels>: several channels have the column 'SOL'. Keep one of them.",
        ),
        (
            {"recordings": ()},
            "<recordings>: no recording has the role trial. Give one whose envelopes are to be made.",
        ),
    ],
)
def test_settings_that_make_no_sense(session, changes, message):
    assert refused(replace(session, **changes)) == message


def test_files_that_the_segmentation_needs(session):
    bare = EMGRecording(name="walk", emg_file=session.recordings[0].emg_file)
    assert refused(replace(session, recordings=(bare,), quality_coordinates=())) == (
        "<recordings>: <segmentation> is ground_reaction_force, which needs the "
        "<ground_reaction_forces_file> of a recording. Give the file, or set <segmentation> to none."
    )
    forces = replace(bare, ground_reaction_forces_file=session.recordings[0].ground_reaction_forces_file)
    assert refused(replace(session, recordings=(forces,))) == (
        "<recordings>/<EMGRecording name='walk'>: <quality_coordinates> are judged in its "
        "<coordinates_file>, which is missing. Give the file, or leave <quality_coordinates> empty."
    )


def test_results_are_not_written_over_inputs(session, tmp_path):
    path = tmp_path / "walk_emg.sto"
    path.write_bytes(session.recordings[0].emg_file.read_bytes())
    recordings = (replace(session.recordings[0], emg_file=path), session.recordings[1])
    message = refused(replace(session, recordings=recordings, results_directory=tmp_path))
    assert message.startswith("<results_directory>: the run would write its walk_emg.sto over ")


def test_a_missing_file_is_told_by_validate_and_run(session, tmp_path):
    Path(tmp_path / "id.sto").unlink()
    assert refused(session) == (
        f"{tmp_path / 'id.sto'}: the file does not exist. Check the path in the setup file."
    )
