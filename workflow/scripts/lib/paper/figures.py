"""House style of the figures: one width, one palette, Japanese glyphs, equal bytes for equal input.

A value that is missing is drawn as "n/a", never as zero.
"""

from __future__ import annotations

import importlib.util
import math
import os
import textwrap
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lib.grid import BASE
from lib.paper import labels

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.2  # inches: the text width of a page
DPI = 200  # of the PNG; PDF and SVG are vectors
FONT_PACKAGE = "matplotlib_fontja"  # carries IPAexGothic; read as a file, not imported
NOTE = 148  # characters of a line below a figure
MISSING = "n/a"
LEVEL = 0.05  # of a test
GREY = "#8c8c8c"
PALE = "#ececec"
# Dates and random identifiers would make two equal figures differ.
METADATA = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}


def _japanese_font() -> Path:
    """The font file in its package, which is not imported: importing it would change global settings."""
    spec = importlib.util.find_spec(FONT_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"package {FONT_PACKAGE!r} with the Japanese font is not installed")
    return Path(spec.origin).parent / "fonts" / "ipaexg.ttf"


def style() -> None:
    """Set fonts, sizes and colours. Glyphs that DejaVu Sans lacks are taken from IPAexGothic."""
    import matplotlib
    import seaborn as sns
    from matplotlib import font_manager

    matplotlib.use("agg")
    font = _japanese_font()
    font_manager.fontManager.addfont(font)
    japanese = font_manager.FontProperties(fname=font).get_name()
    sns.set_theme(
        context="paper",
        style="ticks",
        palette="colorblind",
        rc={
            "font.family": ["DejaVu Sans", japanese],
            "font.size": 8,
            "axes.titlesize": 8,
            "figure.labelsize": 8,
            "axes.labelsize": 8,
            "xtick.labelsize": 7,
            "ytick.labelsize": 7,
            "legend.fontsize": 7,
            "legend.title_fontsize": 7,
            "legend.frameon": False,
            "axes.linewidth": 0.7,
            "xtick.major.width": 0.7,
            "ytick.major.width": 0.7,
            "xtick.major.size": 3,
            "ytick.major.size": 3,
            "xtick.minor.width": 0.5,
            "ytick.minor.width": 0.5,
            "xtick.minor.size": 1.5,
            "ytick.minor.size": 1.5,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "lines.linewidth": 1.2,
            "lines.markersize": 4,
            "svg.fonttype": "path",  # outlines: the reader's machine needs no fonts
            "svg.hashsalt": "tok2cot",
            "pdf.fonttype": 42,  # the font itself is embedded: text stays text
        },
    )


def drawable(text: str) -> bool:
    """Whether the fonts of the house have a glyph for every character of the text."""
    from matplotlib import font_manager

    files = [font_manager.findfont("DejaVu Sans"), str(_japanese_font())]
    fonts = [font_manager.get_font(file) for file in files]
    return all(any(font.get_char_index(ord(character)) for font in fonts) for character in text)


def panels(rows: int, columns: int, height: float, **options: Any) -> tuple[Figure, Any]:
    """A figure of the house's width with a grid of axes, always as a two-dimensional array."""
    import matplotlib.pyplot as plt

    style()
    return plt.subplots(
        rows, columns, figsize=(WIDTH, height), layout="constrained", squeeze=False, **options
    )


def save(figure: Figure, outputs: Iterable[Path]) -> None:
    """Write the figure to each path, in the format of its ending, whole or not at all."""
    import matplotlib.pyplot as plt

    outputs = list(outputs)
    partials = [path.with_name(f".partial-{path.name}") for path in outputs]
    try:
        for path, partial in zip(outputs, partials, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(partial, dpi=DPI, metadata=METADATA[path.suffix[1:]])
        for path, partial in zip(outputs, partials, strict=True):
            os.replace(partial, path)
    finally:
        for partial in partials:
            partial.unlink(missing_ok=True)
        plt.close(figure)


def colours(names: Iterable[str]) -> dict[str, Any]:
    """One colour of the palette for each name, in order."""
    import seaborn as sns

    names = list(dict.fromkeys(names))
    palette = (
        sns.color_palette("colorblind", len(names)) if len(names) <= 10 else sns.husl_palette(len(names))
    )
    return dict(zip(names, palette, strict=True))


def mix_colours(mixes: Iterable[str], ax: Axes) -> dict[str, Any]:
    """One colour for each language mix, which these axes hand to the legend.

    Args:
        mixes: see :func:`lib.paper.labels.mixes`.
        ax: axes of the figure.
    """
    found = colours(mixes)
    for mix, colour in found.items():
        ax.plot([], [], "s", color=colour, label=mix if mix == "pretrained" else f"{mix} mix")
    return found


def shades(arms: list[str]) -> dict[str, Any]:
    """A colour for each family of arms that differ only in rank, the darker the higher the rank."""
    import seaborn as sns

    found = {}
    for family, colour in colours(map(labels.block, arms)).items():
        part = [arm for arm in arms if labels.block(arm) == family]
        ends = sns.light_palette(colour)[2], colour, sns.dark_palette(colour)[2]
        found |= dict(zip(part, sns.blend_palette(ends, len(part)) if part[1:] else [colour], strict=True))
    return found


def note(figure: Figure, text: str) -> None:
    """Lines below the figure: what the intervals are over, and how many items there were."""
    lines = [textwrap.fill(line, NOTE, break_on_hyphens=False) for line in text.split("\n")]
    figure.supxlabel("\n".join(lines), fontsize=6.5, color="#555555", x=0.01, ha="left")


def left_out(failed: list[str]) -> str:
    """What a note says of trainings that failed, on lines of its own; nothing where none did.

    Args:
        failed: see :func:`lib.paper.labels.failed`.
    """
    if not failed:
        return ""
    return f"\nNot shown: {'; '.join(failed)}."


def rank_axis(ax: Axes, ranks: pd.Series) -> pd.Series:
    """Set up a logarithmic axis of ranks, with a place at its end for what has none.

    Args:
        ax: axes whose x axis it is.
        ranks: of all that is drawn; null where there is none.

    Returns:
        where each is drawn.
    """
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    known = sorted(set(ranks.dropna()))
    low, high = (known[0], known[-1]) if known else (1, 1)
    if len(known) > 6 or any(after < 1.5 * one for one, after in pairwise(known)):
        known = [4**power for power in range(12) if low <= 4**power <= high]
    ticks = {float(rank): f"{rank:g}" for rank in known}
    beyond = 4.0 * high
    if ranks.isna().any():
        ticks[beyond] = "no\nrank"
        high = beyond
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(FixedLocator(list(ticks)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FixedFormatter(list(ticks.values())))
    ax.set(xlim=(low / 1.5, 1.5 * high), xlabel="rank (logarithmic scale)")
    return ranks.fillna(beyond)


def empty(ax: Axes) -> None:
    """Say that there is nothing to show in these axes."""
    ax.text(0.5, 0.5, MISSING, transform=ax.transAxes, ha="center", va="center", color=GREY, fontsize=10)
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)


def nothing(outputs: Iterable[Path], reason: str = "its grid in the config is empty") -> None:
    """Write a figure that says that there is nothing to show, and why."""
    figure, axes = panels(1, 1, 1.0)
    empty(axes[0, 0])
    note(figure, f"The run has nothing of this kind: {reason}.")
    save(figure, outputs)


def heat_map(
    ax: Axes,
    values: pd.DataFrame,
    digits: int | None = None,
    texts: pd.DataFrame | None = None,
    **options: Any,
) -> None:
    """Values as colours, with numbers or texts where they are asked for; what is missing is grey, says n/a.

    Args:
        ax: axes to draw in.
        values: a table of numbers; rows are drawn downwards.
        digits: of the numbers in the cells; None for colours only.
        texts: what stands in the cells in place of numbers.
        options: for :func:`seaborn.heatmap`.
    """
    import seaborn as sns

    ax.set_facecolor(PALE)
    plain = digits is None and texts is None
    annotations = {"annot": True, "fmt": f".{digits}f"} if texts is None else {"annot": texts, "fmt": ""}
    # Thousands of cells would make a heavy vector drawing; those without numbers become an image.
    shape = {"rasterized": True} if plain else {"linewidths": 0.3, "annot_kws": {"size": 6.5}, **annotations}
    sns.heatmap(values, ax=ax, mask=values.isna(), **shape, **options)
    if not plain:
        for row, column in zip(*values.isna().to_numpy().nonzero(), strict=True):
            ax.text(column + 0.5, row + 0.5, MISSING, ha="center", va="center", fontsize=6.5, color=GREY)
    ax.tick_params(length=0)


def points(
    ax: Axes, positions: Iterable[float], rows: pd.DataFrame, horizontal: bool = False, **options: Any
) -> None:
    """Values as points with their intervals; n/a at the position of a value that is missing.

    Args:
        ax: axes to draw in.
        positions: one per row, along the axis of the categories.
        rows: columns value, ci_low, ci_high; a missing interval leaves a bare point.
        horizontal: values run along x, positions along y.
        options: for :meth:`matplotlib.axes.Axes.errorbar`.
    """
    import numpy as np

    options = {"fmt": "o", "capsize": 2, "elinewidth": 1, **options}
    positions, value = np.asarray(list(positions), float), rows["value"].to_numpy(float)
    below = np.nan_to_num(value - rows["ci_low"].to_numpy(float)).clip(min=0)
    above = np.nan_to_num(rows["ci_high"].to_numpy(float) - value).clip(min=0)
    known = ~np.isnan(value)
    spread = np.vstack([below, above])[:, known]
    if horizontal:
        drawn = ax.errorbar(value[known], positions[known], xerr=spread, **options)
    else:
        drawn = ax.errorbar(positions[known], value[known], yerr=spread, **options)
    drawn.lines[0].set(clip_on=False, in_layout=False)  # a point on an axis is whole
    for position in positions[~known]:
        at = (0.01, position) if horizontal else (position, 0.01)
        where = ax.get_yaxis_transform() if horizontal else ax.get_xaxis_transform()
        ax.text(*at, MISSING, transform=where, ha="left", va="bottom", fontsize=6.5, color=GREY, clip_on=True)


def differences(ax: Axes, rows: pd.DataFrame, colours: Iterable[Any]) -> None:
    """Paired differences as points along x around a line at zero, one below the other.

    A point is filled where its corrected p value is below :data:`LEVEL`; a band ends at the smallest true
    difference that such a run would find, so that none that is shown to differ tells how much was to be seen.

    Args:
        ax: axes to draw in.
        rows: columns value, ci_low, ci_high, p_holm, detectable.
        colours: one a row.
    """
    ax.use_sticky_edges = False
    ax.axvline(0, color=GREY, linewidth=0.8, linestyle="--")
    ax.barh(range(len(rows)), 2 * rows["detectable"], 0.8, -rows["detectable"], color=PALE)
    for place, (sure, colour) in enumerate(zip(rows["p_holm"] < LEVEL, colours, strict=True)):
        look = {"color": colour, "fillstyle": "full" if sure else "none"}
        points(ax, [place], rows.iloc[[place]], horizontal=True, **look)


def by_round(ax: Axes, rows: pd.DataFrame, colours: dict[str, Any]) -> None:
    """Values by round of self-improvement, a line for each loop through the means over its seeds.

    With one seed points have their intervals. Points of several seeds have none, since they are too many.

    Args:
        ax: axes to draw in.
        rows: columns loop, seed, round, value, ci_low, ci_high.
        colours: of the loops, which are drawn beside each other.
    """
    for place, (loop, colour) in enumerate(colours.items()):
        part, shift = rows[rows["loop"] == loop], 0.07 * (place - (len(colours) - 1) / 2)
        if part["seed"].nunique() > 1:
            part = part.assign(ci_low=None, ci_high=None)
        points(ax, part["round"] + shift, part, color=colour)
        means = part.dropna(subset="value").groupby("round")["value"].mean()
        ax.plot(means.index + shift, means, color=colour)
    ends = rows["round"].min() - 0.4, rows["round"].max() + 0.4
    ax.set(xticks=sorted(set(rows["round"])), xlim=ends, xlabel="round (0: before)")


def plain_log(axis: Any, ticks: Iterable[float]) -> None:
    """Ticks of a logarithmic axis as plain numbers, at these places only."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axis.set_major_locator(FixedLocator(list(ticks)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:,g}"))


def log_ticks(low: float, high: float, steps: Iterable[float] = (1, 2, 5)) -> list[float]:
    """Round numbers from ``low`` to ``high``, for a logarithmic axis; the two ends where that is too few."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [step * 10.0**exponent for exponent in exponents for step in steps]
    inside = [tick for tick in ticks if low <= tick <= high]
    return inside if len(inside) > 1 else [low, high]


def count(numbers: pd.Series) -> str:
    """How many units there were: one number, or the least and the most."""
    if numbers.empty:
        return "no"
    low, high = int(numbers.min()), int(numbers.max())
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def over(rows: pd.DataFrame) -> str:
    """What the intervals of a figure of scores are over, and of how many items, for its note.

    Where one is of one seed of an adapter, the note says what that leaves out. A base has no seeds, but what
    it is compared with has.
    """
    kinds = ", or ".join(sorted(set(rows["interval_over"]))) or MISSING
    text = f"Bars: 95 % intervals over {kinds}; {count(rows['n_items'])} items."
    trained = rows[rows["arm"] != BASE] if "arm" in rows and "reference" not in rows else rows
    alone = [kind for kind in sorted(set(trained["interval_over"])) if not kind.startswith("seeds")]
    if alone:
        text += f" Those over {' or '.join(alone)} are of one seed each: they do not hold how "
        text += "trainings differ by seed."
    return text
