"""Excitation columns and the muscles they drive."""

from collections.abc import Sequence
from dataclasses import dataclass

from opensim_difcal.errors import TrialError
from opensim_difcal.settings import setting
from opensim_difcal.wording import counted, did_you_mean


@dataclass(frozen=True, kw_only=True)
class ExcitationChannel:
    """One `<ExcitationChannel>`: a column of the excitation files and its muscles.

    A muscle driven by several channels gets their mean.
    """

    name: str = setting("Column of the excitation files.")
    muscles: tuple[str, ...] = setting("Muscles that the column drives.")


def driven_muscles(
    excitations_file: str,
    labels: Sequence[str],
    excitation_map: Sequence[ExcitationChannel],
    model_muscle_names: Sequence[str],
    *,
    allow_extra_columns: bool = False,
) -> dict[str, tuple[str, ...]]:
    """Returns the muscles that have an excitation, in the model's order, and their columns.

    Args:
        excitations_file: The file, for messages.
        labels: Its columns.
        excitation_map: Which columns drive which muscles; empty when columns are named
            after muscles.
        model_muscle_names: All muscles of the model.
        allow_extra_columns: Whether columns that drive nothing are ignored.

    Raises:
        TrialError: If a muscle or column does not exist, or a column drives nothing.
    """
    columns: dict[str, list[str]] = {}
    for channel in excitation_map:
        if channel.name not in labels:
            raise TrialError(
                f"{excitations_file}: no column {channel.name!r}, which an <ExcitationChannel> names."
                f"{did_you_mean(channel.name, labels)} The columns are: {', '.join(labels)}."
            )
        for muscle in channel.muscles:
            if muscle not in model_muscle_names:
                raise TrialError(
                    f"<ExcitationChannel> {channel.name!r}: the model has no muscle {muscle!r}."
                    f"{did_you_mean(muscle, model_muscle_names)} "
                    f"The muscles are: {', '.join(model_muscle_names)}."
                )
            columns.setdefault(muscle, []).append(channel.name)
    if not excitation_map:
        columns = {label: [label] for label in labels if label in model_muscle_names}
    extra = [label for label in labels if not any(label in each for each in columns.values())]
    if extra and not allow_extra_columns:
        close = "" if excitation_map else did_you_mean(extra[0], model_muscle_names)
        remedy = "Map it with an <ExcitationChannel>" if excitation_map else "Name it after a muscle"
        raise TrialError(
            f"{excitations_file}: no muscle is driven by {counted(len(extra), 'column')}: {', '.join(extra)}."
            f"{close} {remedy}, or set <allow_extra_columns> to true to ignore such columns."
        )
    if not columns:
        raise TrialError(
            f"{excitations_file}: no column drives a muscle. Name columns after muscles, or write an "
            f"<ExcitationChannel> for each. The columns are: {', '.join(labels)}."
        )
    return {name: tuple(dict.fromkeys(columns[name])) for name in model_muscle_names if name in columns}
