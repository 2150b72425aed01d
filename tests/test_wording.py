"""Messages stay short, whatever a file holds."""

from opensim_difcal.wording import did_you_mean, enumerated, listed, quoted, shortened


def test_short_text_is_quoted_whole_and_on_one_line():
    assert quoted("a\nb\t'c'") == "\"a\\nb\\t'c'\""


def test_of_long_text_the_beginning_is_quoted():
    assert quoted("a" * 1001) == f"'{'a' * 100}'... (1001 characters)"
    assert quoted("abcdef", 3) == "'abc'... (6 characters)"


def test_long_tags_and_paths_are_shortened():
    assert shortened("a" * 100) == "a" * 100
    assert shortened("a" * 101) == "a" * 100 + "..."


def test_of_many_words_the_first_are_enumerated():
    assert enumerated(["b", "a"]) == "b, a"
    assert enumerated(["a"] * 121) == ", ".join(["a"] * 120) + " and 1 more"
    assert listed(["b", "a"]) == "'a', 'b'"
    assert listed([]) == "none"


def test_nothing_is_suggested_for_a_word_that_is_too_long():
    assert did_you_mean("kne", ["knee"]) == " Did you mean 'knee'?"
    assert did_you_mean("a" * 101, ["a" * 102]) == ""
