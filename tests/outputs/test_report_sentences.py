from dataclasses import replace

from opensim_difcal.outputs import report_sentences as sentences


def both(before, after, **calibrated):
    return {
        "uncalibrated": {"rmse": before, "r2": 0.31},
        "calibrated": {"rmse": after, "r2": 0.93, **calibrated},
    }


def test_introduction_counts_muscles_and_trials(result, result_without_validation):
    assert sentences.introduction(result) == (
        "22 muscles calibrated on 4 trials, 6 trials kept aside for validation; 29 iterations."
    )
    assert sentences.introduction(result_without_validation) == (
        "4 muscles calibrated on 2 trials, none kept aside; 29 iterations."
    )


def test_headline_says_whether_the_trials_were_unseen():
    agreement = {"knee_angle_r": both(21.0, 8.0)}
    assert sentences.headline(agreement, unseen=True) == "On trials the calibration never saw:"
    assert sentences.headline(agreement, unseen=False) == (
        "On the trials the model was fitted to (no trial was kept aside, so this says little about others):"
    )
    assert sentences.headline({}, unseen=False) == "No trial was scored."


def test_headline_of_a_coordinate_says_how_the_error_changed():
    assert sentences.headline_coordinate("knee_angle_r", both(21.0, 8.0)) == (
        "Knee angle (right): the moment's error fell from 21.0 to 8.0 N m (R² 0.31 to 0.93)."
    )
    assert sentences.headline_coordinate("knee_angle_r", both(21.0, 22.0, r2=None)) == (
        "Knee angle (right): the moment's error rose from 21.0 to 22.0 N m (R² 0.31 to n/a)."
    )
    assert sentences.headline_coordinate("knee_angle_r", both(21.0, None)) == (
        "Knee angle (right): no error could be computed, because the prediction holds no number."
    )


def test_values_at_bounds_are_listed_by_muscle():
    parameters = {"soleus_r": {"c1": {"at_bound": True}, "c2": {"at_bound": False}}}
    assert sentences.values_at_bounds(parameters) == (
        "At a bound: c1 of soleus_r. Such a value went as far as it was allowed to; the bound chose it, not "
        "the data. Wider bounds, better scaling or a better excitation for that muscle may help."
    )
    assert sentences.values_at_bounds({}) == "No value ended at a bound."


def test_tendons_made_elastic_are_listed():
    assert sentences.elastic_tendons(()) == ""
    assert sentences.elastic_tendons(("soleus_r",)) == (
        "These muscles had a rigid tendon in the model and were calibrated with an elastic one "
        "(ignore_tendon_compliance is now false): soleus_r."
    )


def test_closed_loop_is_explained_check_by_check():
    lines = sentences.closed_loop_sentences(
        {"reintegration_rms_max": float("inf"), "frame_force_error_max": 3e-8}
    )
    assert lines[0].endswith("was not defined: OpenSim could not integrate a muscle.")
    assert lines[1].endswith("was 0.000003 % of max_isometric_force (0.0001 % allowed): agrees.")
    assert lines[2].endswith("What remained was not computed.")
    disagreeing = sentences.closed_loop_sentences({"reintegration_rms_max": 0.03})
    assert disagreeing[0].endswith("was 3 % of max_isometric_force (2 % allowed): does not agree.")
    looser = sentences.closed_loop_sentences({"reintegration_rms_max": 0.03, "reintegration_rms_limit": 0.04})
    assert looser[0].endswith("was 3 % of max_isometric_force (4 % allowed): agrees.")


def test_starts_are_compared_in_words(result):
    assert sentences.starts_sentence(result) == (
        "3 searches from different starts ended at the costs 0.05, 0.0501, 0.9; 2 of them within 1 % of the "
        "best. Among these, values differ from the best by up to 0.10 in optimal_fiber_length and 0.10 in "
        "tendon_slack_length on average, in half ranges of their bounds: what differs although the cost does "
        "not, the trials do not determine."
    )
    worse = replace(result, starts=(result.starts[0], result.starts[2]))
    assert sentences.starts_sentence(worse).endswith(
        "1 of them within 1 % of the best. The others stopped in worse minima, or before they reached one."
    )
    assert sentences.starts_sentence(replace(result, starts=result.starts[:1])) == ""


def test_how_to_continue_names_the_model_only_where_one_was_written(result):
    assert sentences.how_to_continue(result, {"reintegration_rms_max": 0.019})[0].startswith(
        "Open subject01.osim in OpenSim (File, Open Model)."
    )
    disagreeing = {"reintegration_rms_max": 0.019, "reintegration_rms_limit": 0.01}
    assert sentences.how_to_continue(result, disagreeing) == [
        "No calibrated model was written. Follow the reasons in the box at the top, then run again."
    ]


def test_synergies_are_told_in_words(hybrid_result):
    lines = sentences.synergy_sentences(hybrid_result.synergies, 0.95)
    names = ", ".join(hybrid_result.synergies.synthesized_muscles)
    assert lines == [
        "2 synergies were extracted from the recorded excitations, the fewest that account for more than "
        "95.0 % of their variance (by number: 1: 80.0 %, 2: 97.0 %).",
        "Variance accounted for (VAF) is the share of the recorded excitations that synergies reconstruct: "
        "97.0 % as extracted, 95.0 % after the calibration, which also fits the moments. Worst channel after "
        "it: emg_gasmed_r, 91.0 %.",
        "3 muscles without a recording got synthesized excitations: "
        f"{names}. All others were driven by the recorded EMG.",
    ]
    cautions = sentences.synergy_cautions(hybrid_result.synergies)
    assert "it is projected onto the synergies, and no moment is used" in cautions[0]
    assert "less certain than those of recorded ones" in cautions[1]


def test_the_number_of_synergies_may_be_asked_for_or_never_enough(hybrid_result):
    asked = sentences.synergy_sentences(hybrid_result.synergies, None)[0]
    assert asked == "2 synergies were extracted from the recorded excitations, as the settings ask for."
    too_few = sentences.synergy_sentences(hybrid_result.synergies, 0.99)[0]
    assert "one per channel, because fewer account for less than 99.0 % of their variance" in too_few


def test_without_synthesized_muscles_there_is_nothing_to_warn_of(hybrid_result):
    outcome = replace(hybrid_result.synergies, synthesized_muscles=())
    assert sentences.synergy_cautions(outcome) == []
    assert sentences.synergy_sentences(outcome, None)[-1] == (
        "Every muscle has a recording, so no excitation was synthesized."
    )
