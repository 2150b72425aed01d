"""The names of the curves' strains that can be calibrated; imports nothing."""

CURVE_STRAINS = (
    "passive_fiber_strain_at_zero_force",
    "passive_fiber_strain_at_one_norm_force",
    "tendon_strain_at_one_norm_force",
)
"""What can be learned of the curves, as DeGrooteFregly2016Muscle names it. In Millard's muscle
they are strain_at_zero_force and strain_at_one_norm_force of its FiberForceLengthCurve, and
strain_at_one_norm_force of its TendonForceLengthCurve."""
