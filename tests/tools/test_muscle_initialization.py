"""From a scaled model, a reference and a person to a model with start values."""

import csv
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import opensim
import pytest
from ankle_tool import LEG

from opensim_difcal import MuscleInitializationTool
from opensim_difcal.errors import DifcalError, ModelError, SetupFileError
from opensim_difcal.initialization.muscle_volumes import muscle_volume
from opensim_difcal.inputs.muscles import muscle_names, read_muscles
from opensim_difcal.inputs.opensim_model import load_model, quiet_opensim
from opensim_difcal.setup_template import write_setup

ARM = LEG.parent / "arm" / "arm_scaled.osim"
SCALED = LEG / "leg_scaled.osim"
FACTOR = 1.1
SPOILT = 1.07, 0.93


@pytest.fixture(scope="module")
def larger(tmp_path_factory) -> Path:
    """The leg, scaled as a whole by a factor, with lengths of muscles that do not fit."""
    model = load_model(SCALED)
    with quiet_opensim():
        scales = opensim.ScaleSet()
        bodies = model.getBodySet()
        for name in [bodies.get(i).getName() for i in range(bodies.getSize())] + ["ground"]:
            scale = opensim.Scale()
            scale.setSegmentName(name)
            scale.setScaleFactors(opensim.Vec3(FACTOR))
            scale.setApply(True)
            scales.cloneAndAppend(scale)
        model.scale(model.initSystem(), scales, False, -1.0)
        muscles = model.updMuscles()
        for i in range(muscles.getSize()):
            muscle = muscles.get(i)
            muscle.setOptimalFiberLength(SPOILT[0] * muscle.getOptimalFiberLength())
            muscle.setTendonSlackLength(SPOILT[1] * muscle.getTendonSlackLength())
        path = tmp_path_factory.mktemp("larger") / "larger.osim"
        model.printToXML(str(path))
    return path


def tool(folder: Path, **properties) -> MuscleInitializationTool:
    settings = {"model_file": SCALED, "height": 1.7, "mass": 70.0, "results_directory": folder}
    return MuscleInitializationTool(**(settings | properties))


def problems(tool: MuscleInitializationTool) -> list[str]:
    return [str(problem) for problem in tool.problems()]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_a_model_scaled_as_a_whole_gets_lengths_scaled_as_a_whole(tmp_path, larger):
    outcome = tool(
        tmp_path,
        model_file=larger,
        reference_model_file=SCALED,
        height=None,
        mass=None,
        samples_per_coordinate=4,
    ).run()
    names = muscle_names(outcome.model)
    before, after = read_muscles(load_model(SCALED), names), read_muscles(outcome.model, names)
    for name in ("optimal_fiber_length", "tendon_slack_length"):
        ratio = (getattr(after, name) / getattr(before, name)).numpy()
        print(name, ratio.min(), ratio.max())
        assert ratio == pytest.approx(np.full(len(names), FACTOR), rel=1e-6)
    for muscle in outcome.result.muscles:
        assert muscle.fiber_difference is not None
        assert muscle.fiber_difference[1] < 1e-6 < muscle.fiber_difference[0]
        assert muscle.max_isometric_force[0] == muscle.max_isometric_force[1]


def test_only_the_changed_numbers_differ_and_the_table_says_which(tmp_path):
    outcome = tool(tmp_path, name="strong").run()
    assert [path.name for path in outcome.files] == ["initial_values.csv", "report.html", "strong.osim"]
    old, new = SCALED.read_text().splitlines(), (tmp_path / "strong.osim").read_text().splitlines()
    changed = [(a, b) for a, b in itertools.zip_longest(old, new) if a != b]
    assert all("max_isometric_force" in line for pair in changed for line in pair)
    assert len(changed) == len(outcome.result.muscles)
    table = rows(tmp_path / "initial_values.csv")
    assert len(table) == 3 * len(outcome.result.muscles)
    soleus = {row["parameter"]: row for row in table if row["muscle"] == "soleus_r"}
    force, length = (soleus[name] for name in ("max_isometric_force", "optimal_fiber_length"))
    expected = 60.0 * muscle_volume("soleus", 1.7, 70.0) / (100.0 * float(length["after"]))
    assert float(force["after"]) == pytest.approx(expected)
    assert (force["source"], length["source"], length["change_percent"]) == ("muscle volume", "kept", "0.0")
    page = (tmp_path / "report.html").read_text()
    assert "The sum of max_isometric_force went from" in page
    assert "<svg" in page or "image/svg+xml" in page


def test_forces_take_the_new_lengths(tmp_path, larger):
    both = tool(tmp_path, model_file=larger, reference_model_file=SCALED, samples_per_coordinate=3)
    muscle = next(each for each in both.run().result.muscles if each.name == "soleus_r")
    expected = 60.0 * muscle_volume("soleus", 1.7, 70.0) / (100.0 * muscle.optimal_fiber_length[1])
    assert muscle.max_isometric_force[1] == pytest.approx(expected)


def test_a_setup_file_does_the_same_as_the_properties(tmp_path, larger):
    direct = tool(
        tmp_path / "a", model_file=larger, reference_model_file=SCALED, samples_per_coordinate=3, name="x"
    )
    write_setup(replace(direct, results_directory=tmp_path / "b"), tmp_path / "setup.xml")
    direct.run()
    MuscleInitializationTool(tmp_path / "setup.xml").run()
    for name in ("x.osim", "initial_values.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_model_object_is_accepted(tmp_path):
    outcome = tool(tmp_path, model_file=load_model(SCALED), output_model_file="new.osim").run()
    assert outcome.files[-1] == tmp_path / "new.osim"
    assert outcome.files[-1].is_file()


def test_muscles_that_the_reference_lacks_keep_their_lengths(tmp_path, larger):
    text = SCALED.read_text().replace('"soleus_r"', '"other_r"')
    (tmp_path / "reference.osim").write_text(text)
    outcome = tool(
        tmp_path / "out",
        model_file=larger,
        reference_model_file=tmp_path / "reference.osim",
        samples_per_coordinate=2,
    ).run()
    soleus = next(each for each in outcome.result.muscles if each.name == "soleus_r")
    assert soleus.mapping is None
    assert soleus.optimal_fiber_length[0] == soleus.optimal_fiber_length[1]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Lengths kept, because the reference does not have them or no pose decides: soleus_r." in page


@pytest.mark.parametrize(
    ("properties", "sentence"),
    [
        (
            {"height": None, "mass": None},
            "There is nothing to do: neither <reference_model_file> nor <height> and <mass> are given. Give "
            "the unscaled model, or the person's height and mass, or both.",
        ),
        (
            {"height": None},
            "<mass> is given without <height>; forces by muscle volumes need both. Give <height> too, or "
            "leave <mass> out.",
        ),
        (
            {"mass": None},
            "<height> is given without <mass>; forces by muscle volumes need both. Give <mass> too, or "
            "leave <height> out.",
        ),
        (
            {"height": 170.0},
            "<height> is 170.0; expected a number of m from 0.5 to 2.5. Correct it, or leave it out for the "
            "default.",
        ),
        (
            {"mass": 5.0},
            "<mass> is 5.0; expected a number of kg from 10 to 300. Correct it, or leave it out for the "
            "default.",
        ),
        (
            {"specific_tension": 0.0},
            "<specific_tension> is 0.0; expected a finite number above 0, in N/cm^2. Correct it, or leave it "
            "out for the default.",
        ),
        (
            {"samples_per_coordinate": 1},
            "<samples_per_coordinate> is 1; expected a whole number above 1. Correct it, or leave it out for "
            "the default.",
        ),
        (
            {"max_poses": 1},
            "<max_poses> is 1; expected a whole number above 1. Correct it, or leave it out for the default.",
        ),
        (
            {"output_model_file": "out/new.osim"},
            "<output_model_file> is 'out/new.osim'; expected the name of an .osim file without a folder, "
            "which <results_directory> says. Correct it, or leave it out for the default.",
        ),
        (
            {"output_model_file": "new.xml"},
            "<output_model_file> is 'new.xml'; expected the name of an .osim file without a folder, which "
            "<results_directory> says. Correct it, or leave it out for the default.",
        ),
        (
            {"name": "a/b"},
            "<name>: the name 'a/b' cannot be part of a file name. Use letters, digits, '_' and '-'.",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path, properties, sentence):
    chosen = tool(tmp_path, **properties)
    assert sentence in problems(chosen)
    with pytest.raises(SetupFileError) as caught:
        chosen.run()
    assert sentence in str(caught.value)


def test_the_model_is_not_written_over_its_input(tmp_path):
    copy = tmp_path / "leg.osim"
    copy.write_bytes(SCALED.read_bytes())
    (sentence,) = problems(tool(tmp_path, model_file=copy, output_model_file="leg.osim"))
    assert sentence == (
        f"<results_directory>: the run would write its leg.osim over {copy}, its <model_file>. Choose "
        "another <results_directory>, or another name."
    )


def test_models_that_do_not_belong_together_are_refused(tmp_path):
    (sentence,) = problems(tool(tmp_path, reference_model_file=ARM))
    assert sentence.startswith(
        f"<reference_model_file> {ARM}: none of its muscles has the name of one of {SCALED}; the first is "
    )
    assert sentence.endswith(" here. Give the model that was scaled.")


def test_a_reference_with_other_coordinates_is_refused(tmp_path):
    path = tmp_path / "reference.osim"
    path.write_text(SCALED.read_text().replace("ankle_angle_r", "ankle_r"))
    chosen = tool(tmp_path / "out", reference_model_file=path)
    (sentence,) = problems(chosen)
    assert sentence.startswith(f"<reference_model_file> {path}: its muscle '")
    assert sentence.endswith(
        f"' spans the coordinate 'ankle_r', which {SCALED} does not have. Give the model that was scaled."
    )
    with pytest.raises(ModelError, match="spans the coordinate 'ankle_r'"):
        chosen.run()
    assert not (tmp_path / "out").exists()


def test_a_coordinate_without_a_joints_range_is_refused(tmp_path):
    model = load_model(SCALED)
    model.updCoordinateSet().get("knee_angle_r").setRangeMax(99999.9)
    path = tmp_path / "reference.osim"
    with quiet_opensim():
        model.printToXML(str(path))
    (sentence,) = problems(tool(tmp_path / "out", reference_model_file=path))
    assert sentence.startswith(f"{path}: the range of coordinate 'knee_angle_r' is ")
    assert sentence.endswith(
        " to 99999.9, which no joint has; at most 6.3 (rad or m) to either side is expected. Give it the "
        "joint's <range> in the model."
    )


def test_the_example_setup_runs(tmp_path):
    example = MuscleInitializationTool(LEG.parents[1] / "tools_setup" / "leg_initialization.xml")
    assert example.problems() == []
    outcome = replace(example, results_directory=tmp_path).run()
    assert all(each.volume is not None for each in outcome.result.muscles)


def test_missing_models_are_refused(tmp_path):
    missing = tmp_path / "nowhere.osim"
    assert problems(tool(tmp_path, model_file=missing)) == [
        f"{missing}: the model file does not exist. Check <model_file>."
    ]
    assert problems(tool(tmp_path, reference_model_file=missing)) == [
        f"{missing}: the model file does not exist. Check <reference_model_file>."
    ]


def test_a_model_without_muscles_is_refused(tmp_path):
    with quiet_opensim():
        model = opensim.Model()
        model.setName("bones")
        model.initSystem()
        model.printToXML(str(tmp_path / "bones.osim"))
    assert problems(tool(tmp_path / "out", model_file=tmp_path / "bones.osim")) == [
        f"{tmp_path}/bones.osim: the model has no muscles. Choose a model with muscles."
    ]


def test_a_model_without_leg_muscles_has_no_volumes(tmp_path):
    (sentence,) = problems(tool(tmp_path, model_file=ARM))
    assert sentence.startswith("None of the model's muscles has a volume in the table of Handsfield et al.")


def test_thelen_muscles_are_converted_on_request_only(tmp_path, shared_data):
    path = shared_data / "models" / "gait2392_thelen2003muscle.osim"
    chosen = tool(tmp_path, model_file=path)
    assert problems(chosen)[0].endswith("Set <convert_thelen_muscles> to true to replace them.")
    outcome = replace(chosen, convert_thelen_muscles=True).run()
    assert outcome.result.notes[0].startswith("92 Thelen2003Muscle were replaced")
    page = (tmp_path / "report.html").read_text()
    assert "Forces kept, because no volume is known: per_tert_r, per_tert_l, ercspn_r" in page


REAL_PAIRS = {
    "rajagopal": ("models/Rajagopal2016.osim", "rajagopal_walk/subject_walk_scaled.osim"),
    "lopes": ("lopes_subj06/gait2392_generic.osim", "lopes_subj06/gait2392_subj06_scaled_est.osim"),
}


@pytest.mark.slow
@pytest.mark.parametrize("pair", REAL_PAIRS)
def test_muscles_of_really_scaled_models_work_more_like_the_generic_ones(tmp_path, shared_data, pair):
    reference, scaled = (shared_data / path for path in REAL_PAIRS[pair])
    outcome = tool(
        tmp_path,
        model_file=scaled,
        reference_model_file=reference,
        samples_per_coordinate=5,
        convert_thelen_muscles=True,
    ).run()
    differences = np.array([each.fiber_difference for each in outcome.result.muscles])
    before, after = np.median(differences, axis=0)
    print(pair, "RMS of normalized fiber length, median:", before, "->", after)
    assert after < 0.65 * before
    assert (differences[:, 1] < differences[:, 0] + 1e-3).all()
    for muscle in outcome.result.muscles:
        for change in (muscle.optimal_fiber_length, muscle.tendon_slack_length):
            assert 0.6 < change[1] / change[0] < 1.4


def test_problems_are_all_found_at_once(tmp_path):
    found = tool(tmp_path, model_file=ARM, specific_tension=-1.0).problems()
    assert len(found) == 2
    assert all(isinstance(each, DifcalError) for each in found)
