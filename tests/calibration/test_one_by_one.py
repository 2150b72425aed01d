"""One unknown at a time gives the cost of all muscles at once."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from opensim_difcal.calibration.one_by_one import OneByOneCost

SETTINGS = {
    "default": {},
    "raw": {"moment_error": "raw"},
    "penalized": {
        "normalized_fiber_length_range": (0.9, 1.0),
        "normalized_fiber_length_penalty": "whole_deviation",
        "normalized_fiber_length_weight": 100.0,
        "tendon_strain_range": (0.01, 0.02),
        "prior_weight": 0.5,
    },
}


def total(problem, position) -> float:
    with torch.no_grad():
        return sum(term.item() for term in problem.cost(torch.from_numpy(position)).values())


def with_tendon(problem, elastic_tendon: str, rigid: bool):
    muscles = problem.unknowns.muscles.with_elastic_tendon(elastic_tendon)
    muscles = muscles.with_rigid_tendon(torch.tensor([False, rigid]))
    return replace(problem, unknowns=replace(problem.unknowns, muscles=muscles))


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("groups", [{}, {"arm": ("flexor", "extensor")}])
@pytest.mark.parametrize(
    ("elastic_tendon", "rigid"), [("rosenbrock", False), ("equilibrium", False), ("equilibrium", True)]
)
def test_many_changes_lead_to_the_cost_that_is_computed_at_once(
    make_problem, settings, groups, elastic_tendon, rigid
):
    problem = with_tendon(make_problem(groups, **SETTINGS[settings]), elastic_tendon, rigid)
    lower, upper = (limit.numpy() for limit in problem.limits)
    rng = np.random.default_rng(3)
    position = rng.uniform(0.5 * lower, 0.5 * upper)
    with torch.no_grad():
        cost = OneByOneCost(problem)
        assert cost.move_to(position) == pytest.approx(total(problem, position), rel=1e-12)
        for i in [*range(len(position)), *rng.integers(0, len(position), 60)]:
            proposed = position.copy()
            proposed[i] = rng.uniform(lower[i], upper[i])
            found = cost.changed(int(i), proposed[i])
            assert found == pytest.approx(total(problem, proposed), rel=1e-12)
            if rng.random() < 0.5:
                cost.accept()
                position = proposed
        assert cost.move_to(position) == pytest.approx(total(problem, position), rel=1e-12)
