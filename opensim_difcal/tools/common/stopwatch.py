"""Where the time of a run goes."""

import time
from typing import final


@final
class Stopwatch:
    """Wall-clock seconds by stage, from when it is made; they leave no gap.

    Attributes:
        seconds: Seconds by stage.
    """

    def __init__(self):
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Counts the time since the last lap for a stage."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now
