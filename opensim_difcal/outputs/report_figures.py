"""The report's figures, each with a caption that says how to read it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from opensim_difcal.calibration.result import CalibrationResult
from opensim_difcal.calibration.synergy_hybrid import SynergyOutcome
from opensim_difcal.outputs.figures.activations import activations
from opensim_difcal.outputs.figures.convergence import convergence
from opensim_difcal.outputs.figures.correlations import correlations
from opensim_difcal.outputs.figures.fiber_ranges import ACTIVE, fiber_ranges
from opensim_difcal.outputs.figures.moments import moments
from opensim_difcal.outputs.figures.parameter_changes import parameter_changes
from opensim_difcal.outputs.figures.style import Curve, Range, png, svg
from opensim_difcal.outputs.figures.synergies import (
    MOST_CALIBRATION,
    MOST_VALIDATION,
    reconstructions,
    synthesized_excitations,
    weights_and_primitives,
)
from opensim_difcal.outputs.figures.tendon_strains import tendon_strains
from opensim_difcal.outputs.report_page import Html, picture
from opensim_difcal.outputs.report_pictures import ReportPictures

MOST_SVG_POINTS = 12_000


def draw_pictures(
    result: CalibrationResult,
    *,
    active_force_length: Curve,
    normalized_fiber_length_range: Range = (0.5, 1.5),
    tendon_strain_range: Range = (0.0, 0.05),
) -> ReportPictures:
    """Draws everything that the report shows.

    Args:
        result: The calibration; has at least one trial.
        active_force_length: Default active force-length curve: normalized fiber lengths
            and multipliers.
        normalized_fiber_length_range: What cost nothing.
        tendon_strain_range: What cost nothing.
    """
    return ReportPictures(
        moments=tuple(moment_pictures(result)),
        parameters=parameter_picture(result),
        fibers=fiber_picture(result, active_force_length, normalized_fiber_length_range),
        strains=strain_picture(result, tendon_strain_range),
        activations=activation_picture(result),
        convergence=convergence_picture(result),
        synergies=() if result.synergies is None else tuple(synergy_pictures(result.synergies)),
        correlations=correlation_picture(result),
    )


def moment_pictures(result: CalibrationResult) -> list[Html]:
    """Returns the moments, one picture per page of trials."""
    caption = (
        "How to read: one column per trial, one row per coordinate, numbers before → after calibration. "
        "Black is the moment from inverse dynamics, dashed grey what the scaled model predicted from the "
        "EMG, blue what the calibrated model predicts. Blue should follow black, above all in the "
        "validation columns, which the calibration never used."
    )
    return moment_page_pictures(moments(result), caption)


def moment_page_pictures(pages: Sequence[Figure], caption: str) -> list[Html]:
    """Returns pages of moments as pictures.

    Args:
        pages: At least one.
        caption: Of the first page; the others say that they go on.
    """
    captions = [caption] + ["The same for the next trials."] * (len(pages) - 1)
    return [
        embedded(
            figure,
            f"moments_{i}",
            alt=f"Joint moments, measured and predicted, page {i} of {len(pages)}; numbers are in the table.",
            caption=captions[i - 1],
        )
        for i, figure in enumerate(pages, start=1)
    ]


def parameter_picture(result: CalibrationResult) -> Html:
    """Returns the parameter changes."""
    caption = (
        "How to read: the grey bar is what was allowed, the small upright mark the start value, the dot the "
        "calibrated value. A dot inside its bar was not limited by the bounds. An orange diamond was, and "
        "should not be taken for a measurement of this person."
    )
    if result.repairs:
        names = ", ".join(repair.name for repair in result.repairs)
        caption += (
            f" Of {names} the upright mark is the model's value, and the bar lies around the repaired one."
        )
    if result.identifiability is not None:
        caption += (
            " The thin line is the 95 % interval that the trials alone allow, without the pull to the scaled "
            "model; where it has no end mark it goes on beyond the bound. A hollow mark is a value that the "
            "trials do not determine."
        )
    alt = "Start and calibrated value of each parameter within its bounds; the table below holds the numbers."
    return embedded(parameter_changes(result), "parameters", alt=alt, caption=caption)


def correlation_picture(result: CalibrationResult) -> Html | None:
    """Returns which errors go together; None where it is not known."""
    if result.identifiability is None:
        return None
    caption = (
        "How to read: left, every small square is a pair of unknowns; a muscle's own are the blocks on the "
        "diagonal (c1, c2, shape_factor, optimal_fiber_length, tendon_slack_length); what groups share "
        "stands last. The moments hardly change if both of a dark red pair are too large, or if one of a "
        "dark blue pair is too large and the other too small; a pale pair the trials tell apart. Right, "
        "every dot is a direction in which the unknowns can move together; above the line the trials "
        "determine it to within the bounds. A triangle is a direction of which they say nearly nothing."
    )
    alt = "Correlation of the unknowns' errors, and the information in every direction."
    figure = correlations(result.identifiability, result.muscle_names)
    return embedded(figure, "correlations", alt=alt, caption=caption)


def fiber_picture(result: CalibrationResult, active_force_length: Curve, allowed: Range) -> Html:
    """Returns the fiber operating ranges."""
    caption = (
        "How to read: each bar spans the shortest to the longest normalized fiber length over all trials, "
        f"thin for all samples, thick where the muscle is active (activation above {ACTIVE}). The shaded "
        "hill is the active force-length curve: at 1 (dotted) a fiber is strongest, far to either side it "
        f"can hardly produce force. Between the dashed lines, {allowed[0]:g} to {allowed[1]:g}, a fiber "
        "length cost nothing."
    )
    alt = "Normalized fiber lengths of each muscle, before and after, over the force-length curve."
    figure = fiber_ranges(result, active_force_length, allowed=allowed)
    return embedded(figure, "fibers", alt=alt, caption=caption)


def strain_picture(result: CalibrationResult, allowed: Range) -> Html:
    """Returns the tendon strains."""
    caption = (
        "How to read: each bar spans the smallest to the largest stretch of a tendon over all trials. The "
        f"shaded band, {100 * allowed[0]:g} to {100 * allowed[1]:g} %, cost nothing; at about 5 % a tendon "
        "carries the muscle's maximum isometric force. Below zero the tendon is slack. A rigid tendon stays "
        "at zero."
    )
    alt = "Range of tendon strain of each muscle before and after calibration, with the allowed range shaded."
    return embedded(tendon_strains(result, allowed=allowed), "strains", alt=alt, caption=caption)


def activation_picture(result: CalibrationResult) -> Html:
    """Returns excitations and activations."""
    caption = (
        "How to read: one panel per muscle, all trials on top of each other, time from the start to the "
        "end of each trial. Grey is the processed EMG after the electromechanical delay, colored the "
        "activation that drives the muscle. An activation should follow its EMG, a little later and "
        "smoother. A flat line means the muscle was hardly used or its electrode recorded nothing."
    )
    if result.synergies and result.synergies.synthesized_muscles:
        caption += (
            " In a panel marked (synthesized) nothing was recorded: there grey is the excitation that "
            "synergies synthesized, not EMG."
        )
    alt = "Excitation and activation of each muscle over all trials."
    return embedded(activations(result), "activations", alt=alt, caption=caption)


def synergy_pictures(outcome: SynergyOutcome) -> list[Html]:
    """Returns weights and primitives, reconstructed excitations, synthesized excitations."""
    few = f"at most {MOST_CALIBRATION} calibration and {MOST_VALIDATION} validation trials, one after another"
    mean = " Weights are means over the calibration trials." if len(outcome.weights) > 1 else ""
    pictures = [
        embedded(
            weights_and_primitives(outcome),
            "synergies",
            alt="Weights and primitives of each synergy; the table below holds the weights.",
            caption="How to read: one row per synergy. Bars say how strongly it drives each recorded channel "
            "(blue) and each muscle without a recording (green); a black line is what was extracted from the "
            "recordings before the calibration. Curves say when it is active, in at most "
            f"{MOST_CALIBRATION} calibration trials. An excitation is the sum of weight times "
            f"primitive.{mean}",
        ),
        embedded(
            reconstructions(outcome),
            "reconstructions",
            alt="Recorded and reconstructed excitation of each channel; the shares are in the table.",
            caption=f"How to read: one panel per recorded channel, {few}. Black is the recorded excitation, "
            "which drives its muscles; blue is what synergies make of it. Where blue does not follow black, "
            "synergies know little of this muscle. VAF is over the calibration trials.",
        ),
    ]
    if outcome.synthesized_muscles:
        pictures.append(
            embedded(
                synthesized_excitations(outcome),
                "synthesized",
                alt="Synthesized excitation of each muscle without a recording.",
                caption=f"How to read: one panel per muscle without a recording, {few}. Nothing was recorded "
                "to compare with: these excitations are synthesized. A muscle that stays at zero was not "
                "needed to explain the moments, which does not show that it was at rest.",
            )
        )
    return pictures


def convergence_picture(result: CalibrationResult) -> Html:
    """Returns the cost by iteration."""
    caption = (
        "How to read: the cost is what the calibration makes small; black is the total, the colors are its "
        "terms. A total that has become flat at the right means that more iterations would change little. "
        "The scale is logarithmic; a term that is zero has no line."
    )
    alt = "Weighted cost by term against the iteration."
    return embedded(convergence(result), "convergence", alt=alt, caption=caption)


def embedded(figure: Figure, name: str, *, alt: str, caption: str) -> Html:
    """Returns a figure as a picture in a page.

    Args:
        figure: What was drawn.
        name: Differs from those of the page's other pictures.
        alt: What the picture shows, for those who cannot see it.
        caption: Says how to read it.
    """
    # A drawing grows with its curves, a bitmap does not; this keeps the page below 5 MB.
    n_points = sum(np.size(line.get_xdata()) for axes in figure.axes for line in axes.lines)
    if n_points <= MOST_SVG_POINTS:
        return picture(svg(figure, name), "image/svg+xml", alt=alt, caption=caption)
    return picture(png(figure), "image/png", alt=alt, caption=caption)
