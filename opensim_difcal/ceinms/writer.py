"""Writes files that CEINMS 0.9 reads. Numbers are read back exactly."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from opensim_difcal.ceinms.subject import MTU, CEINMSSubject, CurvePoints

_HEADER = '<?xml version="1.0" encoding="UTF-8"?>'


def number_text(value: float) -> str:
    """Returns a number with as many digits as reading it back exactly takes, without exponent.

    Every kind of number that a schema knows is written so.
    """
    return format(Decimal(repr(float(value))), "f")


def subject_text(subject: CEINMSSubject, comment: str) -> str:
    """Returns a subject as a file of CEINMS 0.9.

    Args:
        subject: What to write; angles are written in radians.
        comment: Stands above the root element.
    """
    lines = [
        _HEADER,
        f"<!--{comment.replace('--', '- -')}-->",
        "<subject>",
        "\t<mtuDefault>",
        f"\t\t<emDelay>{number_text(subject.em_delay or 0.0)}</emDelay>",
        f"\t\t<percentageChange>{number_text(subject.percentage_change)}</percentageChange>",
        f"\t\t<damping>{number_text(subject.damping)}</damping>",
        *(line for curve in subject.curves for line in _curve_lines(curve)),
        "\t</mtuDefault>",
        "\t<mtuSet>",
        *(line for mtu in subject.mtus for line in _mtu_lines(mtu)),
        "\t</mtuSet>",
        "\t<dofSet>",
        *(line for name, members in subject.dofs.items() for line in _dof_lines(name, members)),
        "\t</dofSet>",
        "\t<calibrationInfo>",
        *_info_lines(subject),
        "\t</calibrationInfo>",
        "</subject>",
        "",
    ]
    return "\n".join(lines)


def excitation_generator_text(
    input_signals: Sequence[str], mapping: Mapping[str, Mapping[str, float]]
) -> str:
    """Returns an excitation generator as a file of CEINMS 0.9.

    Args:
        input_signals: Columns of the EMG files, in their order.
        mapping: Weights by channel, by muscle; none for an unknown excitation.
    """
    lines = [
        _HEADER,
        "<excitationGenerator>",
        f'\t<inputSignals type="EMG">{escape(" ".join(input_signals))}</inputSignals>',
        "\t<mapping>",
    ]
    for muscle, mix in mapping.items():
        inputs = [
            f'\t\t\t<input weight="{number_text(weight)}">{escape(channel)}</input>'
            for channel, weight in mix.items()
        ]
        start = f"\t\t<excitation id={quoteattr(muscle)}"
        lines += [f"{start}>", *inputs, "\t\t</excitation>"] if inputs else [f"{start}/>"]
    return "\n".join([*lines, "\t</mapping>", "</excitationGenerator>", ""])


def _curve_lines(curve: CurvePoints) -> list[str]:
    x, y = (" ".join(map(number_text, points)) for points in (curve.x, curve.y))
    return [
        "\t\t<curve>",
        f"\t\t\t<name>{escape(curve.name)}</name>",
        f"\t\t\t<xPoints>{x}</xPoints>",
        f"\t\t\t<yPoints>{y}</yPoints>",
        "\t\t</curve>",
    ]


def _mtu_lines(mtu: MTU) -> list[str]:
    values = {
        "emDelay": mtu.em_delay,
        "c1": mtu.c1,
        "c2": mtu.c2,
        "shapeFactor": mtu.shape_factor,
        "optimalFibreLength": mtu.optimal_fiber_length,
        "pennationAngle": mtu.pennation_angle,
        "tendonSlackLength": mtu.tendon_slack_length,
        "maxContractionVelocity": mtu.max_contraction_velocity,
        "maxIsometricForce": mtu.max_isometric_force,
        "strengthCoefficient": mtu.strength_coefficient,
    }
    given = {tag: value for tag, value in values.items() if value is not None}
    return [
        "\t\t<mtu>",
        f"\t\t\t<name>{escape(mtu.name)}</name>",
        *(f"\t\t\t<{tag}>{number_text(value)}</{tag}>" for tag, value in given.items()),
        "\t\t</mtu>",
    ]


def _dof_lines(name: str, members: Sequence[str]) -> list[str]:
    return [
        "\t\t<dof>",
        f"\t\t\t<name>{escape(name)}</name>",
        f"\t\t\t<mtuNameSet>{escape(' '.join(members))}</mtuNameSet>",
        "\t\t</dof>",
    ]


def _info_lines(subject: CEINMSSubject) -> list[str]:
    if subject.calibrated is None:
        return [
            "\t\t<uncalibrated>",
            f"\t\t\t<subjectID>{escape(subject.path.stem)}</subjectID>",
            "\t\t\t<additionalInfo></additionalInfo>",
            "\t\t</uncalibrated>",
        ]
    sequence = " ".join(subject.calibrated.calibration_sequence)
    return [
        "\t\t<calibrated>",
        f"\t\t\t<startSubjectFile>{escape(subject.calibrated.start_subject_file)}</startSubjectFile>",
        f"\t\t\t<calibrationSequence>{escape(sequence)}</calibrationSequence>",
        "\t\t</calibrated>",
    ]
