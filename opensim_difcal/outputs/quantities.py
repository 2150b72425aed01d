"""What is written for a trial, one table each.

Kept apart from the writer, so that the names of a run's files are known without numbers.
"""

QUANTITIES = (
    "excitations",
    "activations",
    "fiber_lengths",
    "normalized_fiber_lengths",
    "tendon_forces",
    "joint_moments",
)
SYNERGY_QUANTITIES = ("primitives", "reconstructed_excitations", "synthesized_excitations")
RECORDED_EXCITATIONS = "recorded_excitations"
"""Before a search adjusted them."""
