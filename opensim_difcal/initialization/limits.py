"""Defaults of start values, apart from what computes them, which takes time to import."""

SPECIFIC_TENSION = 60.0
"""N/cm^2, as Rajagopal et al. (2016) chose for muscle volumes from MRI."""

SAMPLES_PER_COORDINATE = 10
"""As Modenese et al. (2016) recommend."""

MAX_POSES = 10_000
"""All combinations of so many samples of four coordinates."""
