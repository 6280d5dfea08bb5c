"""Pictures of runs. The only room that imports matplotlib, which takes longer than training XOR."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

_INK, _CURVE, _PROMISE = "#1f2933", "#2563eb", "#dc6803"


def draw_loss(
    path: Path,
    steps: Sequence[int],
    losses: Sequence[float],
    *,
    loss_name: str,
    title: str,
    subtitle: str,
    final_loss_below: float | None = None,
) -> None:
    """Write a PNG to `path`: the loss by step on a log axis, the expected bound as a line.

    Losses that a log axis cannot show (0, nan, infinity) leave a gap.
    """
    figure = Figure(figsize=(7.2, 4.2), dpi=144, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_yscale("log", nonpositive="mask")
    axes.plot(steps, losses, color=_CURVE, linewidth=2)
    axes.set_xlabel("step")
    axes.set_ylabel(f"{loss_name} loss, log scale")
    axes.margins(x=0.01)
    if final_loss_below is not None and final_loss_below > 0:
        axes.axhline(final_loss_below, color=_PROMISE, linewidth=1.5, linestyle=(0, (5, 3)))
        axes.annotate(
            f"expected below {final_loss_below:g}",
            xy=(0.99, final_loss_below),
            xycoords=("axes fraction", "data"),
            xytext=(0, 5),
            textcoords="offset points",
            horizontalalignment="right",
            color=_PROMISE,
        )
    axes.set_title(title, loc="left", fontweight="bold", color=_INK, pad=24)
    axes.text(0, 1.03, subtitle, transform=axes.transAxes, color=_INK, fontsize=9, alpha=0.75)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, which="major", alpha=0.25)
    figure.savefig(path)
