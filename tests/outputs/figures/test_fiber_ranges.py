import dataclasses

from opensim_difcal.outputs.figures.fiber_ranges import fiber_ranges
from opensim_difcal.outputs.trial_pairs import scored_range


def spans(axes):
    return [tuple(line.get_xdata()) for line in axes.lines]


def test_spans_are_the_ranges_over_all_trials(result, active_force_length):
    axes = fiber_ranges(result, active_force_length).axes[0]
    for predictions in (result.uncalibrated, result.calibrated):
        assert scored_range(predictions, "normalized_fiber_length", 7) in spans(axes)
        active = scored_range(predictions, "normalized_fiber_length", 7, above_activation=0.1)
        assert active in spans(axes)


def test_a_range_outside_the_usual_lengths_is_shown_too(result_without_validation, active_force_length):
    longer = tuple(
        dataclasses.replace(p, normalized_fiber_length=p.normalized_fiber_length + 1.0)
        for p in result_without_validation.calibrated
    )
    result = dataclasses.replace(result_without_validation, calibrated=longer)
    axes = fiber_ranges(result, active_force_length).axes[0]
    assert axes.get_xlim()[1] > 2.0


def test_predictions_without_a_number_leave_their_rows_empty(result_without_numbers, active_force_length):
    axes = fiber_ranges(result_without_numbers, active_force_length).axes[0]
    n_reference_lines = 3  # optimal length, and both ends of what is allowed
    assert len(axes.lines) == n_reference_lines + 2 * 4


def test_the_allowed_range_is_drawn(result, active_force_length):
    axes = fiber_ranges(result, active_force_length, allowed=(0.6, 1.05)).axes[0]
    assert {(0.6, 0.6), (1.05, 1.05)} <= set(spans(axes))
