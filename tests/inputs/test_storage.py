"""The storage reader: dialects, and an error for every way a file can be broken."""

from pathlib import Path

import numpy as np
import pytest

from opensim_difcal.errors import StorageFileError
from opensim_difcal.inputs.storage import Table, read_storage

VERSION_1 = """Coordinates
version=1
nRows=3
nColumns=3
inDegrees=yes

Units are S.I. units (second, meters, Newtons, ...)
endheader
time\tknee\thip
0.0\t1\t2
0.1\t3\t4
0.2\t5\t6
"""
VERSION_3 = """inDegrees=no
DataType=double
version=3
OpenSimVersion=4.6
endheader
time\t/jointset/knee/knee/value
0.0\t1
0.1\t2
"""
LEGACY = """name walk.mot
datacolumns 2
datarows 2
range 0.0 0.1
Angles are in degrees.
endheader
  time   knee
  0.0    1e0
  0.1   -2.5E-1
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "table.sto"
    path.write_bytes(text.encode())
    return path


def read(folder: Path, text: str) -> Table:
    return read_storage(written(folder, text))


def message(folder: Path, text: str) -> str:
    """The error of a broken file, with the folder cut off."""
    path = written(folder, text)
    with pytest.raises(StorageFileError) as caught:
        read_storage(path)
    return str(caught.value).replace(str(path), "table.sto")


def test_version_1_gives_name_labels_values_and_degrees(tmp_path):
    table = read(tmp_path, VERSION_1)
    assert (table.name, table.labels, table.in_degrees) == ("Coordinates", ("knee", "hip"), True)
    assert table.time.tolist() == [0.0, 0.1, 0.2]
    assert table.values.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert table.values.dtype == np.float64


def test_version_3_has_no_name_line(tmp_path):
    table = read(tmp_path, VERSION_3)
    assert (table.name, table.labels, table.in_degrees) == ("", ("/jointset/knee/knee/value",), False)


def test_version_3_with_a_name_line_keeps_the_name(tmp_path):
    assert read(tmp_path, "Coordinates\n" + VERSION_3).name == "Coordinates"


def test_legacy_header_with_spaces_is_read(tmp_path):
    table = read(tmp_path, LEGACY)
    assert (table.name, table.labels, table.in_degrees) == ("walk.mot", ("knee",), True)
    assert table.column("knee").tolist() == [1.0, -0.25]


def test_angles_are_in_radians_is_understood(tmp_path):
    assert not read(tmp_path, LEGACY.replace("degrees", "radians")).in_degrees


def test_degrees_stated_twice_in_the_same_way_are_accepted(tmp_path):
    text = VERSION_1.replace("endheader", "Angles are in degrees.\nendheader")
    assert read(tmp_path, text).in_degrees


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text.replace("endheader\n", "endheader\n\n \n"),
        lambda text: text.replace("hip\n", "hip\t\n").replace("2\n0.1", "2\t\n0.1"),
        lambda text: text.replace("\t", "   "),
        lambda text: text.rstrip("\n"),
        lambda text: text + "\n\n",
        lambda text: "\ufeff" + text,
        lambda text: text.replace("time\t", "Time\t"),
    ],
    ids=["crlf", "cr", "blank", "trailing tabs", "spaces", "no last newline", "blank end", "bom", "Time"],
)
def test_variants_of_layout_read_the_same(tmp_path, change):
    plain, varied = read(tmp_path, VERSION_1), read(tmp_path, change(VERSION_1))
    assert varied.labels == plain.labels
    assert np.array_equal(varied.values, plain.values)
    assert varied.name == plain.name


def test_labels_may_hold_spaces_between_tabs(tmp_path):
    assert read(tmp_path, VERSION_1.replace("knee", "left knee")).labels == ("left knee", "hip")


def test_a_column_that_does_not_exist_names_the_closest(tmp_path):
    table = read(tmp_path, VERSION_1)
    with pytest.raises(StorageFileError) as caught:
        table.column("kne")
    assert str(caught.value) == (
        f"{table.path}: no column 'kne'. Did you mean 'knee'? The columns are: knee, hip."
    )


def test_missing_file(tmp_path):
    path = tmp_path / "absent.sto"
    with pytest.raises(StorageFileError) as caught:
        read_storage(path)
    assert str(caught.value) == f"{path}: the file does not exist. Check the path in the setup file."


BROKEN = {
    "no endheader": (
        VERSION_1.replace("endheader\n", ""),
        "table.sto: no line says 'endheader', so the file is cut short or no OpenSim storage file. "
        "Export it again as .sto or .mot.",
    ),
    "nothing after the header": (
        VERSION_3.split("time")[0],
        "table.sto: nothing follows the header. Export the file again.",
    ),
    "first label": (
        VERSION_1.replace("time\t", "frame\t"),
        "table.sto: line 9: the first column is 'frame'. It must be 'time', and tabs or spaces must "
        "separate the columns.",
    ),
    "commas": (
        VERSION_1.replace("\t", ","),
        "table.sto: line 9: the first column is 'time,knee,hip'. It must be 'time', and tabs or spaces "
        "must separate the columns.",
    ),
    "duplicate labels": (
        VERSION_1.replace("hip", "knee"),
        "table.sto: line 9: 2 columns are called 'knee'. Give every column its own name.",
    ),
    "ragged row": (
        VERSION_1.replace("0.1\t3\t4", "0.1\t3"),
        "table.sto: line 11: 2 values for 3 columns. Export the file again.",
    ),
    "cut in the last row": (
        VERSION_1[:-2],
        "table.sto: line 12: 2 values for 3 columns. It is the last row, so the file seems to be cut "
        "short. Export the file again.",
    ),
    "row count": (
        VERSION_1.replace("0.2\t5\t6\n", ""),
        "table.sto: the header says nRows 3, but 2 rows follow. The file is cut short or was edited; "
        "export it again.",
    ),
    "legacy row count": (
        LEGACY.replace("datarows 2", "datarows 4"),
        "table.sto: the header says datarows 4, but 2 rows follow. The file is cut short or was edited; "
        "export it again.",
    ),
    "column count": (
        VERSION_1.replace("nColumns=3", "nColumns=4"),
        "table.sto: line 9: the header says nColumns 4, but 3 columns have a label, time included. "
        "The file is cut short or was edited; export it again.",
    ),
    "text": (
        VERSION_1.replace("0.1\t3\t4", "0.1\t3,5\t4"),
        "table.sto: line 11: column 'knee' holds '3,5', which is no number. Numbers need a decimal point, "
        "and no cell may be empty.",
    ),
    "not a number": (
        VERSION_1.replace("0.1\t3\t4", "0.1\t3\tNaN"),
        "table.sto: column 'hip' holds nan at 0.1 s (1 such values in the file). "
        "Fill the gap or cut the file.",
    ),
    "infinite time": (
        VERSION_1.replace("0.1\t3\t4", "inf\t3\t4"),
        "table.sto: column 'time' holds inf in data row 2. Times must be finite numbers of s.",
    ),
    "beyond measure": (
        VERSION_1.replace("0.1\t3\t4", "0.1\t3\t-1e101"),
        "table.sto: column 'hip' holds -1e+101 at 0.1 s (1 such values in the file). "
        "Fill the gap or cut the file.",
    ),
    "underscore": (
        VERSION_1.replace("0.1\t3\t4", "0.1\t3\t1_0"),
        "table.sto: line 11: column 'hip' holds '1_0', which is no number. Numbers need a decimal point, "
        "and no cell may be empty.",
    ),
    "a count of many digits": (
        VERSION_1.replace("nRows=3", f"nRows={'7' * 5000}"),
        f"table.sto: line 3: nRows is '{'7' * 100}'... (5000 characters). Allowed are whole numbers.",
    ),
    "a long label": (
        VERSION_1.replace("knee", "k" * 200).replace("0.1\t3\t4", "0.1\tx\t4"),
        f"table.sto: line 11: column '{'k' * 100}'... (200 characters) holds 'x', which is no number. "
        "Numbers need a decimal point, and no cell may be empty.",
    ),
    "time stands": (
        VERSION_1.replace("0.2\t5", "0.1\t5"),
        "table.sto: time 0.1 s is followed by 0.1 s. Time must rise from row to row; remove repeated rows, "
        "or write time with more digits.",
    ),
    "no rows": (
        VERSION_3.split("0.0")[0],
        "table.sto: the table has labels but no rows. Export the file again.",
    ),
    "degrees and radians": (
        VERSION_1.replace("endheader", "Angles are in radians.\nendheader"),
        "table.sto: the header says both 'inDegrees=yes' and 'Angles are in radians'. "
        "Keep the one that is true.",
    ),
    "inDegrees": (
        VERSION_1.replace("=yes", "=maybe"),
        "table.sto: line 5: inDegrees is 'maybe'. Allowed are 'yes' and 'no'.",
    ),
    "count is text": (
        VERSION_1.replace("nRows=3", "nRows=three"),
        "table.sto: line 3: nRows is 'three'. Allowed are whole numbers.",
    ),
    "data type": (
        VERSION_3.replace("double", "Vec3"),
        "table.sto: line 2: DataType is 'Vec3'. Only 'double' can be read: one number in each column.",
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_file_says_where_and_why(tmp_path, fault):
    text, expected = BROKEN[fault]
    assert message(tmp_path, text) == expected


def test_a_file_cut_anywhere_before_its_last_value_is_refused(tmp_path):
    for length in range(len(VERSION_1) - 1):
        assert message(tmp_path, VERSION_1[:length]).startswith("table.sto: ")


def test_every_real_storage_file_is_read(shared_data):
    files = sorted([*shared_data.rglob("*.sto"), *shared_data.rglob("*.mot")])
    assert len(files) > 20
    for file in files:
        table = read_storage(file)
        assert table.values.shape == (len(table.time), len(table.labels))


def test_real_headers_state_degrees_or_radians(shared_data):
    assert read_storage(shared_data / "rajagopal_walk/ik.mot").in_degrees
    assert not read_storage(shared_data / "moco_walk3d/ik.sto").in_degrees
