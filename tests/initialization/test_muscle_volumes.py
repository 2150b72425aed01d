"""Forces from volumes, against what was published and a model that was made so."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensim_difcal.errors import ModelError
from opensim_difcal.initialization.muscle_volumes import (
    LEG_VOLUME,
    MUSCLE_VOLUMES,
    ROWS_OF_MUSCLE,
    forces_from_volumes,
    leg_volume,
    muscle_volume,
)
from opensim_difcal.inputs.muscles import muscle_names, read_muscles
from opensim_difcal.inputs.opensim_model import load_model

# Mean share of the leg's volume over the 24 people, %, Handsfield et al. (2014), supplement.
PUBLISHED_SHARES = {
    "gluteus_maximus": 11.93,
    "vastus_lateralis": 11.66,
    "adductor_magnus": 7.86,
    "soleus": 6.21,
    "vastus_medialis": 6.06,
    "gluteus_medius": 4.54,
    "vastus_intermedius": 3.84,
    "psoas": 3.80,
    "rectus_femoris": 3.79,
    "gastrocnemius_medialis": 3.62,
    "semimembranosus": 3.46,
    "biceps_femoris_long_head": 2.92,
    "tibialis_anterior": 1.91,
    "flexor_digitorum_longus": 0.43,
}
# Slope and intercept, cm^3, of single muscles against the leg's volume, from another table of theirs.
AGAINST_LEG_VOLUME = {
    "gluteus_maximus": (0.123, -25.4),
    "psoas": (0.055, -117.0),
    "vastus_intermedius": (0.0273, 76.5),
    "soleus": (0.0507, 78.2),
    "tibialis_posterior": (0.0104, 30.8),
    "flexor_digitorum_longus": (0.00259, 11.6),
}
OF_MEAN_PERSON = 1.72, 74.0  # m, kg


def forces(names, *, height=1.7, mass=75.0, lengths=None, volumes=None, **changes):
    lengths = np.full(len(names), 0.1) if lengths is None else np.array(lengths)
    volumes = np.ones(len(names)) if volumes is None else np.array(volumes)
    return forces_from_volumes(names, lengths, model_volume=volumes, height=height, mass=mass, **changes)


def test_all_35_muscles_are_there_and_together_make_the_leg():
    assert len(MUSCLE_VOLUMES) == 35
    slopes, intercepts = (sum(each[i] for each in MUSCLE_VOLUMES.values()) for i in (0, 1))
    assert slopes == pytest.approx(LEG_VOLUME[0], rel=0.003)
    assert intercepts == pytest.approx(LEG_VOLUME[1], rel=0.01)
    assert leg_volume(1.7, 75.0) == pytest.approx(47.05 * 1.7 * 75.0 + 1289.6)


@pytest.mark.parametrize(("row", "percent"), PUBLISHED_SHARES.items())
def test_shares_of_the_leg_are_those_published(row, percent):
    share = muscle_volume(row, *OF_MEAN_PERSON) / leg_volume(*OF_MEAN_PERSON)
    assert 100.0 * share == pytest.approx(percent, rel=0.03)


@pytest.mark.parametrize(("row", "line"), AGAINST_LEG_VOLUME.items())
def test_volumes_agree_with_the_published_relation_to_the_legs_volume(row, line):
    expected = line[0] * leg_volume(*OF_MEAN_PERSON) + line[1]
    assert muscle_volume(row, *OF_MEAN_PERSON) == pytest.approx(expected, rel=0.005)


def test_the_rajagopal_model_has_the_forces_of_its_own_person(shared_data):
    """Its authors took these volumes and 60 N/cm^2, for 1.70 m and the model's 75.3 kg."""
    model = load_model(shared_data / "models" / "Rajagopal2016.osim")
    muscles = read_muscles(model, muscle_names(model))
    volume = muscles.max_isometric_force * muscles.optimal_fiber_length
    found = forces_from_volumes(
        muscles.names,
        muscles.optimal_fiber_length.numpy(),
        model_volume=volume.numpy(),
        height=1.70,
        mass=75.337,
    )
    assert found.without_volume == ()
    ratios = [
        found.max_isometric_force[name] / float(muscles.max_isometric_force[i])
        for i, name in enumerate(muscles.names)
    ]
    print("ratio to Rajagopal2016:", min(ratios), max(ratios))
    assert 0.96 < min(ratios) < max(ratios) < 1.04
    assert sum(found.volume.values()) == pytest.approx(float(volume.sum()) / 60.0 * 100.0, rel=0.002)


def test_a_force_is_tension_times_volume_over_length():
    found = forces(["soleus_r"], height=1.8, mass=80.0, lengths=[0.044], specific_tension=30.0)
    volume = 2.57 * 1.8 * 80.0 + 120.0
    assert found.volume["soleus_r"] == pytest.approx(volume)
    assert found.max_isometric_force["soleus_r"] == pytest.approx(30.0 * volume / 4.4)
    assert found.rows["soleus_r"] == ("soleus",)


def test_parts_share_a_volume_as_the_model_divides_it_on_each_side():
    names = ["glmax1_r", "glmax2_r", "glmax3_r", "glmax1_l"]
    found = forces(names, volumes=[1.0, 2.0, 1.0, 5.0])
    whole = muscle_volume("gluteus_maximus", 1.7, 75.0)
    assert [found.volume[name] / whole for name in names] == pytest.approx([0.25, 0.5, 0.25, 1.0])


def test_a_lumped_muscle_has_the_volumes_of_its_parts_together():
    found = forces(["hamstrings_r", "vasti_l", "iliopsoas_r", "gastroc_r"])
    parts = ("semimembranosus", "biceps_femoris_long_head", "semitendinosus")
    expected = sum(muscle_volume(part, 1.7, 75.0) for part in parts)
    assert found.volume["hamstrings_r"] == pytest.approx(expected)
    assert len(found.rows["vasti_l"]) == 3


def test_muscles_without_a_volume_are_listed():
    found = forces(["ercspn_r", "soleus_r", "per_tert_r", "soleus"])
    assert found.without_volume == ("ercspn_r", "per_tert_r", "soleus")
    assert list(found.max_isometric_force) == ["soleus_r"]


def test_every_row_of_a_muscle_is_in_the_table():
    assert {row for rows in ROWS_OF_MUSCLE.values() for row in rows} <= set(MUSCLE_VOLUMES)


def test_every_leg_muscle_of_the_real_models_is_known(shared_data):
    unknown = set()
    for name in ("Rajagopal2016", "gait2392_millard2012muscle"):
        names = muscle_names(load_model(shared_data / "models" / f"{name}.osim"))
        unknown |= {each for each in names if each[:-2] not in ROWS_OF_MUSCLE}
    trunk = {f"{name}_{side}" for name in ("ercspn", "intobl", "extobl") for side in "rl"}
    assert unknown == trunk | {"per_tert_r", "per_tert_l"}


def test_a_model_without_leg_muscles_is_refused():
    with pytest.raises(ModelError) as caught:
        forces(["BIClong", "TRIlat"])
    assert str(caught.value) == (
        "None of the model's muscles has a volume in the table of Handsfield et al. (2014); the first is "
        "'BIClong'. Expected muscles of the leg named as in Rajagopal2016 or gait2392, with their side, such "
        "as 'soleus_r'. Leave <height> and <mass> out."
    )


def test_a_person_beyond_the_relations_is_refused():
    with pytest.raises(ModelError) as caught:
        forces(["psoas_r"], height=0.6, mass=15.0)
    assert str(caught.value) == (
        "At <height> 0.6 m and <mass> 15 kg the volume of psoas would be -4.43 cm^3: the relations of "
        "Handsfield et al. (2014) do not reach so small a person. Leave <height> and <mass> out."
    )


@given(
    height=st.floats(1.3, 2.2),
    mass=st.floats(30.0, 160.0),
    tension=st.floats(10.0, 120.0),
    lengths=st.lists(st.floats(0.02, 0.5), min_size=6, max_size=6),
    volumes=st.lists(st.floats(1e-3, 1e3), min_size=6, max_size=6),
)
def test_forces_are_positive_and_volumes_are_kept_for_any_person(height, mass, tension, lengths, volumes):
    names = ["glmax1_r", "glmax2_r", "glmax3_r", "psoas_r", "edl_r", "ehl_r"]
    found = forces(
        names, height=height, mass=mass, lengths=lengths, volumes=volumes, specific_tension=tension
    )
    values = np.array(list(found.max_isometric_force.values()))
    assert np.isfinite(values).all()
    assert (values > 0.0).all()
    rows = ("gluteus_maximus", "psoas", "extensor_digitorum_and_hallucis_longus")
    expected = sum(muscle_volume(row, height, mass) for row in rows)
    assert sum(found.volume.values()) == pytest.approx(expected)
