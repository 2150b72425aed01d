"""Terms of the cost that a user adds in Python.

A term is a function of a prediction and of the trials that returns one number. It is
differentiated through the engine and stands in history, summary and report under its name,
like the built-in ones. Two that the paper names are ready here.

References:
    Hambly et al., Section V; Meinders et al. (2022), J Biomech 141:111220.
"""

from collections.abc import Mapping
from dataclasses import fields

import torch
from torch import Tensor

from opensim_difcal.calibration.cost import TERM_NAMES, CostTerm, measured_variance, time_mean
from opensim_difcal.errors import CalibrationError
from opensim_difcal.inputs.batch import TrialBatch
from opensim_difcal.physics.simulation import Simulation


def peak_of_summed_forces(weight: float) -> CostTerm:
    """Returns a term for the least peak of all muscles' summed tendon force.

    Args:
        weight: Per squared kN, mean over trials.
    """

    def term(prediction: Simulation, trials: TrialBatch) -> Tensor:
        summed = prediction.tendon_force.sum(-1).masked_fill(~trials.scored, 0.0)
        return weight * ((summed.amax(-1) / 1000.0) ** 2).mean()

    return term


def unexplained_variance(weight: float) -> CostTerm:
    """Returns a term for the greatest R2 of the joint moments: 1 - R2.

    Args:
        weight: Per unit of 1 - R2, mean over trials and coordinates.
    """

    def term(prediction: Simulation, trials: TrialBatch) -> Tensor:
        squared = (prediction.joint_moment - trials.joint_moment) ** 2 / measured_variance(trials).unsqueeze(
            -2
        )
        return weight * time_mean(squared.mean(-1), trials).mean()

    return term


def user_terms(
    terms: Mapping[str, CostTerm], simulation: Simulation, trials: TrialBatch
) -> dict[str, Tensor]:
    """Returns the user's terms by name, one number per start.

    Raises:
        CalibrationError: If a term does not return one number that depends on the prediction.
    """
    if simulation.tendon_force.dim() == 3:
        return {name: _one_number(name, term(simulation, trials)) for name, term in terms.items()}
    starts = [_of_start(simulation, i) for i in range(len(simulation.tendon_force))]
    return {
        name: torch.stack([_one_number(name, term(start, trials)) for start in starts])
        for name, term in terms.items()
    }


def term_faults(terms: Mapping[str, CostTerm]) -> list[str]:
    """Returns what is wrong with names and terms, without calling any.

    Args:
        terms: The user's terms by name.
    """
    found = []
    for name, term in terms.items():
        if not isinstance(name, str) or not name or name in (*TERM_NAMES, "total"):
            found.append(
                f"cost_terms: the name {name!r} cannot be used. Give a text other than "
                f"{', '.join(TERM_NAMES)} and total, the built-in terms."
            )
        if not callable(term):
            found.append(
                f"cost_terms: the term {name!r} is {term!r}; expected a function of prediction and trials "
                "that returns one number. See docs/cost_terms.md."
            )
    return found


def _of_start(simulation: Simulation, i: int) -> Simulation:
    return Simulation(**{field.name: getattr(simulation, field.name)[i] for field in fields(simulation)})


def _one_number(name: str, value: object) -> Tensor:
    if not isinstance(value, Tensor) or value.numel() != 1 or not value.dtype.is_floating_point:
        got = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else repr(value)
        raise CalibrationError(
            f"cost_terms: the term {name!r} returned {got}. Return one number as a torch tensor, computed "
            "from the prediction."
        )
    if torch.is_grad_enabled() and not value.requires_grad:
        raise CalibrationError(
            f"cost_terms: the term {name!r} does not depend on the prediction, or was detached from it. "
            "Compute it from the prediction with torch's functions, without detach, item or numpy."
        )
    return value.reshape(())
