"""What ``sportstrack evaluate --attributes`` adds to the scores: results of other formats, and charts of confusion."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.draw.figures import caption, new_figure, safe_names, save_figure
from sportstrack.draw.results import read_result
from sportstrack.files.claim import Claim
from sportstrack.mot import MotTable
from sportstrack.score.attributes.report import UNDECIDED, axes
from sportstrack.score.attributes.run import AttributeJob
from sportstrack.score.attributes.scores import ATTRIBUTES, WhoIsWhoScores
from sportstrack.score.run import Job

_OTHER_FORMATS = {".jsonl", ".csv", ".npz"}
_MOST_NUMBERS = 30


def attribute_jobs(jobs: Sequence[Job], zero_based: bool = False) -> list[AttributeJob]:
    """Return the jobs with who is who; JSON lines, CSV and recordings are read here, MOT text when it is scored."""
    return [_with_tracks(job, zero_based) for job in jobs]


def _with_tracks(job: Job, zero_based: bool) -> AttributeJob:
    if not isinstance(job.result, Path) or job.result.suffix.lower() not in _OTHER_FORMATS:
        return AttributeJob(job)
    found = read_result(job.result, zero_based=zero_based)
    frames = [found.tracks.get(frame) for frame in range(found.last + 1)]
    tables = [(frame, table) for frame, table in enumerate(frames) if table is not None]
    if not tables:
        return AttributeJob(replace(job, result=MotTable.empty()), found.identities)
    rows = np.repeat([frame for frame, _ in tables], [len(table) for _, table in tables])
    table = MotTable(
        rows,
        np.concatenate([one.track_id for _, one in tables]),
        np.concatenate([one.xyxy for _, one in tables]),
        np.concatenate([one.score for _, one in tables]),
        np.concatenate([one.class_id + 1 for _, one in tables]),
        np.full(len(rows), -1.0),
    )
    return AttributeJob(replace(job, result=table, zero_based=False), found.identities)


def confusion_names(trackers: Iterable[str]) -> list[str]:
    """Return the names of the files that `save_confusions` writes."""
    return [f"attributes-{stem}.png" for stem in safe_names(list(trackers))]


def save_confusions(
    trackers: Mapping[str, WhoIsWhoScores], folder: str | Path, claim: Claim | None = None
) -> list[Path]:
    """Draw what is taken for what, of each tracker, and return the files.

    Raises:
        SettingError: matplotlib is not installed. OutputError: a file cannot be written.
    """
    names = confusion_names(trackers)
    return [
        save_figure(confusion_chart(name, scores), Path(folder) / file, claim)
        for (name, scores), file in zip(trackers.items(), names, strict=True)
    ]


def confusion_chart(name: str, scores: WhoIsWhoScores) -> Any:
    """Return a ``matplotlib.figure.Figure``, a matrix of each attribute: truth in rows, what was said in columns."""
    figure = new_figure(15.0, 5.2)
    panels = figure.subplots(1, len(ATTRIBUTES), width_ratios=(0.8, 1.0, 1.4))
    for axis, attribute in zip(panels, ATTRIBUTES, strict=True):
        _matrix(axis, attribute, scores)
    figure.suptitle(f"{caption(name)}: what is taken for what, in shares of the truth's frames", fontsize=11)
    return figure


def _matrix(axis: Any, attribute: str, scores: WhoIsWhoScores) -> None:
    count, frames = scores.confusion[attribute], scores.frames[attribute]
    shares = ((word, "–" if v is None else f"{100 * v:.1f} %") for word, v in
              (("right", frames.accuracy), ("decided", frames.coverage)))  # fmt: skip
    axis.set_title(f"{attribute}: " + ", ".join(f"{word} {share}" for word, share in shares), fontsize=10)
    rows, columns = axes(attribute, count)
    if attribute == "number":
        rows, columns = _frequent(rows, count, 0), _frequent(columns, count, 1)
    if not rows or not columns:
        axis.text(0.5, 0.5, "nothing known", ha="center", va="center", color="#666666")
        axis.set_axis_off()
        return
    table = np.array([[count[row, column] for column in columns] for row in rows], np.float64)
    share = table / np.maximum(1, [[sum(n for (a, _), n in count.items() if a == row)] for row in rows])
    axis.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axis.set_xticks(range(len(columns)), [caption(one) or UNDECIDED for one in columns], rotation=90, fontsize=8)
    axis.set_yticks(range(len(rows)), [caption(one) for one in rows], fontsize=8)
    axis.set_xlabel("the result says")
    axis.set_ylabel("the truth is")
    if len(rows) * len(columns) <= 64:
        for (y, x), value in np.ndenumerate(share):
            if table[y, x]:
                axis.text(
                    x, y, f"{100 * value:.1f}", ha="center", va="center", fontsize=8,
                    color="white" if value > 0.5 else "#333333",
                )  # fmt: skip


def _frequent(values: list[str], count: Counter[tuple[str, str]], side: int) -> list[str]:
    """Return the values that are met most often, in their order."""
    met: Counter[str] = Counter()
    for pair, n in count.items():
        if pair[0]:
            met[pair[side]] += n
    kept = {value for value, _ in met.most_common(_MOST_NUMBERS)}
    return [value for value in values if value in kept]
