"""The command line, a look-alike of opensim-cmd.

Exit codes: 0 done, 1 failed, 2 wrong call. Torch and OpenSim are imported only by
the commands that need them.
"""

import argparse
import dataclasses
import io
import logging
import math
import sys
import traceback
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any, final

import opensim_difcal
from opensim_difcal.errors import CalibrationError, DifcalError, raise_problems
from opensim_difcal.tools import registry
from opensim_difcal.wording import counted, did_you_mean, listed

_LEVELS = {
    "off": logging.CRITICAL + 10,
    "critical": logging.CRITICAL,
    "error": logging.ERROR,
    "warn": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": 5,
}
_DONE, _FAILED, _WRONG_CALL = 0, 1, 2


@final
class _WrongCall(Exception):
    """The command line asks for something that does not exist."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit code.

    Args:
        arguments: The words after the program's name; from the shell when None.
    """
    _print_every_character()
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help(sys.stderr)
        return _WRONG_CALL
    try:
        options.command(options)
    except _WrongCall as error:
        _print_error(error)
        return _WRONG_CALL
    except (DifcalError, OSError) as error:
        if getattr(options, "log", "info") in ("debug", "trace"):
            traceback.print_exc()
        _print_error(error)
        return _FAILED
    except KeyboardInterrupt:
        _print_error("Interrupted by the user; nothing was written, and earlier results are as they were.")
        return _FAILED
    return _DONE


def _print_every_character() -> None:
    """Lets a terminal without the letters of a name or a path show their numbers, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="opensim-difcal", description="Calibrates the muscles of an OpenSim model to a person."
    )
    parser.add_argument("--version", action=_PrintVersion, nargs=0, help="Print the version.")
    parser.set_defaults(command=None)
    commands = parser.add_subparsers(metavar="COMMAND")
    _add_run_tool(commands)
    _add_print_xml(commands)
    _add_info(commands)
    _add_validate(commands)
    _add_import_ceinms(commands)
    _add_export_ceinms(commands)
    return parser


@final
class _PrintVersion(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        print(f"opensim-difcal {opensim_difcal.__version__}")
        parser.exit()


def _add_run_tool(commands: Any) -> None:
    command = commands.add_parser("run-tool", help="Run the tool of a setup file.")
    command.add_argument("setup", metavar="SETUP.xml", type=Path)
    command.add_argument(
        "--results-directory",
        metavar="DIR",
        type=Path,
        help="Instead of the setup file's <results_directory>.",
    )
    command.add_argument(
        "--threads", metavar="N", type=_positive, default=1, help="Threads of torch; 1 is usually fastest."
    )
    command.add_argument("--no-progress", action="store_true", help="Show no progress bar.")
    _add_log(command)
    command.set_defaults(command=_run_tool)


def _add_print_xml(commands: Any) -> None:
    command = commands.add_parser("print-xml", help="Write a commented template of a setup file.")
    command.add_argument("tool", metavar="TOOL", help=f"One of {', '.join(_tool_words())}.")
    command.add_argument(
        "file", metavar="FILE", type=Path, nargs="?", help="By default default_Setup_<TOOL>.xml."
    )
    command.set_defaults(command=_print_xml)


def _add_info(commands: Any) -> None:
    command = commands.add_parser("info", help="Describe the tools and their properties.")
    command.add_argument("tool", metavar="TOOL", nargs="?")
    command.add_argument("property", metavar="PROPERTY", nargs="?")
    command.set_defaults(command=_info)


def _add_validate(commands: Any) -> None:
    command = commands.add_parser(
        "validate", help="Check a setup file and everything it names; compute nothing."
    )
    command.add_argument("setup", metavar="SETUP.xml", type=Path)
    _add_log(command)
    command.set_defaults(command=_validate)


def _add_import_ceinms(commands: Any) -> None:
    command = commands.add_parser(
        "import-ceinms", help="Make a model, setups and a sidecar of files of CEINMS.", description=_IMPORT
    )
    command.add_argument("source", metavar="SETUP_OR_SUBJECT.xml", type=Path)
    command.add_argument(
        "--model",
        metavar="MODEL.osim",
        type=Path,
        required=True,
        help="The model of the subject; is left alone.",
    )
    command.add_argument(
        "--output", metavar="DIR", type=Path, required=True, help="Folder for everything that is written."
    )
    command.add_argument(
        "--coordinates-file",
        metavar="TRIAL.xml=IK.mot",
        type=_pair,
        action="append",
        default=[],
        help="Coordinates of a trial, where its file names none; may be given for several trials.",
    )
    command.add_argument("--time-step", metavar="S", type=_seconds, help=_STEP_OF_SUBJECT)
    command.add_argument(
        "--preset",
        choices=("default", "hambly2024", "ceinms"),
        default="default",
        help="Of the calibration. ceinms keeps simulated annealing.",
    )
    command.add_argument(
        "--convert-thelen-muscles",
        action="store_true",
        help="Replace Thelen2003Muscle by Millard2012EquilibriumMuscle.",
    )
    _add_log(command)
    command.set_defaults(command=_import_ceinms)


def _add_export_ceinms(commands: Any) -> None:
    command = commands.add_parser(
        "export-ceinms", help="Write a calibrated model as a subject of CEINMS 0.9.", description=_EXPORT
    )
    command.add_argument("model", metavar="MODEL.osim", type=Path)
    command.add_argument("subject", metavar="SUBJECT.xml", type=Path, help="The sidecar <name>_subject.xml.")
    command.add_argument(
        "--output", metavar="FILE.xml", type=Path, required=True, help="The subject of CEINMS to write."
    )
    command.add_argument("--time-step", metavar="S", type=_seconds, help=_STEP_OF_FRAMES)
    command.add_argument(
        "--excitation-generator", metavar="FILE.xml", type=Path, help="Write the excitation map too."
    )
    command.add_argument(
        "--allow-changed-model",
        action="store_true",
        help="Accept a model that was changed after its calibration.",
    )
    _add_log(command)
    command.set_defaults(command=_export_ceinms)


_IMPORT = (
    "Reads a <ceinmsCalibration> or <ceinms> setup (0.9 and 0.21), a <simulatedAnnealing> configuration of "
    "CEINMS-RT, or a <subject>, and everything it names. What became of what is told in import_report.md and "
    "docs/ceinms.md."
)
_EXPORT = "Numbers stay as they are, unless a time step is given; see docs/ceinms.md."
_STEP_OF_SUBJECT = (
    "Time step that the subject's c1 and c2 belong to. By default that of the trials' muscle-tendon lengths, "
    "else of their coordinates."
)
_STEP_OF_FRAMES = (
    "Time step of the frames in CEINMS, to which c1 and c2 are converted. By default the calibration's."
)


def _pair(word: str) -> tuple[str, Path]:
    trial, separator, path = word.partition("=")
    if not separator or not trial or not path:
        raise argparse.ArgumentTypeError(f"expected TRIAL.xml=IK.mot, got {word!r}")
    return trial, Path(path)


def _seconds(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number of seconds above 0, got {word!r}")
    return value


def _add_log(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--log", metavar="LEVEL", choices=_LEVELS, default="info", help=f"One of {', '.join(_LEVELS)}."
    )


def _positive(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {word!r}")
    return int(word)


def _run_tool(options: argparse.Namespace) -> None:
    from opensim_difcal.setup_file import read_setup

    _log_to_stderr(options.log)
    tool = read_setup(options.setup, registry.TOOLS)
    print(f"Preparing to run {type(tool).__name__}.", flush=True)
    if options.results_directory is not None:
        tool = dataclasses.replace(tool, results_directory=options.results_directory.absolute())
    result = tool.run(progress=not options.no_progress, threads=options.threads)
    _print_end(getattr(result, "status", None), tool.results_directory)


def _print_end(status: Enum | None, folder: Path) -> None:
    """Prints why a tool stopped and where its results are.

    Raises:
        CalibrationError: The user interrupted the tool, which wrote what it had.
    """
    if status is not None and status.name == "INTERRUPTED":
        raise CalibrationError(
            f"{status.value} All results were written for that point; they are in {folder}."
        )
    reason = "Done." if status is None else f"Done. {status.value}"
    print(f"{reason} The results are in {folder}.")


def _print_xml(options: argparse.Namespace) -> None:
    from opensim_difcal.setup_template import template

    name = _tool_name(options.tool)
    file = options.file or Path(f"default_Setup_{name}.xml")
    text = template(registry.TOOLS[name])
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise FileExistsError(f"{file}: the file exists. Give another name, or remove it.") from error
    print(f"Wrote {file}.")


def _info(options: argparse.Namespace) -> None:
    from opensim_difcal.properties import properties_of
    from opensim_difcal.setup_template import summary

    if options.tool is None:
        for name, tool_type in registry.TOOLS.items():
            print(f"{name}: {summary(tool_type)}")
        return
    tool_type = registry.TOOLS[_tool_name(options.tool)]
    properties = {prop.name: prop for prop in properties_of(tool_type)}
    if options.property is None:
        print(summary(tool_type))
        _print_properties(properties.values())
        return
    if options.property not in properties:
        raise _WrongCall(
            f"unknown property {options.property!r}.{did_you_mean(options.property, properties)} "
            f"Properties of {tool_type.__name__} are {listed(properties)}."
        )
    prop = properties[options.property]
    _print_properties([prop])
    if prop.is_object_list:
        print(f"Each entry is: {summary(prop.value_type)}")
        _print_properties(properties_of(prop.value_type))


def _print_properties(properties: Any) -> None:
    from opensim_difcal.setup_template import description

    for prop in properties:
        print(f"  {prop.name} ({prop.expected}): {description(prop)}")


def _validate(options: argparse.Namespace) -> None:
    from opensim_difcal.setup_file import read_what_can_be_read

    _log_to_stderr(options.log)
    tool, problems = read_what_can_be_read(options.setup, registry.TOOLS)
    warnings: Sequence[str] = ()
    if tool is not None:
        known = " ".join(str(problem) for problem in problems)
        found, warnings = _findings(tool)
        problems += [each for each in found if not _is_known(str(each), known)]
    for warning in warnings:
        print(f"[warning] {warning}", file=sys.stderr)
    raise_problems(problems)
    besides = f", {counted(len(warnings), 'warning')}" if warnings else ""
    print(f"{options.setup}: no problems found{besides}.")


def _findings(tool: Any) -> tuple[Sequence[DifcalError], Sequence[str]]:
    """Problems and warnings of a tool; some tools know of no warnings."""
    if not hasattr(tool, "findings"):
        return tool.problems(), ()
    findings = tool.findings()
    return findings.problems, findings.warnings


def _import_ceinms(options: argparse.Namespace) -> None:
    from opensim_difcal.ceinms.notes import Kind, Notes
    from opensim_difcal.ceinms.project import read_project

    _log_to_stderr(options.log)
    read_project(options.source, Notes())  # before the imports, which take seconds
    from opensim_difcal.tools.ceinms.importing import import_ceinms

    outcome = import_ceinms(
        options.source,
        model_file=options.model,
        output=options.output,
        coordinates_files={trial: path.absolute() for trial, path in options.coordinates_file},
        time_step=options.time_step,
        preset=options.preset,
        convert_thelen_muscles=options.convert_thelen_muscles,
    )
    for kind in (Kind.MISSING, Kind.CLAMPED, Kind.CONVERTED):
        for sentence in outcome.notes.of(kind):
            print(f"{kind.value}: {sentence}")
    for file in outcome.files:
        print(f"Wrote {file}.")


def _export_ceinms(options: argparse.Namespace) -> None:
    from opensim_difcal.tools.ceinms.exporting import export_ceinms

    _log_to_stderr(options.log)
    outcome = export_ceinms(
        options.model,
        options.subject,
        options.output,
        time_step=options.time_step,
        excitation_generator_file=options.excitation_generator,
        allow_changed_model=options.allow_changed_model,
    )
    for note in outcome.notes:
        print(note)
    for file in outcome.files:
        print(f"Wrote {file}.")


def _is_known(problem: str, known: str) -> bool:
    """Whether a missing file is already a problem of the setup file."""
    return "file does not exist" in problem and problem.partition(": ")[0] in known


def _tool_words() -> list[str]:
    return [*registry.TOOLS, *registry.SHORT_NAMES]


def _tool_name(word: str) -> str:
    """Returns the name of the tool that a word of the command line means."""
    name = registry.SHORT_NAMES.get(word, word)
    if name not in registry.TOOLS:
        words = _tool_words()
        raise _WrongCall(f"unknown tool {word!r}.{did_you_mean(word, words)} Tools are {listed(words)}.")
    return name


def _print_error(error: object) -> None:
    print(f"[error] {error}", file=sys.stderr)


@final
class _OpenSimFormatter(logging.Formatter):
    """`[info] message`, the way OpenSim's console log looks."""

    def format(self, record: logging.LogRecord) -> str:
        names = [name for name, level in _LEVELS.items() if level <= record.levelno]
        level = max(names, key=_LEVELS.__getitem__, default="trace")
        return f"[{level}] {super().format(record)}"


def _log_to_stderr(level: str) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(_OpenSimFormatter())
    logger = logging.getLogger("opensim_difcal")
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(_LEVELS[level])
