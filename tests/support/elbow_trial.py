"""A synthetic elbow and files of a trial without a fault, for tests to spoil."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import opensim
import pytest

from opensim_difcal.errors import DifcalError, Problems
from opensim_difcal.inputs.muscle_paths import MusclePaths
from opensim_difcal.inputs.trial import Trial
from opensim_difcal.inputs.trial_files import TrialFiles
from opensim_difcal.inputs.trial_reader import read_trial, trial_problems
from opensim_difcal.inputs.trial_source import TrialSettings

SETTINGS = TrialSettings(
    time_step=0.005,
    lead_in=0.1,
    electromechanical_delay=0.035,
    lowpass_cutoff_frequency_for_coordinates=-1.0,
)
TIME = np.linspace(0.0, 2.0, 201)
ELBOW = 50 + 30 * np.sin(np.pi * TIME)  # deg
MOMENT = 5 * np.sin(2 * np.pi * TIME)
FLEXION = 0.3 + 0.3 * np.sin(2 * np.pi * TIME)
EXTENSION = 0.3 - 0.3 * np.sin(2 * np.pi * TIME)
BOTH = ("flexor", "extensor")


def elbow_model() -> opensim.Model:
    """An elbow with a flexor and an extensor, and a wrist without muscles."""
    model = opensim.Model()
    model.setName("arm")
    zero = opensim.Vec3(0)
    parent = model.getGround()
    for name, at in (("elbow", zero), ("wrist", opensim.Vec3(0.3, 0, 0))):
        body = opensim.Body(f"{name}_body", 1.0, zero, opensim.Inertia(0.1, 0.1, 0.1))
        hinge = opensim.PinJoint(f"{name}_joint", parent, at, zero, body, zero, zero)
        hinge.updCoordinate().setName(name)
        hinge.updCoordinate().setRangeMin(0.0)
        hinge.updCoordinate().setRangeMax(2.5)
        model.addBody(body)
        model.addJoint(hinge)
        parent = body
    forearm = model.getBodySet().get("elbow_body")
    for name, x in (("flexor", 0.1), ("extensor", -0.05)):
        muscle = opensim.Millard2012EquilibriumMuscle(name, 100.0, 0.1, 0.2, 0.0)
        muscle.addNewPathPoint("origin", model.getGround(), opensim.Vec3(0, 0.5, 0))
        muscle.addNewPathPoint("insertion", forearm, opensim.Vec3(x, 0, 0))
        model.addForce(muscle)
    model.finalizeConnections()
    model.initSystem()
    return model


def write(path: Path, time: np.ndarray, in_degrees: str = "no", **columns: np.ndarray) -> None:
    rows = np.column_stack([time, *columns.values()])
    lines = ["table", "version=1", f"nRows={len(rows)}", f"nColumns={rows.shape[1]}"]
    lines += [f"inDegrees={in_degrees}", "endheader", "\t".join(["time", *columns])]
    lines += ["\t".join(f"{value:.10g}" for value in row) for row in rows]
    path.write_text("\n".join(lines) + "\n")


def elbow_files(folder: Path) -> TrialFiles:
    """Writes the files of a trial and returns where they are."""
    ik, torques, emg = folder / "ik.mot", folder / "id.sto", folder / "emg.sto"
    write(ik, TIME, "yes", elbow=ELBOW, wrist=0 * TIME)
    write(torques, TIME, elbow_moment=MOMENT, wrist_moment=MOMENT)
    write(emg, TIME, flexor=FLEXION, extensor=EXTENSION)
    return TrialFiles(
        name="curl",
        coordinates_file=ik,
        generalized_forces_file=torques,
        excitations_file=emg,
        time_range=(0.5, 1.5),
    )


def read(files: TrialFiles, model: opensim.Model, **changes) -> Trial:
    return read_trial(files, *_arguments(model, changes))


def refused(files: TrialFiles, model: opensim.Model, **changes) -> str:
    """The error, with the folder cut off; `trial_problems` must find the same."""
    with pytest.raises(DifcalError) as caught:
        read(files, model, **changes)
    found = trial_problems(files, *_arguments(model, changes))
    errors = caught.value.errors if isinstance(caught.value, Problems) else [caught.value]
    if "% of the measured" not in str(caught.value):  # a share depends on the instants
        assert [str(error) for error in found] == [str(error) for error in errors]
    return str(caught.value).replace(f"{files.coordinates_file.parent}/", "")


def _arguments(model: opensim.Model, changes: dict[str, Any]) -> tuple[MusclePaths, TrialSettings]:
    changes = dict(changes)
    muscles, coordinates = changes.pop("muscle_names", BOTH), changes.pop("coordinate_names", ["elbow"])
    cache = changes.pop("cache", None)
    return MusclePaths(model, tuple(muscles), tuple(coordinates), cache), replace(SETTINGS, **changes)
