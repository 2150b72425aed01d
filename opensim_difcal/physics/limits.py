"""Limits of what the physics can do; kept apart so that settings need no numbers."""

LARGEST_TIME_STEP = 0.02
"""s; beyond it the tendon is not resolved."""
