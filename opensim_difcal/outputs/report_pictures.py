"""The figures of reports once they are drawn.

Kept apart from the drawing, so that the page can be put together without matplotlib.
"""

from dataclasses import dataclass

from opensim_difcal.outputs.report_page import Html


@dataclass(frozen=True)
class ReportPictures:
    """Every figure of a calibration's report, with its caption.

    Attributes:
        moments: Joint moments, one picture per page of trials.
        parameters: Start and calibrated values within their bounds.
        fibers: Normalized fiber lengths over the active force-length curve.
        strains: Tendon strains.
        activations: Excitations and activations.
        convergence: Cost by iteration.
        synergies: Weights, primitives and excitations of synergies; empty for EMG-driven.
        correlations: Which errors go together; None where it is not known.
    """

    moments: tuple[Html, ...]
    parameters: Html
    fibers: Html
    strains: Html
    activations: Html
    convergence: Html
    synergies: tuple[Html, ...] = ()
    correlations: Html | None = None


@dataclass(frozen=True)
class ExecutionPictures:
    """Every figure of an execution's report, with its caption.

    Attributes:
        moments: Joint moments, one picture per page of trials.
        excitations: How every muscle was driven.
        fibers: Normalized fiber lengths over the active force-length curve.
    """

    moments: tuple[Html, ...]
    excitations: Html
    fibers: Html
