"""What the report says about how sure the calibrated values are."""

from opensim_difcal.calibration.confidence import Identifiability, TradeOff
from opensim_difcal.outputs.wording import readable_coordinate
from opensim_difcal.wording import counted

MOST_TRADE_OFFS = 12
_TIGHT = 0.3  # half ranges of the bounds

HOW_TO_READ = (
    "A value is informed if the trials alone, without the pull to the scaled model (the prior), confine it "
    "to an interval narrower than its bounds with 95 % certainty. Where two values make up for each other, "
    "the trials may determine what they do together and neither of them alone."
)
_HYBRID = (
    "Excitations of muscles without a recording were fitted to the same moments. What they fit of the noise "
    "is not counted, so the intervals here are too narrow."
)


def confidence_sentences(known: Identifiability, *, synthesized: bool) -> list[str]:
    """Says how much the trials determine, on how much evidence, and what the prior adds.

    Args:
        known: What the trials determine.
        synthesized: Whether muscles without a recording took part.
    """
    n_values = sum(len(each) for each in known.informed.values())
    sentences = [
        f"The trials determine {known.n_informed} of {n_values} values. {HOW_TO_READ}",
        _evidence(known),
        *_prior(known),
    ]
    return [*sentences, _HYBRID] if synthesized else sentences


def trade_off_sentences(known: Identifiability) -> list[str]:
    """Names the pairs of values that make up for each other, the closest first."""
    return [_trade_off(pair) for pair in known.trade_offs[:MOST_TRADE_OFFS]]


def _evidence(known: Identifiability) -> str:
    samples = ", ".join(
        f"{readable_coordinate(name)} {each.n_effective:.0f} of {each.n_samples}"
        for name, each in known.residuals.items()
    )
    n_unknowns = len(known.unknowns)
    return (
        "Neighboring samples resemble each other. What is left of the moments is worth as many independent "
        f"samples as: {samples}. They determine {known.n_determined} of "
        f"{counted(n_unknowns, 'direction')} in which the unknowns can move."
    )


def _prior(known: Identifiability) -> list[str]:
    if not known.prior_deviation:
        return []
    tightest = min(known.prior_deviation.values())
    sentence = (
        f"Of the {len(known.unknowns)} unknowns the prior holds as many as {known.n_held_by_prior:.1f}; it "
        f"counts like knowing each to {tightest:.2g} half ranges of its bounds, or less closely."
    )
    if tightest < _TIGHT:
        sentence += (
            " That is more than is known of a person, so that intervals with the prior are too narrow; the "
            "table and the figure show those without."
        )
    return [sentence]


def _trade_off(pair: TradeOff) -> str:
    end = "only their combination is determined" if pair.together else "not even both together are determined"
    return f"{pair.first} and {pair.second} (correlation {pair.correlation:.2f}): {end}."
