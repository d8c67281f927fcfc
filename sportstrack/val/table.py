"""Judgements as text: Markdown that also reads well on a terminal, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence

from sportstrack.val.run import Judgement
from sportstrack.val.sweep import Advice


def to_markdown(judged: Sequence[Judgement]) -> str:
    """Return the tables: detectors side by side, each one's classes, thresholds and times."""
    head = ["detector", "pictures", *judged[0].figures(), "ms"]
    rows = [[j.name, str(j.pictures), *map(per_cent, j.figures().values()), _ms(j, "total", "p50")] for j in judged]
    parts = [markdown_table([head, *rows]), "Figures in per cent; ms: median time of a picture, all stages.\n"]
    for one in judged:
        parts += [f"## {one.name}\n", *_details(one)]
    return "\n".join(parts)


_THRESHOLDS = {"sports": ("high_score", "low_score"), "bytetrack": ("track_high_thresh", "track_low_thresh")}


def tracker_command(tracker: str, advice: Advice) -> str:
    """Return the command line that tracks a video with the recommended thresholds."""
    high, low = _THRESHOLDS[tracker]
    chosen = "" if tracker == "sports" else f" --tracker {tracker}"
    return f"sportstrack track VIDEO{chosen} --set {high}={advice.high:g} --set {low}={advice.low:g}"


def to_csv(judged: Sequence[Judgement]) -> str:
    """Return a row per detector and class (``all`` is all of them), figures from 0 to 1; empty without true boxes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["detector", "class", "truth", *judged[0].figures()])
    for one in judged:
        accuracy = one.accuracy
        rows = [("all", None, sum(m.truth for m in accuracy.matched))]
        rows += [(name, i, m.truth) for (i, name), m in zip(accuracy.classes.items(), accuracy.matched, strict=True)]  # type: ignore[misc]
        for name, class_id, truth in rows:
            values = one.figures(class_id).values()
            writer.writerow([one.name, name, truth, *("" if math.isnan(v) else repr(float(v)) for v in values)])
    return text.getvalue()


def to_json(judged: Sequence[Judgement]) -> str:
    """Return everything."""
    return json.dumps([one.to_dict() for one in judged], indent=1, ensure_ascii=False) + "\n"


def _details(one: Judgement) -> Iterator[str]:
    accuracy = one.accuracy
    lines = [["class", "truth", *one.figures()]]
    for (class_id, name), matched in zip(accuracy.classes.items(), accuracy.matched, strict=True):
        lines.append([name, str(matched.truth), *map(per_cent, one.figures(class_id).values())])
    yield markdown_table(lines)
    lines = [["score from", "precision", "recall", "F1"]]
    lines += [[f"{p.threshold:.2f}", per_cent(p.precision), per_cent(p.recall), per_cent(p.f1)] for p in one.points]
    yield markdown_table(lines)
    if one.best.f1 == 0:
        yield "No true box was found from any score on, so there is nothing to recommend to a tracker.\n"
    else:
        yield (
            f"Best F1 {per_cent(one.best.f1)} at {one.best.threshold:.2f}. For a tracker: track_high_thresh "
            f"{one.advice.high:.2f}, track_low_thresh {one.advice.low:.2f}.\n"
            + "".join(f"\n    {tracker_command(name, one.advice)}\n" for name in _THRESHOLDS)
        )
    times = one.milliseconds()
    lines = [["ms per picture", *times["total"]]]
    lines += [[stage, *(f"{ms:.2f}" for ms in values.values())] for stage, values in times.items()]
    yield markdown_table(lines)
    for note in one.notes:
        yield f"Note: {note}.\n"


def _ms(one: Judgement, stage: str, figure: str) -> str:
    return f"{one.milliseconds()[stage][figure]:.1f}"


def per_cent(share: float) -> str:
    """Return a share as tables show it; – where there is none."""
    return "–" if math.isnan(share) else f"{100 * share:.1f}"


def markdown_table(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells, the head first, as a Markdown table that also reads well on a terminal."""
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    rows = [[line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])] for line in lines]
    rule = ["-" * widths[0], *("-" * (w - 1) + ":" for w in widths[1:])]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (rows[0], rule, *rows[1:]))
