"""Batches: padding, mask, and what trials must share."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from opensim_difcal.errors import TrialError
from opensim_difcal.inputs.batch import batch_trials
from opensim_difcal.inputs.trial import Trial


def trial(name: str = "walk", n_samples: int = 12, n_lead_in: int = 2, time_step: float = 0.01) -> Trial:
    generator = np.random.default_rng(n_samples)
    return Trial(
        name=name,
        role="calibration",
        muscle_names=("soleus", "gasmed"),
        coordinate_names=("ankle",),
        time=1.0 + time_step * np.arange(n_samples),
        n_lead_in=n_lead_in,
        excitation=generator.random((n_samples, 2)),
        muscle_tendon_length=generator.random((n_samples, 2)),
        moment_arm=generator.random((n_samples, 1, 2)),
        joint_moment=generator.random((n_samples, 1)),
    )


SERIES = ("excitation", "muscle_tendon_length", "moment_arm", "joint_moment")


def test_a_batch_holds_the_trials_as_they_are():
    short, long = trial(n_samples=12), trial("run", n_samples=20)
    batch = batch_trials([short, long])
    assert batch.trials == (short, long)
    assert (batch.muscle_names, batch.coordinate_names) == (("soleus", "gasmed"), ("ankle",))
    assert batch.time_step == pytest.approx(0.01)
    for name in SERIES:
        series = getattr(batch, name)
        assert series.dtype == torch.float64
        assert np.array_equal(series[0, :12].numpy(), getattr(short, name))
        assert np.array_equal(series[1].numpy(), getattr(long, name))


def test_the_shorter_trial_holds_its_last_sample():
    short = trial(n_samples=12)
    batch = batch_trials([short, trial("run", n_samples=20)])
    for name in SERIES:
        assert torch.all(getattr(batch, name)[0, 12:] == getattr(batch, name)[0, 11])


def test_lead_in_and_padding_are_not_scored():
    batch = batch_trials([trial(n_samples=5, n_lead_in=2), trial("run", n_samples=7, n_lead_in=0)])
    assert batch.scored.tolist() == [[False, False, True, True, True, False, False], [True] * 7]


def test_the_batch_does_not_share_memory_with_its_trials():
    single = trial()
    batch_trials([single]).excitation.zero_()
    assert np.any(single.excitation != 0)


def test_no_trial_is_refused():
    with pytest.raises(TrialError) as caught:
        batch_trials([])
    assert str(caught.value) == "A batch needs at least one trial. Add a <Trial> to the setup file."


DIFFERENT = {
    "step": (
        trial("run", time_step=0.005),
        "Trial 'run' has the time step 0.005 s, trial 'walk' 0.01 s. Read all trials with one <time_step>.",
    ),
    "muscles": (
        replace(trial("run"), muscle_names=("gasmed", "soleus")),
        "Trial 'run' has the muscles gasmed, soleus; trial 'walk' has soleus, gasmed. "
        "Read all trials with the same muscles in the same order.",
    ),
    "coordinates": (
        replace(trial("run"), coordinate_names=("knee",)),
        "Trial 'run' has the coordinates knee; trial 'walk' has ankle. "
        "Read all trials with the same coordinates in the same order.",
    ),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_trials_that_differ_are_refused(what):
    other, expected = DIFFERENT[what]
    with pytest.raises(TrialError) as caught:
        batch_trials([trial(), other])
    assert str(caught.value) == expected
