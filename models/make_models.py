"""Makes the models, virtual subjects and trials of this folder.

Usage: python models/make_models.py [leg|arm]
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import checks
import numpy as np
import virtual_subject as virtual
from checks import CALIBRATED
from osim_build import write_variant
from simulate import STEP, silence
from storage import write_csv, write_storage
from virtual_subject import Parameters, Subject, TrialData

HERE = Path(__file__).resolve().parent
LEAST_TRUE_FIT = 0.97


def subject_named(name: str) -> Subject:
    """Returns the leg or the arm."""
    if name == "leg":
        from leg_subject import LEG

        return LEG
    from arm_subject import ARM

    return ARM


def make(subject: Subject) -> None:
    """Writes all files of one subject."""
    folder = HERE / subject.name
    (folder / "trials").mkdir(parents=True, exist_ok=True)
    scaled_model = folder / f"{subject.name}_scaled.osim"
    subject.write_model(scaled_model)
    angles, paths = virtual.trial_geometries(subject, scaled_model)
    checks.check_moment_arms(subject, angles, paths)
    truth, data = virtual.true_subject(subject, angles, paths)
    checks.check_truth(subject, truth, data)

    names = [muscle.name for muscle in subject.muscles]
    truth_model = folder / f"{subject.name}_truth.osim"
    write_variant(scaled_model, truth_model, dict(zip(names, truth, strict=True)))
    for model in (scaled_model, truth_model):
        checks.check_loads(model)
    write_truth(subject, truth, folder / f"{subject.name}_truth.csv")
    emg, moments = virtual.measured(subject, data)
    write_trials(subject, data, emg, moments, folder / "trials")

    scaled = [virtual.scaled_parameters(muscle) for muscle in subject.muscles]
    from_truth = virtual.simulated(subject, angles, paths, emg, truth)
    from_scaled = virtual.simulated(subject, angles, paths, emg, scaled)
    report(subject, data, moments, from_truth, from_scaled)


def write_truth(subject: Subject, truth: Sequence[Parameters], path: Path) -> None:
    """Writes the table of true parameters."""
    dynamics = ("c1", "c2", "shape_factor")
    write_csv(
        path,
        ("muscle", "strength_group", "strength_coefficient", *CALIBRATED, *dynamics),
        (
            (m.name, m.group, subject.strength[m.group], *(t[c] for c in (*CALIBRATED, *dynamics)))
            for m, t in zip(subject.muscles, truth, strict=True)
        ),
    )


def write_trials(
    subject: Subject,
    data: Sequence[TrialData],
    emg: Sequence[np.ndarray],
    moments: Sequence[np.ndarray],
    folder: Path,
) -> None:
    """Writes the files of every trial and the list of trials."""
    names = [muscle.name for muscle in subject.muscles]
    labels = [f"{name}_moment" for name in subject.coordinates]
    for one, noisy, moment in zip(data, emg, moments, strict=True):
        recorded = one.path.time > -1e-9
        time = one.path.time[recorded]
        for kind, instants, header, values, degrees, digits in (
            ("ik.mot", time[::2], subject.coordinates, np.degrees(one.angle[recorded][::2]), True, 10),
            ("id.sto", time[::2], labels, moment, False, 8),
            ("id_clean.sto", time[::2], labels, one.moment[recorded][::2], False, 10),
            ("emg.sto", time, names, noisy[recorded], False, 6),
            ("emg_clean.sto", time, names, one.excitation[recorded], False, 9),
        ):
            columns = dict(zip(header, values.T, strict=True))
            path = folder / f"{one.trial.name}_{kind}"
            write_storage(path, instants, columns, degrees=degrees, digits=digits)
    write_csv(
        folder / "trials.csv",
        ("name", "role", "start", "end"),
        ((t.name, t.role, f"{t.start:g}", f"{t.end:g}") for t in subject.trials),
    )


def report(
    subject: Subject,
    data: Sequence[TrialData],
    moments: Sequence[np.ndarray],
    from_truth: Sequence[TrialData],
    from_scaled: Sequence[TrialData],
) -> None:
    """Prints R2 of the noisy moments with noisy excitations and asserts that the truth fits."""
    print(f"{subject.name}: R2 (truth / scaled), noisy EMG against noisy moments")
    total = np.zeros((2, 2, len(subject.coordinates)))
    for one, reference, good, poor in zip(data, moments, from_truth, from_scaled, strict=True):
        sums = np.array([virtual.scored(one, run.moment, reference) for run in (good, poor)])
        total += sums
        print_fits(one.trial.name, subject, sums)
    print_fits("pooled", subject, total)
    pooled = 1 - total[:, 0] / total[:, 1]
    assert np.all(pooled[0] >= LEAST_TRUE_FIT), f"truth fits only {pooled[0]}"
    assert np.all(pooled[1] < pooled[0] - 0.03), f"scaled fits as well as truth: {pooled}"


def print_fits(label: str, subject: Subject, sums: np.ndarray) -> None:
    """Prints one line of R2 values."""
    fit = 1 - sums[:, 0] / sums[:, 1]
    cells = [f"{name} {fit[0, i]:6.3f} / {fit[1, i]:7.3f}" for i, name in enumerate(subject.coordinates)]
    print(f"  {label:16s}", "   ".join(cells))


def main() -> None:
    """Makes the subjects named on the command line, by default both."""
    silence()
    names = sys.argv[1:] or ["leg", "arm"]
    for name in names:
        if name not in ("leg", "arm"):
            sys.exit(f"Unknown subject {name!r}. Choose leg or arm.")
    for name in names:
        begin = time.perf_counter()
        make(subject_named(name))
        print(f"{name}: done in {time.perf_counter() - begin:.0f} s, time step {STEP} s")


if __name__ == "__main__":
    main()
