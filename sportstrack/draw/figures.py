"""What the charts share: axes, colours, saving."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sportstrack.cli.terminal import printable
from sportstrack.errors import OutputError, SettingError
from sportstrack.files.claim import Claim, PartFile
from sportstrack.files.names import LONGEST, file_name

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c564b", "#555555")
"""Okabe and Ito's palette, which colour-blind readers can distinguish as well."""


def caption(name: str) -> str:
    """Return a name as matplotlib can draw it: no formula between dollar signs, no bytes that are no text."""
    return printable(name).replace("$", r"\$")


def new_figure(width: float, height: float) -> Any:
    """Return a figure of this size, in inches; SettingError without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SettingError("plots need matplotlib: pip install matplotlib") from error
    # A Figure of its own, not pyplot's: no display, no global state, safe in threads.
    return Figure(figsize=(width, height), layout="constrained")


def new_axes(width: float, height: float) -> tuple[Any, Any]:
    """Return a figure of this size, in inches, and its axes; SettingError without matplotlib."""
    figure = new_figure(width, height)
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    return figure, axes


def save_figure(figure: Any, path: Path, claim: Claim | None = None) -> Path:
    """Write a figure whole and return its path; OutputError if that is impossible.

    Args:
        figure: a ``matplotlib.figure.Figure``.
        path: where it goes.
        claim: on its name.
    """
    file = PartFile(path) if claim is None else claim.file(path.name)
    try:
        figure.savefig(file.part, dpi=130)
    except OSError as error:
        file.part.unlink(missing_ok=True)
        raise OutputError(file.explain(error)) from error
    file.complete()
    return path


def colour_of(i: int) -> str:
    """Return the colour of the i-th line or bar."""
    return _COLOURS[i % len(_COLOURS)]


def safe_names(names: Sequence[str]) -> list[str]:
    """Return a part of a file's name for each name, all different even if case does not count."""
    plain = ["".join(c if c.isalnum() or c in "-_." else "_" for c in name) for name in names]
    folded = [name.casefold() for name in plain]
    odd = [len(name.encode()) > LONGEST // 2 or folded.count(name.casefold()) > 1 for name in plain]
    return [file_name(f"{name}/") if bad else stem for name, stem, bad in zip(names, plain, odd, strict=True)]
