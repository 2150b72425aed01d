"""Curves stretched to other strains are those that OpenSim makes of the written properties."""

import opensim
import pytest
import torch

from opensim_difcal.inputs.muscles import read_muscles, stretched_curves
from opensim_difcal.inputs.opensim_model import load_model, quiet_opensim
from opensim_difcal.outputs.osim_file import MuscleChange, calibrated_osim_text
from opensim_difcal.physics.curve_strains import CURVE_STRAINS
from opensim_difcal.physics.muscle import Muscles, passive_force_multiplier, tendon_force_multiplier

STRAINS = {
    "passive_fiber_strain_at_zero_force": -0.08,
    "passive_fiber_strain_at_one_norm_force": 0.36,
    "tendon_strain_at_one_norm_force": 0.07,
}
CHOICES = [*((name,) for name in CURVE_STRAINS), CURVE_STRAINS]


def written(pair, chosen: tuple[str, ...], folder) -> Muscles:
    """The muscles of a file into which the chosen strains were written."""
    path = folder / "stretched.osim"
    with quiet_opensim():
        pair.model.printToXML(str(path))
    changes = {
        name: MuscleChange(
            max_isometric_force=float(pair.muscles.max_isometric_force[i]),
            optimal_fiber_length=float(pair.muscles.optimal_fiber_length[i]),
            tendon_slack_length=float(pair.muscles.tendon_slack_length[i]),
            curves=stretched_curves(pair.model, name, {kind: STRAINS[kind] for kind in chosen}),
        )
        for i, name in enumerate(pair.muscles.names)
    }
    path.write_bytes(calibrated_osim_text(path.read_bytes(), changes))
    return read_muscles(load_model(path), pair.muscles.names)


@pytest.mark.parametrize("chosen", CHOICES, ids=lambda chosen: " ".join(chosen))
def test_written_strains_give_opensim_the_stretched_curves(pair, tmp_path, chosen):
    strains = tuple(
        torch.full_like(model, STRAINS[name]) if name in chosen else model
        for name in CURVE_STRAINS
        for model in (getattr(pair.muscles, name),)
    )
    ours = pair.muscles.with_mechanical((*pair.muscles.mechanical[:2], *strains))
    theirs = written(pair, chosen, tmp_path)
    for function, low, high in (
        (passive_force_multiplier, 0.8, 2.0),
        (tendon_force_multiplier, 1.0, 1.2),
    ):
        x = torch.linspace(low, high, 500, dtype=torch.float64)[:, None].expand(-1, 3)
        for found, expected in zip(function(x, ours), function(x, theirs), strict=True):
            assert (found - expected).abs().max() < 1e-8 * expected.abs().max()


def test_only_what_is_calibrated_is_written(pair, tmp_path):
    written(pair, ("tendon_strain_at_one_norm_force",), tmp_path)
    text = (tmp_path / "stretched.osim").read_text()
    assert text.count("<strain_at_one_norm_force>0.07<") == 3
    # OpenSim derives the stiffness of two of the tendons; the third's is given and falls.
    assert text.count("<stiffness_at_one_norm_force>") == 2
    assert f"<stiffness_at_one_norm_force>{18.0 * (0.1 / 0.07)!r}<" in text


def test_a_stretched_muscle_is_one_that_opensim_accepts(pair, tmp_path):
    written(pair, CURVE_STRAINS, tmp_path)
    model = load_model(tmp_path / "stretched.osim")
    for name in pair.muscles.names:
        muscle = opensim.Millard2012EquilibriumMuscle.safeDownCast(model.getMuscles().get(name))
        curve = muscle.getFiberForceLengthCurve()
        assert curve.calcValue(1.0 - 0.08) == pytest.approx(0.0, abs=1e-12)
        assert curve.calcValue(1.36) == pytest.approx(1.0)
        assert muscle.getTendonForceLengthCurve().calcValue(1.07) == pytest.approx(1.0)
