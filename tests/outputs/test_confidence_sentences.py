from dataclasses import replace

from opensim_difcal.outputs.confidence_sentences import (
    HOW_TO_READ,
    confidence_sentences,
    trade_off_sentences,
)

PRIOR = (
    "Of the {n} unknowns the prior holds as many as 40.2; it counts like knowing each to 0.2 half ranges of "
    "its bounds, or less closely. That is more than is known of a person, so that intervals with the prior "
    "are too narrow; the table and the figure show those without."
)


def test_it_says_how_much_is_known_on_how_much_evidence_and_what_the_prior_adds(confident):
    known = confident.identifiability
    n = len(known.unknowns)
    assert confidence_sentences(known, synthesized=False) == [
        f"The trials determine 66 of 132 values. {HOW_TO_READ}",
        "Neighboring samples resemble each other. What is left of the moments is worth as many independent "
        f"samples as: knee angle (right) 80 of 400. They determine 70 of {n} directions in which the "
        "unknowns can move.",
        PRIOR.format(n=n),
    ]


def test_a_prior_as_weak_as_what_is_known_is_no_caution(confident):
    known = replace(confident.identifiability, prior_deviation={"c1": 0.5})
    assert confidence_sentences(known, synthesized=False)[-1].endswith("or less closely.")


def test_without_a_prior_nothing_is_said_of_it(confident):
    known = replace(confident.identifiability, prior_deviation={})
    assert len(confidence_sentences(known, synthesized=False)) == 2


def test_synthesized_excitations_are_a_caution(confident):
    assert confidence_sentences(confident.identifiability, synthesized=True)[-1] == (
        "Excitations of muscles without a recording were fitted to the same moments. What they fit of the "
        "noise is not counted, so the intervals here are too narrow."
    )


def test_values_that_make_up_for_each_other_are_named(confident):
    assert trade_off_sentences(confident.identifiability) == [
        "c1 of soleus_r and c2 of soleus_r (correlation -0.99): only their combination is determined.",
        "c1 of tibant_r and shape_factor of tibant_r (correlation 0.85): not even both together are "
        "determined.",
    ]
