"""Chooses what computes."""

import logging
from pathlib import Path

from opensim_difcal.physics.engine import Engine
from opensim_difcal.physics.muscle import Muscles
from opensim_difcal.physics.time_parallel import TorchEngine

_log = logging.getLogger("opensim_difcal")


def best_engine(muscles: Muscles, folder: Path | None = None, *, compiled: bool = True) -> Engine:
    """Returns machine code on the CPU where it can be made, else torch.

    Args:
        muscles: Decide by where their tensors live.
        folder: Where machine code is kept for later runs.
        compiled: Whether machine code is wanted at all.
    """
    if not compiled or muscles.max_isometric_force.device.type != "cpu":
        return TorchEngine()
    try:
        from opensim_difcal.physics.compiled.engine import CompiledEngine

        engine = CompiledEngine(folder)
        engine.prepare(muscles)
    except Exception as error:  # numba missing or unable: the results do not depend on it
        _log.warning("Machine code cannot be made (%s); calibrating in plain torch, which is slower.", error)
        return TorchEngine()
    return engine
