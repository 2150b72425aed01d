"""Names what is not a finite number, and where."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from opensim_difcal.errors import NonFiniteError
from opensim_difcal.inputs.batch import TrialBatch
from opensim_difcal.physics.simulation import Simulation

_QUANTITIES = {
    "activation": "the activation",
    "fiber_length": "the fiber length",
    "tendon_force": "the tendon force",
}
_REMEDY = (
    "Check the excitation, the path and the parameters of this muscle at that time, and narrow the bounds."
)


def non_finite_error(
    simulation: Simulation, trials: TrialBatch, terms: Mapping[str, Tensor]
) -> NonFiniteError:
    """Returns an error that names the earliest muscle, trial and time, or else the term.

    Args:
        simulation: Of one start; axes (trial, time, muscle).
        trials: What was simulated.
        terms: Cost by term.
    """
    found = []
    for order, (name, words) in enumerate(_QUANTITIES.items()):
        series = getattr(simulation, name)
        lost = ~torch.isfinite(series)
        samples = torch.nonzero(lost.any(-1).any(0)).squeeze(-1)
        if len(samples):
            sample = int(samples[0])
            trial, muscle = torch.nonzero(lost[:, sample])[0].tolist()
            found.append((sample, order, trial, muscle, words, series[trial, sample, muscle].item()))
    if found:
        sample, _, trial, muscle, words, value = min(found)
        source = trials.trials[trial]
        time = source.time[min(sample, len(source.time) - 1)]
        return NonFiniteError(
            f"Trial {source.name!r}, muscle {trials.muscle_names[muscle]!r}, {time:g} s: {words} is {value}, "
            f"not a finite number. {_REMEDY}"
        )
    names = [name for name, term in terms.items() if not torch.isfinite(term).all()]
    return NonFiniteError(
        f"Cost term {', '.join(names)}: the value is not a finite number, though all that was simulated is. "
        "Check its weight, its range and the measured moments."
    )


def non_finite_slope_error(names: Sequence[str]) -> NonFiniteError:
    """Returns an error that names the terms whose derivative is not a finite number.

    Args:
        names: Of the terms; empty if none of them alone is at fault.
    """
    terms = ", ".join(names) or "total"
    return NonFiniteError(
        f"Cost term {terms}: the derivative is not a finite number, though the value is. A root of zero or a "
        "division by zero in a term of your own is a usual reason; add a small number to its argument."
    )
