import numpy as np
import pytest

from opensim_difcal.outputs.figures.moments import agreement_text, moments
from opensim_difcal.outputs.trial_pairs import trial_pairs


@pytest.fixture(scope="module")
def pages(result):
    return moments(result)


def test_ten_trials_fill_two_pages_of_five_columns(pages):
    assert [len(page.axes) for page in pages] == [15, 15]


def test_panels_show_the_scored_time_of_measured_and_predicted_moments(pages, result):
    before, measured, after = pages[0].axes[0].lines[1:]
    trial = result.calibrated[0].trial
    np.testing.assert_array_equal(measured.get_xdata(), trial.time[trial.n_lead_in :])
    np.testing.assert_array_equal(measured.get_ydata(), trial.joint_moment[trial.n_lead_in :, 0])
    np.testing.assert_array_equal(
        before.get_ydata(), result.uncalibrated[0].joint_moment[trial.n_lead_in :, 0]
    )
    np.testing.assert_array_equal(after.get_ydata(), result.calibrated[0].joint_moment[trial.n_lead_in :, 0])


def test_rows_share_their_scale_across_pages(pages):
    first, second = pages
    for row in range(3):
        assert first.axes[5 * row].get_ylim() == second.axes[5 * row].get_ylim()


def test_panels_say_how_well_they_agree(pages, result):
    pair = trial_pairs(result)[3]
    assert agreement_text(pair, "ankle_angle_r").startswith("R² n/a → n/a\nRMSE ")
    assert pages[0].axes[13].get_title(loc="left") == agreement_text(pair, "ankle_angle_r")


def test_predictions_without_a_number_leave_the_measured_scale(result_without_numbers):
    low, high = moments(result_without_numbers)[0].axes[0].get_ylim()
    assert np.isfinite([low, high]).all()
