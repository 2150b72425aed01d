"""The loops around a recorded function: every instant, a root, or a whole trajectory.

A kernel's arrays have the axes (start, trial, time, muscle); rows of the first two are
shared among threads by `first_row` and `last_row`. Muscles stand innermost, where a
processor works on several at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opensim_difcal.physics.compiled.recording import Recording, Value
from opensim_difcal.physics.compiled.source import Source, scalar_source
from opensim_difcal.physics.engine import N_BISECTIONS, N_NEWTON, NEWTON_TOLERANCE

SERIES = "float64[:, :, :, :]"
RESULT = "float64[:, :, :, :, ::1]"
_ROWS = "first_row, last_row"
_HEAD = """\
import math

from numba import njit

CONSTANTS = {constants}


@njit("void({types})", cache=True, nogil=True, error_model="numpy")
def kernel({arguments}):
"""
_RECURRENCE = """\
from numba import njit

CONSTANTS = ((), (), ())


@njit(
    "void(int64, int64, {tangents}, {tangents}, {tangents}, {result})",
    cache=True,
    nogil=True,
    error_model="numpy",
)
def kernel(first_row, last_row, last, before, drive, x):
    n_tangents, n_starts, n_trials, n_times, n_muscles = x.shape
    for row in range(first_row, last_row):
        k = row // (n_starts * n_trials)
        s = row // n_trials % n_starts
        b = row % n_trials
        for {times}:
            for m in range(n_muscles):
                value = drive[k, s, b, t, m]
                if {has_last}:
                    value += last[k, s, b, t{last}, m] * x[k, s, b, {neighbor}, m]
                if {has_before}:
                    value += before[k, s, b, t{before}, m] * x[k, s, b, {second}, m]
                x[k, s, b, t, m] = value


COMPLETE = True
"""


@dataclass(frozen=True)
class Inputs:
    """How a recording's inputs are called in a kernel.

    Attributes:
        numbers: Constants that are one number a muscle.
        rows: Constants that are a row of a table, one a muscle.
        tables: Constants that all muscles share.
        loads: Statements that fetch a muscle's constants.
        called: Name in the statements by value.
    """

    numbers: tuple[str, ...]
    rows: tuple[str, ...]
    tables: tuple[str, ...]
    loads: tuple[str, ...]
    called: dict[Value, str]


Template = Callable[[Recording, Inputs], str]
"""Writes a kernel's source around a recording."""


def elementwise_source(recording: Recording, inputs: Inputs) -> str:
    """Applies the function at every instant.

    The kernel takes rows, variables, an array for all results, and constants.
    """
    variables = [f"v{i}" for i in range(len(recording.variables))]
    source = _source(recording, inputs, [f"x_{name}" for name in variables])
    body = [f"x_{name} = {name}[s, b, t, m]" for name in variables]
    body += [*inputs.loads, *source.lines]
    body += [f"results[{i}, s, b, t, m] = {output}" for i, output in enumerate(source.outputs)]
    head = _head([SERIES] * len(variables) + [RESULT], [*variables, "results"], inputs)
    return head + _loops("results.shape[1:]", body)


def root_source(recording: Recording, inputs: Inputs) -> str:
    """Finds by bisection where the function of its first variable falls through zero.

    The kernel takes rows, lower and upper end of the bracket, the other variables, an
    array for the root, and constants.
    """
    others = [f"v{i}" for i in range(1, len(recording.variables))]
    source = _source(recording, inputs, ["middle", *(f"x_{name}" for name in others)])
    body = [f"x_{name} = {name}[s, b, t, m]" for name in others]
    body += [*inputs.loads, "a = low[s, b, t, m]", "z = high[s, b, t, m]", f"for _ in range({N_BISECTIONS}):"]
    inner = ["middle = 0.5 * (a + z)", *source.lines, f"if {source.outputs[0]} > 0.0:"]
    inner += ["    a = middle", "else:", "    z = middle"]
    body += [f"    {line}" for line in inner]
    body += ["results[0, s, b, t, m] = 0.5 * (a + z)"]
    head = _head([SERIES] * (2 + len(others)) + [RESULT], ["low", "high", *others, "results"], inputs)
    return head + _loops("results.shape[1:]", body)


def trajectory_source(recording: Recording, inputs: Inputs) -> str:
    """Steps through time from a first fiber length.

    The recording is that of `muscle_functions.STEP` with its derivatives. The kernel takes
    rows, the first fiber length, activation, muscle-tendon length, what is mechanical, an
    array for the fiber lengths, one for the derivatives of every step, the time step, and
    constants.
    """
    mechanical, load = _mechanical(len(recording.variables) - 7)
    names = ["now", "velocity", "a0", "a1", *mechanical, "length0", "length1", "h"]
    source = _source(recording, inputs, names)
    body = [
        "now = lengths[0, s, b, t, m]",
        "velocity = 0.0",
        "if t > 0:",
        "    velocity = (now - lengths[0, s, b, t - 1, m]) / h",
        "a0 = activation[s, b, t, m]",
        "a1 = activation[s, b, t + 1, m]",
        *load,
        "length0 = muscle_tendon_length[s, b, t, m]",
        "length1 = muscle_tendon_length[s, b, t + 1, m]",
        *inputs.loads,
        *source.lines,
        f"lengths[0, s, b, t + 1, m] = {source.outputs[0]}",
        *(f"partials[{i}, s, b, t, m] = {output}" for i, output in enumerate(source.outputs[1:])),
    ]
    series = ["first", "activation", "muscle_tendon_length", *(f"of_{each}" for each in mechanical)]
    head = _head(
        [SERIES] * len(series) + [RESULT, RESULT, "float64"], [*series, "lengths", "partials", "h"], inputs
    )
    start = ["for m in range(n_muscles):", "    lengths[0, s, b, 0, m] = first[s, b, 0, m]"]
    return head + _loops("partials.shape[1:]", body, start)


def balanced_source(recording: Recording, inputs: Inputs) -> str:
    """Steps through time from a first fiber length, to the balance of every instant.

    The recording is that of `muscle_functions.MOVING_BALANCE_AND_SLOPE`. The kernel takes rows,
    the first fiber length; lower and upper end of the bracket, activation and muscle-tendon
    length at the end of every step; what is mechanical, an array for the fiber lengths, the
    time step, and constants.
    """
    mechanical, load = _mechanical(len(recording.variables) - 5)
    optimal = mechanical[0]
    names = ["now", "before", "a1", *mechanical, "length1", "h"]
    source = _source(recording, inputs, names)
    value, slope = source.outputs
    search = [
        *source.lines,
        f"if {value} > 0.0:",
        "    a = now",
        "else:",
        "    z = now",
        f"after = now - {value} / {slope}",
        "if a <= after <= z:",
        "    is_last = abs(after - now) <= tolerance",
        "else:",
        "    after = 0.5 * (a + z)",
        f"    is_last = z - a <= tolerance * tolerance / {optimal}",
        "now = after",
        "if is_last:",
        "    break",
    ]
    body = [
        "before = lengths[0, s, b, t, m]",
        "a = low[s, b, t, m]",
        "z = high[s, b, t, m]",
        "a1 = activation[s, b, t, m]",
        *load,
        "length1 = muscle_tendon_length[s, b, t, m]",
        *inputs.loads,
        f"tolerance = {NEWTON_TOLERANCE} * {optimal}",
        "now = before",
        "if t > 0:  # as far as in the last step",
        "    now = before + (before - lengths[0, s, b, t - 1, m])",
        "now = min(max(now, a), z)",
        f"for _ in range({N_NEWTON}):",
        *(f"    {line}" for line in search),
        f"lengths[0, s, b, t + 1, m] = now if {value} == {value} else {value}",
    ]
    series = ["first", "low", "high", "activation", "muscle_tendon_length"]
    series += [f"of_{each}" for each in mechanical]
    head = _head([SERIES] * len(series) + [RESULT, "float64"], [*series, "lengths", "h"], inputs)
    start = ["for m in range(n_muscles):", "    lengths[0, s, b, 0, m] = first[s, b, 0, m]"]
    return head + _loops("activation.shape", body, start)


def recurrence_source(*, adjoint: bool) -> str:
    """Steps through x_i = last_i x_(i-1) + before_i x_(i-2) + drive_i, or its adjoint backward.

    Arrays have an axis more in front, for several tangents. The kernel takes rows, both
    coefficients, the drive (for the adjoint: what comes from above) and an array for x.
    """
    forward = {
        "times": "t in range(n_times)",
        "has_last": "t > 0",
        "last": "",
        "neighbor": "t - 1",
        "has_before": "t > 1",
        "before": "",
        "second": "t - 2",
    }
    backward = {
        "times": "t in range(n_times - 1, -1, -1)",
        "has_last": "t + 1 < n_times",
        "last": " + 1",
        "neighbor": "t + 1",
        "has_before": "t + 2 < n_times",
        "before": " + 2",
        "second": "t + 2",
    }
    tangents = "float64[:, :, :, :, :]"
    return _RECURRENCE.format(tangents=tangents, result=RESULT, **(backward if adjoint else forward))


def _mechanical(n: int) -> tuple[list[str], list[str]]:
    """How the muscles' `mechanical` parameters are called, and the statements that fetch them."""
    names = [f"p{i}" for i in range(n)]
    return names, [f"{name} = of_{name}[s, b, 0, m]" for name in names]


def _source(recording: Recording, inputs: Inputs, names: Sequence[str]) -> Source:
    """The recording with its variables called so."""
    return scalar_source(recording, inputs.called | dict(zip(recording.variables, names, strict=True)))


def _head(types: Sequence[str], names: Sequence[str], inputs: Inputs) -> str:
    every_type = ["int64", "int64", *types, "float64[:, ::1]"]
    every_name = [_ROWS, *names, "numbers"]
    if inputs.rows:
        every_type.append("int64[:, ::1]")
        every_name.append("rows")
    every_type += ["float64[:, ::1]"] * len(inputs.tables)
    every_name += inputs.tables
    return _HEAD.format(
        types=", ".join(every_type),
        arguments=", ".join(every_name),
        constants=repr((inputs.numbers, inputs.rows, inputs.tables)),
    )


def _loops(shape: str, body: Sequence[str], start: Sequence[str] = ()) -> str:
    """Rows, then time, then muscles."""
    lines = [
        f"    n_starts, n_trials, n_times, n_muscles = {shape}",
        "    for row in range(first_row, last_row):",
        "        s = row // n_trials",
        "        b = row % n_trials",
        *(f"        {line}" for line in start),
        "        for t in range(n_times):",
        "            for m in range(n_muscles):",
        *(f"                {line}" for line in body),
    ]
    return "\n".join(lines) + "\n\n\nCOMPLETE = True\n"
