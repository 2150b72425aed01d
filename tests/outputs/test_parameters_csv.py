import csv
import dataclasses

import numpy as np
import pytest

from opensim_difcal.calibration.result import ParameterChange
from opensim_difcal.outputs.parameters_csv import HEADER, write_parameters


def rows_of(path, result):
    write_parameters(path, result)
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def rows(tmp_path, result):
    return {(row["muscle"], row["parameter"]): row for row in rows_of(tmp_path / "parameters.csv", result)}


def test_there_is_one_row_per_muscle_and_parameter(rows, result):
    assert len(rows) == len(result.muscle_names) * 6
    assert tuple(rows["bflh_r", "c1"]) == HEADER


def test_numbers_are_written_without_rounding(rows, result):
    change = result.parameters["tendon_slack_length"]
    row = rows["bfsh_r", "tendon_slack_length"]
    written = [float(row[name]) for name in ("initial", "final", "lower", "upper")]
    assert written == [change.initial[3], change.final[3], change.lower[3], change.upper[3]]
    assert row["unit"] == "m"


def test_values_at_a_bound_are_marked(rows):
    row = rows["bflh_r", "optimal_fiber_length"]
    assert row["at_bound"] == "true"
    assert float(row["change_percent"]) == pytest.approx(15.0)
    assert rows["addlong_r", "optimal_fiber_length"]["at_bound"] == "false"


def test_strength_group_stands_with_the_strength_only(rows):
    assert rows["bflh_r", "max_isometric_force"]["strength_group"] == "hamstrings"
    assert rows["bflh_r", "optimal_fiber_length"]["strength_group"] == ""
    assert rows["soleus_r", "max_isometric_force"]["strength_group"] == ""


def test_percentages_of_negative_parameters_rise_with_the_value(rows):
    row = rows["bflh_r", "c1"]
    rises = float(row["final"]) > float(row["initial"])
    assert (float(row["change_percent"]) > 0.0) == rises


def test_change_from_zero_has_no_percentage(tmp_path, result):
    n = len(result.muscle_names)
    change = ParameterChange(np.zeros(n), np.full(n, 0.1), np.full(n, -1.0), np.ones(n))
    changed = dataclasses.replace(result, parameters={"c1": change})
    assert rows_of(tmp_path / "parameters.csv", changed)[0]["change_percent"] == ""


CONFIDENCE = ("standard_error", "lower_95", "upper_95")


def test_intervals_are_written_without_and_with_the_prior(tmp_path, confident):
    known = confident.identifiability
    for i, row in enumerate(rows_of(tmp_path / "parameters.csv", confident)[::6]):
        assert row["parameter"] == "optimal_fiber_length"
        assert row["informed"] == ("true" if i % 2 == 0 else "false")
        for column in CONFIDENCE:
            alone, with_prior = (
                getattr(intervals["optimal_fiber_length"], column)[i]
                for intervals in (known.by_trials, known.with_prior)
            )
            assert float(row[column]) == alone
            assert float(row[f"{column}_with_prior"]) == with_prior


def test_where_nothing_is_known_of_intervals_their_cells_are_empty(rows):
    row = rows["bflh_r", "c1"]
    assert {row[name] for name in (*CONFIDENCE, "informed", "upper_95_with_prior")} == {""}
