"""The report's section on circumstances: what becomes of boxes that are dark, covered, small or fast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sportstrack.experiment.report import charts
from sportstrack.experiment.report.document import Block, ReportChart, ReportHeading, ReportTable, ReportText
from sportstrack.experiment.report.evidence import ReportEvidence
from sportstrack.experiment.report.words import per_cent, points
from sportstrack.experiment.stages.bins import figures_of
from sportstrack.score.bins import BINS

_LEAST = 20  # boxes of a bin from which its figures are worth a change


def circumstances(found: ReportEvidence) -> Iterator[Block]:
    """Each tracker's identities, and the detector's accuracy, by light, occlusion, scale and speed."""
    best = found.ranked[0]
    if not best.by:
        return
    yield ReportHeading("Results: light, occlusion, scale, speed")
    limits = "; ".join(f"{name} ({BINS[name].unit}): {_limits(name)}" for name in best.by)
    yield ReportText(
        f"True boxes are sorted by what the truth and the pictures say of each: {limits}. A false positive has no "
        "true box, so "
        "there is no precision here; IDR is the share of the true boxes that carry the identity that their track got."
    )
    rows, switches = [], []
    for name, label, counts in _bins(best.by):
        numbers = [figures_of(one.by[name][label]) for one in found.ranked]
        place = (f"{name}: {label}", f"{counts['boxes']:,}")
        rows.append((*place, per_cent(numbers[0]["recall"]), *(per_cent(one["IDR"]) for one in numbers)))
        switches.append((*place, *(_rate(one["IDSW_per_1000"]) for one in numbers)))
    names = [one.name for one in found.ranked]
    yield ReportTable(
        ("true boxes", "number", f"found by {best.name}", *(f"IDR {name}" for name in names)),
        tuple(rows),
        "Found boxes and identity recall (IDR) by circumstance, in per cent.",
    )
    yield ReportTable(
        ("true boxes", "number", *names),
        tuple(switches),
        "Identity switches for each 1,000 found boxes, by circumstance.",
    )
    yield _chart(best.name, best.by)
    if found.val and found.val[0].get("by"):
        yield _detector(found.val[0])


def _limits(name: str) -> str:
    bins = BINS[name]
    lower = [f"{label} below {limit:g}" for label, limit in zip(bins.labels, bins.limits, strict=False)]
    return f"{', '.join(lower)}, else {bins.labels[-1]}"


def _bins(by: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for name, bins in by.items():
        for label, counts in bins.items():
            if counts["boxes"]:
                yield name, label, counts


def _rate(value: float) -> str:
    return "–" if value != value else f"{value:.1f}"


def _chart(name: str, by: Mapping[str, Any]) -> ReportChart:
    figures: dict[str, dict[str, dict[str, float]]] = {}
    counts: dict[str, dict[str, int]] = {}
    for cut, bins in by.items():
        numbers = {label: figures_of(one) for label, one in bins.items()}
        figures[cut] = {label: {"found": one["recall"], "IDR": one["IDR"]} for label, one in numbers.items()}
        counts[cut] = {label: one["boxes"] for label, one in bins.items()}
    return ReportChart(
        lambda: charts.bins(figures, counts),
        f"{name}: boxes found, and boxes with the right identity (IDR), by circumstance; below each bin its true "
        "boxes.",
        f"Bars of found boxes and IDR of {name} by circumstance",
    )


def _detector(judged: Mapping[str, Any]) -> ReportTable:
    rows = [
        (f"{name}: {label}", f"{one['boxes']:,}", *(per_cent(one[key]) for key in ("recall", "ap50", "ap")))
        for name, bins in judged["by"].items()
        for label, one in bins.items()
        if one["boxes"]
    ]
    return ReportTable(
        ("true boxes", "number", "recall", "AP50", "AP"),
        tuple(rows),
        f"The detector ({judged['name']}) on the {judged['split']} split by circumstance, in per cent.",
    )


def changed_bins(record: Mapping[str, Any]) -> ReportTable | None:
    """Return where an improvement changes the identities most, by circumstance; None where nothing is known."""
    before, after = record["by"]["before"], record["by"]["after"]
    rows = []
    for name, label, counts in _bins(before):
        if counts["boxes"] >= _LEAST:
            old, new = (figures_of(side[name][label])["IDR"] for side in (before, after))
            rows.append((f"{name}: {label}", f"{counts['boxes']:,}", per_cent(old), per_cent(new), points(new - old)))
    if not rows:
        return None
    return ReportTable(
        ("true boxes", "number", "IDR before", "IDR after", "change"),
        tuple(rows),
        f"Identity recall by circumstance, before and after ({record['best']}).",
    )
