from ceinms_files import TRIAL

from opensim_difcal.ceinms.notes import Kind, Notes
from opensim_difcal.ceinms.reader import Reader
from opensim_difcal.ceinms.trial import read_trial


def resolved(path, text: str) -> tuple[object, Notes]:
    notes = Notes()
    return Reader(path, notes).resolved(text, "<file>"), notes


def test_paths_are_relative_to_the_folder_of_their_file(tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    path = tmp_path / "a" / "setup.xml"
    assert resolved(path, "../b/emg.sto")[0] == tmp_path / "b" / "emg.sto"
    assert resolved(path, str(tmp_path / "c.sto"))[0] == tmp_path / "c.sto"


def test_backslashes_are_read_and_told(tmp_path):
    found, notes = resolved(tmp_path / "setup.xml", "..\\trials\\a/emg.sto")
    assert found == tmp_path.parent / "trials" / "a" / "emg.sto"
    assert notes.of(Kind.CONVERTED) == (
        "setup.xml: the path '..\\trials\\a/emg.sto' was read with / instead of \\.",
    )


def test_a_path_of_another_machine_is_looked_for_beside_the_file(tmp_path):
    (tmp_path / "emg.sto").touch()
    for text in ("C:\\data\\emg.sto", "/home/nobody/emg.sto"):
        found, notes = resolved(tmp_path / "setup.xml", text)
        assert found == tmp_path / "emg.sto"
        assert notes.of(Kind.CONVERTED)[-1] == (
            f"setup.xml: '{text}' does not exist here; the file of that name beside the XML file was taken."
        )


def test_what_is_no_path_is_refused(tmp_path):
    reader = Reader(tmp_path / "setup.xml", Notes())
    reader.resolved("a\0b", "<file>")
    reader.resolved("a" * 5000, "<file>")
    assert [str(error).partition("setup.xml: ")[2] for error in reader.errors] == [
        "<file> is 'a\\x00b', which is no path. Correct it.",
        f"<file> is '{'a' * 100}'... (5000 characters), which is no path. Correct it.",
    ]


def test_a_required_element_that_is_empty_or_missing_is_refused(tmp_path, write):
    reader = Reader(write("<inputData><a/></inputData>"), Notes())
    root = reader.root("inputData")
    reader.text(root, "a", required=True)
    reader.text(root, "b", required=True)
    assert [str(error).partition("file.xml: ")[2] for error in reader.errors] == [
        "<a> is empty. Give a value.",
        "<b> is missing. Add it.",
    ]


def test_the_same_fault_is_told_once(write):
    reader = Reader(write("<inputData><a>1</a><a>2</a></inputData>"), Notes())
    root = reader.root("inputData")
    reader.child(root, "a")
    reader.child(root, "a")
    assert len(reader.errors) == 1


def test_every_file_that_is_read_is_told(write):
    notes = Notes()
    path = write(TRIAL)
    read_trial(path, notes)
    assert notes.of(Kind.READ) == (str(path),)
    assert dict(notes)[Kind.READ] == (str(path),)
