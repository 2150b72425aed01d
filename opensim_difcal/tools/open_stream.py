"""A calibrated model as a stream of frames."""

from collections.abc import Sequence
from pathlib import Path

from opensim_difcal.cache import cache_subfolder
from opensim_difcal.execution.electrodes import Electrodes
from opensim_difcal.execution.muscle_stream import MuscleStream
from opensim_difcal.inputs.opensim_model import find_muscles, load_model
from opensim_difcal.outputs.subject import Subject
from opensim_difcal.physics.best_engine import best_engine
from opensim_difcal.tools.execution.subject_source import calibrated_muscles, open_subject, projection_of


def open_stream(
    model_file: Path | str,
    subject_file: Path | str,
    *,
    time_step: float | None = None,
    muscles: Sequence[str] | None = None,
    allow_changed_model: bool = False,
) -> MuscleStream:
    """Returns the calibrated muscles of a model, to be given one frame after the other.

    Args:
        model_file: The calibrated .osim model.
        subject_file: The file <name>_subject.xml that the calibration wrote beside it.
        time_step: From one frame to the next, s; by default that of the calibration. C1 and
            C2 are converted to any other.
        muscles: Which, in the order of the frames; by default the calibrated ones.
        allow_changed_model: Whether a model that was changed after its calibration is accepted.

    Raises:
        ModelError: If a file cannot be used, or the two do not belong together.
    """
    model_file, subject_file = Path(model_file), Path(subject_file)
    model = load_model(model_file)
    subject = open_subject(subject_file, model_file, model, allow_changed_model=allow_changed_model).subject
    names = tuple(subject.muscle_names if muscles is None else muscles)
    find_muscles(model, names)
    calibrated = calibrated_muscles(model, names, subject, subject.time_step)
    engine = best_engine(calibrated.muscles, cache_subfolder("kernels"))
    return MuscleStream(calibrated, engine, time_step, _electrodes(subject, names))


def _electrodes(subject: Subject, names: Sequence[str]) -> Electrodes:
    """The calibration's electrodes, on the muscles of a stream."""
    by_synergies = tuple(subject.synergies.synthesized) if subject.synergies else ()
    drivers: dict[str, tuple[str, ...]] = {}
    for channel in subject.excitation_map:
        for muscle in channel.muscles:
            drivers[muscle] = (*drivers.get(muscle, ()), channel.name)
    if not drivers:  # columns were named after muscles
        drivers = {name: (name,) for name in subject.muscle_names if name not in by_synergies}
    drivers = {name: drivers[name] for name in names if name in drivers}
    projection = projection_of(subject, [name for name in names if name in by_synergies])
    channels = {channel for every in drivers.values() for channel in every}
    channels |= set(projection.channel_names if projection else ())
    return Electrodes(tuple(sorted(channels)), tuple(names), drivers, projection)
