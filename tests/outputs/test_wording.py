import pytest

from opensim_difcal.execution.modes import MODES
from opensim_difcal.outputs.wording import (
    correlation_text,
    error_text,
    moment_text,
    parameter_text,
    percent_text,
    r2_text,
    readable_coordinate,
    sentence_start,
    shortened,
    synergy_names,
    vaf_text,
    words_of_mode,
)


@pytest.mark.parametrize(
    ("r2", "text"),
    [
        (0.926, "0.93"),
        (0.9963, "0.996"),
        (1.0, "1.00"),
        (-0.521, "-0.52"),
        (-0.001, "0.00"),
        (None, "n/a"),
        (float("nan"), "n/a"),
    ],
)
def test_r2_has_two_decimals_and_three_near_one(r2, text):
    assert r2_text(r2) == text


@pytest.mark.parametrize(("moment", "text"), [(20.96, "21.0"), (0.532, "0.53"), (None, "n/a")])
def test_small_moments_have_one_decimal_more(moment, text):
    assert moment_text(moment) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.0043, "0.43 %"),
        (0.02, "2 %"),
        (0.1, "10 %"),
        (1.0, "100 %"),
        (0.0, "0 %"),
        (3e-8, "0.000003 %"),
        (1e-12, "under 0.000001 %"),
        (None, "n/a"),
    ],
)
def test_percentages_are_never_written_as_powers_of_ten(fraction, text):
    assert percent_text(fraction) == text


@pytest.mark.parametrize(("value", "text"), [(1547.3, "1547"), (0.081234, "0.08123"), (float("inf"), "n/a")])
def test_parameters_have_four_significant_digits(value, text):
    assert parameter_text(value) == text


@pytest.mark.parametrize(
    ("name", "words"),
    [("knee_angle_r", "knee angle (right)"), ("lumbar_extension", "lumbar extension"), ("r", "r")],
)
def test_coordinate_names_become_words(name, words):
    assert readable_coordinate(name) == words


def test_sentence_start_changes_only_the_first_letter():
    assert sentence_start("hip of L5") == "Hip of L5"


def test_long_names_lose_their_middle():
    assert shortened("walk_01", 20) == "walk_01"
    assert shortened("abcdefghij", 7) == "abc…hij"


def test_synergies_are_numbered_from_one():
    assert synergy_names(2) == ("synergy_1", "synergy_2")


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (0.9612, "96.1 %"),
        (0.94998, "94.9 %"),
        (0.29, "29.0 %"),
        (-0.2, "-20.0 %"),
        (1.0, "100.0 %"),
        (float("nan"), "n/a"),
    ],
)
def test_a_variance_accounted_for_is_rounded_down_and_may_be_negative(fraction, text):
    assert vaf_text(fraction) == text


@pytest.mark.parametrize(
    ("error", "text"),
    [(0.000728, "0.00073"), (0.47, "0.47"), (9.94, "9.9"), (9.96, "10"), (629.4, "629"), (0.0, "0")],
)
def test_standard_errors_have_two_digits_but_no_power_of_ten(error, text):
    assert error_text(error) == text


@pytest.mark.parametrize(
    ("correlation", "text"),
    [
        (-0.98, "-0.98"),
        (0.929, "0.92"),
        (-0.9996, "-0.999"),
        (0.99, "0.990"),
        (0.29, "0.29"),
        (-1.0, "-1.000"),
    ],
)
def test_a_close_correlation_never_reads_as_a_perfect_one(correlation, text):
    assert correlation_text(correlation) == text


def test_every_mode_of_execution_has_words():
    words = ["open loop", "EMG-assisted", "EMG-hybrid", "static optimization"]
    assert [words_of_mode(mode) for mode in MODES] == words
