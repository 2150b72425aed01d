"""What trials determine: against plain matrices, known noise and a known truth."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.linalg import toeplitz

from opensim_difcal.calibration.calibrate import CalibrationSettings, calibrate
from opensim_difcal.calibration.confidence import INTERVAL_FACTOR
from opensim_difcal.calibration.cost import CostSettings, prior_weights
from opensim_difcal.calibration.identifiability import (
    LARGEST_ERROR,
    _noise_of_scores,
    identifiability,
    residual_correlation,
)
from opensim_difcal.calibration.normal_equations import GaussNewton
from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.calibration.unknowns import PARAMETER_NAMES

NO_PRIOR = CalibrationSettings(cost=CostSettings(prior_weight=0.0))


def autoregressive(rng: np.random.Generator, shape: tuple[int, ...], pole: float) -> np.ndarray:
    """Noise of variance one whose correlation falls by `pole` with every sample along axis 1."""
    noise = rng.standard_normal(shape)
    for t in range(1, shape[1]):
        noise[:, t] = pole * noise[:, t - 1] + np.sqrt(1.0 - pole**2) * noise[:, t]
    return noise


def with_noise(trial, rng, share=0.05, pole=0.8):
    size = share * trial.joint_moment.std(axis=0)
    noise = autoregressive(rng, (1, *trial.joint_moment.shape), pole)[0]
    return replace(trial, joint_moment=trial.joint_moment + size * noise)


@pytest.fixture(scope="session")
def noisy(long_trials, muscles, engine) -> list[CalibrationResult]:
    """Calibrations of the same two muscles with thirty realisations of the moments' noise."""
    return [
        calibrate(
            "elbow",
            [with_noise(trial, np.random.default_rng([seed, i])) for i, trial in enumerate(long_trials)],
            muscles,
            NO_PRIOR,
            engine=engine,
        )
        for seed in range(30)
    ]


def z_of_informed(results, truth, unknowns) -> np.ndarray:
    """Errors of informed values inside their bounds, in standard errors."""
    true = unknowns.absolute(unknowns.position({k: torch.tensor(v) for k, v in truth.items()}))
    found = []
    for result in results:
        known = result.identifiability
        for name, change in result.parameters.items():
            chosen = known.informed[name] & ~change.at_bound
            error = (change.final - true[name]) / known.by_trials[name].standard_error
            found.append(error[chosen])
    return np.concatenate(found)


def test_intervals_hold_the_truth_as_often_as_they_say(noisy, truth, unknowns):
    z = z_of_informed(noisy, truth, unknowns)
    assert len(z) > 100
    assert 0.9 <= (np.abs(z) < INTERVAL_FACTOR).mean() <= 0.99
    assert 0.8 < z.std() < 1.2


def test_without_autocorrelation_intervals_would_be_too_narrow(noisy, truth, unknowns):
    """The noise's correlation time is some nine samples: errors would be three times too small."""
    residuals = noisy[0].identifiability.residuals["elbow"]
    assert residuals.correlation_time > 0.03  # s; samples are 0.01 s apart
    assert residuals.n_effective < 0.35 * residuals.n_samples
    z = z_of_informed(noisy, truth, unknowns)
    independent = z * np.sqrt(residuals.n_samples / residuals.n_effective)
    assert (np.abs(independent) < INTERVAL_FACTOR).mean() < 0.8


def test_values_that_are_not_informed_are_the_ones_furthest_off(noisy, truth, unknowns):
    true = unknowns.absolute(unknowns.position({k: torch.tensor(v) for k, v in truth.items()}))
    errors: dict[bool, list[np.ndarray]] = {True: [], False: []}
    for result in noisy:
        for name, change in result.parameters.items():
            error = np.abs(change.final - true[name]) / (change.upper - change.lower)
            for is_informed in (True, False):
                errors[is_informed].append(error[result.identifiability.informed[name] == is_informed])
    informed, others = (np.concatenate(errors[each]) for each in (True, False))
    assert np.median(others) > 2.0 * np.median(informed)


def test_the_correlation_of_known_noise_is_found(engine):
    pole, n_trials, n_times = 0.8, 4, 4000
    noise = torch.from_numpy(autoregressive(np.random.default_rng(1), (n_trials, n_times, 2), pole))
    scored = torch.ones(n_trials, n_times, dtype=torch.bool)
    noise[..., 1] = 3.0 * (0.6 * noise[..., 0] + 0.8 * noise[..., 1])
    found = residual_correlation(noise, scored, 0.01)
    torch.testing.assert_close(
        found.scale.mean(0), torch.tensor([1.0, 3.0], dtype=torch.float64), rtol=0.05, atol=0
    )
    window = found.by_lag[1:4, 0, 0] / pole ** torch.arange(1, 4)
    assert ((window > 0.85) & (window < 1.05)).all()  # faded out by Parzen's window
    assert found.by_lag[0, 0, 1] == pytest.approx(0.6, abs=0.05)
    assert len(found.by_lag) == 51  # half a second


def test_lags_end_in_the_middle_of_the_shortest_trial():
    scored = torch.zeros(2, 30, dtype=torch.bool)
    scored[0, :30], scored[1, :12] = True, True
    assert len(residual_correlation(torch.rand(2, 30, 1), scored, 0.01).by_lag) == 7


def test_noise_of_scores_is_the_product_of_matrices():
    generator = torch.Generator().manual_seed(1)
    jacobian = torch.randn(2, 40, 3, generator=generator, dtype=torch.float64)
    by_lag = torch.randn(6, 2, 2, generator=generator, dtype=torch.float64)
    by_lag[0] = by_lag[0] + by_lag[0].mT
    scale = torch.tensor([0.5, 2.0], dtype=torch.float64)
    expected = torch.zeros(3, 3, dtype=torch.float64)
    later, earlier = (np.zeros((2, 2, 40)) for _ in range(2))
    later[:, :, :6] = by_lag.permute(1, 2, 0)
    earlier[:, :, :6] = by_lag.permute(2, 1, 0)
    for c in range(2):
        for d in range(2):  # covariance of c at a time (row) with d at another (column)
            covariance = torch.from_numpy(toeplitz(earlier[c, d], later[c, d])) * scale[c] * scale[d]
            expected += jacobian[c].mT @ covariance @ jacobian[d]
    torch.testing.assert_close(_noise_of_scores(jacobian, scale, by_lag), expected)


def test_singular_values_are_those_of_the_jacobian_in_standard_errors(make_problem):
    problem = make_problem(
        prior_weight=0.0, normalized_fiber_length_range=(0.0, 3.0), tendon_strain_range=(-1.0, 1.0)
    )
    position = 0.1 * torch.ones_like(problem.unknowns.initial)
    ((columns, block),) = GaussNewton(problem).jacobian(position.unsqueeze(0))
    whole = block[0].new_zeros(len(block[0]), len(position))
    whole[:, columns] = block[0]
    expected = torch.linalg.svdvals(whole).numpy()
    found = identifiability(problem, position).singular_values
    ratio = found[:6] / expected[:6]
    assert ratio == pytest.approx(ratio[0])  # one over the noise of a residual of weight one
    residual = GaussNewton(problem)(position.unsqueeze(0)).total.sqrt()
    n = int(problem.trials.scored.sum())
    assert 1.0 / ratio[0] > float(residual) / n**0.5  # larger than for independent samples


def test_the_prior_holds_what_the_trials_do_not(make_problem):
    position = 0.1 * torch.ones_like(make_problem().unknowns.initial)
    free = identifiability(make_problem(prior_weight=0.0), position)
    assert (free.n_held_by_prior, free.prior_deviation) == (0.0, {})
    problem = make_problem(prior_weight=0.1)
    held = identifiability(problem, position)
    curvature = GaussNewton(problem)(position.unsqueeze(0)).hessian[0]
    weights = prior_weights(problem.unknowns, problem.settings)
    assert held.n_held_by_prior == pytest.approx(
        float((torch.linalg.inv(curvature).diagonal() * weights).sum())
    )
    assert 0.0 < held.n_held_by_prior < len(position)
    stronger = identifiability(make_problem(prior_weight=1.0), position)
    assert stronger.n_held_by_prior > held.n_held_by_prior
    for name in PARAMETER_NAMES:
        assert (
            held.with_prior[name].standard_error <= held.by_trials[name].standard_error * (1 + 1e-9)
        ).all()
    assert stronger.prior_deviation["c1"] < held.prior_deviation["c1"]


def test_equal_poles_are_known_only_together(noisy):
    """Eq. 1 does not change when C1 and C2 change places, so equal ones have equal derivatives."""
    change, found = noisy[0].parameters["c1"], noisy[0].identifiability
    np.testing.assert_allclose(change.final, noisy[0].parameters["c2"].final, rtol=0, atol=1e-6)
    interval = found.by_trials["c1"]
    largest = LARGEST_ERROR * 0.45  # half the bounds' range
    assert (interval.standard_error > 0.5 * largest).all()
    assert (interval.standard_error <= largest).all()
    np.testing.assert_array_equal(interval.lower_95, change.lower)  # not beyond the bounds
    np.testing.assert_array_equal(interval.upper_95, change.upper)
    assert not found.informed["c1"].any()
    for muscle in ("flexor", "extensor"):
        pair = next(each for each in found.trade_offs if each.first == f"c1 of {muscle}")
        assert (pair.second, pair.together) == (f"c2 of {muscle}", True)
        assert pair.correlation < -0.99
        assert "c1 and c2" in found.verdicts[muscle].split("Only together: ")[1]


def test_a_muscle_that_is_never_used_is_not_informed(long_trials, muscles, engine):
    silent = []
    for i, clean in enumerate(long_trials):
        trial = with_noise(clean, np.random.default_rng(i))
        arm = trial.moment_arm.copy()
        arm[..., 1] = 0.0
        silent.append(replace(trial, moment_arm=arm))
    result = calibrate("elbow", silent, muscles, NO_PRIOR, engine=engine)
    known = result.identifiability
    assert known is not None
    assert known.verdicts["extensor"] == (
        "Not informed by these trials: optimal_fiber_length, tendon_slack_length, max_isometric_force, "
        "c1, c2, shape_factor."
    )
    assert known.informed["shape_factor"].tolist() == [True, False]


def test_it_can_be_left_out(trials, muscles, engine):
    settings = replace(NO_PRIOR, identifiability=False)
    assert calibrate("elbow", trials, muscles, settings, engine=engine).identifiability is None


def test_without_noise_what_has_no_evidence_is_still_not_informed(trials, muscles, engine):
    """The moments are those of such muscles, so that hardly anything is left over."""
    known = calibrate("elbow", trials, muscles, NO_PRIOR, engine=engine).identifiability
    assert known is not None
    assert not known.informed["c1"].any()
    assert known.n_informed < known.n_values
