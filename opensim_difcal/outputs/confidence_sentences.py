"""What the report says about how sure the calibrated values are."""

from collections.abc import Sequence
from itertools import groupby

from opensim_difcal.calibration.confidence import Identifiability, TradeOff
from opensim_difcal.outputs.verdict import WRITTEN
from opensim_difcal.outputs.wording import correlation_text, readable_coordinate
from opensim_difcal.wording import counted

MOST_TRADE_OFFS = 12

HOW_TO_READ = (
    "A value counts as determined, or informed, if the trials alone confine it, with 95 % certainty, to an "
    "interval narrower than its bounds. Muscles of one strength group share one number for "
    "max_isometric_force."
)
OF_PRIOR = "The other values rest on the prior, which is the calibration's pull toward the scaled model."
TRADE_OFFS = (
    "These values make up for each other: where the correlation of their errors is near -1, nearly the same "
    "moments follow from one too large with the other too small; where it is near 1, from both too large or "
    "both too small."
)
HYBRID_CAUTION = (
    "Excitations of muscles without a recording were fitted to the same moments. The noise that they fit is "
    "not counted, so the intervals here and in the figure of the parameters may be too narrow."
)


def confidence_sentences(known: Identifiability) -> list[str]:
    """Says how much the trials determine, on how much evidence, and what the prior adds."""
    written = [name for name in WRITTEN if name in known.informed]
    n_informed = sum(int(known.informed[name].sum()) for name in written)
    n_written = sum(int(known.is_calibrated(name).sum()) for name in written)
    return [
        f"The trials determine {known.n_informed} of the {known.n_values} calibrated values; of the "
        f"{n_written} that go into the model, they determine {n_informed}. {HOW_TO_READ}"
        + (f" {OF_PRIOR}" if known.prior_deviation else ""),
        *_evidence(known),
        *_prior(known),
    ]


def trade_off_sentences(known: Identifiability) -> list[str]:
    """Names the values that make up for each other, the closest first; muscles alike are told together."""
    groups: dict[tuple[str, ...], list[TradeOff]] = {}
    for pair in known.trade_offs:
        groups.setdefault(_likeness(pair), []).append(pair)
    lines = [_trade_off(alike) for alike in groups.values()]
    n_more = sum(len(alike) for alike in list(groups.values())[MOST_TRADE_OFFS:])
    rest = [f"{counted(n_more, 'more pair')}: see trade_offs in summary.json."] if n_more else []
    return [*lines[:MOST_TRADE_OFFS], *rest]


def _evidence(known: Identifiability) -> list[str]:
    if not known.residuals:
        return []
    samples = [
        f"{each.n_effective:.0f} at {readable_coordinate(name)}" for name, each in known.residuals.items()
    ]
    n_samples = max(each.n_samples for each in known.residuals.values())
    return [
        f"The calibration trials hold {counted(n_samples, 'sample')} of each moment, but neighboring samples "
        "resemble each other. As evidence they are worth as many independent samples as "
        f"{_listed(samples)}. These determine {known.n_determined} of the "
        f"{counted(len(known.unknowns), 'direction')} in which the unknowns, the numbers that the "
        "calibration learns, can move."
    ]


def _prior(known: Identifiability) -> list[str]:
    if not known.prior_deviation:
        return []
    by_size = sorted(known.prior_deviation, key=lambda kind: known.prior_deviation[kind])
    sizes = [
        (size, list(kinds))
        for size, kinds in groupby(by_size, key=lambda kind: f"{known.prior_deviation[kind]:.2g}")
    ]
    words = [
        f"± {size}" + (f" ({_listed(sorted(kinds))})" if len(sizes) > 1 else "") for size, kinds in sizes
    ]
    return [
        f"Of the {counted(len(known.unknowns), 'unknown')}, the prior holds as many as "
        f"{known.n_held_by_prior:.0f}. It counts like knowing each beforehand to {_listed(words)}, in half "
        "ranges (half the distance between the bounds). Where that is tighter than what is really known of "
        "this person, the intervals with the prior, in parameters.csv and summary.json, are too narrow. This "
        "page shows the intervals without it."
    ]


def _likeness(pair: TradeOff) -> tuple[str, ...]:
    """What pairs of one muscle have in common that are told in one sentence."""
    (first, owner), (second, other) = _split(pair.first), _split(pair.second)
    if owner != other:
        return pair.first, pair.second
    return first, second, str(pair.together), "+" if pair.correlation > 0.0 else "-"


def _trade_off(alike: Sequence[TradeOff]) -> str:
    pair = alike[0]
    end = (
        "only their combination is determined"
        if pair.together
        else "not even their combination is determined"
    )
    if len(alike) == 1:
        correlation = correlation_text(pair.correlation)
        return f"{pair.first} and {pair.second}: correlation {correlation}; {end}."
    kinds = f"{_split(pair.first)[0]} and {_split(pair.second)[0]}"
    muscles = ", ".join(_split(each.first)[1] for each in alike)
    ends = f"{correlation_text(pair.correlation)} to {correlation_text(alike[-1].correlation)}"
    return f"{kinds} of each of {counted(len(alike), 'muscle')}: correlation {ends}; {end} ({muscles})."


def _split(label: str) -> tuple[str, str]:
    """Kind and owner of an unknown."""
    kind, _, owner = label.partition(" of ")
    return kind, owner


def _listed(words: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)
