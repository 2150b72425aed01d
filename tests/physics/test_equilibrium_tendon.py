"""Elastic tendons whose force balance is solved at every instant."""

from dataclasses import replace

import pytest
import torch
from random_muscles import Case, close

from opensim_difcal.physics.differentiable import (
    EngineOperations,
    PlainOperations,
    ValueOperations,
    first_length,
)
from opensim_difcal.physics.elastic_tendon import integrate_sequentially
from opensim_difcal.physics.equilibrium_tendon import balance_sequentially
from opensim_difcal.physics.muscle import force_balance, minimum_fiber_length
from opensim_difcal.physics.simulation import simulate
from opensim_difcal.physics.time_parallel import TorchEngine


@pytest.fixture
def muscles(pair):
    return pair.muscles.with_elastic_tendon("equilibrium")


def motion(muscles, time_step: float, seconds: float = 0.4, stretch: float = 0.95):
    """Activation and length of every muscle, smooth in time."""
    n_samples = round(seconds / time_step) + 1
    time = time_step * torch.arange(n_samples, dtype=torch.float64)[:, None]
    phase = torch.tensor([0.0, 1.0, 2.0], dtype=torch.float64)
    activation = 0.3 + 0.25 * torch.sin(15.0 * time + phase)
    swing = stretch + 0.12 * torch.sin(9.0 * time + 2.0 * phase)
    return activation[None], (muscles.tendon_slack_length + muscles.optimal_fiber_length * swing)[None]


def test_every_instant_is_in_balance(muscles, engine):
    h = 0.005
    activation, length = motion(muscles, h)
    first = first_length(engine, activation, length, muscles)
    fibers = engine.balanced_trajectory(first, activation, length, muscles, h)
    velocity = (fibers[:, 1:] - fibers[:, :-1]) / h
    balance = force_balance(fibers[:, 1:], velocity, activation[:, 1:], length[:, 1:], muscles)
    assert balance.abs().max() < 1e-8  # a Newton step after one of 1e-6
    assert torch.equal(fibers[:, :1], first)


@pytest.mark.parametrize("stretch", [0.95, 0.3, -0.2, 1.8])
def test_machine_code_and_plain_torch_agree_also_where_fibers_are_crushed(muscles, engine, stretch):
    activation, length = motion(muscles, 0.005, stretch=stretch)
    first = first_length(engine, activation, length, muscles)
    ours = engine.balanced_trajectory(first, activation, length, muscles, 0.005)
    plain = balance_sequentially(first, activation, length, muscles, 0.005)
    assert (ours - plain).abs().max() < 1e-9
    assert (ours >= minimum_fiber_length(muscles)).all()


def test_it_meets_the_rosenbrock_step_as_the_time_step_shrinks(muscles, engine):
    differences = []
    for h in (0.004, 0.002, 0.001, 0.0005):
        activation, length = motion(muscles, h)
        first = first_length(engine, activation, length, muscles)
        ours = engine.balanced_trajectory(first, activation, length, muscles, h)
        theirs = integrate_sequentially(first, activation, length, muscles, h)
        differences.append(float(((ours - theirs) / muscles.optimal_fiber_length).abs().max()))
    assert differences[-1] < 1e-5
    ratios = [after / before for before, after in zip(differences, differences[1:], strict=False)]
    assert ratios == pytest.approx([0.25] * 3, abs=0.03)  # the linear step leaves out the second order


def test_a_slack_tendon_that_holds_nothing_leaves_the_shortest_fiber(muscles, engine):
    activation, length = motion(muscles, 0.005, stretch=-0.4)
    first = first_length(engine, activation, length, muscles)
    fibers = engine.balanced_trajectory(first, activation, length, muscles, 0.005)
    assert ((fibers / minimum_fiber_length(muscles))[..., 20:, :] - 1.0).abs().min() < 1e-6


def test_what_is_not_a_number_stays_none(muscles, engine):
    activation, length = motion(muscles, 0.005)
    first = first_length(engine, activation, length, muscles)
    length[0, 20, 1] = float("nan")
    for chosen in (engine, TorchEngine()):
        lost = torch.isnan(chosen.balanced_trajectory(first, activation, length, muscles, 0.005))
        assert lost[0, 20:, 1].all()
        assert not lost[0, :20].any()
        assert not lost[..., (0, 2)].any()


@pytest.mark.parametrize("name", ["compiled", "torch"])
def test_values_and_gradients_are_those_of_plain_steps_and_autograd(muscles, engine, name):
    chosen = engine if name == "compiled" else TorchEngine()
    for seed, level, stretch in ((1, 0.3, 0.0), (2, 1.0, -0.03), (4, 0.01, 0.3)):
        case = Case(muscles, seed, level, stretch)
        expected, expected_gradients = case.value_and_gradient(PlainOperations(TorchEngine()))
        value, gradients = case.value_and_gradient(EngineOperations(chosen))
        assert close(value, expected)
        for ours, theirs in zip(gradients, expected_gradients, strict=True):
            assert close(ours, theirs, 1e-7)


@pytest.mark.parametrize("elastic_tendon", ["rosenbrock", "equilibrium"])
def test_without_derivatives_the_values_are_the_same(muscles, engine, elastic_tendon):
    case = Case(muscles.with_elastic_tendon(elastic_tendon), 3, 0.4, 0.0)
    case.muscles = replace(case.muscles, rigid_tendon=torch.tensor([False, True, False]))
    arguments = case.excitation, case.length, case.arm
    keywords = case.arguments([p.detach() for p in case.parameters()])
    ours = simulate(*arguments, operations=ValueOperations(engine), **keywords)
    theirs = simulate(*arguments, operations=EngineOperations(engine), **keywords)
    assert torch.equal(ours.tendon_force, theirs.tendon_force)
    assert torch.equal(ours.tendon_strain, theirs.tendon_strain)
    plain = simulate(*arguments, operations=ValueOperations(TorchEngine()), **keywords)
    assert close(plain.tendon_force, theirs.tendon_force, 1e-8)
