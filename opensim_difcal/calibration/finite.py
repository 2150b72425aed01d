"""Names what is not a finite number, and where."""

from collections.abc import Mapping

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
        for trial, sample, muscle in torch.nonzero(~torch.isfinite(series))[:1000].tolist():
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
