import logging
import os
import re
import subprocess
import sys
from collections.abc import Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest
from mutations import mutated

import opensim_difcal
from opensim_difcal import NMSCalibrationTool
from opensim_difcal.calibration.result import Status
from opensim_difcal.cli import main
from opensim_difcal.errors import CalibrationError, DifcalError, ModelError
from opensim_difcal.settings import setting
from opensim_difcal.setup_template import template
from opensim_difcal.tools import registry
from opensim_difcal.tools.common.findings import Findings

REPOSITORY = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry."""

    name: str = setting("Name of the entry.")


@dataclass(frozen=True)
class Result:
    """What a tool returns."""

    status: Status


@dataclass(kw_only=True)
class EchoTool:
    """A tool that notes how it was called."""

    runs: ClassVar[list[tuple[Path, bool, int]]] = []
    failure: ClassVar[BaseException | None] = None
    result: ClassVar[Result | None] = None
    found: ClassVar[list[DifcalError]] = []

    results_directory: Path = setting("The results.", default=Path("results"))
    gain: float = setting("Loudness.", unit="dB", default=1.0)
    entries: tuple[Entry, ...] = setting("Entries.", default=())
    private: int = field(default=0)

    def run(self, *, progress: bool, threads: int) -> Result | None:
        logging.getLogger("opensim_difcal.tools").info("Reading.")
        if self.failure is not None:
            raise self.failure
        self.runs.append((self.results_directory, progress, threads))
        return self.result

    def problems(self) -> list[DifcalError]:
        return self.found


@pytest.fixture
def setup_file(tmp_path, monkeypatch):
    """A setup file of the EchoTool, which is the only tool; the working directory is elsewhere."""
    monkeypatch.setattr(registry, "TOOLS", {"EchoTool": EchoTool})
    monkeypatch.setattr(registry, "SHORT_NAMES", {"echo": "EchoTool"})
    monkeypatch.setattr(EchoTool, "runs", [])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    path = tmp_path / "setup.xml"
    path.write_text(template(EchoTool))
    return path


@pytest.fixture(autouse=True)
def _package_logger():
    """Puts the package's logger back as it was."""
    logger = logging.getLogger("opensim_difcal")
    before = logger.handlers, logger.propagate, logger.level
    yield
    logger.handlers, logger.propagate = before[:2]
    logger.setLevel(before[2])


def python(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "opensim_difcal", *arguments]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


HEAVY = {"jaxtyping", "matplotlib", "numpy", "opensim", "scipy", "torch"}
LEG = "tools_setup/leg_emg_driven.xml"


def imported_by(code: str, *arguments: str, also: Set[str] = frozenset()) -> set[str]:
    """Which of the heavy libraries, and others, a fresh Python has imported after some code."""
    code = f"import atexit, sys\natexit.register(lambda: print('imported', *sys.modules))\n{code}"
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    first, *modules = done.stdout.splitlines()[-1].split()
    assert first == "imported", done.stderr
    return (HEAVY | also) & set(modules)


@pytest.mark.parametrize(
    "words",
    [
        "--help",
        "run-tool --help",
        "--version",
        "info",
        "info calibration",
        "info calibration trials",
        "print-xml calibration {}/new.xml",
        "run-tool absent.xml",
        "validate absent.xml",
        "run-tool {}/template.xml",
        "validate {}/template.xml",
        "import-ceinms --help",
        "import-ceinms absent.xml --model leg.osim --output {}/out",
        "import-ceinms {}/template.xml --model leg.osim --output {}/out",
        "export-ceinms --help",
    ],
)
def test_what_computes_nothing_answers_without_the_heavy_libraries(words, tmp_path):
    (tmp_path / "template.xml").write_text(template(NMSCalibrationTool))
    arguments = words.replace("{}", str(tmp_path)).split()
    assert imported_by("from opensim_difcal.cli import main; main(sys.argv[1:])", *arguments) == set()


def test_a_wrong_setting_is_refused_before_the_heavy_libraries_are_imported():
    code = (
        "from opensim_difcal import NMSCalibrationTool, SetupFileError\n"
        f"tool = NMSCalibrationTool({LEG!r})\n"
        "tool.time_step = -1.0\n"
        "try:\n    tool.run()\nexcept SetupFileError:\n    import colorsys"
    )
    assert imported_by(code, also={"colorsys"}) == {"colorsys"}


def test_the_figures_library_is_not_imported_before_there_is_something_to_draw():
    assert "matplotlib" not in imported_by("import opensim_difcal.tools.calibration.outputs")


def test_a_worker_process_imports_no_more_than_opensim_needs():
    needed = {"jaxtyping", "numpy", "opensim"}
    assert imported_by("import opensim_difcal.outputs.slider_model") == needed


def test_the_check_sees_an_import():
    assert imported_by("import numpy") == {"numpy"}


def test_run_tool_announces_the_tool_first_and_the_results_last(setup_file, capsys):
    assert main(["run-tool", str(setup_file)]) == 0
    results = setup_file.parent / "results"
    printed = capsys.readouterr()
    assert printed.out == f"Preparing to run EchoTool.\nDone. The results are in {results}.\n"
    assert printed.err == "[info] Reading.\n"
    assert EchoTool.runs == [(results, True, 1)]


def test_run_tool_says_why_the_tool_stopped(setup_file, capsys, monkeypatch):
    monkeypatch.setattr(EchoTool, "result", Result(Status.CONVERGED))
    assert main(["run-tool", str(setup_file)]) == 0
    last_line = capsys.readouterr().out.splitlines()[-1]
    folder = setup_file.parent / "results"
    assert last_line == f"Done. {Status.CONVERGED.value} The results are in {folder}."


def test_run_that_was_stopped_with_its_best_point_fails(setup_file, capsys, monkeypatch):
    monkeypatch.setattr(EchoTool, "result", Result(Status.INTERRUPTED))
    assert main(["run-tool", str(setup_file), "--log", "warn"]) == 1
    folder = setup_file.parent / "results"
    assert capsys.readouterr().err == (
        f"[error] {Status.INTERRUPTED.value} All results were written for that point; they are in {folder}.\n"
    )


def test_options_of_run_tool_reach_the_tool(setup_file, tmp_path):
    arguments = ["--results-directory", "here", "--threads", "2", "--no-progress"]
    assert main(["run-tool", str(setup_file), *arguments]) == 0
    assert EchoTool.runs == [(tmp_path / "elsewhere" / "here", False, 2)]


def test_failed_run_prints_its_error_without_a_traceback(setup_file, capsys, monkeypatch):
    monkeypatch.setattr(EchoTool, "failure", CalibrationError("The cost became NaN."))
    assert main(["run-tool", str(setup_file), "--log", "warn"]) == 1
    assert capsys.readouterr().err == "[error] The cost became NaN.\n"


def test_traceback_is_printed_when_debugging(setup_file, capsys, monkeypatch):
    monkeypatch.setattr(EchoTool, "failure", CalibrationError("The cost became NaN."))
    assert main(["run-tool", str(setup_file), "--log", "debug"]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("[info] Reading.\nTraceback (most recent call last):\n")
    assert printed.endswith("CalibrationError: The cost became NaN.\n[error] The cost became NaN.\n")


def test_interrupted_run_says_so(setup_file, capsys, monkeypatch):
    monkeypatch.setattr(EchoTool, "failure", KeyboardInterrupt())
    assert main(["run-tool", str(setup_file), "--log", "off"]) == 1
    assert capsys.readouterr().err == (
        "[error] Interrupted by the user; nothing was written, and earlier results are as they were.\n"
    )


@pytest.mark.parametrize(
    ("level", "shown"),
    [("trace", True), ("info", True), ("warn", False), ("critical", False), ("off", False)],
)
def test_log_level_decides_what_is_shown(setup_file, capsys, level, shown):
    assert main(["run-tool", str(setup_file), "--log", level]) == 0
    assert ("[info] Reading." in capsys.readouterr().err) is shown


def test_absent_setup_file_fails(setup_file, capsys):
    assert main(["run-tool", "absent.xml"]) == 1
    path = setup_file.parent / "elsewhere" / "absent.xml"
    assert capsys.readouterr().err == (
        f"[error] absent.xml: the setup file does not exist ({path}). Correct the path.\n"
    )


def test_validate_says_when_nothing_is_wrong(setup_file, capsys):
    assert main(["validate", str(setup_file)]) == 0
    assert capsys.readouterr().out == f"{setup_file}: no problems found.\n"
    assert EchoTool.runs == []


def test_validate_lists_all_problems(setup_file, capsys, monkeypatch):
    monkeypatch.setattr(EchoTool, "found", [ModelError("No muscles."), ModelError("No joints.")])
    assert main(["validate", str(setup_file)]) == 1
    assert capsys.readouterr().err == "[error] 2 problems found:\n1. No muscles.\n2. No joints.\n"


def test_validate_prints_a_single_problem_as_it_is(setup_file, capsys, monkeypatch):
    monkeypatch.setattr(EchoTool, "found", [ModelError("No muscles.")])
    assert main(["validate", str(setup_file)]) == 1
    assert capsys.readouterr().err == "[error] No muscles.\n"


def suspicious(monkeypatch, *warnings: str) -> None:
    monkeypatch.setattr(EchoTool, "findings", lambda tool: Findings(tool.found, warnings), raising=False)


def test_validate_prints_warnings_and_is_content(setup_file, capsys, monkeypatch):
    suspicious(monkeypatch, "The knee runs backward.", "The EMG is faint.")
    assert main(["validate", str(setup_file)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{setup_file}: no problems found, 2 warnings.\n"
    assert printed.err == "[warning] The knee runs backward.\n[warning] The EMG is faint.\n"


def test_validate_prints_warnings_beside_problems(setup_file, capsys, monkeypatch):
    suspicious(monkeypatch, "The knee runs backward.")
    monkeypatch.setattr(EchoTool, "found", [ModelError("No muscles.")])
    assert main(["validate", str(setup_file)]) == 1
    assert capsys.readouterr().err == "[warning] The knee runs backward.\n[error] No muscles.\n"


@pytest.mark.parametrize("word", ["EchoTool", "echo"])
def test_print_xml_writes_a_template_under_the_name_opensim_gives_it(setup_file, capsys, word):
    assert main(["print-xml", word]) == 0
    assert capsys.readouterr().out == "Wrote default_Setup_EchoTool.xml.\n"
    assert Path("default_Setup_EchoTool.xml").read_text() == template(EchoTool)


def test_print_xml_overwrites_nothing(setup_file, capsys):
    Path("mine.xml").write_text("mine")
    assert main(["print-xml", "echo", "mine.xml"]) == 1
    assert capsys.readouterr().err == (
        "[error] mine.xml: the file exists. Give another name, or remove it.\n"
    )
    assert Path("mine.xml").read_text() == "mine"


def test_unknown_tool_is_a_wrong_call(setup_file, capsys):
    assert main(["print-xml", "Echo"]) == 2
    assert capsys.readouterr().err == (
        "[error] unknown tool 'Echo'. Did you mean 'echo'? Tools are 'EchoTool', 'echo'.\n"
    )


def test_info_lists_the_tools(setup_file, capsys):
    assert main(["info"]) == 0
    assert capsys.readouterr().out == "EchoTool: A tool that notes how it was called.\n"


def test_info_describes_the_properties_of_a_tool(setup_file, capsys):
    assert main(["info", "echo"]) == 0
    assert capsys.readouterr().out == (
        "A tool that notes how it was called.\n"
        "  results_directory (a path): The results. Default: results.\n"
        "  gain (a number): Loudness. Unit: dB. Default: 1.0.\n"
        "  entries (<Entry> elements): Entries. Default: none.\n"
    )


def test_info_describes_one_property_and_its_entries(setup_file, capsys):
    assert main(["info", "echo", "entries"]) == 0
    assert capsys.readouterr().out == (
        "  entries (<Entry> elements): Entries. Default: none.\n"
        "Each entry is: One entry.\n"
        "  name (text): Name of the entry. Required.\n"
    )


def test_unknown_property_is_a_wrong_call(setup_file, capsys):
    assert main(["info", "echo", "gian"]) == 2
    assert capsys.readouterr().err == (
        "[error] unknown property 'gian'. Did you mean 'gain'? "
        "Properties of EchoTool are 'entries', 'gain', 'results_directory'.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "argument COMMAND: invalid choice: 'run'"),
        (["run-tool"], "the following arguments are required: SETUP.xml"),
        (["run-tool", "a.xml", "--threads", "0"], "expected a whole number above 0, got '0'"),
        (["run-tool", "a.xml", "--log", "loud"], "argument --log: invalid choice: 'loud'"),
    ],
)
def test_wrong_call_exits_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_call_without_a_command_prints_the_help(capsys):
    assert main([]) == 2
    assert capsys.readouterr().err.startswith("usage: opensim-difcal [-h] [--version] COMMAND ...")


def test_version_is_printed(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"opensim-difcal {opensim_difcal.__version__}\n"


def test_module_is_the_command_line():
    done = python("info")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("NMSCalibrationTool: ")
    assert python("info", "nothing").returncode == 2


def test_help_imports_neither_torch_nor_opensim():
    code = (
        "import sys\nfrom opensim_difcal.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n"
        "    print(sorted({'torch', 'opensim', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("\n[]\n")


def test_every_short_name_means_a_tool():
    assert set(registry.SHORT_NAMES.values()) <= set(registry.TOOLS)


@pytest.mark.parametrize("encoding", ["ascii", "ascii:strict", "latin-1", "cp1252"])
def test_a_name_that_the_terminal_cannot_show_is_printed_by_numbers(tmp_path, encoding):
    done = subprocess.run(
        [sys.executable, "-m", "opensim_difcal", "print-xml", "calibration", str(tmp_path / "股.xml")],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode("ascii").strip() == f"Wrote {tmp_path}/\\u80a1.xml."


def test_an_error_about_a_path_that_is_not_utf8_is_printed(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "opensim_difcal", "validate", os.fsencode(tmp_path) + b"/\xff.xml"],
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.decode("ascii").strip() == (
        f"[error] {tmp_path}/\\udcff.xml: the setup file does not exist. Correct the path."
    )


@pytest.mark.parametrize("mutation", ["a billion laughs", "a hundred thousand levels", "empty", "only NUL"])
def test_a_harmful_setup_file_is_an_error_of_one_line(setup_file, mutation, capsys):
    mutated(setup_file, setup_file.read_bytes(), mutation)
    for command in ("validate", "run-tool"):
        assert main([command, str(setup_file)]) == 1
        error = capsys.readouterr().err
        assert error.startswith(f"[error] {setup_file}: line ")
        assert error.count("\n") == 1


CEINMS = ("import-ceinms", "setup.xml", "--model", "leg.osim", "--output", "out")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            [*CEINMS, "--coordinates-file", "walk.mot"],
            "argument --coordinates-file: expected TRIAL.xml=IK.mot, got 'walk.mot'",
        ),
        (
            [*CEINMS, "--time-step", "fast"],
            "argument --time-step: expected a number of seconds above 0, got 'fast'",
        ),
        (
            ["export-ceinms", "leg.osim", "leg.xml", "--output", "s.xml", "--time-step", "0"],
            "argument --time-step: expected a number of seconds above 0, got '0'",
        ),
    ],
)
def test_wrong_arguments_of_the_commands_for_ceinms_are_a_wrong_call(capsys, arguments, message):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_an_import_of_what_is_no_file_of_ceinms_fails(setup_file, capsys):
    assert main(["import-ceinms", str(setup_file), "--model", "leg.osim", "--output", "out"]) == 1
    assert capsys.readouterr().err == (
        f"[error] {setup_file}: the root element is <OpenSimDocument>; expected one of <ceinmsCalibration>, "
        "<ceinms>, <simulatedAnnealing>, <subject>. Give a setup file of CEINMS, the calibration file of "
        "CEINMS-RT, or a subject.\n"
    )
    assert not Path("out").exists()


def test_the_page_for_users_of_ceinms_names_the_options_that_there_are(capsys):
    page = (REPOSITORY / "docs" / "ceinms.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(--[a-z-]+)", page))
    offered = set()
    for command in ("import-ceinms", "export-ceinms"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        offered |= set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    assert named <= offered
    assert offered - named <= {"--help", "--log", "--model", "--output", "--allow-changed-model"}
