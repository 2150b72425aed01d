"""Each term of Eq. 4 against numbers computed by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from opensim_difcal.calibration.cost import (
    COST_TERMS,
    CostSettings,
    excess_outside,
    measured_variance,
    moment_error,
    normalized_fiber_length,
    prior,
    tendon_strain,
)
from opensim_difcal.inputs.batch import TrialBatch, batch_trials
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.physics.simulation import Simulation

RAW = CostSettings(moment_error="raw")


def trial(joint_moment: list[list[float]], n_lead_in: int = 0) -> Trial:
    n = len(joint_moment)
    return Trial(
        name="t",
        role="calibration",
        muscle_names=("flexor", "extensor"),
        coordinate_names=("hip", "knee"),
        time=0.01 * np.arange(n),
        n_lead_in=n_lead_in,
        excitation=np.zeros((n, 2)),
        muscle_tendon_length=np.ones((n, 2)),
        moment_arm=np.zeros((n, 2, 2)),
        joint_moment=np.array(joint_moment),
    )


def batch() -> TrialBatch:
    """A trial of four samples, the first a lead-in, and one of two, padded to four."""
    long = trial([[100.0, 100.0], [1.0, 0.0], [3.0, 0.0], [2.0, 6.0]], n_lead_in=1)
    return batch_trials([long, trial([[2.0, 1.0], [4.0, 3.0]])])


def prediction(trials: TrialBatch, **series) -> Simulation:
    """Zero moments; fibers at optimal length, tendons at slack length."""
    shape = trials.excitation.shape
    zero, one = torch.zeros(shape, dtype=torch.float64), torch.ones(shape, dtype=torch.float64)
    still = Simulation(
        activation=zero,
        fiber_length=one,
        normalized_fiber_length=one,
        tendon_force=zero,
        tendon_strain=zero,
        joint_moment=torch.zeros_like(trials.joint_moment),
    )
    return replace(still, **series)


def test_raw_moment_error_is_averaged_over_time_and_coordinates_and_summed_over_trials():
    trials = batch()
    # (1 + 0)/2, (9 + 0)/2, (4 + 36)/2 over 3 samples; (4 + 1)/2, (16 + 9)/2 over 2.
    expected = (0.5 + 4.5 + 20.0) / 3 + (2.5 + 12.5) / 2
    assert moment_error(prediction(trials), trials, RAW).item() == pytest.approx(expected)


def test_measured_variance_is_that_of_the_scored_samples():
    assert measured_variance(batch()).flatten().tolist() == pytest.approx([2 / 3, 8.0, 1.0, 1.0])


def test_scaled_moment_error_divides_by_the_variance_of_trial_and_coordinate():
    trials = batch()
    # Mean squares: hip 14/3, knee 12 in the long trial; 10 and 5 in the short one.
    expected = ((14 / 3) / (2 / 3) + 12 / 8) / 2 + (10 + 5) / 2
    scaled = CostSettings(moment_error="variance_scaled")
    assert moment_error(prediction(trials), trials, scaled).item() == pytest.approx(expected)


def test_lead_in_and_padding_do_not_count():
    trials = batch()
    wrong = torch.where(trials.scored.unsqueeze(-1), trials.joint_moment, 1e6)
    broken = torch.where(trials.scored.unsqueeze(-1), 1.0, 9.0).expand(-1, -1, 2).to(torch.float64)
    simulation = prediction(
        trials, joint_moment=wrong, normalized_fiber_length=broken, tendon_strain=broken - 1.0
    )
    terms = {name: term(simulation, trials, RAW) for name, term in COST_TERMS.items()}
    assert {name: term.item() for name, term in terms.items()} == {
        "moment_error": 0.0,
        "normalized_fiber_length": 0.0,
        "tendon_strain": 0.0,
    }


@pytest.mark.parametrize(
    ("term", "series", "bounds", "weight"),
    [
        (normalized_fiber_length, "normalized_fiber_length", (0.5, 1.5), "normalized_fiber_length_weight"),
        (tendon_strain, "tendon_strain", (0.0, 0.05), "tendon_strain_weight"),
    ],
)
def test_penalty_is_the_mean_squared_excess_summed_over_muscles_and_trials(term, series, bounds, weight):
    trials = batch()
    inside = torch.full(trials.excitation.shape, bounds[0], dtype=torch.float64)
    inside[0, 1, 0] = bounds[1] + 0.3
    inside[0, 2, 1] = bounds[0] - 0.1
    inside[1, 0, 0] = bounds[1] + 0.2
    settings = replace(CostSettings(), **{weight: 7.0})
    expected = 7.0 * ((0.09 + 0.01) / 3 + 0.04 / 2)
    found = term(prediction(trials, **{series: inside}), trials, settings)
    assert found.item() == pytest.approx(expected)


def test_the_penalty_on_the_whole_deviation_jumps_at_the_ends_of_the_range():
    trials = batch()
    lengths = torch.ones(trials.excitation.shape, dtype=torch.float64)
    lengths[0, 1, 0], lengths[0, 2, 1], lengths[1, 0, 0] = 1.5, 0.4, 1.6
    settings = CostSettings(
        normalized_fiber_length_penalty="whole_deviation", normalized_fiber_length_weight=100.0
    )
    found = normalized_fiber_length(prediction(trials, normalized_fiber_length=lengths), trials, settings)
    assert found.item() == pytest.approx(100.0 * (0.36 / 3 + 0.36 / 2))


def test_prior_is_the_mean_squared_deviation_summed_over_kinds(unknowns):
    values = unknowns.values(unknowns.start())
    values["c1"] = torch.tensor([-0.5 + 0.225, -0.5], dtype=torch.float64)
    values["strength_coefficient"] = torch.tensor([1.5, 0.6], dtype=torch.float64)
    # Half ranges are 0.45 and 1.0: deviations 0.5 and 0; 0.5 and -0.4.
    expected = 2.0 * (0.25 / 2 + (0.25 + 0.16) / 2)
    found = prior(unknowns, unknowns.position(values), CostSettings(prior_weight=2.0))
    assert found.item() == pytest.approx(expected)


def test_excess_is_zero_inside_and_on_the_bounds():
    x = torch.tensor([[0.3, 0.5, 1.0, 1.5, 1.8]], dtype=torch.float64)
    assert excess_outside(x, (0.5, 1.5)).tolist() == [pytest.approx([0.2, 0.0, 0.0, 0.0, 0.3])]
