"""report.html of a conversion: what became of the muscles, and of their forces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from opensim_difcal.atomic import write_atomically
from opensim_difcal.inputs.thelen_conversion import THELEN, ParameterPair
from opensim_difcal.outputs.conversion_forces import ComparedTrial, ForceChange, MomentChange
from opensim_difcal.outputs.figures.conversion import curve_figure, force_figure
from opensim_difcal.outputs.figures.style import Curve
from opensim_difcal.outputs.report_figures import embedded
from opensim_difcal.outputs.report_page import (
    Html,
    bullets,
    cell,
    collapsible,
    joined,
    links,
    page,
    paragraph,
    preformatted,
    section,
    table,
    text,
)
from opensim_difcal.outputs.wording import parameter_text
from opensim_difcal.wording import counted

CONTENTS = (
    ("forces", "Forces"),
    ("moments", "Joint moments"),
    ("curves", "Curves"),
    ("parameters", "Parameters"),
    ("notes", "Notes"),
    ("settings", "Settings"),
)
N_DRAWN = 12

DIFFERENCES = (
    "A Thelen muscle's largest velocity falls with its activation, to 0.25 + 0.75 of it; a Millard muscle's "
    "does not.",
    "A Millard muscle has a damper along its fiber (fiber_damping 0.1, OpenSim's default), a Thelen muscle "
    "none.",
    "Thelen's force-velocity curve is twice as steep in lengthening as in shortening where they meet; "
    "Millard's has one slope there. Flen is an asymptote; Millard's multiplier is reached at "
    "max_contraction_velocity.",
    "Thelen's active curve is a Gaussian and never zero; Millard's is zero outside its active range.",
    "Beyond FmaxMuscleStrain the passive force of a Thelen muscle goes on growing exponentially, that of a "
    "Millard muscle along a straight line.",
)
_AS_DEFAULT = (
    "With <curves> millard the shapes of the curves are Millard's own: a narrower active curve, at most 1.4 "
    "max_isometric_force in lengthening, and tendon and passive curves of another curvature."
)


@dataclass(frozen=True)
class Conversion:
    """A conversion and what it changed.

    Attributes:
        name: Of the run.
        model_file: The original, as it is called in the report.
        output_model_file: Name of the converted model's file.
        curves: thelen or millard.
        parameters: Pairs by muscle.
        other_muscles: Muscles that were no Thelen2003Muscle, and are as they were.
        max_isometric_force: N, by muscle.
        example: Muscle whose curves are drawn.
        drawn_curves: Its curves.
        trials: What OpenSim integrated.
        notes: Sentences for the report.
    """

    name: str
    model_file: Path
    output_model_file: str
    curves: str
    parameters: Mapping[str, Sequence[ParameterPair]]
    other_muscles: tuple[str, ...]
    max_isometric_force: Mapping[str, float]
    example: str
    drawn_curves: Sequence[tuple[Curve, Curve]]
    trials: tuple[ComparedTrial, ...]
    notes: tuple[str, ...]

    @property
    def force_changes(self) -> list[ForceChange]:
        """Of every muscle and trial, the largest relative RMS first."""
        every = [change for trial in self.trials for change in trial.force_changes(self.max_isometric_force)]
        return sorted(every, key=lambda change: change.relative_rms, reverse=True)

    @property
    def moment_changes(self) -> list[MomentChange]:
        """Of every coordinate and trial."""
        return [change for trial in self.trials for change in trial.moment_changes()]


def write_conversion_report(path: Path, conversion: Conversion, *, settings_text: str) -> None:
    """Writes the report, atomically. The same arguments give the same bytes.

    Args:
        path: The file, usually report.html.
        conversion: What was converted.
        settings_text: The setup file as it was used, with its defaults.
    """
    differences = [*DIFFERENCES, *(() if conversion.curves == THELEN else (_AS_DEFAULT,))]
    bodies = {
        "forces": _forces(conversion),
        "moments": _moments(conversion),
        "curves": [_curves(conversion), bullets(text(line) for line in differences)],
        "parameters": [_parameters(conversion)],
        "notes": [_notes(conversion)],
        "settings": [collapsible("Settings that were used", preformatted(settings_text))],
    }
    sections = [section(anchor, title, bodies[anchor]) for anchor, title in CONTENTS]
    lines = bullets((text(line) for line in sentences(conversion)), css="headline")
    subtitle = f"{conversion.model_file.name} → {conversion.output_model_file}"
    document = page(f"Conversion {conversion.name}", subtitle, [lines, links(CONTENTS), *sections])
    write_atomically(path, document.encode())


def sentences(conversion: Conversion) -> list[str]:
    """Returns what was done and what it changed, in short."""
    n = len(conversion.parameters)
    lines = [
        f"{n} Thelen2003Muscle became Millard2012EquilibriumMuscle; "
        f"{conversion.model_file.name} is as it was."
    ]
    if conversion.other_muscles:
        lines.append(f"{counted(len(conversion.other_muscles), 'other muscle')} stayed as they were.")
    for trial in conversion.trials:
        changes = trial.force_changes(conversion.max_isometric_force)
        if changes:
            every = [100.0 * change.relative_rms for change in changes]
            worst = changes[0]
            lines.append(
                f"Trial {trial.name!r}: tendon forces changed by {np.median(every):.1f} % of "
                f"max_isometric_force (RMS, median of {counted(len(changes), 'muscle')}), most that of "
                f"{worst.muscle}, by {every[0]:.1f} %."
            )
        if trial.failed:
            lines.append(
                f"Trial {trial.name!r}: OpenSim could not integrate {counted(len(trial.failed), 'muscle')} "
                "in one of the models: see Notes."
            )
    return lines


def _forces(conversion: Conversion) -> list[Html]:
    changes = conversion.force_changes
    if not changes:
        return [paragraph("No trial was given, so no forces were compared.")]
    by_name = {trial.name: trial for trial in conversion.trials}
    shown = [(by_name[change.trial], change) for change in _one_per_muscle(changes)[:N_DRAWN]]
    caption = (
        "How to read: tendon force in max_isometric_force of the muscles that changed most, each along the "
        "trial where it did; black before, blue after the conversion, the number is the RMS difference. Both "
        "were integrated by OpenSim from the same excitation along the same muscle-tendon length."
    )
    alt = "Tendon forces of both muscle models along a trial."
    rows = [(f"{change.muscle}, {change.trial}", _force_cells(change)) for change in changes]
    header = [
        "muscle, trial",
        "RMS, N",
        "RMS, %",
        "largest, N",
        "largest, %",
        "at, s",
        "fiber length",
        "velocity",
    ]
    title = "Change of tendon force; % of max_isometric_force; fiber length and velocity normalized, Thelen's"
    return [
        embedded(force_figure(shown), "conversion_forces", alt=alt, caption=caption),
        collapsible("Every muscle", table(title, header, rows)),
    ]


def _one_per_muscle(changes: Sequence[ForceChange]) -> list[ForceChange]:
    first: dict[str, ForceChange] = {}
    for change in changes:
        first.setdefault(change.muscle, change)
    return list(first.values())


def _force_cells(change: ForceChange) -> list[Html]:
    words = (
        f"{change.rms:.1f}",
        f"{100 * change.relative_rms:.1f}",
        f"{change.largest:+.1f}",
        f"{100 * change.relative_largest:+.1f}",
        f"{change.time:.2f}",
        f"{change.thelen[1]:.2f}",
        f"{change.thelen[2]:+.2f}",
    )
    return [cell(word) for word in words]


def _moments(conversion: Conversion) -> list[Html]:
    changes = conversion.moment_changes
    if not changes:
        return [paragraph("No moments were compared: name <coordinates> and give trials.")]
    rows = [
        (
            f"{change.coordinate}, {change.trial}",
            [cell(f"{value:.1f}") for value in (change.thelen_rms, change.rms, change.largest)],
        )
        for change in changes
    ]
    header = ["coordinate, trial", "Thelen, RMS, N m", "change, RMS, N m", "change, largest, N m"]
    return [table("Moment of all compared muscles together", header, rows)]


def _curves(conversion: Conversion) -> Html:
    caption = (
        f"How to read: the curves of {conversion.example} before (black) and after (blue). Active and "
        "passive force, and force against velocity, in max_isometric_force."
    )
    figure = curve_figure(conversion.drawn_curves)
    return embedded(figure, "conversion_curves", alt="Muscle curves of both models.", caption=caption)


def _parameters(conversion: Conversion) -> Html:
    blocks = []
    for muscle, pairs in conversion.parameters.items():
        rows = [
            (
                pair.thelen_property or "(none)",
                [
                    cell("" if pair.thelen is None else parameter_text(pair.thelen)),
                    cell(pair.millard_property or "(none)", css="words"),
                    cell("" if pair.millard is None else parameter_text(pair.millard)),
                    cell(pair.unit, css="words"),
                ],
            )
            for pair in pairs
        ]
        header = ["Thelen property", "value", "Millard property", "value ", "unit"]
        words = ("Millard property", "unit")
        blocks.append(collapsible(muscle, table(f"Parameters of {muscle}", header, rows, words=words)))
    return joined(blocks)


def _notes(conversion: Conversion) -> Html:
    lines = list(conversion.notes)
    for trial in conversion.trials:
        lines += [
            f"Trial {trial.name!r}: {name} was not compared: {why}." for name, why in trial.failed.items()
        ]
    return bullets(text(line) for line in lines) if lines else paragraph("None.")
