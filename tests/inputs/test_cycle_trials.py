from pathlib import Path

import pytest

from opensim_difcal.errors import Problems, TrialError
from opensim_difcal.inputs.cycle_trials import CycleTrial, trials_of_cycles
from opensim_difcal.inputs.cycles_file import ListedCycle, read_cycles
from opensim_difcal.outputs.cycles_csv import write_cycles
from opensim_difcal.preprocessing.cycle_quality import JudgedCycle
from opensim_difcal.preprocessing.cycles import Cycle

CYCLES = (
    JudgedCycle(Cycle(0.5, 1.1, 1.6), ()),
    JudgedCycle(
        Cycle(1.6, None, 2.7), ("it takes 1.10 s, the others 0.80 s", "the moment, of the knee, jumps")
    ),
    JudgedCycle(Cycle(2.7, 3.3, 3.8), ()),
)


@pytest.fixture
def path(tmp_path) -> Path:
    write_cycles(tmp_path / "walk_cycles.csv", CYCLES)
    return tmp_path / "walk_cycles.csv"


def walk(path: Path, **changes) -> CycleTrial:
    files = {name: Path(f"walk_{name}") for name in ("coordinates_file", "generalized_forces_file")}
    return CycleTrial(name="walk", excitations_file=Path("emg.sto"), cycles_file=path, **files, **changes)


def test_cycles_are_read_back(path):
    assert read_cycles(path) == (
        ListedCycle(1, 0.5, 1.1, 1.6, True),
        ListedCycle(2, 1.6, None, 2.7, False),
        ListedCycle(3, 2.7, 3.3, 3.8, True),
    )


def test_every_good_cycle_becomes_a_trial(path):
    trials = walk(path, role="validation").trials()
    assert [(t.name, t.role, t.time_range) for t in trials] == [
        ("walk_cycle_1", "validation", (0.5, 1.6)),
        ("walk_cycle_3", "validation", (2.7, 3.8)),
    ]
    assert trials[0].excitations_file == Path("emg.sto")


def test_cycles_can_be_chosen_and_cut_to_the_stance(path):
    (trial,) = walk(path, cycles=(3,), part="stance").trials()
    assert trial.time_range == (2.7, 3.3)


def test_a_rejected_cycle_cannot_be_chosen(path):
    with pytest.raises(TrialError) as error:
        walk(path, cycles=(2,)).trials()
    assert str(error.value) == (
        f"<cycle_trials>/<CycleTrial name='walk'>: cycle 2 is not among the good cycles of {path}, which are "
        "1, 3. Choose among these in <cycles>."
    )


def test_a_file_without_good_cycles(tmp_path):
    path = tmp_path / "cycles.csv"
    write_cycles(path, CYCLES[1:2])
    with pytest.raises(TrialError) as error:
        walk(path).trials()
    assert str(error.value) == (
        f"<cycle_trials>/<CycleTrial name='walk'>: {path} holds no good cycle. The file says why; leave the "
        "recording out, or set good to 1 for a cycle that you trust."
    )


def test_a_stance_needs_a_toe_off(tmp_path):
    path = tmp_path / "cycles.csv"
    path.write_text("cycle,start,end,good\n1,0.5,1.5,1\n")
    assert walk(path).trials()[0].time_range == (0.5, 1.5)
    with pytest.raises(TrialError) as error:
        walk(path, part="stance").trials()
    assert str(error.value) == (
        f"<cycle_trials>/<CycleTrial name='walk'>: <part> is stance, but cycle 1 of {path} has no toe off. "
        "Find cycles by ground reaction forces, or set <part> to cycle."
    )


def test_the_faults_of_all_recordings_are_told_at_once(tmp_path):
    with pytest.raises(Problems) as error:
        trials_of_cycles([walk(tmp_path / "a.csv"), walk(tmp_path / "b.csv")])
    assert [str(each) for each in error.value.errors] == [
        f"{tmp_path / name}: the file does not exist. Run EMGProcessingTool, or check the path."
        for name in ("a.csv", "b.csv")
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            "the first line must name the columns cycle, start, end and good once each; 'cycle' is missing "
            "or stands twice. Correct the line, or run EMGProcessingTool again.",
        ),
        (
            "cycle,start,end,good,good\n",
            "the first line must name the columns cycle, start, end and good once each; 'good' is missing or "
            "stands twice. Correct the line, or run EMGProcessingTool again.",
        ),
        *(
            (
                f"cycle,start,toe_off,end,good\n1,0,0.5,1,1\n{line}\n",
                "line 3: expected a number that no other cycle has, start, toe_off (or nothing) and end that "
                f"rise, in s, and 1 or 0 for good; it is {line!r}. Correct the line, or run "
                "EMGProcessingTool again.",
            )
            for line in ("1,1,1.5,2,1", "2,1,0.5,2,1", "2,nan,1.5,2,1", "2,1,1.5,2,yes", "2,1", "x,1,1.5,2,1")
        ),
    ],
)
def test_cycles_that_cannot_be_read(tmp_path, text, message):
    path = tmp_path / "cycles.csv"
    path.write_text(text)
    with pytest.raises(TrialError) as error:
        read_cycles(path)
    assert str(error.value) == f"{path}: {message}"
