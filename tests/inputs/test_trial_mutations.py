"""A trial with a strange number in one of its files is read or refused: no traceback, no hang."""

import pytest
from elbow_trial import read
from mutations import TABLE, check_refusal, mutated

FINITE = (
    *("nearly too large", "nearly too negative", "nearly zero", "too small for a float", "5000 decimals"),
    *("a million million", "above 64 bits", "zero", "negative"),
)
MUTATIONS = [name for name in TABLE if name.partition(" for ")[0] in FINITE and "count" not in name]
FILES = ("coordinates_file", "generalized_forces_file", "excitations_file")


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_strange_number_is_read_or_refused(files, arm, mutation, file):
    path = getattr(files, file)
    mutated(path, path.read_bytes(), mutation)
    check_refusal(lambda _: read(files, arm), path, names_file=False)
