"""Which excitation columns drive which muscles."""

import pytest

from opensim_difcal.errors import TrialError
from opensim_difcal.inputs.excitations import ExcitationChannel, driven_muscles

SOL = ExcitationChannel(name="SOL", muscles=("soleus",))


def test_without_a_map_columns_named_after_muscles_drive_them():
    driven = driven_muscles("emg.sto", ["tibant", "soleus"], (), ["soleus", "gasmed", "tibant"])
    assert driven == {"soleus": ("soleus",), "tibant": ("tibant",)}
    assert list(driven) == ["soleus", "tibant"]


def test_extra_columns_are_ignored_on_request():
    driven = driven_muscles("emg.sto", ["soleus", "trigger"], (), ["soleus"], allow_extra_columns=True)
    assert driven == {"soleus": ("soleus",)}


def test_a_channel_named_twice_counts_once():
    assert driven_muscles("emg.sto", ["SOL"], (SOL, SOL), ["soleus"]) == {"soleus": ("SOL",)}


UNDRIVEN = {
    "unknown column": (
        (["SO"], (SOL,), ["soleus"]),
        "emg.sto: no column 'SOL', which an <ExcitationChannel> names. Did you mean 'SO'? "
        "The columns are: SO.",
    ),
    "unknown muscle": (
        (["SOL"], (SOL,), ["soleus_r", "gasmed_r"]),
        "<ExcitationChannel> 'SOL': the model has no muscle 'soleus'. Did you mean 'soleus_r'? "
        "The muscles are: soleus_r, gasmed_r.",
    ),
    "extra column": (
        (["soleus", "gasme"], (), ["soleus", "gasmed"]),
        "emg.sto: no muscle is driven by 1 column: gasme. Did you mean 'gasmed'? Name it after a muscle, or "
        "set <allow_extra_columns> to true to ignore such columns.",
    ),
    "unmapped column": (
        (["SOL", "GAS"], (SOL,), ["soleus"]),
        "emg.sto: no muscle is driven by 1 column: GAS. Map it with an <ExcitationChannel>, or set "
        "<allow_extra_columns> to true to ignore such columns.",
    ),
}


@pytest.mark.parametrize("fault", UNDRIVEN)
def test_columns_and_muscles_that_do_not_match_are_refused(fault):
    arguments, expected = UNDRIVEN[fault]
    with pytest.raises(TrialError) as caught:
        driven_muscles("emg.sto", *arguments)
    assert str(caught.value) == expected


def test_no_driven_muscle_at_all_is_refused():
    with pytest.raises(TrialError) as caught:
        driven_muscles("emg.sto", ["SOL"], (), ["soleus"], allow_extra_columns=True)
    assert str(caught.value) == (
        "emg.sto: no column drives a muscle. Name columns after muscles, or write an <ExcitationChannel> "
        "for each. The columns are: SOL."
    )
