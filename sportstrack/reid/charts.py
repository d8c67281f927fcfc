"""The pictures of a training: curves, and what each of some queries looks most like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sportstrack.draw.figures import caption, colour_of, new_figure
from sportstrack.reid.judge import HeldOut, nearest_crops
from sportstrack.reid.training import ReidEpoch
from sportstrack.score.retrieval import RetrievalScores
from sportstrack.score.scores import Scores
from sportstrack.types import Embeddings, IntArray

_QUERIES, _ANSWERS = 8, 9
_RIGHT, _WRONG, _ASKED = (0, 158, 115), (213, 94, 0), (68, 68, 68)  # colours of the frames
_FRAME, _GAP = 4, 16  # pixels around a crop, and between two


def curves(
    history: Sequence[ReidEpoch],
    before: Mapping[str, RetrievalScores],
    replayed: Mapping[str, Scores],
) -> Any:
    """Return a figure: losses, retrieval on matches held out, and HOTA by embedder, as far as they are known.

    Args:
        history: the epochs.
        before: scores of kit colours on the same crops; empty where nothing was held out.
        replayed: embedder → scores of the tracks.
    """
    judged = bool(history and history[0].judged)
    panels = 1 + judged + bool(replayed)
    figure = new_figure(5.2 * panels, 4.2)
    axes = list(np.atleast_1d(figure.subplots(1, panels)))
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.set_axisbelow(True)
        one.grid(color="#e5e5e5")
    _losses(axes[0], history)
    if judged:
        _retrieval(axes[1], history, before)
    if replayed:
        _replayed(axes[-1], replayed)
    return figure


def _losses(axes: Any, history: Sequence[ReidEpoch]) -> None:
    numbers = [one.number for one in history]
    for i, name in enumerate(("identity", "triplet")):
        axes.plot(numbers, [getattr(one, name) for one in history], color=colour_of(i), lw=2, label=name)
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss")
    axes.set_ylim(bottom=0)
    axes.set_title("training")
    axes.legend(frameon=False)


def _retrieval(axes: Any, history: Sequence[ReidEpoch], before: Mapping[str, RetrievalScores]) -> None:
    for i, (name, label, part) in enumerate((("mAP", "everybody", "all"), ("mates_mAP", "team-mates", "mates"))):
        known = [(one.number, 100 * one.judged[name]) for one in history if name in one.judged]
        if known:
            axes.plot(*zip(*known, strict=True), color=colour_of(i), lw=2, marker=".", label=label)
        if part in before and before[part].queries:
            axes.axhline(100 * before[part].mAP, color=colour_of(i), ls="--", lw=1, label=f"kit colours, {label}")
    axes.set_xlabel("epoch")
    axes.set_ylabel("mAP, per cent")
    axes.set_ylim(0, 102)
    axes.set_title("matches that took no part")
    axes.legend(frameon=False)


def _replayed(axes: Any, replayed: Mapping[str, Scores]) -> None:
    names = list(replayed)
    for i, figure in enumerate(("HOTA", "AssA", "IDF1")):
        places = np.arange(len(names)) + 0.26 * (i - 1)
        values = [100 * float(replayed[name][figure]) for name in names]
        bars = axes.bar(places, values, 0.24, color=colour_of(i), label=figure)
        axes.bar_label(bars, fmt="%.1f", fontsize=7)
    axes.set_xticks(np.arange(len(names)), [caption(name) for name in names])
    axes.set_ylim(0, 122)
    axes.set_yticks(range(0, 101, 20))
    axes.grid(visible=False, axis="x")
    axes.set_ylabel("per cent")
    axes.set_title("tracks of matches that took no part")
    axes.legend(frameon=False, ncols=3, loc="upper center")


def rankings(held: HeldOut, vectors: Embeddings, pictures: Any, names: Sequence[str], seed: int = 0) -> Any:
    """Return a figure: some queries and their nearest team-mates, the same person framed green, others orange.

    Args:
        held: the crops that judge.
        vectors: (N, D) their embeddings.
        pictures: (M, H, W, 3) of all crops.
        names: of the people.
        seed: of the draw of queries.
    """
    chosen = _queries(held, seed).tolist()
    height, width = pictures.shape[1] + 2 * _FRAME, pictures.shape[2] + 2 * _FRAME
    sheet = np.full((len(chosen) * (height + _GAP), (_ANSWERS + 1) * (width + _GAP), 3), 255, np.uint8)
    figure = new_figure(1.1 * (_ANSWERS + 1), 1.1 * len(chosen) * (height + _GAP) / (width + _GAP) + 0.4)
    axes = figure.subplots()
    for line, row in enumerate(chosen):
        answers, same = nearest_crops(held, vectors, row, _ANSWERS)
        colours = [_ASKED, *np.where(same[:, None], _RIGHT, _WRONG).tolist()]
        texts = [caption(names[held.person[row]]), *(f"{v:.2f}" for v in vectors[answers] @ vectors[row])]
        for place, (one, colour, text) in enumerate(zip([row, *answers.tolist()], colours, texts, strict=True)):
            top, left = line * (height + _GAP) + _GAP, place * (width + _GAP)
            cell = sheet[top : top + height, left : left + width]
            cell[:] = colour
            cell[_FRAME:-_FRAME, _FRAME:-_FRAME] = np.asarray(pictures[held.rows[one]])[..., ::-1]
            axes.text(left, top - 2, text, fontsize=6, va="bottom")
    axes.imshow(sheet, interpolation="nearest")
    axes.axis("off")
    axes.set_title(
        "left: the query; then its nearest team-mates: green is the same person, orange another one", fontsize=8
    )
    return figure


def _queries(held: HeldOut, seed: int) -> IntArray:
    """Return rows of up to `_QUERIES` queries of different people."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(np.flatnonzero(held.query))
    _, first = np.unique(held.person[rows], return_index=True)
    return rows[np.sort(first)[:_QUERIES]]
