"""The ways to run a calibrated model, by name; kept apart so that settings need no numbers."""

MODES = ("open_loop", "emg_assisted", "emg_hybrid", "static_optimization")
TRACKING_MODES = ("emg_assisted", "emg_hybrid", "static_optimization")
"""Modes that solve for excitations, and so need joint moments."""

ADJUSTING_MODES = ("emg_assisted", "emg_hybrid")
"""Modes that begin with recorded excitations, and so have an open loop to be compared with."""
