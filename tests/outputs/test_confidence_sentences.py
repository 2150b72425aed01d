from dataclasses import replace

from opensim_difcal.calibration.confidence import Residuals, TradeOff
from opensim_difcal.outputs.confidence_sentences import (
    HOW_TO_READ,
    OF_PRIOR,
    confidence_sentences,
    trade_off_sentences,
)


def test_it_says_how_much_is_known_on_how_much_evidence_and_what_the_prior_adds(confident):
    known = confident.identifiability
    n = len(known.unknowns)
    assert confidence_sentences(known) == [
        "The trials determine 66 of the 132 calibrated values; of the 66 that go into the model, they "
        f"determine 33. {HOW_TO_READ} {OF_PRIOR}",
        "The calibration trials hold 400 samples of each moment, but neighboring samples resemble each "
        "other. As evidence they are worth as many independent samples as 80 at knee angle (right). These "
        f"determine 70 of the {n} directions in which the unknowns, the numbers that the calibration "
        "learns, can move.",
        f"Of the {n} unknowns, the prior holds as many as 40. It counts like knowing each beforehand to ± "
        "0.2 (c1) and ± 0.4 (strength_coefficient), in half ranges (half the distance between the bounds). "
        "Where that is tighter than what is really known of this person, the intervals with the prior, in "
        "parameters.csv and summary.json, are too narrow. This page shows the intervals without it.",
    ]


def test_every_coordinate_has_its_evidence_and_kinds_with_the_same_prior_stand_together(confident):
    known = replace(
        confident.identifiability,
        residuals={f"{name}_r": Residuals(0.1, 400, 50.0) for name in ("hip", "knee", "ankle")},
        prior_deviation={"shape_factor": 0.5, "c1": 0.3, "c2": 0.3},
    )
    _, evidence, prior = confidence_sentences(known)
    assert "as 50 at hip (right), 50 at knee (right) and 50 at ankle (right)." in evidence
    assert "to ± 0.3 (c1 and c2) and ± 0.5 (shape_factor), in half ranges" in prior
    alike = replace(known, prior_deviation={"c1": 0.5, "c2": 0.5})
    assert "beforehand to ± 0.5, in half ranges" in confidence_sentences(alike)[-1]


def test_without_a_prior_or_moments_nothing_is_said_of_them(confident):
    known = replace(confident.identifiability, prior_deviation={}, residuals={})
    (only,) = confidence_sentences(known)
    assert only.endswith(HOW_TO_READ)


def test_values_that_make_up_for_each_other_are_named(confident):
    assert trade_off_sentences(confident.identifiability) == [
        "c1 of soleus_r and c2 of soleus_r: correlation -0.990; only their combination is determined.",
        "c1 of tibant_r and shape_factor of tibant_r: correlation 0.85; not even their combination is "
        "determined.",
    ]


def lengths_of(muscle: str, correlation: float, *, together: bool = True) -> TradeOff:
    fiber, tendon = (f"{kind} of {muscle}" for kind in ("optimal_fiber_length", "tendon_slack_length"))
    return TradeOff(fiber, tendon, correlation, together)


def test_muscles_alike_are_told_together(confident):
    strength = TradeOff("c1 of soleus_r", "strength_coefficient of calf", 0.81, together=True)
    pairs = (
        lengths_of("soleus_r", -0.98),
        lengths_of("tibant_r", -0.95, together=False),
        lengths_of("gasmed_r", -0.91),
        strength,
    )
    assert trade_off_sentences(replace(confident.identifiability, trade_offs=pairs)) == [
        "optimal_fiber_length and tendon_slack_length of each of 2 muscles: correlation -0.98 to -0.91; only "
        "their combination is determined (soleus_r, gasmed_r).",
        "optimal_fiber_length of tibant_r and tendon_slack_length of tibant_r: correlation -0.95; not even "
        "their combination is determined.",
        "c1 of soleus_r and strength_coefficient of calf: correlation 0.81; only their combination is "
        "determined.",
    ]


def test_no_more_than_a_dozen_are_named(confident):
    pairs = tuple(TradeOff(f"c1 of m{i}", f"c1 of m{i + 1}", -0.9, together=True) for i in range(15))
    lines = trade_off_sentences(replace(confident.identifiability, trade_offs=pairs))
    assert len(lines) == 13
    assert lines[-1] == "3 more pairs: see trade_offs in summary.json."
