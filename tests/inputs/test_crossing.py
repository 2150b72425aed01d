"""Which muscles span which joints."""

from two_segments import COORDINATES

from opensim_difcal.inputs.crossing import crossing


def test_crossing_finds_the_anatomy(rajagopal):
    muscles = ("soleus_r", "gasmed_r", "vaslat_r", "recfem_r", "iliacus_r", "soleus_l")
    spans = crossing(rajagopal, muscles, COORDINATES)
    assert {name: tuple(spans[:, m].tolist()) for m, name in enumerate(muscles)} == {
        "soleus_r": (False, False, True),
        "gasmed_r": (False, True, True),
        "vaslat_r": (False, True, False),
        "recfem_r": (True, True, False),
        "iliacus_r": (True, False, False),
        "soleus_l": (False, False, False),
    }
