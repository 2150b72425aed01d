from dataclasses import replace

import numpy as np

from opensim_difcal.outputs.report_tables import (
    agreement_table,
    parameter_table,
    strength_table,
    synergy_table,
    verdict_table,
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


def test_parameter_table_holds_intervals_where_they_are_known(result, confident):
    assert "<small>" not in parameter_table(result)
    table = parameter_table(confident)
    change, interval = (
        each["tendon_slack_length"] for each in (confident.parameters, confident.identifiability.by_trials)
    )
    assert (
        f"<td>{change.initial[3]:.4g} → {change.final[3]:.4g} ○"
        f"<small>{interval.lower_95[3]:.4g} to {interval.upper_95[3]:.4g}</small>"
        f"<small>SE {interval.standard_error[3]:.2g}</small></td>"
    ) in table
    assert (table.count("●<small>"), table.count("○<small>")) == (66, 66)


def test_a_standard_error_beyond_the_bounds_is_only_said_to_be_so(confident):
    known = confident.identifiability
    c1 = replace(known.by_trials["c1"], standard_error=np.full(len(confident.muscle_names), 4.5))
    vague = replace(known, by_trials={**known.by_trials, "c1": c1})
    assert "SE over" not in parameter_table(confident)
    assert (
        parameter_table(replace(confident, identifiability=vague)).count("<small>SE over 0.9</small>") == 22
    )


def test_a_value_that_is_not_learned_has_no_interval(confident):
    change = confident.parameters["c1"]
    kept = replace(change, final=change.initial, lower=change.initial, upper=change.initial)
    table = parameter_table(replace(confident, parameters={**confident.parameters, "c1": kept}))
    assert table.count("<td>-0.5 → -0.5</td>") == 22


def test_verdict_table_has_a_sentence_for_every_muscle(confident):
    table = verdict_table(confident.identifiability)
    assert table.count('<td class="words">Informed: what &lt;') == 22
    assert '<th scope="col" class="words">What the trials determine</th>' in table


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


def test_parameter_table_says_that_the_first_value_is_the_models(result, repaired_result):
    sentence = "The first is the model&#x27;s also for what was repaired (semimem_r, bflh_r)."
    assert sentence in parameter_table(repaired_result)
    assert "repaired" not in parameter_table(result)
