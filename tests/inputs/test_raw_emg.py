from pathlib import Path

import numpy as np
import pytest
from c3d_files import write_c3d

from opensim_difcal.errors import DifcalError, EMGError
from opensim_difcal.inputs.raw_emg import RawEMG, read_raw_emg
from opensim_difcal.outputs.tables import write_storage

TIME = np.arange(40) / 1000.0
VALUES = np.random.default_rng(1).standard_normal((40, 2))


def write_text(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path) -> str:
    with pytest.raises(EMGError) as error:
        read_raw_emg(path)
    return str(error.value)


def test_storage_text_and_c3d_hold_the_same(tmp_path):
    columns = {"SOL": VALUES[:, 0], "TA": VALUES[:, 1]}
    write_storage(tmp_path / "emg.sto", "emg", TIME, columns)
    rows = [",".join(map(repr, [t, *row])) for t, row in zip(TIME.tolist(), VALUES.tolist(), strict=True)]
    write_text(tmp_path / "emg.csv", "time,SOL,TA\n" + "\n".join(rows))
    write_c3d(tmp_path / "emg.c3d", VALUES)
    for name, tolerance in (("emg.sto", 0), ("emg.csv", 0), ("emg.c3d", 1e-6)):
        emg = read_raw_emg(tmp_path / name)
        assert emg.labels == ("SOL", "TA")
        assert emg.rate == pytest.approx(1000.0)
        np.testing.assert_allclose(emg.time, TIME, atol=1e-12)
        np.testing.assert_allclose(emg.values, VALUES, atol=tolerance)


@pytest.mark.parametrize(
    "text",
    [
        "time;SOL\n0,000;1,5\n0,001;-2\n0,002;3e1\n",
        "Time (ms)\tSOL\n0\t1.5\n1\t-2\n2\t30\n",
        '"Time [s]","SOL"\n0,1.5\n0.001,-2\n0.002,30\n',
        "\ufefftime,SOL,\r\ns,mV,\r\n0,1.5,\r\n\r\n0.001,-2,\r\n0.002,30,\r\n",
    ],
    ids=[
        "semicolons and decimal commas",
        "tabs and milliseconds",
        "quotes",
        "units, blank lines, last comma",
    ],
)
def test_dialects_of_text(tmp_path, text):
    emg = read_raw_emg(write_text(tmp_path / "emg.csv", text))
    assert emg.labels == ("SOL",)
    np.testing.assert_allclose(emg.time, [0, 0.001, 0.002])
    assert emg.values[:, 0].tolist() == [1.5, -2.0, 30.0]


def test_c3d_files_begin_at_zero_as_for_opensim(tmp_path):
    path = write_c3d(tmp_path / "emg.c3d", VALUES)
    content = bytearray(path.read_bytes())
    content[6:10] = (101).to_bytes(2, "little") + (104).to_bytes(2, "little")
    path.write_bytes(bytes(content))
    assert read_raw_emg(path).time[0] == 0.0


def test_c3d_files_with_more_frames_than_the_header_counts_are_refused(tmp_path):
    path = write_c3d(tmp_path / "emg.c3d", np.zeros((40, 2)))
    content = bytearray(path.read_bytes())
    content[6:10] = (65534).to_bytes(2, "little") + (65535).to_bytes(2, "little")
    path.write_bytes(bytes(content) + bytes(2000))
    assert refused(path) == (
        f"{path}: it holds more than 65535 frames, which its header cannot count. Export the recording in "
        "shorter pieces, or as .csv."
    )


def test_channels_without_a_clear_name_disturb_only_who_asks_for_them(tmp_path):
    emg = RawEMG(tmp_path / "emg.c3d", ("SOL", "", "TA", "TA", ""), TIME, np.zeros((40, 5)))
    assert emg.clear_labels == ("SOL",)
    assert emg.columns(("SOL",)).shape == (40, 1)
    with pytest.raises(EMGError) as error:
        emg.columns(("TA",))
    assert str(error.value) == (
        f"{emg.path}: 2 channels are called 'TA'. Rename them where the recording is exported, or leave them "
        "out of <channels>."
    )


@pytest.mark.parametrize(("rate", "decimals"), [(1926.0, 4), (1925.9, 5), (2148.0, 5), (1111.11, 4)])
def test_times_that_are_printed_with_few_decimals_are_a_uniform_grid(tmp_path, rate, decimals):
    lines = [f"{i / rate:.{decimals}f},{i % 3 - 1}" for i in range(500)]
    emg = read_raw_emg(write_text(tmp_path / "emg.csv", "time,SOL\n" + "\n".join(lines)))
    np.testing.assert_allclose(np.diff(emg.time), 1 / rate, rtol=1e-3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,SOL\n", "the file has no header line with numbers below it. Export it again."),
        (
            "frame,SOL\n0,1\n1,2\n",
            "the first column is 'frame'. It must hold the time and be called 'time', 'time (s)' or 'time "
            "(ms)', in the file's first line.",
        ),
        ("time,,TA\n0,1,2\n", "column 2 has no name. Give every column a name."),
        ("time,SOL,SOL\n0,1,2\n", "2 columns are called 'SOL'. Give every column its own name."),
        (
            "time,SOL\n0,1\n0.001\n",
            "line 3: 1 values for 2 columns. The file is cut short or was edited; export it again.",
        ),
        (
            "time,SOL\n0,1\n0.001,x\n",
            "line 3: column 'SOL' holds 'x', which is no number. No cell may be empty; numbers need a "
            "decimal point, or decimal commas and semicolons between them.",
        ),
        ("time,SOL\n0,1\n", "fewer than two samples, or no channel. Export the recording again."),
        (
            "time,SOL\n0,1\n0,2\n",
            "time must rise from sample to sample. Remove repeated lines.",
        ),
        (
            "time,SOL\n0,1\n0.001,nan\n0.002,1\n",
            "column 'SOL' holds nan at 0.001 s (1 such values). Fill the gaps, or cut the recording there.",
        ),
        (
            "time,SOL\n0,1\n0.001,2\n0.002,1\n0.009,3\n",
            "the time steps differ: 0.001 s is usual, but 0.002 s is followed by 0.009 s. Filters need a "
            "uniform rate: fill the gap, or resample the file.",
        ),
        ("time,\0\n0,1\n", "the file is no text. Export the recording as comma-separated text in UTF-8."),
    ],
)
def test_text_that_cannot_be_read(tmp_path, text, message):
    path = write_text(tmp_path / "emg.csv", text)
    assert refused(path) == f"{path}: {message}"


def test_files_of_another_kind(tmp_path):
    path = tmp_path / "emg.xlsx"
    assert refused(path) == (
        f"{path}: raw EMG is read from .sto, .mot, .csv, .txt, .c3d files. Export the recording as one of "
        "them."
    )
    path = tmp_path / "emg.csv"
    assert refused(path) == f"{path}: the file does not exist. Check the path in the setup file."


def test_a_column_that_is_not_there(tmp_path):
    path = write_text(tmp_path / "emg.csv", "time,SOL,TA\n0,1,2\n0.001,2,1\n")
    with pytest.raises(EMGError) as error:
        read_raw_emg(path).columns(("SOLE",))
    assert str(error.value) == (f"{path}: no column 'SOLE'. Did you mean 'SOL'? The columns are: SOL, TA.")


def broken(path: Path, start: int, patch: bytes) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[:start] + patch + content[start + len(patch) :])
    return path


def test_c3d_files_that_contradict_themselves(tmp_path):
    path = tmp_path / "emg.c3d"
    size = len(write_c3d(path, VALUES).read_bytes())
    path.write_bytes(path.read_bytes()[:-600])
    assert refused(path).startswith(
        f"{path}: {size - 600} bytes, but the header says 4 frames of 1 markers and 20 analog values, "
    )
    path.write_bytes(b"time,SOL\n0,1\n")
    assert refused(path) == (f"{path}: no C3D file: its second byte is not 0x50. Export the recording again.")
    assert "holds no analog channels" in refused(broken(write_c3d(path, VALUES), 4, b"\0\0"))
    assert "which does not divide" in refused(broken(write_c3d(path, VALUES), 18, b"\3\0"))
    assert "frames per second" in refused(broken(write_c3d(path, VALUES), 20, b"\0\0\0\0"))
    assert "stored for a processor that is not supported" in refused(
        broken(write_c3d(path, VALUES), 512 + 3, b"\x55")
    )


def test_a_c3d_file_at_which_its_reader_breaks_down_is_refused_in_words(tmp_path):
    path = write_c3d(tmp_path / "emg.c3d", VALUES)
    content = path.read_bytes()
    generator, messages = np.random.default_rng(3), []
    for _ in range(12):
        damaged = bytearray(content)
        for position in generator.integers(520, len(content), size=20):
            damaged[position] = generator.integers(256)
        path.write_bytes(bytes(damaged))
        try:
            read_raw_emg(path)
        except DifcalError as error:
            messages.append(str(error))
    assert messages
    assert all(str(path) in message for message in messages)
