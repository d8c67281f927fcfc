"""The report's first sections: the question, the method, the data."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.experiment.report import charts
from sportstrack.experiment.report.document import (
    Block,
    Citations,
    ReportChart,
    ReportHeading,
    ReportList,
    ReportPicture,
    ReportTable,
    ReportText,
)
from sportstrack.experiment.report.evidence import ReportEvidence
from sportstrack.experiment.report.sources import TRACKERS
from sportstrack.experiment.report.words import many, per_cent, points, spread
from sportstrack.experiment.settings import ConvertedData, RenderedData
from sportstrack.experiment.stages.data import TestSequence, sequences_of

_ROWS = 40  # of a table of sequences
_WIDEST = 1100  # pixels of the sample


def summary(found: ReportEvidence) -> Iterator[Block]:
    """The question and, in a few sentences, what was found."""
    yield ReportHeading("Summary")
    if found.experiment.question:
        yield ReportText(found.experiment.question, "question")
    best, total = found.ranked[0], found.ranked[0].scores
    text = (
        f"{many(len(found.trackers), 'tracker was', 'trackers were')} compared on "
        f"{many(total.sequences, 'sequence')} with {many(total.frames, 'frame')} and "
        f"{many(total.GT_Dets, 'true box', 'true boxes')}. {best.name} is ahead with HOTA {per_cent(total.HOTA)}, "
        f"IDF1 {per_cent(total.IDF1)} and {many(total.IDSW, 'identity switch', 'identity switches')}"
    )
    if len(found.ranked) > 1:
        second = found.ranked[1]
        gain = found.gain(second, best)
        text += f"; {second.name} follows with HOTA {per_cent(second.scores.HOTA)}"
        if len(gain.before) > 1:
            ahead = f"{points(gain.value)} points of {found.experiment.objective}"
            text += f" (difference {ahead}, {spread(gain.low, gain.high)} in 90 % of draws of matches)"
    yield ReportText(text + ".")
    if found.train is not None and found.val:
        figures = found.val[0]["figures"]
        yield ReportText(
            f"The detector was trained for {many(found.train['epochs'], 'epoch')} and reaches AP50 "
            f"{per_cent(figures['AP50'])} and AP {per_cent(figures['AP'])} on the {found.val[0]['split']} split."
        )
    for pair, record in zip(found.experiment.compare, found.compared, strict=True):
        row = next(one for one in record["rows"] if one["name"] == record["best"])
        honest = record["chosen"]
        more = ""
        if honest is not None:
            more = f"; chosen on other matches than those it is judged on, the gain is {points(honest['gain'])}"
        yield ReportText(
            f"Proposed: {pair.title}. The best variant, {row['name']}, changes {record['objective']} by "
            f"{points(row['gain'])} points ({spread(row['low'], row['high'])} in 90 % of draws of matches){more}."
        )


def method(found: ReportEvidence, cite: Citations) -> Iterator[Block]:
    """What was done, with what, and what the figures mean."""
    experiment = found.experiment
    yield ReportHeading("Method")
    detector = "Detections were given in a file for each sequence. "
    if found.detect is not None:
        size = found.detect["settings"].get("imgsz")
        network = f" with an input of {size} pixels" if size else ""
        how = "was trained for this experiment (see below)" if experiment.train is not None else "was used as it is"
        detector = f"A YOLO detector {cite('yolo')}{network} finds the boxes of each frame; it {how}. "
    yield ReportText(
        f"Tracking by detection: {detector}Each tracker gets the same recorded detections, so differences between "
        "trackers are differences of association alone. A tracker predicts where each track will be, computes what it "
        f"costs to give a detection to a track, and solves the assignment {cite('hungarian')}; most predict with a "
        f"Kalman filter {cite('kalman')}."
    )
    embedder = (found.detect or {}).get("settings", {}).get("embedder")
    if embedder:
        network = f" {cite('osnet')}" if "osnet" in embedder else ""
        yield ReportText(
            f"Appearance was computed once for each detection by the embedder {embedder}{network} and recorded with "
            "it; "
            "trackers that use appearance read it from there."
        )
    items = []
    for one in found.trackers:
        text = TRACKERS.get(one.tracker, f"is code of the author's own ({one.tracker})")
        own = cite(one.tracker) if one.tracker in cite.known else ""
        name = one.name if one.name.lower() == one.tracker else f"{one.name} ({one.tracker})"
        items.append(f"{name} {text} {own}".strip() + ".")
    yield ReportList(tuple(items))
    yield ReportText(
        f"Scores: HOTA {cite('hota')} is the geometric mean of detection accuracy (DetA) and association accuracy "
        "(AssA), "
        "averaged over thresholds of overlap; a box counts in AssA by how much of its true track and its found track "
        "are "
        f"the same. MOTA {cite('clear')} counts misses, false positives and identity switches (IDSW); Frag is how "
        "often a "
        f"track is interrupted. IDF1 {cite('idf1')} is the share of boxes with the right identity when each player "
        "gets "
        f"one track. Detectors are judged by COCO's average precision {cite('coco')}: AP50 at an overlap of 0.5, AP "
        "over "
        "overlaps from 0.5 to 0.95. All are in per cent, except counts."
    )
    yield ReportText(
        "Spread: clips of one match are alike, so whole matches are drawn with repetition, 2,000 times, and the "
        f"difference is computed on each draw {cite('bootstrap')}; the range given holds 90 % of the draws. Where it "
        "contains 0, this experiment does not show a difference."
    )


def data(found: ReportEvidence, cite: Citations) -> Iterator[Block]:
    """What the experiment was made on, and what is wrong with it."""
    experiment = found.experiment
    yield ReportHeading("Data")
    sequences = sequences_of(experiment, dict(found.results))
    yield ReportText(_origin(experiment, cite))
    sample = _sample(sequences)
    if sample is not None:
        yield sample
    if found.audit and "detector" in found.audit:
        yield _splits(found.audit["detector"]["statistics"])
    yield _sequence_table(found, sequences)
    if found.audit:
        shown = {name: one["statistics"]["box_height"] for name, one in found.audit.items()}
        shown = {f"{name} data": one for name, one in shown.items() if one["counts"]}
        if shown:
            yield ReportChart(
                lambda: charts.heights(shown),
                "How tall the boxes are, in per cent of the boxes of each data set.",
                "Histogram of the heights of boxes",
            )
        yield from _findings(found.audit)


def _origin(experiment: Any, cite: Citations) -> str:
    data = experiment.data
    if isinstance(data, RenderedData):
        more = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in data.more.items())
        return (
            "The pictures are rendered football with exact truth: 22 players, a referee and the ball under a broadcast "
            f"camera that pans and zooms. {many(data.train, 'sequence')} to learn from, {data.val} to judge the "
            "detector "
            f"and {data.test} to track have seeds of their own, so no match is seen twice. Every {data.every}th frame "
            "of "
            f"the first two is a picture of the detector's data set. Settings of the renders: {more or 'defaults'}."
        )
    if isinstance(data, ConvertedData):
        return (
            f"The data are SportsMOT {cite('sportsmot')}, sport: {data.sport}. Every {data.every}th frame of its "
            "train and "
            "val splits is a picture of the detector's data set; the val split's clips are tracked."
        )
    given = f" Their detections are {data.detections} in each folder." if data.detections else ""
    learned = f" The detector's data set is {Path(data.detector).name}." if data.detector else ""
    return f"The sequences are those of the folder {Path(data.sequences).name}.{given}{learned}"


def _splits(statistics: dict[str, Any]) -> ReportTable:
    splits = statistics["splits"]
    names = ["pictures", *["clips"] * any(one["clips"] for one in splits.values()), "boxes"]
    rows = [(split, *(f"{counts[name]:,}" for name in names)) for split, counts in splits.items()]
    classes = ", ".join(f"{name} {count:,}" for name, count in statistics["boxes_per_class"].items())
    return ReportTable(("split", *names), tuple(rows), f"The detector's data set. Boxes by class: {classes}.")


def _sequence_table(found: ReportEvidence, sequences: list[TestSequence]) -> ReportTable:
    from sportstrack.seqinfo import read_sequence_info

    scores = {one.name: one for one in found.trackers[0].scores.parts}
    rows = []
    for one in sequences[:_ROWS]:
        info, truth = read_sequence_info(one.folder), scores[one.name]
        size = f"{info.size[0]} × {info.size[1]}" if info.size else "–"
        rate = f"{info.frame_rate:g}" if info.frame_rate else "–"
        density = truth.GT_Dets / max(truth.frames, 1)
        rows.append(
            (one.name, f"{truth.frames:,}", size, rate, f"{truth.GT_Dets:,}", f"{truth.GT_IDs:,}", f"{density:.1f}")
        )
    more = f" The first {_ROWS} of {len(sequences)}." if len(sequences) > _ROWS else ""
    head = ("sequence", "frames", "size", "frames/s", "boxes", "identities", "boxes per frame")
    return ReportTable(head, tuple(rows), f"The sequences that are tracked.{more}")


def _findings(audit: Any) -> Iterator[Block]:
    from data_prep.audit.findings import KINDS

    rows = [
        (name, kind, f"{count:,}", KINDS[kind].about if kind in KINDS else "")
        for name, one in audit.items()
        for kind, count in one["counts"].items()
    ]
    looked = sum(one["pictures_looked_at"] for one in audit.values())
    if not rows:
        yield ReportText(f"An audit of labels, splits and {many(looked, 'picture')} found no fault.")
        return
    yield ReportTable(
        ("data", "finding", "number", "meaning"),
        tuple(rows),
        f"What an audit of labels, splits and {many(looked, 'picture')} found.",
        words=frozenset({0, 1, 3}),
    )


def _sample(sequences: list[TestSequence]) -> ReportPicture | None:
    """Return the middle frame of the first sequence that has pictures, with its true boxes."""
    from PIL import Image, ImageDraw

    from sportstrack.evaluate.page import Images
    from sportstrack.images.decode import read_picture
    from sportstrack.mot import read_mot

    for one in sequences:
        files = Images.find(one.name, one.folder, None).files
        if not files:
            continue
        frame = len(files) // 2
        picture = Image.fromarray(np.ascontiguousarray(read_picture(files[frame])[:, :, ::-1]))
        table = read_mot(one.truth)
        pen = ImageDraw.Draw(picture)
        for box in table.xyxy[(table.frame == frame) & (table.score != 0)].tolist():
            pen.rectangle(box, outline=(0, 200, 0), width=max(1, picture.width // 640))
        picture.thumbnail((_WIDEST, _WIDEST))
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=85)
        text = f"Frame {frame + 1} of {one.name}, with its true boxes."
        return ReportPicture(out.getvalue(), text, text)
    return None
