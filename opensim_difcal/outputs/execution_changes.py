"""How far a search moved excitations from those it was given."""

from collections.abc import Mapping, Sequence

import numpy as np

from opensim_difcal.execution.result import ExecutedTrial


def change_by_muscle(trials: Sequence[ExecutedTrial]) -> dict[str, float]:
    """Returns the RMS change of every adjusted excitation over the scored samples of all trials.

    Args:
        trials: With the same muscles; those without a search change nothing and are left
            out.

    Returns:
        0..1 by adjusted muscle, in the model's order; empty where nothing was adjusted.
    """
    searched = [each for each in trials if each.search is not None and each.search.adjusted]
    if not searched:
        return {}
    squared = np.concatenate(
        [(each.trial.excitation - each.given_excitation)[each.trial.scored] ** 2 for each in searched]
    )
    rms = np.sqrt(squared.mean(axis=0)).tolist()
    first = searched[0]
    adjusted = () if first.search is None else first.search.adjusted
    return {
        name: change for name, change in zip(first.trial.muscle_names, rms, strict=True) if name in adjusted
    }


def overall_change(by_muscle: Mapping[str, float]) -> float | None:
    """Returns the RMS change over all adjusted muscles; None where there is none.

    Args:
        by_muscle: What `change_by_muscle` returned.
    """
    return float(np.sqrt(np.mean(np.square([*by_muscle.values()])))) if by_muscle else None
