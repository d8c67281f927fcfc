"""Findings in labels: boxes, identities and classes. No pixels are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from data_prep.audit import rules
from data_prep.audit.findings import Finding
from data_prep.audit.source import AuditSource
from sportstrack.options import check_options, option


@dataclass(frozen=True)
class Thresholds:
    """The limits beyond which something is a finding.

    Attributes:
        overhang: pixels by which a box may reach out of its picture.
        overlap: least IoU of two boxes of a class that are near-duplicates.
        jump: body heights per frame that an identity may move.
        imbalance: times that the most frequent class may outnumber another.
        light: robust standard deviations that a picture's brightness may lie off its clip's median.
        blur: share of its clip's median sharpness below which a picture counts as blurred.
        near: bits of 64 in which the perceptual hashes of near-identical pictures may differ.

    Raises:
        SettingError: a value out of range.
    """

    overhang: float = option(1.0, "pixels by which a box may reach out of its picture", low=0, metavar="X")
    overlap: float = option(
        0.95, "least IoU of two boxes of a class that are near-duplicates", low=0.1, high=1, metavar="X"
    )
    jump: float = option(1.0, "body heights per frame that an identity may move", low=0, metavar="X")
    imbalance: float = option(100.0, "times that the most frequent class may outnumber another", low=1, metavar="X")
    light: float = option(
        6.0, "robust standard deviations that a picture's brightness may lie off its clip's median", low=1, metavar="X"
    )
    blur: float = option(
        0.25, "share of its clip's median sharpness below which a picture counts as blurred", low=0, high=1, metavar="X"
    )
    near: int = option(
        4, "bits of 64 in which the perceptual hashes of near-identical pictures may differ", low=0, high=16,
        metavar="N",
    )  # fmt: skip

    def __post_init__(self) -> None:
        check_options(self)


def check_labels(source: AuditSource, thresholds: Thresholds) -> Iterator[Finding]:
    """Yield what is wrong with boxes, identities and classes."""
    yield from _bad_boxes(source, thresholds)
    yield from _duplicates(source, thresholds)
    yield from _tracks(source, thresholds)
    yield from _imbalance(source, thresholds)


def _bad_boxes(source: AuditSource, thresholds: Thresholds) -> Iterator[Finding]:
    table = source.table
    xyxy, size = table.boxes.xyxy, table.images.size[table.boxes.image]
    for row in np.flatnonzero(rules.not_finite(table)).tolist():
        yield source.of_boxes("not finite", f"corners {_numbers(xyxy[row])}", row)
    for row in np.flatnonzero(rules.no_size(table)).tolist():
        width, height = (xyxy[row, 2:] - xyxy[row, :2]).tolist()
        yield source.of_boxes("no size", f"{width:g} wide and {height:g} high", row)
    for row in np.flatnonzero(rules.outside(table)).tolist():
        text = f"corners {_numbers(xyxy[row])} in a picture of {size[row, 0]}x{size[row, 1]}"
        yield source.of_boxes("outside picture", text, row)
    over = rules.overhang(table)
    for row in np.flatnonzero(over > thresholds.overhang).tolist():
        text = f"{over[row]:.1f} pixels beyond the {size[row, 0]}x{size[row, 1]} picture: {_numbers(xyxy[row])}"
        yield source.of_boxes("beyond picture", text, row)


def _duplicates(source: AuditSource, thresholds: Thresholds) -> Iterator[Finding]:
    table = source.table
    repeated = rules.repeated_ids(table)
    same = rules.pair_iou(table.boxes.xyxy[repeated[:, 0]], table.boxes.xyxy[repeated[:, 1]])
    for (first, row), iou in zip(repeated.tolist(), same.tolist(), strict=True):
        text = f"track {table.boxes.track_id[row]} stands in this frame before, {_line(source, first)}; IoU {iou:.2f}"
        yield source.of_boxes("duplicate id", text, first, row)
    near = rules.near_duplicates(table, thresholds.overlap)
    same = rules.pair_iou(table.boxes.xyxy[near[:, 0]], table.boxes.xyxy[near[:, 1]])
    for (first, row), iou in zip(near.tolist(), same.tolist(), strict=True):
        yield source.of_boxes("near-duplicate boxes", f"IoU {iou:.2f} with {_line(source, first)}", first, row)


def _tracks(source: AuditSource, thresholds: Thresholds) -> Iterator[Finding]:
    table = source.table
    frame = table.images.frame[table.boxes.image]
    pairs, speeds = rules.jumps(table, thresholds.jump)
    for (before, row), speed in zip(pairs.tolist(), speeds.tolist(), strict=True):
        text = f"{speed:.1f} body heights per frame since frame {frame[before] + 1} ({_line(source, before)})"
        yield source.of_boxes("jump", text, before, row)
    for row, length in zip(*(column.tolist() for column in rules.track_lengths(table)), strict=True):
        if length == 1:
            yield source.of_boxes("one-frame track", f"track {table.boxes.track_id[row]} has this box alone", row)


def _imbalance(source: AuditSource, thresholds: Thresholds) -> Iterator[Finding]:
    table = source.table
    counts = np.bincount(table.boxes.class_id, minlength=len(table.classes))
    if not len(counts) or counts.max() == 0:
        return
    most = f"{table.classes[int(counts.argmax())]} has {counts.max():,}"
    none = [name for name, count in zip(table.classes, counts.tolist(), strict=True) if not count]
    if none:
        yield Finding("class imbalance", f"no box of {', '.join(none)}; {most}")
    for name, count in zip(table.classes, counts.tolist(), strict=True):
        if 0 < count * thresholds.imbalance < counts.max():
            yield Finding("class imbalance", f"{name} has {count:,} boxes; {most}")


def _line(source: AuditSource, row: int) -> str:
    line = int(source.box_line[row])
    return "a box before" if line < 0 else source.word.format(line)


def _numbers(values: object) -> str:
    return ", ".join(f"{value:.6g}" for value in np.asarray(values).tolist())
