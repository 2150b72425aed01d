"""What running a calibrated model returns."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from opensim_difcal.calibration.result import Prediction
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.shapes import MuscleArray


class SearchStatus(Enum):
    """Why the search for excitations stopped; the value is a sentence for the user."""

    CONVERGED = "The cost stopped falling."
    MAX_ITERATIONS = "The iteration limit was reached. Raise <max_iterations>."


@dataclass(frozen=True)
class Search:
    """How excitations of one trial were found.

    Attributes:
        status: Why the search stopped.
        n_iterations: Iterations done.
        first_cost: By term and "total", with the excitations it started from.
        cost: The same at the end.
        adjusted: Muscles whose recorded excitations were adjusted.
        synthesized: Muscles whose excitations were found from nothing.
    """

    status: SearchStatus
    n_iterations: int
    first_cost: Mapping[str, float]
    cost: Mapping[str, float]
    adjusted: tuple[str, ...]
    synthesized: tuple[str, ...]


@dataclass(frozen=True)
class ExecutedTrial:
    """One trial, run.

    Attributes:
        prediction: What the muscles do; its trial holds the excitations that they received.
        given_excitation: Before any search: recorded, or projected from recordings onto
            the subject's synergies; zero for muscles without either.
        open_loop: What the given excitations lead to; the prediction itself in mode
            open_loop.
        search: How excitations were found; None in mode open_loop.
    """

    prediction: Prediction
    given_excitation: MuscleArray
    open_loop: Prediction
    search: Search | None = None

    def every(self, n: int) -> "ExecutedTrial":
        """Returns every n-th sample, the first scored one among them."""
        if n == 1:
            return self
        kept = slice(self.trial.n_lead_in % n, None, n)
        return replace(
            self,
            prediction=self.prediction.every(n),
            given_excitation=self.given_excitation[kept],
            open_loop=self.open_loop.every(n),
        )

    @property
    def trial(self) -> Trial:
        """The trial, with the excitations that the muscles received."""
        return self.prediction.trial


@dataclass(frozen=True)
class ExecutionResult:
    """A calibrated model on several trials.

    Attributes:
        name: Name of the run.
        mode: One of `modes.MODES`.
        trials: In the order of the setup.
        projected: Muscles without a recording that the subject's synergies drive.
        warnings: Sentences for the user.
    """

    name: str
    mode: str
    trials: tuple[ExecutedTrial, ...]
    projected: tuple[str, ...]
    warnings: tuple[str, ...]
