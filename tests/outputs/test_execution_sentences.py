from dataclasses import replace

from executions import TASKS, make_execution

from opensim_difcal.calibration.metrics import Agreement
from opensim_difcal.outputs import execution_sentences as sentences

POOR, GOOD = Agreement(12.34, 0.5, 0.2, 30.0), Agreement(3.21, 0.951, 0.052, 8.0)


def test_the_introduction_says_what_drove_the_muscles():
    assert sentences.execution_introduction(make_execution("emg_hybrid")) == (
        "3 trials run with 3 muscles, EMG-hybrid: recorded excitations were adjusted, and muscles without a "
        "recording got the smallest excitations that help, so that the joint moments are tracked."
    )


def test_the_headline_says_how_many_trials_could_be_scored():
    def headline(**how):
        return sentences.execution_headline(make_execution("open_loop", **how))

    assert headline() == "On all 3 trials:"
    assert headline(tasks={"a": ""}) == "On the only trial:"
    assert headline(unmeasured=("walk_1",)) == "On the 2 of 3 trials that have measured joint moments:"
    assert headline(unmeasured=tuple(TASKS)) == (
        "No trial has measured joint moments, so nothing here shows whether the predicted ones are right."
    )


def test_a_coordinate_is_told_alone_or_against_the_open_loop():
    assert sentences.execution_coordinate("knee_angle_r", {"open_loop": GOOD}) == (
        "Knee angle (right): the moment's error is 3.2 N m, 5.2 % of the measured range (R² 0.95)."
    )
    assert sentences.execution_coordinate("knee_angle_r", {"open_loop": POOR, "emg_assisted": GOOD}) == (
        "Knee angle (right): the moment's error fell from 12.3 N m in open loop to 3.2 N m, 5.2 % of the "
        "measured range (R² 0.50 to 0.95)."
    )
    worse = sentences.execution_coordinate("hip", {"open_loop": GOOD, "emg_assisted": POOR})
    assert worse.startswith("Hip: the moment's error rose from 3.2")


def test_tracked_moments_are_no_prediction():
    assert sentences.tracking_caution(make_execution("open_loop")) == ""
    start = (
        "The measured moments were used to find the excitations. So a small error shows that these muscles "
        "can produce the moments, not that the model predicts them; only "
    )
    assert sentences.tracking_caution(make_execution("emg_assisted")) == f"{start}the open loop shows that."
    static = make_execution("static_optimization")
    assert sentences.tracking_caution(static) == f"{start}a run in mode open_loop shows that."


def test_trials_that_could_not_be_scored_are_named():
    assert sentences.unmeasured_trials(make_execution()) == ""
    assert sentences.unmeasured_trials(make_execution("open_loop", unmeasured=("walk_1", "walk_2"))) == (
        "Without measured joint moments, and so without errors: walk_1, walk_2."
    )


def test_the_search_is_told_with_the_largest_changes():
    changes = {"soleus_r": 0.03, "tibant_r": 0.01, "tibpost_r": 0.04, "other_r": 0.02}
    assert sentences.search_sentences(make_execution("emg_hybrid"), changes, 0.0274) == [
        "The search for excitations converged in 2 of 3 trials.",
        "4 excitations could be adjusted and changed by 0.027 (RMS, on the scale of 0 to 1); most: tibpost_r "
        "0.040, soleus_r 0.030, other_r 0.020.",
        "Synthesized excitations: tibpost_r.",
    ]
    assert sentences.search_sentences(make_execution("static_optimization"), {}, None)[1:] == [
        "Excitations of all muscles were synthesized."
    ]
    assert sentences.search_sentences(make_execution("open_loop"), {}, None) == []


def test_projected_muscles_are_named():
    result = make_execution("open_loop")
    assert sentences.projected_sentence(result) == (
        "Nothing was recorded of tibpost_r; the subject's synergies drive them, projected from the recorded "
        "EMG."
    )
    assert sentences.projected_sentence(replace(result, projected=())) == ""


def test_how_to_go_on_depends_on_the_mode():
    def steps(mode, **how):
        return " ".join(sentences.how_to_go_on(make_execution(mode, **how)))

    assert "mode emg_assisted finds" in steps("open_loop")
    assert "generalized_forces_file" not in steps("open_loop")
    assert "(<generalized_forces_file>)" in steps("open_loop", unmeasured=("walk_1",))
    assert "<trial>_recorded_excitations.sto" in steps("emg_assisted")
    assert "<gamma>" in steps("emg_assisted")
    assert "<beta>" not in steps("emg_assisted")
    assert "<beta>" in steps("emg_hybrid")
    assert "<alpha>" in steps("static_optimization")
    assert "recorded_excitations" not in steps("static_optimization")
