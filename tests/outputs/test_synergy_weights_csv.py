"""The table of weights holds every number once, unrounded."""

import csv

import numpy as np

from opensim_difcal.outputs.synergy_weights_csv import write_synergy_weights


def rows(path, outcome):
    write_synergy_weights(path, outcome)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_shared_weights_stand_once_without_a_trial(tmp_path, hybrid_result):
    outcome = hybrid_result.synergies
    found = rows(tmp_path / "a.csv", outcome)
    assert list(found[0]) == [
        "trial",
        "name",
        "kind",
        "initial_synergy_1",
        "initial_synergy_2",
        "synergy_1",
        "synergy_2",
        "variance_accounted_for",
    ]
    assert [row["name"] for row in found] == [*outcome.channel_names, *outcome.synthesized_muscles]
    assert [row["kind"] for row in found] == ["recorded"] * 5 + ["synthesized"] * 3
    assert {row["trial"] for row in found} == {""}
    weights = [[float(row["synergy_1"]), float(row["synergy_2"])] for row in found]
    np.testing.assert_array_equal(weights, outcome.weights[""])
    assert float(found[1]["initial_synergy_2"]) == outcome.extracted.weights[1, 1]
    assert [float(row["variance_accounted_for"]) for row in found[:5]] == list(
        outcome.variance_accounted_for.by_channel.values()
    )


def test_a_synthesized_muscle_has_no_initial_weights_and_no_share(tmp_path, hybrid_result):
    last = rows(tmp_path / "a.csv", hybrid_result.synergies)[-1]
    assert (last["initial_synergy_1"], last["variance_accounted_for"]) == ("", "")


def test_weights_by_trial_stand_below_each_other(tmp_path, hybrid_result_by_trial):
    outcome = hybrid_result_by_trial.synergies
    found = rows(tmp_path / "a.csv", outcome)
    assert [row["trial"] for row in found] == ["walk_00"] * 8 + ["walk_01"] * 8
    weights = [[float(row["synergy_1"]), float(row["synergy_2"])] for row in found[8:]]
    np.testing.assert_array_equal(weights, outcome.weights["walk_01"])
