"""OpenSim reads the tables back, digit by digit."""

from dataclasses import replace

import numpy as np
import opensim
import pytest
from executions import make_execution

from opensim_difcal.errors import StorageFileError
from opensim_difcal.inputs.storage import read_storage
from opensim_difcal.outputs.tables import (
    write_execution_tables,
    write_storage,
    write_synergy_tables,
    write_trial_tables,
)


def test_the_header_is_that_of_a_storage_file(tmp_path):
    path = tmp_path / "a.sto"
    write_storage(path, "angles", np.array([0.0, 0.1]), {"knee": np.array([1.5, -2.0])}, in_degrees=True)
    assert path.read_bytes() == (
        b"angles\nversion=1\nnRows=2\nnColumns=2\ninDegrees=yes\nendheader\ntime\tknee\n0.0\t1.5\n0.1\t-2.0\n"
    )


@pytest.mark.opensim
def test_opensim_reads_every_digit(tmp_path):
    path = tmp_path / "a.sto"
    rng = np.random.default_rng(1)
    time, knee, hip = np.arange(50) / 300, rng.normal(size=50) / 3, 1e-9 * rng.normal(size=50)
    write_storage(path, "forces", time, {"knee": knee, "hip": hip})
    table = opensim.TimeSeriesTable(str(path))
    assert table.getColumnLabels() == ("knee", "hip")
    np.testing.assert_array_equal(table.getIndependentColumn(), time)
    np.testing.assert_array_equal(table.getMatrix().to_numpy(), np.stack([knee, hip], axis=-1))
    assert opensim.Storage(str(path)).isInDegrees() is False


def test_a_column_of_another_length_is_refused(tmp_path):
    path = tmp_path / "a.sto"
    with pytest.raises(StorageFileError) as error:
        write_storage(path, "a", np.arange(3.0), {"knee": np.arange(2.0)})
    assert str(error.value) == (
        f"{path}: column 'knee' has 2 values. Expected 3, one per time. Write one value per time."
    )
    assert not path.exists()


@pytest.mark.parametrize("label", ["knee\tangle", "knee\nangle", ""])
def test_a_label_that_would_break_the_table_is_refused(tmp_path, label):
    path = tmp_path / "a.sto"
    with pytest.raises(StorageFileError) as error:
        write_storage(path, "a", np.arange(3.0), {label: np.arange(3.0)})
    assert str(error.value) == (
        f"{path}: column {label!r} cannot be written. Expected a label without tabs and line breaks. "
        "Rename the column."
    )


def test_every_quantity_of_a_trial_has_a_table(tmp_path, result):
    prediction = result.calibrated[0]
    trial = prediction.trial
    paths = write_trial_tables(tmp_path / "tables", prediction)
    assert [path.name for path in paths] == [
        f"{trial.name}_{quantity}.sto"
        for quantity in (
            "excitations",
            "activations",
            "fiber_lengths",
            "normalized_fiber_lengths",
            "tendon_forces",
            "joint_moments",
        )
    ]
    expected = (
        trial.excitation,
        prediction.activation,
        prediction.fiber_length,
        prediction.normalized_fiber_length,
        prediction.tendon_force,
        prediction.joint_moment,
    )
    tables = [read_storage(path) for path in paths]
    for table, values in zip(tables, expected, strict=True):
        np.testing.assert_array_equal(table.time, trial.time)
        np.testing.assert_array_equal(table.values, values)
    assert tables[0].labels == trial.muscle_names
    assert tables[-1].labels == tuple(f"{name}_moment" for name in trial.coordinate_names)


@pytest.mark.opensim
def test_more_header_lines_are_metadata_for_opensim_and_do_not_disturb_our_reader(tmp_path):
    path = tmp_path / "a.sto"
    marks = {"synthesized": "iliacus_r psoas_r", "note": ""}
    write_storage(path, "a", np.arange(3.0), {"knee": np.arange(3.0) / 3}, header=marks)
    assert b"inDegrees=no\nsynthesized=iliacus_r psoas_r\nnote=\nendheader\n" in path.read_bytes()
    table = opensim.TimeSeriesTable(str(path))
    assert table.getTableMetaDataAsString("synthesized") == "iliacus_r psoas_r"
    np.testing.assert_array_equal(table.getMatrix().to_numpy()[:, 0], np.arange(3.0) / 3)
    assert opensim.Storage(str(path)).getSize() == 3
    np.testing.assert_array_equal(read_storage(path).column("knee"), np.arange(3.0) / 3)


@pytest.mark.parametrize(
    ("key", "value"), [("two words", "a"), ("", "a"), ("nRows", "7"), ("endheader", "a\nb"), ("k=", "a")]
)
def test_a_header_line_that_would_break_the_table_is_refused(tmp_path, key, value):
    path = tmp_path / "a.sto"
    with pytest.raises(StorageFileError) as error:
        write_storage(path, "a", np.arange(3.0), {"knee": np.arange(3.0)}, header={key: value})
    assert str(error.value) == (
        f"{path}: the header line {key!r} cannot be written. Expected a key of letters, digits and "
        "underscores other than version, nrows, ncolumns, datarows, datacolumns, indegrees, datatype, name, "
        "and a value on one line. Rename the key."
    )
    assert not path.exists()


def test_synthesized_muscles_are_marked_in_the_excitations_alone(tmp_path, hybrid_result):
    names = hybrid_result.synergies.synthesized_muscles
    paths = write_trial_tables(tmp_path, hybrid_result.calibrated[0], synthesized=names)
    line = f"\nsynthesized={' '.join(names)}\nendheader\n".encode()
    assert [path.name for path in paths if line in path.read_bytes()] == ["walk_00_excitations.sto"]
    assert not any(
        b"synthesized" in path.read_bytes()
        for path in write_trial_tables(tmp_path, hybrid_result.calibrated[0])
    )


@pytest.mark.opensim
def test_what_synergies_make_of_a_trial_has_three_tables(tmp_path, hybrid_result):
    outcome = hybrid_result.synergies
    each = outcome.trials[-1]
    paths = write_synergy_tables(tmp_path, outcome, each)
    assert [path.name for path in paths] == [
        "walk_02_primitives.sto",
        "walk_02_reconstructed_excitations.sto",
        "walk_02_synthesized_excitations.sto",
    ]
    labels = (("synergy_1", "synergy_2"), outcome.channel_names, outcome.synthesized_muscles)
    values = (each.primitives, each.reconstructed, each.trial.excitation[:, -3:])
    for path, columns, series in zip(paths, labels, values, strict=True):
        table = opensim.TimeSeriesTable(str(path))
        assert table.getColumnLabels() == columns
        np.testing.assert_array_equal(table.getMatrix().to_numpy(), series)
        np.testing.assert_array_equal(read_storage(path).values, series)


def test_without_synthesized_muscles_there_is_no_table_of_them(tmp_path, hybrid_result):
    outcome = replace(hybrid_result.synergies, synthesized_muscles=())
    paths = write_synergy_tables(tmp_path, outcome, outcome.trials[0])
    assert [path.name for path in paths] == [
        "walk_00_primitives.sto",
        "walk_00_reconstructed_excitations.sto",
    ]


def test_an_execution_that_searched_has_a_table_of_what_it_began_with(tmp_path):
    each = make_execution("emg_hybrid").trials[0]
    *_, recorded = write_execution_tables(tmp_path, each)
    assert recorded.name == "walk_1_recorded_excitations.sto"
    np.testing.assert_array_equal(read_storage(recorded).values, each.given_excitation)
    used = tmp_path / "walk_1_excitations.sto"
    np.testing.assert_array_equal(read_storage(used).values, each.trial.excitation)
    for path in (used, recorded):
        assert b"\nsynthesized=tibpost_r\nendheader\n" in path.read_bytes()


def test_an_open_loop_marks_projected_muscles_and_has_no_table_more(tmp_path):
    each = make_execution("open_loop").trials[0]
    first, *others = write_execution_tables(tmp_path, each, projected=("tibpost_r",))
    assert b"\nsynthesized=tibpost_r\nendheader\n" in first.read_bytes()
    assert len(others) == 5
