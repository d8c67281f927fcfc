"""The report's sections on proposed improvements: gain, spread, where it comes from, what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sportstrack.experiment.report import charts
from sportstrack.experiment.report.circumstances import changed_bins
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
from sportstrack.experiment.report.words import figure, listed, many, per_cent, points, spread
from sportstrack.experiment.settings import BeforeAfter
from sportstrack.experiment.stages.comparing import SHOWN
from sportstrack.experiment.stages.scoring import KINDS


def proposals(found: ReportEvidence) -> Iterator[Block]:
    """Each improvement against its baseline."""
    for number, (pair, record) in enumerate(zip(found.experiment.compare, found.compared, strict=True), 1):
        yield ReportHeading(f"Proposed improvement: {pair.title}")
        if pair.about:
            yield ReportText(pair.about)
        yield ReportText(f"Baseline: {_described(pair)}.")
        yield _scores(record)
        yield _chart(pair, record)
        yield from _verdict(record)
        yield from _causes(record)
        if (changed := changed_bins(record)) is not None:
            yield changed
        yield from _moment(record, found.results[f"compare {number}"])


def _described(pair: BeforeAfter) -> str:
    values = dict(pair.baseline.values)
    own = values.pop("tracker_settings", {})
    settings = {**own, **{k: v for k, v in values.items() if k not in ("tracker",)}}
    text = ", ".join(f"{name} {value}" for name, value in settings.items())
    return f"{pair.baseline.tracker}{f' with {text}' if text else ' with its defaults'}"


def _scores(record: Mapping[str, Any]) -> ReportTable:
    rows = []
    for row in record["rows"]:
        gain = "" if "gain" not in row else f"{points(row['gain'])} ({spread(row['low'], row['high'])})"
        cells = [figure(name, row["figures"][name]) for name in SHOWN]
        rows.append((row["name"], *cells, gain, f"{sum(row['ms'].values()):.2f}"))
    objective = record["objective"]
    least = [k for k, name in enumerate(SHOWN, 1) if name in ("IDSW", "Frag")]
    more = [k for k in range(1, len(SHOWN) + 1) if k not in least]
    return ReportTable(
        ("variant", *SHOWN, f"gain of {objective} (90 %)", "ms per frame"),
        tuple(rows),
        f"Baseline and variants on {many(record['matches'], 'match', 'matches')}. The gain is in points, with the "
        "range of "
        "90 % of the draws; time is that of tracker, embedder, camera motion and refinement in these runs.",
        best=best_cells(rows, more, least=least),
    )


def _chart(pair: BeforeAfter, record: Mapping[str, Any]) -> ReportChart:
    rows, objective = record["rows"], record["objective"]
    text = "; ".join(f"{row['name']} {points(row['gain'])}" for row in rows[1:])
    setting = pair.setting
    if setting is not None and len(pair.points) > 1:
        return ReportChart(
            lambda: charts.sweep(setting, pair.points, rows, objective),
            f"Scores over {setting}, and the gain over the baseline with the range of 90 % of the draws.",
            f"Curves over {setting}. Gain: {text}",
        )
    return ReportChart(
        lambda: charts.gains(rows[1:], objective), "The gain of each variant over the baseline.", f"Bars. Gain: {text}"
    )


def _verdict(record: Mapping[str, Any]) -> Iterator[Block]:
    """Say what is shown and what is not."""
    row = next(one for one in record["rows"] if one["name"] == record["best"])
    base, objective = record["rows"][0], record["objective"]
    if record["matches"] < 2:
        sure = "With a single match there is no spread, and nothing can be said of other matches."
    elif row["low"] > 0:
        sure = "The range lies above 0: on such matches the gain can be relied on."
    elif row["high"] < 0:
        sure = "The range lies below 0: the proposal harms."
    else:
        sure = "The range contains 0: these matches do not show that the proposal helps."
    text = (
        f"The best variant is {row['name']}: {objective} {points(row['gain'])} points "
        f"({spread(row['low'], row['high'])}), "
        f"identity switches {base['figures']['IDSW']:,} → {row['figures']['IDSW']:,}. {sure}"
    )
    better = [name for name, gain in row["matches"].items() if gain > 0]
    text += f" HOTA rises on {len(better)} of {many(len(row['matches']), 'match', 'matches')}."
    yield ReportText(text)
    honest = record["chosen"]
    if honest is not None:
        names = ["baseline", *(one["name"] for one in record["rows"][1:])]
        chosen = listed(list(dict.fromkeys(names[k] for k in honest["picked"])))
        yield ReportText(
            "The best of several variants looks better than it is on the matches it was chosen on. If each match is "
            "judged "
            f"with the variant that is best on all other matches (here {chosen}), the gain is {points(honest['gain'])} "
            f"points ({spread(honest['low'], honest['high'])})."
        )
    before, after = sum(base["ms"].values()), sum(row["ms"].values())
    if before > 0:
        yield ReportText(f"Cost in speed: {before:.2f} → {after:.2f} ms per frame, {after / before:.2f} times as long.")


def _causes(record: Mapping[str, Any]) -> Iterator[Block]:
    rows = []
    for kind in KINDS:
        before, after = (record["causes"][side][kind] for side in ("before", "after"))
        for cause in dict.fromkeys([*before, *after]):
            old, new = before.get(cause, 0), after.get(cause, 0)
            if old != new:
                rows.append((kind, cause, f"{old:,}", f"{new:,}", f"{new - old:+,}".replace("-", "−")))
    rows.sort(key=lambda row: -abs(int(row[4].replace("−", "-").replace(",", ""))))
    if rows:
        yield ReportTable(
            ("error", "cause", "before", "after", "change"),
            tuple(rows[:12]),
            f"Where {record['best']} changes most: errors by cause, before and after.",
            words=frozenset({0, 1}),
        )


def _moment(record: Mapping[str, Any], folder: Path) -> Iterator[Block]:
    moment = record["moment"]
    if moment is None:
        return
    place = f"{moment['sequence']} around frame {moment['frame'] + 1}"
    for side, name in (("before", "baseline"), ("after", record["best"])):
        path = folder / moment[side] if moment[side] else None
        if path is not None and path.is_file():
            counts = ", ".join(f"{count} {kind}" for kind, count in moment["errors"][side].items())
            text = f"{side.capitalize()} ({name}): {place}: {counts}."
            yield ReportPicture(path.read_bytes(), text, text)


def cost(found: ReportEvidence) -> Iterator[Block]:
    """How long each part takes."""
    yield ReportHeading("Speed")
    parts = dict(found.detect["stages_ms"]) if found.detect is not None else {}
    shared = sum(parts.get(name, 0.0) for name in ("detect", "embed", "camera", "field", "shots"))
    if found.detect is not None:
        engine = found.detect["engine"] or {}
        where = f" on {found.detect['device']}" if found.detect["device"] else ""
        network = f", run by {engine['name']}" if engine.get("name") else ""
        yield ReportText(
            f"Detection{where}{network} takes {parts.get('detect', 0.0):.1f} ms per frame and appearance "
            f"{parts.get('embed', 0.0):.1f} ms; with camera motion, field and shot changes {shared:.1f} ms in all, "
            "which "
            "every tracker needs. Times are those of these runs, whatever else the machine was doing."
        )
    rows = []
    for one in sorted(found.trackers, key=lambda one: one.ms.get("track", 0.0)):
        ms = sum(one.ms.get(name, 0.0) for name in ("track", "refine"))
        whole = f"{1000 / (shared + ms):.1f}" if shared else "–"
        rows.append((one.name, f"{ms:.2f}", f"{1000 / ms:,.0f}" if ms else "–", whole, per_cent(one.scores.HOTA)))
    yield ReportTable(
        ("tracker", "ms per frame", "frames/s alone", "frames/s with detection", "HOTA"),
        tuple(rows),
        "What a tracker costs; with detection: one stage after the other.",
    )
    if len(rows) > 1:
        points_of = {one.name: (one.ms.get("track", 0.0), 100 * one.scores.HOTA) for one in found.trackers}
        yield ReportChart(
            lambda: charts.speed(points_of, "HOTA"), "HOTA over the time of a tracker.", "Points of HOTA over time"
        )
