"""What measured series say about each other, on series that are known."""

import numpy as np
import pytest

from opensim_difcal.inputs.data_checks import (
    LEADS,
    LeadFit,
    channel_strengths,
    common_lead,
    correlations,
    excitation_at_leads,
    expected_moments,
    fits_the_other_side,
    is_plausible,
    is_raw,
    largest_moments,
    lead_fit,
    mean_opposed,
    opposed,
    swapped_channels,
)

SAMPLES = np.linspace(-1.0, 3.0, 401)
TIME = np.linspace(0.0, 2.0, 101)
STRENGTH = np.broadcast_to(np.array([[50.0, -50.0]]), (101, 1, 2))  # flexor, extensor


def bursts(time, at):
    """A burst that comes again every 1.3 s."""
    return np.exp(-(((time - at + 0.65) % 1.3 - 0.65) ** 2) / 0.02)


def excitations(leads=LEADS, swap=False):
    values = np.column_stack([bursts(SAMPLES, 0.4), 0.7 * bursts(SAMPLES, 0.9)])
    return excitation_at_leads(SAMPLES, values[:, ::-1] if swap else values, TIME, leads)


def moment(lead=0.1):
    return (50.0 * bursts(TIME - lead, 0.4) - 35.0 * bursts(TIME - lead, 0.9))[:, None]


def by_lead(**properties):
    return correlations(expected_moments(excitations(), STRENGTH), moment(**properties))


@pytest.mark.parametrize("lead", [-0.3, -0.05, 0.0, 0.15, 0.35])
def test_the_lead_of_the_excitations_is_found(lead):
    fit = lead_fit(by_lead(lead=lead)[:, 0])
    assert fit is not None
    assert fit.lead == pytest.approx(lead, abs=1e-9)
    assert fit.correlation == pytest.approx(1.0, abs=0.01)
    assert fit.is_implausible == (lead in (-0.3, 0.35))


def test_a_lead_that_hardly_fits_better_is_no_suspicion():
    assert not LeadFit(lead=0.3, correlation=0.9, plausible_correlation=0.85).is_implausible
    assert not LeadFit(lead=0.3, correlation=0.6, plausible_correlation=0.1).is_implausible
    assert LeadFit(lead=0.3, correlation=0.9, plausible_correlation=0.7).is_implausible


def test_far_leads_need_more_because_a_movement_repeats():
    assert not LeadFit(lead=0.5, correlation=0.9, plausible_correlation=0.7).is_implausible
    assert LeadFit(lead=0.5, correlation=0.9, plausible_correlation=0.5).is_implausible


def test_leads_of_which_the_file_knows_too_little_are_left_out():
    short = excitation_at_leads(TIME, bursts(TIME, 0.4)[:, None], TIME, LEADS)
    found = correlations(expected_moments(short, STRENGTH[:, :, :1]), moment())
    assert not np.isnan(found[np.abs(LEADS) <= 0.59]).any()
    shorter = excitation_at_leads(TIME[:60], bursts(TIME[:60], 0.4)[:, None], TIME, LEADS)
    assert np.isnan(correlations(expected_moments(shorter, STRENGTH[:, :, :1]), moment())).all()
    assert lead_fit(np.full(len(LEADS), np.nan)) is None


def test_a_moment_of_the_opposite_sign_is_seen():
    plausible = is_plausible(LEADS)
    right, wrong = by_lead()[plausible], by_lead()[plausible] * -1.0
    assert np.isnan(opposed(right)).all()
    assert opposed(wrong) == pytest.approx([-1.0], abs=0.01)
    assert mean_opposed(wrong) == pytest.approx(1.0, abs=0.01)


def test_all_coordinates_together_have_one_lead():
    one = by_lead(lead=0.3)
    lead, correlation = common_lead(np.hstack([one, one]))
    assert (lead, correlation) == pytest.approx((0.3, 1.0), abs=0.01)
    assert common_lead(np.full((len(LEADS), 1), np.nan)) == (0.0, -1.0)


def test_the_other_side_is_named_only_where_it_fits_clearly_better():
    good, poor = np.full((3, 2), 0.9), np.full((3, 2), 0.1)
    assert fits_the_other_side(poor, good) == pytest.approx((0.1, 0.9))
    assert fits_the_other_side(good, good) is None
    assert fits_the_other_side(good, poor) is None
    assert fits_the_other_side(poor, np.full((3, 2), np.nan)) is None


def test_swapped_channels_of_antagonists_are_found():
    leads = LEADS[is_plausible(LEADS)]
    assert swapped_channels(excitations(leads), STRENGTH, moment()) is None
    swap = swapped_channels(excitations(leads, swap=True), STRENGTH, moment())
    assert swap is not None
    assert (swap.channels, swap.coordinate) == ((0, 1), 0)
    assert swap.before < 0.3
    assert swap.after == pytest.approx(1.0, abs=0.01)


def test_channels_of_synergists_are_never_called_swapped():
    leads = LEADS[is_plausible(LEADS)]
    assert swapped_channels(excitations(leads, swap=True), np.abs(STRENGTH), moment()) is None


def test_a_muscle_with_two_channels_takes_their_mean():
    arm = np.full((1, 1, 2), 0.05)
    strength = channel_strengths(arm, np.array([100.0, 200.0]), [[0, 1], [1]], 3)
    assert strength[0, 0] == pytest.approx([2.5, 2.5 + 10.0, 0.0])


def test_the_largest_moment_is_that_of_all_muscles_of_one_direction():
    arm = np.array([[[0.05, 0.03, -0.04]], [[0.04, 0.03, -0.02]]])
    assert largest_moments(arm, np.array([100.0, 100.0, 300.0])) == pytest.approx([12.0])


def test_raw_emg_is_told_from_envelopes():
    rng = np.random.default_rng(1)
    raw = rng.normal(size=2000) * (0.1 + bursts(np.linspace(0, 2, 2000), 0.4))
    assert is_raw(raw)
    assert is_raw(1e-4 * raw)
    assert not is_raw(np.abs(raw))
    assert not is_raw(bursts(TIME, 0.4) - 0.02)  # a filter's ripple below zero
    assert not is_raw(np.zeros(10))
