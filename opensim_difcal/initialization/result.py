"""What an initialization found."""

from dataclasses import dataclass

from opensim_difcal.initialization.normalized_lengths import MappedLengths

Change = tuple[float, float]
"""Before and after."""


@dataclass(frozen=True)
class InitializedMuscle:
    """One muscle's start values.

    Attributes:
        name: The muscle.
        optimal_fiber_length: Before and after, m.
        tendon_slack_length: Before and after, m.
        max_isometric_force: Before and after, N.
        mapping: How its lengths were found; None where no reference has it.
        fiber_difference: Root mean squared difference of its normalized fiber length to the
            reference's, before and after; None where no pose decided.
        volume: cm^3, None where no volume is known or asked for.
        volume_rows: What of the table of volumes it is, or is a part of.
    """

    name: str
    optimal_fiber_length: Change
    tendon_slack_length: Change
    max_isometric_force: Change
    mapping: MappedLengths | None = None
    fiber_difference: Change | None = None
    volume: float | None = None
    volume_rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class InitializationResult:
    """Start values of a model.

    Attributes:
        name: Name of the run.
        muscles: All muscles of the model.
        has_reference: Whether lengths were mapped from a reference model.
        leg_volume: Volume of all muscles of one leg by height and mass, cm^3; None where forces were
            not asked for.
        specific_tension: N/cm^2.
        notes: Sentences for the report.
    """

    name: str
    muscles: tuple[InitializedMuscle, ...]
    has_reference: bool
    leg_volume: float | None
    specific_tension: float
    notes: tuple[str, ...] = ()
