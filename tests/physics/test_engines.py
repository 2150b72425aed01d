"""Every way to compute a simulation gives the same: values, gradients and tangents."""

from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_muscles import Case, close

from opensim_difcal.physics.curve_strains import CURVE_STRAINS
from opensim_difcal.physics.differentiable import EngineOperations, PlainOperations
from opensim_difcal.physics.simulation import simulate
from opensim_difcal.physics.tangents import OWN_PARAMETERS, simulate_with_tangents
from opensim_difcal.physics.time_parallel import TorchEngine

REPEATABLE = settings(
    max_examples=12,
    deadline=None,  # no test depends on time
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
seeds = st.integers(0, 10_000)
levels = st.sampled_from([0.0, 0.01, 0.3, 1.0])
stretches = st.sampled_from([-0.25, -0.03, 0.0, 0.02, 0.3])


@pytest.mark.parametrize("name", ["compiled", "torch"])
@REPEATABLE
@given(seed=seeds, level=levels, stretch=stretches)
def test_values_and_gradients_are_those_of_plain_steps_and_autograd(pair, engine, name, seed, level, stretch):
    case = Case(pair.muscles, seed, level, stretch)
    chosen = engine if name == "compiled" else TorchEngine()
    expected, expected_gradients = case.value_and_gradient(PlainOperations(TorchEngine()))
    for _ in range(2):  # the second time, the torch engine starts from the first
        value, gradients = case.value_and_gradient(EngineOperations(chosen))
        assert close(value, expected)
        assert all(close(ours, theirs) for ours, theirs in zip(gradients, expected_gradients, strict=True))


@pytest.mark.parametrize("name", ["compiled", "torch"])
@REPEATABLE
@given(seed=seeds, level=levels, stretch=stretches)
def test_tangents_are_the_gradients_of_every_instant(pair, engine, name, seed, level, stretch):
    case = Case(pair.muscles, seed, level, stretch)
    chosen = engine if name == "compiled" else TorchEngine()
    parameters = case.parameters()
    simulation, tangents = simulate_with_tangents(
        case.excitation,
        case.length,
        case.arm,
        engine=chosen,
        **case.arguments([p.detach() for p in parameters]),
    )
    tracked = simulate(
        case.excitation,
        case.length,
        case.arm,
        operations=EngineOperations(chosen),
        **case.arguments(parameters),
    )
    for field in ("activation", "fiber_length", "normalized_fiber_length", "tendon_force", "tendon_strain"):
        series = getattr(tracked, field)
        assert close(getattr(simulation, field), series.detach())
        up = case.upstream[1]
        value = (up * series).sum() + 0.0 * parameters[0].sum()  # strains of rigid tendons have no graph
        gradients = torch.autograd.grad(value, parameters, retain_graph=True, materialize_grads=True)
        ours = (up * getattr(tangents, field)).sum((1, 2))
        names = (*OWN_PARAMETERS, *CURVE_STRAINS)[: len(parameters)]
        for name, own, gradient in zip(names, ours, gradients, strict=True):
            assert close(own, gradient), (field, name)


@REPEATABLE
@given(seed=seeds)
def test_a_warm_start_from_other_parameters_leads_to_the_same(pair, seed):
    case, other = (Case(pair.muscles, s, 0.3, 0.0) for s in (seed, seed + 1))
    warm = TorchEngine()
    other.value_and_gradient(EngineOperations(warm))
    value, _ = case.value_and_gradient(EngineOperations(warm))
    expected, _ = case.value_and_gradient(EngineOperations(TorchEngine()))
    assert close(value, expected, 1e-9)


def test_starts_side_by_side_are_those_one_by_one(pair, engine):
    case = Case(pair.muscles, 5, 0.4, 0.0)
    factors = torch.tensor([1.0, 0.97, 1.05], dtype=torch.float64)
    parameters = [
        torch.stack([factor * p.detach() for factor in factors])[:, None, None, :] for p in case.parameters()
    ]
    together, tangents = simulate_with_tangents(
        case.excitation, case.length, case.arm, engine=engine, **case.arguments(parameters)
    )
    for i, factor in enumerate(factors):
        alone, own = simulate_with_tangents(
            case.excitation,
            case.length,
            case.arm,
            engine=engine,
            **case.arguments([factor * p.detach() for p in case.parameters()]),
        )
        torch.testing.assert_close(together.tendon_force[i], alone.tendon_force, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(tangents.tendon_force[:, i], own.tendon_force, rtol=1e-10, atol=1e-8)


def test_threads_share_the_work_without_a_change(pair, engine):
    case = Case(pair.muscles, 3, 0.4, 0.0)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone, _ = case.value_and_gradient(EngineOperations(engine))
        torch.set_num_threads(2)
        shared, _ = case.value_and_gradient(EngineOperations(engine))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(alone, shared)


def test_what_is_not_a_number_stays_none(pair, engine):
    case = Case(pair.muscles, 3, 0.4, 0.0)
    case.muscles = replace(case.muscles, rigid_tendon=torch.zeros(3, dtype=torch.bool))
    case.length = case.length.clone()
    case.length[1, 20, 2] = float("nan")
    for chosen in (engine, TorchEngine()):
        simulation, _ = simulate_with_tangents(
            case.excitation,
            case.length,
            case.arm,
            engine=chosen,
            **case.arguments([p.detach() for p in case.parameters()]),
        )
        lost = torch.isnan(simulation.tendon_force)
        assert lost[1, 20:, 2].all()
        assert not lost[0].any()
        assert not lost[1, :19, :].any()
        assert not lost[:, :, :2].any()


def test_second_derivatives_are_refused_instead_of_wrong(pair, engine):
    case = Case(pair.muscles, 3, 0.4, 0.0)
    parameters = case.parameters()
    simulation = simulate(
        case.excitation,
        case.length,
        case.arm,
        operations=EngineOperations(engine),
        **case.arguments(parameters),
    )
    slopes = torch.autograd.grad((simulation.tendon_force**2).sum(), parameters, create_graph=True)
    with pytest.raises(RuntimeError, match=r"not have been used in the graph|once_differentiable"):
        torch.autograd.grad(torch.stack(slopes).sum(), parameters)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        torch.stack(slopes).sum().backward()
