"""Raw recordings of persons: published envelopes, and cycles that were judged by eye."""

import csv

import numpy as np
import pytest

from opensim_difcal import EMGProcessingTool, EMGRecording
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.preprocessing.cycle_quality import JudgedCycle, judged_cycles
from opensim_difcal.preprocessing.cycles import contact_cycles, contacts

COORDINATES = ("hip_flexion_r", "knee_angle_r", "ankle_angle_r")
HIGH_BASELINE = {"GMAX"}
"""What the data's README calls weak."""


def test_published_envelopes_are_reproduced(shared_data, tmp_path):
    """With the cutoff frequencies that the data's README names, and its orders; the ends have artifacts."""
    folder = shared_data / "rajagopal_walk"
    tool = EMGProcessingTool(
        results_directory=tmp_path,
        recordings=(EMGRecording(name="walk", emg_file=folder / "emg_raw.sto"),),
        band_pass_cutoff_frequencies=(30.0, 450.0),
        band_pass_order=4,
        low_pass_cutoff_frequency=6.0,
    )
    outcome = tool.run()
    ours, published = read_storage(tmp_path / "walk_emg.sto"), read_storage(folder / "emg_channels.sto")
    np.testing.assert_allclose(ours.time[: len(published.time)], published.time, atol=1e-9)
    usable = (published.time >= 0.1) & (published.time <= 2.3)
    for label in published.labels:
        a, b = ours.column(label)[: len(usable)], published.column(label)
        assert np.corrcoef(a[usable], b[usable])[0, 1] > 0.99, label
        if label not in HIGH_BASELINE:
            assert np.corrcoef(a, b)[0, 1] > 0.99, label
    assert len(outcome.result.notes) == 1
    assert "Channel 'GMAX': its envelope at rest is" in outcome.result.notes[0]


def judged(folder) -> list[JudgedCycle]:
    forces, moments, motion = (read_storage(folder / name) for name in ("grf.mot", "id.sto", "ik.sto"))
    feet = tuple(contacts(forces.time, forces.column(f"{side}ground_force_vy")) for side in ("", "l_"))
    return list(
        judged_cycles(
            contact_cycles(feet[0]),
            coordinates={name: (motion.time, motion.column(name)) for name in COORDINATES},
            moments={name: (moments.time, moments.column(f"{name}_moment")) for name in COORDINATES},
            recorded={"coordinates": (motion.time[0], motion.time[-1])},
            feet=(feet[0], feet[1]),
        )
    )


@pytest.mark.parametrize("trial", ["walk36", "run81_a", "run81_b", "run81_bad"])
def test_cycles_are_judged_as_a_person_judged_them(shared_data, trial):
    """All 32 of them; nine in ten were asked for."""
    found = judged(shared_data / "lopes_subj06" / trial)
    with (shared_data / "lopes_subj06" / trial / "cycles.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(found) == len(rows)
    for cycle, row in zip(found, rows, strict=True):
        assert cycle.cycle.start == pytest.approx(float(row["t_heel_strike_r"]), abs=0.015)
        assert cycle.cycle.end == pytest.approx(float(row["t_next_heel_strike_r"]), abs=0.015)
        assert cycle.is_good == (row["clean"] == "1"), (row, cycle.reasons)


def test_no_cycle_of_a_collection_of_bad_ones_is_good(shared_data):
    reasons = [" ".join(each.reasons) for each in judged(shared_data / "lopes_subj06" / "run81_bad")]
    assert len(reasons) == 6
    assert all("one foot is on both" in reason for reason in reasons)
