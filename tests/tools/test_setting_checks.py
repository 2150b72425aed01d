"""Every setting that has no sense is named, without any file being read."""

from dataclasses import replace

import pytest
from ankle_tool import tiny_tool, trial

from opensim_difcal.errors import SetupFileError
from opensim_difcal.tools.calibration.checks import setting_problems
from opensim_difcal.tools.nms_calibration_tool import CurveStrainGroup, StrengthGroup

ELSE = "Correct it, or leave it out for the default."
INSIDE = "Choose bounds with the start strictly inside."
ORDERED = "expected a lower bound and a larger upper bound, both strictly between"
FAULTS = {
    "time_step": (-0.01, f"<time_step> is -0.01; expected a number above 0. {ELSE}"),
    "max_seconds": (0.0, f"<max_seconds> is 0.0; expected a number above 0. {ELSE}"),
    "tolerance": (0.0, f"<tolerance> is 0.0; expected a number above 0. {ELSE}"),
    "learning_rate": (float("nan"), f"<learning_rate> is nan; expected a number above 0. {ELSE}"),
    "closed_loop_limit": (
        0.0,
        f"<closed_loop_limit> is 0.0; expected a number above 0 and below 1. {ELSE}",
    ),
    "lead_in": (-0.1, f"<lead_in> is -0.1; expected a number, 0 or more. {ELSE}"),
    "electromechanical_delay": (
        float("inf"),
        f"<electromechanical_delay> is inf; expected a number, 0 or more. {ELSE}",
    ),
    "weight_decay": (-1.0, f"<weight_decay> is -1.0; expected a number, 0 or more. {ELSE}"),
    "prior_weight": (-1.0, f"<prior_weight> is -1.0; expected a number, 0 or more. {ELSE}"),
    "tendon_strain_weight": (
        -1.0,
        f"<tendon_strain_weight> is -1.0; expected a number, 0 or more. {ELSE}",
    ),
    "normalized_fiber_length_weight": (
        -1.0,
        f"<normalized_fiber_length_weight> is -1.0; expected a number, 0 or more. {ELSE}",
    ),
    "max_iterations": (0, f"<max_iterations> is 0; expected a whole number above 0. {ELSE}"),
    "patience": (0, f"<patience> is 0; expected a whole number above 0. {ELSE}"),
    "initial_temperature": (
        0.0,
        f"<initial_temperature> is 0.0; expected a number above 0. {ELSE}",
    ),
    "cost_epsilon": (float("inf"), f"<cost_epsilon> is inf; expected a finite number. {ELSE}"),
    "temperature_reduction_factor": (
        1.0,
        f"<temperature_reduction_factor> is 1.0; expected a number above 0 and below 1. {ELSE}",
    ),
    "sweeps_per_adjustment": (
        0,
        f"<sweeps_per_adjustment> is 0; expected a whole number above 0. {ELSE}",
    ),
    "adjustments_per_temperature": (
        0,
        f"<adjustments_per_temperature> is 0; expected a whole number above 0. {ELSE}",
    ),
    "max_evaluations": (0, f"<max_evaluations> is 0; expected a whole number above 0. {ELSE}"),
    "n_epsilon": (0, f"<n_epsilon> is 0; expected a whole number above 0. {ELSE}"),
    "learning_rate_decay": (
        1.1,
        f"<learning_rate_decay> is 1.1; expected a number above 0 and at most 1. {ELSE}",
    ),
    "optimal_fiber_length_bounds": (
        (1.15, 0.85),
        f"<optimal_fiber_length_bounds> is '1.15 0.85'; {ORDERED} 0 and inf.",
    ),
    "c1_bounds": ((-1.0, -0.05), f"<c1_bounds> is '-1 -0.05'; {ORDERED} -1 and 0."),
    "c2_bounds": (
        (-0.4, -0.05),
        f"<c2_bounds> is '-0.4 -0.05'; the start, <initial_c2> -0.5, lies outside. {INSIDE}",
    ),
    "initial_shape_factor": (
        -3.0,
        "<shape_factor_bounds> is '-2.999 -0.001'; the start, <initial_shape_factor> -3, lies outside. "
        + INSIDE,
    ),
    "tendon_slack_length_bounds": (
        (0.8, 1.0),
        "<tendon_slack_length_bounds> is '0.8 1'; the start, 1 (the model's value), lies outside. " + INSIDE,
    ),
    "normalized_fiber_length_range": (
        (1.5, 0.5),
        "<normalized_fiber_length_range> is '1.5 0.5'; expected a finite number and a larger one.",
    ),
    "tendon_strain_range": (
        (0.05, 0.05),
        "<tendon_strain_range> is '0.05 0.05'; expected a finite number and a larger one.",
    ),
    "trials": (
        (trial("walk_slow_1", "validation"),),
        "<trials>, <cycle_trials>: no trial has <role>calibration</role>. Give at least one.",
    ),
    "coordinates": (
        ("ankle_angle_r", "ankle_angle_r"),
        "<coordinates> holds 'ankle_angle_r' more than once. Remove all but one.",
    ),
    "name": (
        "my/leg",
        "<name>: the name 'my/leg' cannot be part of a file name. Use letters, digits, '_' and '-'.",
    ),
    "closed_loop_trial": (
        "walk_slow_2",
        "<closed_loop_trial> is 'walk_slow_2', which is no trial. Did you mean 'walk_slow_1'? Give the name "
        "of a <Trial>, or leave it out.",
    ),
}


def messages(tool):
    return [str(problem) for problem in setting_problems(tool)]


def test_a_tool_without_fault_has_no_problems(tmp_path):
    assert messages(tiny_tool(tmp_path)) == []


@pytest.mark.parametrize("preset", ["default", "hambly2024", "ceinms"])
def test_the_presets_have_no_problems(tmp_path, preset):
    assert messages(tiny_tool(tmp_path, preset=preset, max_iterations=None)) == []


@pytest.mark.parametrize("element", FAULTS)
def test_message(tmp_path, element):
    value, expected = FAULTS[element]
    assert messages(tiny_tool(tmp_path, **{element: value})) == [expected]


def test_a_long_time_step_is_refused(tmp_path):
    assert messages(tiny_tool(tmp_path, time_step=0.05)) == [
        f"<time_step> is 0.05; expected at most 0.02 s, beyond which the tendon is not resolved. {ELSE}"
    ]


@pytest.mark.parametrize(
    ("element", "value", "expected"),
    [
        (
            "name",
            "a" * 121,
            f"<name>: the name '{'a' * 100}'... (121 characters) is too long for a file name, to which more "
            "is added. Use at most 120 letters, digits, '_' and '-'.",
        ),
        (
            "name",
            "my\nleg",
            "<name>: the name 'my\\nleg' cannot be part of a file name. Use letters, digits, '_' and '-'.",
        ),
        ("tolerance", float("inf"), f"<tolerance> is inf; expected a finite number. {ELSE}"),
        ("tolerance", float("nan"), f"<tolerance> is nan; expected a number above 0. {ELSE}"),
        (
            "closed_loop_limit",
            float("inf"),
            f"<closed_loop_limit> is inf; expected a number above 0 and below 1. {ELSE}",
        ),
        (
            "closed_loop_limit",
            1.0,
            f"<closed_loop_limit> is 1.0; expected a number above 0 and below 1. {ELSE}",
        ),
        (
            "normalized_fiber_length_range",
            (0.5, float("inf")),
            "<normalized_fiber_length_range> is '0.5 inf'; expected a finite number and a larger one.",
        ),
        (
            "tendon_strain_range",
            (float("nan"), 0.05),
            "<tendon_strain_range> is 'nan 0.05'; expected a finite number and a larger one.",
        ),
    ],
)
def test_numbers_that_are_not_finite_or_too_large_are_refused(tmp_path, element, value, expected):
    assert messages(tiny_tool(tmp_path, **{element: value})) == [expected]


WORDS = {
    "mode": ("static", "emg_driven, synergy_hybrid", ""),
    "preset": ("defaults", "default, hambly2024, ceinms", " Did you mean 'default'?"),
    "tendon": ("rigid", "model, elastic", ""),
    "moment_error": ("rmse", "raw, variance_scaled", ""),
    "elastic_tendon": ("stiff", "rosenbrock, equilibrium", ""),
    "normalized_fiber_length_penalty": ("squared", "excess, whole_deviation", ""),
    "optimizer": (
        "adam",
        "levenberg_marquardt, lbfgs, adamw, simulated_annealing",
        " Did you mean 'adamw'?",
    ),
}


@pytest.mark.parametrize("element", WORDS)
def test_words_that_are_not_allowed_are_refused_in_python_too(tmp_path, element):
    word, allowed, hint = WORDS[element]
    tool = tiny_tool(tmp_path, **{element: word})
    assert messages(tool) == [f"<{element}> is {word!r}; expected one of {allowed}.{hint}"]
    assert [type(problem) for problem in tool.problems()] == [SetupFileError]
    with pytest.raises(SetupFileError):
        tool.run()


def test_an_unknown_role_is_refused(tmp_path):
    trials = (trial("walk_slow_1"), trial("walk_slow_2", "test"))
    assert messages(tiny_tool(tmp_path, trials=trials)) == [
        "<trials>/<Trial name='walk_slow_2'>/<role> is 'test'; expected one of calibration, validation."
    ]


def test_trials_of_one_name_are_refused(tmp_path):
    first = trial("walk_slow_1")
    second = replace(trial("walk_slow_2"), name="walk_slow_1")
    assert messages(tiny_tool(tmp_path, trials=(first, second))) == [
        "<trials>: several trials have the name 'walk_slow_1'. Rename all but one."
    ]


def test_a_muscle_in_two_strength_groups_is_refused(tmp_path):
    groups = (
        StrengthGroup(name="calf", muscles=("soleus_r", "med_gas_r")),
        StrengthGroup(name="foot", muscles=("tib_ant_r", "soleus_r")),
    )
    assert messages(tiny_tool(tmp_path, strength_groups=groups)) == [
        "<strength_groups>: muscle 'soleus_r' stands in several places: 'calf', 'foot'. A muscle has one "
        "strength coefficient; leave it in one group."
    ]


def test_all_faults_are_found_at_once(tmp_path):
    tool = tiny_tool(tmp_path, time_step=0.0, patience=0, c1_bounds=(-0.1, -0.2))
    assert [message.partition(" is ")[0] for message in messages(tool)] == [
        "<time_step>",
        "<patience>",
        "<c1_bounds>",
    ]


@pytest.mark.parametrize(
    ("element", "value", "expected"),
    [
        (
            "mode",
            "synergy_hybrid",
            "but <mode> is synergy_hybrid. Choose another <optimizer>, or set <mode> to emg_driven.",
        ),
        ("device", "cuda", "but <device> is cuda. Choose another <optimizer>, or set <device> to cpu."),
        (
            "calibrated_curve_strains",
            ("tendon_strain_at_one_norm_force",),
            "but <calibrated_curve_strains> names tendon_strain_at_one_norm_force. Choose another "
            "<optimizer>, or remove the element.",
        ),
        (
            "cost_terms",
            {"mine": print},
            "but cost_terms holds mine. Choose another <optimizer>, or remove cost_terms.",
        ),
    ],
)
def test_what_annealing_cannot_do_is_refused(tmp_path, element, value, expected):
    tool = tiny_tool(tmp_path, optimizer="simulated_annealing", **{element: value})
    assert messages(tool) == [f"<optimizer> is simulated_annealing, {expected}"]


def test_cost_terms_that_cannot_be_used_are_refused(tmp_path):
    tool = tiny_tool(tmp_path, cost_terms={"prior": print, "mine": 3.0})
    assert [str(problem) for problem in setting_problems(tool)] == [
        "cost_terms: the name 'prior' cannot be used. Give a text other than moment_error, "
        "normalized_fiber_length, tendon_strain, prior and total, the built-in terms.",
        "cost_terms: the term 'mine' is 3.0; expected a function of prediction and trials that returns one "
        "number. See docs/cost_terms.md.",
    ]


CALF = CurveStrainGroup(name="calf", muscles=("soleus_r", "med_gas_r"))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"calibrated_curve_strains": ("tendon_strain",)},
            "<calibrated_curve_strains> holds 'tendon_strain'; expected some of "
            "passive_fiber_strain_at_zero_force, passive_fiber_strain_at_one_norm_force, "
            "tendon_strain_at_one_norm_force.",
        ),
        (
            {"calibrated_curve_strains": ("tendon_strain_at_one_norm_force",) * 2},
            "<calibrated_curve_strains> holds 'tendon_strain_at_one_norm_force' more than once. Remove all "
            "but one.",
        ),
        (
            {
                "calibrated_curve_strains": ("tendon_strain_at_one_norm_force",),
                "curve_strain_groups": (CALF, CurveStrainGroup(name="foot", muscles=("soleus_r",))),
            },
            "<curve_strain_groups>: muscle 'soleus_r' stands in several places: 'calf', 'foot'. A muscle has "
            "one set of curve strains; leave it in one group.",
        ),
        (
            {
                "calibrated_curve_strains": ("tendon_strain_at_one_norm_force",),
                "curve_strain_groups": (CALF, CurveStrainGroup(name="calf", muscles=("tib_ant_r",))),
            },
            "<curve_strain_groups>: several groups have the name 'calf'. Rename all but one.",
        ),
        (
            {
                "strength_groups": (
                    StrengthGroup(name="calf", muscles=("soleus_r",)),
                    StrengthGroup(name="calf", muscles=("tib_ant_r",)),
                )
            },
            "<strength_groups>: several groups have the name 'calf'. Rename all but one.",
        ),
        (
            {"curve_strain_groups": (CALF,)},
            "<curve_strain_groups> has groups, but <calibrated_curve_strains> is empty, so nothing is "
            "shared. Name the strains there, or remove the groups.",
        ),
        (
            {"passive_fiber_strain_at_zero_force_bounds": (0.0, 0.2)},
            "<passive_fiber_strain_at_zero_force_bounds> is '0 0.2'; the start, 0 (the model's value), lies "
            f"outside. {INSIDE}",
        ),
    ],
)
def test_curve_strains_that_cannot_be_calibrated_are_refused(tmp_path, settings, expected):
    assert messages(tiny_tool(tmp_path, **settings)) == [expected]
