from opensim_difcal.outputs.report_tables import (
    agreement_table,
    parameter_table,
    strength_table,
    synergy_table,
)
from opensim_difcal.outputs.summary import summary


def test_agreement_table_has_every_trial_and_the_pooled_row(result):
    values = summary(result, tool="T", seconds={}, closed_loop={})
    table = agreement_table(values["trials"], values["pooled"])
    assert table.count("<tr>") == 1 + 10 + 1
    assert '<th scope="col">knee_angle_r RMSE (N m)</th>' in table
    assert '<th scope="row">All validation trials</th>' in table
    assert "n/a → n/a" in table


def test_agreement_table_marks_a_low_r2():
    bad = {"uncalibrated": {"rmse": 5.0, "r2": 0.6}, "calibrated": {"rmse": 7.0, "r2": 0.4}}
    trial = {"name": "walk", "role": "validation", "coordinates": {"knee_angle_r": bad}}
    table = agreement_table([trial], {})
    assert '<td class="low">0.60 → 0.40</td>' in table
    assert "All validation trials" not in table


def test_parameter_table_marks_values_at_a_bound(result):
    table = parameter_table(result)
    assert table.count('class="bound"') == 2
    assert '<th scope="col">max_isometric_force (N)</th>' in table
    assert '<th scope="col">shape_factor</th>' in table


def test_strength_table_lists_the_members(result):
    table = strength_table(result)
    assert '<td class="words">bflh_r, semimem_r, semiten_r</td>' in table
    assert "Factor on max_isometric_force, allowed from 0.5 to 2.5." in table


def test_synergy_table_has_extracted_weights_of_recorded_channels_only(hybrid_result, hybrid_result_by_trial):
    table = synergy_table(hybrid_result.synergies)
    assert table.count("<tr>") == 1 + 8
    assert '<th scope="col">Synergy 2</th>' in table
    assert table.count("→ 0.") == 2 * 5
    assert (table.count("<td>recorded</td>"), table.count("<td>synthesized</td>")) == (5, 3)
    assert "<td>95.0 %</td>" in table
    assert "Means over" not in table
    assert "Means over the calibration trials" in synergy_table(hybrid_result_by_trial.synergies)
