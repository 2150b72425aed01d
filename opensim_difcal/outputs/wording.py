"""How numbers and names are written in the report and the figures."""

import math

NOT_AVAILABLE = "n/a"
SMALLEST_PERCENT = 1e-6
SIDES = {"r": "right", "l": "left"}
MODES = {
    "open_loop": "open loop",
    "emg_assisted": "EMG-assisted",
    "emg_hybrid": "EMG-hybrid",
    "static_optimization": "static optimization",
}


def r2_text(r2: float | None) -> str:
    """Returns a coefficient of determination, "n/a" without one.

    Two decimals, but three from 0.99 on: a good fit should not read as a perfect one.
    """
    return _fixed(r2, 3 if r2 is not None and 0.99 <= r2 < 1.0 else 2)


def moment_text(moment: float | None) -> str:
    """Returns a joint moment (N m) as precisely as it is worth reading."""
    digits = 1 if moment is not None and abs(moment) >= 1.0 else 2
    return _fixed(moment, digits)


def percent_text(fraction: float | None) -> str:
    """Returns a fraction of zero or more as a percentage without powers of ten."""
    if fraction is None or not math.isfinite(fraction):
        return NOT_AVAILABLE
    percent = 100.0 * fraction
    if percent >= 0.05:
        return f"{percent:.0f} %" if percent >= 9.95 else f"{percent:.2g} %"
    if percent == 0.0:
        return "0 %"
    if percent < SMALLEST_PERCENT:
        return f"under {SMALLEST_PERCENT:.6f} %"
    digits = -math.floor(math.log10(percent))
    return f"{percent:.{digits}f} %"


def parameter_text(value: float | None) -> str:
    """Returns a muscle parameter with four significant digits."""
    if value is None or not math.isfinite(value):
        return NOT_AVAILABLE
    return f"{value:.0f}" if abs(value) >= 1000.0 else f"{value:.4g}"


def error_text(error: float) -> str:
    """Returns a standard error with two significant digits."""
    return f"{error:.0f}" if error >= 9.95 else f"{error:.2g}"


def correlation_text(correlation: float) -> str:
    """Returns a correlation with two decimals, or three where it is close to one.

    Rounded toward zero: a close correlation should not read as a perfect one.
    """
    scale = 1000 if abs(correlation) >= 0.99 else 100
    # A billionth keeps 0.29 from becoming 0.28.
    size = math.floor(scale * abs(correlation) + 1e-9) / scale
    return f"{math.copysign(size, correlation):.{len(str(scale)) - 1}f}"


def readable_coordinate(name: str) -> str:
    """Returns an OpenSim coordinate name as words: "knee_angle_r" is "knee angle (right)"."""
    stem, _, side = name.rpartition("_")
    if stem and side in SIDES:
        return f"{stem.replace('_', ' ')} ({SIDES[side]})"
    return name.replace("_", " ")


def words_of_mode(mode: str) -> str:
    """Returns a mode of execution as words: "emg_assisted" is "EMG-assisted"."""
    return MODES[mode]


def sentence_start(words: str) -> str:
    """Returns words with a capital first letter, the others as they are."""
    return words[:1].upper() + words[1:]


def synergy_names(number: int) -> tuple[str, ...]:
    """Returns the names of synergies, "synergy_1" first."""
    return tuple(f"synergy_{i}" for i in range(1, number + 1))


def vaf_text(fraction: float) -> str:
    """Returns a variance accounted for as a percentage with one decimal; it may be negative.

    Rounded down, so that what is less than a limit never reads as if it reached it.
    """
    # A billionth keeps 0.29 from becoming 28.9 %.
    return (
        f"{math.floor(1000.0 * fraction + 1e-9) / 10.0:.1f} %" if math.isfinite(fraction) else NOT_AVAILABLE
    )


def shortened(name: str, length: int) -> str:
    """Returns a name with its middle left out where it is longer than a length."""
    if len(name) <= length:
        return name
    head = (length - 1) // 2
    return f"{name[:head]}…{name[head + 1 - length :]}"


def _fixed(value: float | None, digits: int) -> str:
    if value is None or not math.isfinite(value):
        return NOT_AVAILABLE
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0.0 else text
