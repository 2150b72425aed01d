"""Excitation columns and the muscles they drive."""

from dataclasses import dataclass

from opensim_difcal.settings import setting


@dataclass(frozen=True, kw_only=True)
class ExcitationChannel:
    """One `<ExcitationChannel>`: a column of the excitation files and its muscles.

    A muscle driven by several channels gets their mean.
    """

    name: str = setting("Column of the excitation files.")
    muscles: tuple[str, ...] = setting("Muscles that the column drives.")
