"""Judgements as text: Markdown that also reads well on a terminal, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence

from sportstrack.val.ap import SIZES
from sportstrack.val.by import by_text
from sportstrack.val.masks import MaskJudgement
from sportstrack.val.run import Judgement
from sportstrack.val.sweep import Advice


def to_markdown(judged: Sequence[Judgement]) -> str:
    """Return the tables: detectors side by side, each one's classes, thresholds and times."""
    masks = any(one.masks is not None for one in judged)
    head = ["detector", "pictures", *_figures(judged[0], None, masks), "ms"]
    rows = [
        [j.name, str(j.pictures), *map(per_cent, _figures(j, None, masks).values()), _ms(j, "total", "p50")]
        for j in judged
    ]
    said = "Figures in per cent; ms: median time of a picture, all stages."
    if masks:
        said += " mask IoU and Dice: of the masks of objects whose box was found, at the best threshold."
    parts = [markdown_table([head, *rows]), f"{said}\n"]
    if any(one.cuts for one in judged):
        parts.append(by_text({one.name: one.cuts for one in judged}))
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
    masks = any(one.masks is not None for one in judged)
    writer.writerow(["detector", "class", "truth", *_figures(judged[0], None, masks)])
    for one in judged:
        accuracy = one.accuracy
        rows = [("all", None, sum(m.truth for m in accuracy.matched))]
        rows += [(name, i, m.truth) for (i, name), m in zip(accuracy.classes.items(), accuracy.matched, strict=True)]  # type: ignore[misc]
        for name, class_id, truth in rows:
            values = _figures(one, class_id, masks).values()
            writer.writerow([one.name, name, truth, *("" if math.isnan(v) else repr(float(v)) for v in values)])
    return text.getvalue()


def to_json(judged: Sequence[Judgement]) -> str:
    """Return everything."""
    return json.dumps([one.to_dict() for one in judged], indent=1, ensure_ascii=False) + "\n"


def _figures(one: Judgement, class_id: int | None, masks: bool) -> dict[str, float]:
    return one.figures(class_id) | (one.mask_figures(class_id) if masks else {})


def _details(one: Judgement) -> Iterator[str]:
    accuracy = one.accuracy
    masks = one.masks is not None
    lines = [["class", "truth", *_figures(one, None, masks)]]
    for (class_id, name), matched in zip(accuracy.classes.items(), accuracy.matched, strict=True):
        lines.append([name, str(matched.truth), *map(per_cent, _figures(one, class_id, masks).values())])
    yield markdown_table(lines)
    if one.masks is not None:
        yield markdown_table(_mask_sizes(one.masks))
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


def _mask_sizes(masks: MaskJudgement) -> list[list[str]]:
    lines = [["masks of found objects", "size", "masks", "mask IoU", "Dice", "mask AP"]]
    rows: list[tuple[str, int | None]] = [(name, i) for i, name in masks.accuracy.classes.items()]
    for name, class_id in [*rows, *([("all", None)] if len(rows) > 1 else [])]:
        for size in SIZES:
            quality, precision = masks.quality(class_id, size), masks.accuracy.ap(class_id, size)
            if quality["masks"] or not math.isnan(precision):
                shares = map(per_cent, (quality["IoU"], quality["Dice"], precision))
                lines.append([name, size, str(quality["masks"]), *shares])
    return lines


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
