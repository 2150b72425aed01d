"""Checks a calibration in OpenSim and writes its files; the .osim comes last."""

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import opensim
import torch

from opensim_difcal.atomic import write_atomically
from opensim_difcal.calibration.result import CalibrationResult, Prediction, Status
from opensim_difcal.errors import ClosedLoopError
from opensim_difcal.inputs.muscles import stretched_curves
from opensim_difcal.inputs.opensim_model import load_model
from opensim_difcal.outputs.closed_loop import ClosedLoop, MuscleTrajectory, closing_loop
from opensim_difcal.outputs.osim_file import MuscleChange, calibrated_osim_text
from opensim_difcal.outputs.parameters_csv import write_parameters
from opensim_difcal.outputs.report import write_report
from opensim_difcal.outputs.report_pictures import ReportPictures
from opensim_difcal.outputs.subject import Provenance, file_digests, package_versions, subject_of
from opensim_difcal.outputs.subject_file import write_subject
from opensim_difcal.outputs.summary import summary, with_seconds, write_summary
from opensim_difcal.outputs.synergy_weights_csv import write_synergy_weights
from opensim_difcal.outputs.tables import write_synergy_tables, write_trial_tables
from opensim_difcal.physics.curve_strains import CURVE_STRAINS
from opensim_difcal.physics.muscle import Muscles, force_balance
from opensim_difcal.setup_template import setup_text
from opensim_difcal.tools.calibration.inputs import CalibrationInputs
from opensim_difcal.tools.common.force_length import active_force_length
from opensim_difcal.tools.common.garbage import no_garbage_collection
from opensim_difcal.tools.common.staging import move_into_place, staging_folder
from opensim_difcal.tools.common.stopwatch import Stopwatch
from opensim_difcal.tools.nms_calibration_tool import NMSCalibrationTool

_log = logging.getLogger("opensim_difcal")


@dataclass(frozen=True)
class CalibrationOutcome:
    """What a run of the calibration tool leaves behind.

    Attributes:
        model: The calibrated model, loaded from the written .osim file.
        result: Parameters, predictions, cost history, status.
        summary: The content of summary.json.
        files: Every file that was written.
    """

    model: opensim.Model
    result: CalibrationResult
    summary: Mapping[str, object]
    files: tuple[Path, ...]

    @property
    def status(self) -> Status:
        """Why the optimizer stopped."""
        return self.result.status


def write_outputs(
    tool: NMSCalibrationTool, inputs: CalibrationInputs, result: CalibrationResult, watch: Stopwatch
) -> CalibrationOutcome:
    """Writes into a folder beside the results, lets OpenSim check, then moves all in place.

    Args:
        tool: The settings.
        inputs: What was read.
        result: The calibration.
        watch: Runs since the tool was started.

    Raises:
        ClosedLoopError: If OpenSim disagrees. The run's files, without an .osim, are then
            in the folder `failed_<name>` and everything else is as it was.
    """
    directory = tool.results_directory
    with staging_folder(directory, tool.name) as staging:
        osim = staging / f"{tool.name}.osim"
        changes = _changes(result, inputs.source.model)
        content = calibrated_osim_text(inputs.source.content, changes, where=str(inputs.source.path))
        write_atomically(osim, content)
        with _closing_loop(tool, inputs, result, osim) as closed:  # in other processes, meanwhile:
            settings_text = _write_values(tool, inputs, result, hashlib.sha256(content).hexdigest(), staging)
            with no_garbage_collection():
                pictures = _pictures(tool, result)
            watch.lap("report")
            loop = closed()
            watch.lap("closed_loop")
        values = _write_report(tool, result, loop, pictures, settings_text, staging)
        watch.lap("report")
        values = with_seconds(values, watch.seconds)
        write_summary(staging / "summary.json", values)
        if loop.failures:
            _keep_failed(loop, osim, staging, directory / f"failed_{tool.name}")
        files = move_into_place(staging, directory, last=osim.name)
    shutil.rmtree(directory / f"failed_{tool.name}", ignore_errors=True)
    _log.info("Wrote %d files; %s came last.", len(files), files[-1])
    return CalibrationOutcome(load_model(files[-1]), result, values, files)


def _changes(result: CalibrationResult, model: opensim.Model) -> dict[str, MuscleChange]:
    """The new values of every muscle that took part."""
    final = {name: change.final for name, change in result.parameters.items()}
    shared = {muscle for members in result.strain_groups.values() for muscle in members}
    strains = {
        muscle: {kind: float(final[kind][i]) for kind in CURVE_STRAINS if kind in final}
        for i, muscle in enumerate(result.muscle_names)
        if muscle in shared
    }
    return {
        muscle: MuscleChange(
            max_isometric_force=float(final["max_isometric_force"][i]),
            optimal_fiber_length=float(final["optimal_fiber_length"][i]),
            tendon_slack_length=float(final["tendon_slack_length"][i]),
            make_elastic=muscle in result.made_elastic,
            curves=stretched_curves(model, muscle, strains.get(muscle, {})),
        )
        for i, muscle in enumerate(result.muscle_names)
    }


def _closing_loop(
    tool: NMSCalibrationTool, inputs: CalibrationInputs, result: CalibrationResult, osim: Path
) -> AbstractContextManager[Callable[[], ClosedLoop]]:
    """OpenSim repeats one trial with the calibrated model, while the report is drawn."""
    names = [prediction.trial.name for prediction in result.calibrated]
    chosen = 0 if tool.closed_loop_trial is None else names.index(tool.closed_loop_trial)
    final = {name: torch.from_numpy(change.final) for name, change in result.parameters.items()}
    muscles = inputs.muscles.to("cpu").with_parameters(
        optimal_fiber_length=final["optimal_fiber_length"],
        tendon_slack_length=final["tendon_slack_length"],
        max_isometric_force=final["max_isometric_force"],
        curve_strains=_strains(inputs.muscles, final),
    )

    def balance(*series: np.ndarray) -> np.ndarray:
        length, velocity, activation, muscle_tendon_length = (torch.from_numpy(x) for x in series)
        return force_balance(length, velocity, activation, muscle_tendon_length, muscles).numpy()

    trajectory = _trajectory(result.calibrated[chosen], muscles)
    return closing_loop(
        osim, trajectory, balance, limit=tool.closed_loop_limit, n_workers=_n_workers(trajectory)
    )


def _strains(muscles: Muscles, final: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, ...] | None:
    """The strains of the calibrated curves; None where they are the model's."""
    if not any(kind in final for kind in CURVE_STRAINS):
        return None
    return tuple(final.get(kind, getattr(muscles, kind).cpu()) for kind in CURVE_STRAINS)


def _n_workers(trajectory: MuscleTrajectory) -> int:
    """One process for each second that OpenSim needs, but a processor is left to the drawing."""
    duration = trajectory.time[-1] - trajectory.time[0]
    seconds = 0.03 * len(trajectory.muscle_names) * duration
    return min(round(seconds), (os.cpu_count() or 1) - 1, 3)


def _trajectory(prediction: Prediction, muscles: Muscles) -> MuscleTrajectory:
    trial = prediction.trial
    velocity = np.gradient(trial.muscle_tendon_length, trial.time_step, axis=0, edge_order=2)
    return MuscleTrajectory(
        muscle_names=trial.muscle_names,
        time=trial.time,
        # Without a lead-in the first samples still swing in from rest.
        n_lead_in=max(trial.n_lead_in, round(0.05 / trial.time_step)),
        activation=prediction.activation,
        muscle_tendon_length=trial.muscle_tendon_length,
        muscle_tendon_velocity=velocity,
        fiber_length=prediction.fiber_length,
        tendon_force=prediction.tendon_force,
    )


def _write_values(
    tool: NMSCalibrationTool,
    inputs: CalibrationInputs,
    result: CalibrationResult,
    model_sha256: str,
    folder: Path,
) -> str:
    """Writes sidecar and tables; returns the setup file with its defaults."""
    settings_text = setup_text(replace(tool.settled(), model_file=inputs.source.path), tool.results_directory)
    subject = subject_of(
        result,
        model_sha256=model_sha256,
        time_step=tool.time_step,
        electromechanical_delay=tool.electromechanical_delay,
        lowpass_cutoff_frequency_for_coordinates=tool.lowpass_cutoff_frequency_for_coordinates,
        tendon=tool.tendon,
        elastic_tendon=tool.by_preset("elastic_tendon"),
        excitation_map=tool.excitation_map,
        provenance=Provenance(
            input_files=_digests(tool, inputs),
            versions=package_versions(),
            settings={"setup": settings_text},
            seed=tool.seed,
        ),
    )
    write_subject(folder / f"{tool.name}_subject.xml", subject)
    write_parameters(folder / "parameters.csv", result)
    synthesized = result.synergies.synthesized_muscles if result.synergies else ()
    for prediction in result.calibrated:
        write_trial_tables(folder, prediction, synthesized=synthesized)
    if result.synergies is not None:
        write_synergy_weights(folder / "synergy_weights.csv", result.synergies)
        for each in result.synergies.trials:
            write_synergy_tables(folder, result.synergies, each)
    return settings_text


def _pictures(tool: NMSCalibrationTool, result: CalibrationResult) -> ReportPictures:
    from opensim_difcal.outputs.report_figures import draw_pictures  # matplotlib, while OpenSim works

    return draw_pictures(
        result,
        active_force_length=active_force_length(),
        normalized_fiber_length_range=tool.normalized_fiber_length_range,
        tendon_strain_range=tool.tendon_strain_range,
    )


def _write_report(
    tool: NMSCalibrationTool,
    result: CalibrationResult,
    loop: ClosedLoop,
    pictures: ReportPictures,
    settings_text: str,
    folder: Path,
) -> dict[str, object]:
    """Writes the report; returns the summary, still without the seconds."""
    checks = {
        "reintegration_rms_max": loop.reintegration_rms_max,
        "frame_force_error_max": loop.frame_force_error_max,
        "frame_balance_error_max": loop.frame_balance_error_max,
        "reintegration_rms_limit": loop.limit,
    }
    content = summary(result, tool=type(tool).__name__, seconds={}, closed_loop=checks)
    write_report(
        folder / "report.html",
        result,
        summary=content,
        pictures=pictures,
        closed_loop=checks,
        settings_text=settings_text,
        least_vaf=tool.settled().minimum_variance_accounted_for if tool.n_synergies is None else None,
    )
    return content


def _digests(tool: NMSCalibrationTool, inputs: CalibrationInputs) -> dict[str, str]:
    """SHA-256 digests of everything that was read; a model from memory as OpenSim writes it."""
    files = [path for trial in tool.trials for path in trial.paths]
    if isinstance(tool.model_file, Path):
        return file_digests([tool.model_file, *files])
    return {f"{inputs.source.path.name} (opensim.Model)": inputs.source.digest, **file_digests(files)}


def _keep_failed(loop: ClosedLoop, osim: Path, staging: Path, failed: Path) -> None:
    """Keeps a failed run's report for the user, without the model.

    Raises:
        ClosedLoopError: Always; the loop has failed.
    """
    osim.unlink()
    shutil.rmtree(failed, ignore_errors=True)
    shutil.copytree(staging, failed)
    try:
        loop.raise_for_failures()
    except ClosedLoopError as error:
        raise ClosedLoopError(
            f"{error} No model was written, and earlier results are as they were. The report of the failed "
            f"run is in {failed}."
        ) from None
