"""The report's results: detector, trackers, causes of errors, worst moments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sportstrack.evaluate.plots import comparison_bars, comparison_curves, detection_association
from sportstrack.experiment.report import charts
from sportstrack.experiment.report.document import (
    Block,
    ReportChart,
    ReportHeading,
    ReportPicture,
    ReportTable,
    ReportText,
    best_cells,
)
from sportstrack.experiment.report.evidence import ReportEvidence
from sportstrack.experiment.report.words import figure, listed, many, per_cent
from sportstrack.experiment.stages.scoring import KINDS
from sportstrack.score.diagnose.causes import FALSE_CAUSES, MISS_CAUSES, MOMENT, SWITCH_CAUSES

_COLUMNS = ("HOTA", "DetA", "AssA", "LocA", "MOTA", "IDF1", "IDSW", "Frag", "CLR_FN", "CLR_FP")
_TITLES = {"CLR_FN": "misses", "CLR_FP": "false pos."}
_MEANINGS = dict(zip(KINDS, (SWITCH_CAUSES, MISS_CAUSES, FALSE_CAUSES), strict=True))
_SEQUENCES = 30  # rows of a table


def detector(found: ReportEvidence) -> Iterator[Block]:
    """How the detector was trained, and what it is worth."""
    if not found.val and found.train is None:
        return
    yield ReportHeading("Results: the detector")
    if found.train is not None and found.epochs:
        asked = dict(found.experiment.train or {})
        more = ", ".join(f"{name} {value}" for name, value in asked.items() if name != "weights")
        yield ReportText(
            f"Training started from {asked['weights']} with seed {found.experiment.seed}"
            f"{f' and {more}' if more else ''}; everything else as the software has it for sports."
        )
        if len(found.epochs) > 1:
            yield ReportChart(
                lambda: charts.training(found.epochs),
                "Training: losses of both splits, and scores on the val split, after each epoch.",
                "Curves of losses and scores over the epochs",
            )
        for note in found.train["notes"]:
            yield ReportText(f"Note of the training: {note}.", "quiet")
    if found.val:
        yield from _judged(found)


def _judged(found: ReportEvidence) -> Iterator[Block]:
    names = ("precision", "recall", "F1", "AP50", "AP75", "AP")
    rows = [
        (
            one["name"],
            *(per_cent(one["figures"][name]) for name in names),
            f"{one['milliseconds']['total']['p50']:.1f}",
        )
        for one in found.val
    ]
    first = found.val[0]
    yield ReportTable(
        ("detector", *names, "ms per picture"),
        tuple(rows),
        f"Detectors on {many(first['pictures'], 'picture')} of the {first['split']} split, in per cent; precision, "
        "recall "
        "and F1 at the score threshold with the best F1; time is the median.",
        best=best_cells(rows, range(1, 7), least=(7,)),
    )
    rows = [
        (name, f"{first['truth'][name]:,}", *(per_cent(figures[one]) for one in (*names, "AP small")))
        for name, figures in first["classes"].items()
    ]
    yield ReportTable(
        ("class", "true boxes", *names, "AP small"),
        tuple(rows),
        f"{first['name']}, class by class; AP small counts boxes of less than 32 × 32 pixels.",
    )
    if first["precision_over_recall"]:
        ap50 = {name: figures["AP50"] for name, figures in first["classes"].items()}
        yield ReportChart(
            lambda: charts.precision_recall(first["precision_over_recall"], ap50),
            f"{first['name']}: precision over recall at an overlap of 0.5.",
            "Curves of precision over recall, one for each class",
        )


def trackers(found: ReportEvidence) -> Iterator[Block]:
    """What each tracker scores, overall and by sequence, and how long it takes."""
    yield ReportHeading("Results: the trackers")
    rows = []
    for one in found.ranked:
        ms = one.ms.get("track", 0.0)
        cells = [figure(name, one.scores[name]) for name in _COLUMNS]
        rows.append((one.name, *cells, f"{ms:.2f}"))
    least = [k for k, name in enumerate(_COLUMNS, 1) if name in ("IDSW", "Frag", "CLR_FN", "CLR_FP")]
    more = [k for k in range(1, len(_COLUMNS) + 1) if k not in least]
    yield ReportTable(
        ("tracker", *(_TITLES.get(name, name) for name in _COLUMNS), "ms per frame"),
        tuple(rows),
        f"All sequences together, the best {found.experiment.objective} first. Time is that of the tracker alone; "
        "detection and appearance come on top.",
        best=best_cells(rows, more, least=[*least, len(_COLUMNS) + 1]),
    )
    if len(found.trackers) > 1:
        scores = {one.name: one.scores for one in found.ranked}
        text = "; ".join(f"{one.name} {per_cent(one.scores.HOTA)}" for one in found.ranked)
        yield ReportChart(
            lambda: comparison_bars(scores), "The main figures side by side.", f"Bars of the scores. HOTA: {text}"
        )
        yield ReportChart(
            lambda: detection_association(scores),
            "Detection against association: trackers on one grey line have one HOTA. Trackers that get the same "
            "detections differ mostly upwards.",
            "Points of AssA over DetA",
        )
        yield ReportChart(
            lambda: comparison_curves(scores),
            "HOTA over the overlap from which a box counts as found. A curve that falls early has loose boxes.",
            "Curves of HOTA over the threshold",
        )
    parts = found.trackers[0].scores.parts
    if 1 < len(parts) <= _SEQUENCES:
        by_name = {one.name: {part.name: part for part in one.scores.parts} for one in found.ranked}
        lines = [(part.name, *(per_cent(by_name[one.name][part.name].HOTA) for one in found.ranked)) for part in parts]
        yield ReportTable(
            ("sequence", *(one.name for one in found.ranked)), tuple(lines), "HOTA on each sequence.",
            best=frozenset(cell for i, line in enumerate(lines) for cell in _best_of_row(i, line)),
        )  # fmt: skip


def _best_of_row(i: int, line: tuple[str, ...]) -> list[tuple[int, int]]:
    values = [float(cell) for cell in line[1:] if cell != "–"]
    if len(values) < 2 or len(set(values)) == 1:
        return []
    return [(i, k) for k, cell in enumerate(line) if k and cell != "–" and float(cell) == max(values)]


def errors(found: ReportEvidence) -> Iterator[Block]:
    """Why the trackers fail."""
    yield ReportHeading("Results: causes of errors")
    yield ReportText(
        "Causes are inferred from truth and result; an error is filed under the first cause that applies, in the order "
        "of the table. They tell where to look; they are no proof."
    )
    for kind in KINDS:
        meanings = _MEANINGS[kind]
        by_tracker = {one.name: one.causes[kind] for one in found.ranked}
        there = [cause for cause in meanings if any(counts.get(cause) for counts in by_tracker.values())]
        yield ReportHeading(kind[0].upper() + kind[1:], 3)
        if not there:
            yield ReportText("There are none.")
            continue
        rows = [
            (cause, *(f"{counts.get(cause, 0):,}" for counts in by_tracker.values()), meanings[cause])
            for cause in there
        ]
        rows.append(("all", *(f"{sum(counts.values()):,}" for counts in by_tracker.values()), ""))
        yield ReportTable(
            ("cause", *by_tracker, "meaning"),
            tuple(rows),
            f"{kind[0].upper() + kind[1:]} by cause.",
            words=frozenset({0, len(by_tracker) + 1}),
        )
        if len(by_tracker) > 1:
            yield _cause_chart(kind, by_tracker, list(meanings))


def _cause_chart(kind: str, by_tracker: Mapping[str, Mapping[str, int]], order: list[str]) -> ReportChart:
    text = "; ".join(f"{name}: {sum(counts.values()):,}" for name, counts in by_tracker.items())
    return ReportChart(
        lambda: charts.causes(by_tracker, order),
        f"{kind[0].upper() + kind[1:]} of each tracker by cause.",
        f"Stacked bars of {kind} by cause. {text}",
    )


def worst(found: ReportEvidence) -> Iterator[Block]:
    """Pictures of where the best tracker fails most."""
    best = found.ranked[0]
    if not best.moments:
        return
    yield ReportHeading(f"The worst moments of {best.name}")
    yield ReportText(
        f"Stretches of {MOMENT} frames in which {best.name} makes most errors; a switch weighs as much as five "
        "misses. Truth "
        "is drawn in thin green, the tracks in a colour for each id."
    )
    rows = []
    for number, moment in enumerate(best.moments, 1):
        causes = [f"{count} × {cause}" for cause, count in moment["causes"].items()]
        rows.append(
            (
                str(number),
                moment["sequence"],
                f"{moment['frame'] + 1:,}",
                *(f"{moment[name]:,}" for name in ("switches", "misses", "false")),
                listed([str(player) for player in moment["players"]]),
                ", ".join(causes) or "–",
            )
        )
    head = ("moment", "sequence", "frame", "switches", "misses", "false pos.", "players", "causes of the switches")
    yield ReportTable(head, tuple(rows), f"The worst moments of {best.name}.", words=frozenset({0, 1, 6, 7}))
    for number, moment in enumerate(best.moments, 1):
        path = best.folder / moment["picture"] if moment["picture"] else None
        if path is not None and path.is_file():
            text = f"Moment {number}: {moment['sequence']} around frame {moment['frame'] + 1}."
            yield ReportPicture(path.read_bytes(), text, text)
