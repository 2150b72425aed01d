"""What all figures share: colors (Okabe and Ito, safe for color-blind readers), sizes, files."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import matplotlib
from jaxtyping import Float
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from numpy import ndarray

MEASURED = "#000000"
UNCALIBRATED = "#8c8c8c"
CALIBRATED = "#0072b2"
VALIDATION = "#e69f00"
SYNTHESIZED = "#009e73"
AT_BOUND = "#d55e00"
BOUNDS = "#dcdcdc"
ALLOWED = "#e3f1e8"
UNSEEN = "#fdf2dc"
TERMS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")

WIDTH = 10.0
SMALL = 7.5
NORMAL = 8.5
LARGE = 10.0

Curve = tuple[Float[ndarray, " point"], Float[ndarray, " point"]]
Range = tuple[float, float]


def new_figure(height: float) -> Figure:
    """Returns an empty figure of the common width; both in inches of 100 pixels."""
    figure = Figure(figsize=(WIDTH, height), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def tidy(axes: Axes) -> None:
    """Removes the frame's upper and right edges and shrinks the tick labels."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=SMALL)


def left_title(
    axes: Axes, text: str, *, size: float = NORMAL, color: str = MEASURED, bold: bool = False
) -> None:
    """Sets a title that may hold a user's name, which is never read as TeX."""
    weight = "bold" if bold else "normal"
    # Without y matplotlib looks past all ticks for a free place, a fifth of a drawing's time.
    axes.set_title(text, loc="left", y=1.0, fontsize=size, color=color, fontweight=weight, parse_math=False)


def muscle_axis(axes: Axes, muscle_names: Sequence[str], *, labels: bool = True) -> None:
    """Lists the muscles down the vertical axis, the first on top."""
    if labels:
        axes.set_yticks(range(len(muscle_names)), muscle_names, parse_math=False)
    else:
        axes.set_yticks([])
    axes.set_ylim(len(muscle_names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def legend_above(figure: Figure, handles: Sequence[Artist]) -> None:
    """Puts one legend for all panels above them."""
    figure.legend(
        handles=list(handles), loc="outside upper center", ncols=len(handles), fontsize=NORMAL, frameon=False
    )


def draw_span(
    axes: Axes, row: float, span: Range | None, *, color: str, thick: bool = False, zorder: float = 2.0
) -> None:
    """Draws a horizontal line from the lower to the upper end of a range; nothing without one."""
    if span is None:
        return
    width = 4.5 if thick else 1.5
    axes.plot(span, (row, row), color=color, linewidth=width, solid_capstyle="butt", zorder=zorder)


def svg(figure: Figure, salt: str) -> bytes:
    """Returns the figure as SVG; the same figure and salt always give the same bytes."""
    file = io.BytesIO()
    with (
        matplotlib.rc_context({"svg.hashsalt": salt, "svg.fonttype": "path"}),
        _dpi(figure, float(figure.dpi)),
    ):
        FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None})
    return file.getvalue()


def png(figure: Figure) -> bytes:
    """Returns the figure as PNG, at one and a half times the common pixel width."""
    file = io.BytesIO()
    with _dpi(figure, 150.0):
        # Beyond level 3 the file takes longer and hardly shrinks.
        FigureCanvasAgg(figure).print_png(file, pil_kwargs={"compress_level": 3})
    return file.getvalue()


@contextmanager
def _dpi(figure: Figure, dpi: float) -> Iterator[None]:
    """Draws at another resolution. `savefig` would do so too, but draw everything twice."""
    before = figure.dpi
    figure.dpi = dpi
    try:
        yield
    finally:
        figure.dpi = before
