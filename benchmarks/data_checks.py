"""Suspicions of `validate`: none on good trials, and what is told of spoiled ones.

Every clean gait cycle of the measured data and every trial of the virtual subjects, as they are and
spoiled in one way at a time. Prints how many trials are told, by the kind of warning.

    python benchmarks/data_checks.py [--data DIR]
"""

import argparse
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from paper import shortened
from real_data_setups import COORDINATES, lopes, rajagopal

from opensim_difcal import NMSCalibrationTool, TrialFiles
from opensim_difcal.inputs.data_warnings import data_warnings, instants_of
from opensim_difcal.inputs.muscle_paths import MusclePaths
from opensim_difcal.inputs.muscles import muscle_names
from opensim_difcal.inputs.sides import other_side
from opensim_difcal.inputs.storage import Table
from opensim_difcal.inputs.trial_source import TrialSettings, TrialSource
from opensim_difcal.shapes import MomentArmArray, TimeArray
from opensim_difcal.tools.common.model_source import open_model

ROOT = Path(__file__).resolve().parents[1]
KINDS = {
    "time base": "does not fit the joint moments in time",
    "other side": "of the other side (mean",
    "channels": "seem to be swapped: the other way round",
    "sign": "run against the measured",
    "N mm": "divide by 1000",
    "N m/kg": "multiply by the body mass",
}
ANTAGONISTS = {
    "soleus and tibialis anterior": (("soleus_r", "soleus_l"), ("tib_ant_r", "tibant_r", "tibant_l")),
    "gastrocnemius and tibialis anterior": (("med_gas_r", "gasmed_r"), ("tib_ant_r", "tibant_r")),
    "vastus lateralis and hamstrings": (("vas_lat_r", "vaslat_r"), ("semimem_r",)),
}
Good = tuple[TrialSource, TimeArray, MomentArmArray]
Spoil = Callable[[TrialSource], TrialSource | None]


def good_trials(data: Path) -> list[Good]:
    """Every trial, with moment arms at the instants that are looked at."""
    tools = [
        lopes(data, Path("unused")),
        rajagopal(data, Path("unused")),
        _single(data / "moco_walk3d", "subject_walk_scaled.osim", "ik.sto", COORDINATES, (0.56, 1.6)),
        _single(
            data / "moco_walk18",
            "subject_walk_armless_18musc.osim",
            "ik.mot",
            tuple(f"{name[:-1]}l" for name in COORDINATES),
            (0.95, 1.88),
        ),
        *(NMSCalibrationTool(ROOT / f"tools_setup/{name}_emg_driven.xml") for name in ("leg", "arm")),
    ]
    return [trial for tool in tools for trial in _of_tool(tool)]


def short_trials() -> list[Good]:
    """The virtual subjects' calibration trials cut short, with the electrodes that reach the surface."""
    tools = []
    for name in ("leg", "arm"):
        tool = shortened(NMSCalibrationTool(ROOT / f"tools_setup/{name}_synergy_hybrid.xml"))
        tools.append(replace(tool, mode="emg_driven"))
    return [trial for tool in tools for trial in _of_tool(tool)]


def told(trials: Sequence[Good], spoil: Spoil) -> Counter[str]:
    """Counts of trials by the kind of their warning; "nothing" where none is told."""
    count: Counter[str] = Counter()
    for source, time, moment_arm in trials:
        spoiled = spoil(source)
        if spoiled is not None:
            text = " ".join(data_warnings(spoiled, time, moment_arm, spoiled.measured_moments(time)))
            kinds = [kind for kind, words in KINDS.items() if words in text]
            count[kinds[0] if kinds else ("something else" if text else "nothing")] += 1
    return count


def shifted(seconds: float) -> Spoil:
    def spoil(source: TrialSource) -> TrialSource:
        table = source.tables.excitations
        assert table is not None
        return _with(source, excitations=replace(table, time=table.time + seconds))

    return spoil


def scaled(factor: float, coordinate: int | None = None) -> Spoil:
    def spoil(source: TrialSource) -> TrialSource:
        table = source.tables.forces
        assert table is not None
        chosen = source.coordinate_names if coordinate is None else source.coordinate_names[coordinate:][:1]
        rows = [factor if label.rpartition("_")[0] in chosen else 1.0 for label in table.labels]
        return _with(source, forces=replace(table, values=table.values * np.array(rows)))

    return spoil


def crossed(source: TrialSource) -> TrialSource | None:
    """Left and right moments exchanged; None for a file with one side."""
    table = source.tables.forces
    assert table is not None
    others = []
    for label in table.labels:
        name, _, kind = label.rpartition("_")
        other = f"{other_side(name)}_{kind}"
        others.append(table.labels.index(other if other in table.labels else label))
    if others == list(range(len(others))):
        return None
    return _with(source, forces=replace(table, values=table.values[:, others]))


def exchanged(one: Sequence[str], two: Sequence[str]) -> Spoil:
    def spoil(source: TrialSource) -> TrialSource | None:
        table = source.tables.excitations
        assert table is not None
        first, second = ([i for i, label in enumerate(table.labels) if label in each] for each in (one, two))
        if not first or not second:
            return None
        values = table.values.copy()
        values[:, [first[0], second[0]]] = values[:, [second[0], first[0]]]
        return _with(source, excitations=replace(table, values=values))

    return spoil


def _with(source: TrialSource, **tables: Table) -> TrialSource:
    """The trial with other content of a file."""
    spoiled = TrialSource(source.files, source.muscle_paths, source.settings)
    spoiled.__dict__["tables"] = replace(source.tables, **tables)
    return spoiled


def _of_tool(tool: NMSCalibrationTool) -> list[Good]:
    model = open_model(tool).model
    settings = TrialSettings(
        time_step=tool.time_step,
        lead_in=tool.lead_in,
        electromechanical_delay=tool.electromechanical_delay,
        lowpass_cutoff_frequency_for_coordinates=tool.lowpass_cutoff_frequency_for_coordinates,
        excitation_map=tool.excitation_map,
        allow_extra_columns=tool.allow_extra_columns,
    )
    every = TrialSource(tool.trials[0], MusclePaths(model, muscle_names(model), ()), settings)
    names = tuple(name for name in muscle_names(model) if name in every.drivers)
    paths = MusclePaths(model, names, tuple(tool.coordinates))
    trials = []
    for files in tool.trials:
        source = TrialSource(files, paths, settings)
        time, n_lead_in = source.grid()
        time = time[instants_of(time, n_lead_in)]
        trials.append((source, time, source.geometry(time).moment_arm))
    return trials


def _single(
    folder: Path, model: str, coordinates: str, names: tuple[str, ...], times: tuple[float, float]
) -> NMSCalibrationTool:
    files = TrialFiles(
        name=folder.name,
        coordinates_file=folder / coordinates,
        generalized_forces_file=folder / "id.sto",
        excitations_file=folder / "emg.sto",
        time_range=times,
    )
    return NMSCalibrationTool(model_file=folder / model, coordinates=names, trials=(files,))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = os.environ.get("OPENSIM_DIFCAL_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default), help="folder of the measurements")
    trials = good_trials(parser.parse_args().data)
    shifts = (-0.5, -0.4, -0.3, -0.25, -0.2, 0.2, 0.25, 0.3, 0.4, 0.5)
    ways: dict[str, Spoil] = {
        "as measured": lambda source: source,
        **{f"EMG {abs(s):g} s {'late' if s > 0 else 'early'}": shifted(s) for s in shifts},
        "all moments turned": scaled(-1.0),
        **{f"moment {c + 1} turned": scaled(-1.0, c) for c in range(3)},
        "N mm": scaled(1000.0),
        "N m/kg, 58 kg": scaled(1.0 / 58.0),
        "legs exchanged": crossed,
        **{name: exchanged(*each) for name, each in ANTAGONISTS.items()},
    }
    short = short_trials()
    alarms = len(short) - told(short, lambda source: source)["nothing"]
    print(f"{len(short)} short trials with fewer electrodes: {alarms} alarms\n")
    print(f"{len(trials)} trials\n\n| spoiled | trials | told as |\n|---|---|---|")
    for name, spoil in ways.items():
        count = told(trials, spoil)
        words = ", ".join(f"{kind} {number}" for kind, number in count.most_common())
        print(f"| {name} | {sum(count.values())} | {words} |", flush=True)


if __name__ == "__main__":
    main()
