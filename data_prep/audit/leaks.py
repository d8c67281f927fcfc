"""What leaks from one split to another: the same clips, matches and pictures on both sides."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from data_prep.audit.findings import Finding
from data_prep.audit.pixels import Measured
from data_prep.audit.source import AuditSource
from data_prep.table import NO_SEQUENCE
from sportstrack.types import IntArray

_BITS = np.array([bin(i).count("1") for i in range(1 << 16)], np.uint8)
_CHUNK = 256


def check_clips(source: AuditSource) -> Iterator[Finding]:
    """Yield clips that are in two splits (by name, or by their truth), and matches that are."""
    table = source.table
    by_name: dict[str, list[int]] = defaultdict(list)
    by_truth: dict[bytes, list[int]] = defaultdict(list)
    by_match: dict[str, list[int]] = defaultdict(list)
    for i, sequence in enumerate(table.sequences):
        by_name[sequence.name].append(i)
        by_truth[_truth(source, i)].append(i)
        by_match[sequence.match or sequence.name].append(i)
    by_truth.pop(b"", None)
    reported: set[tuple[int, int]] = set()
    for same, what in ((by_name, "the same name"), (by_truth, "the same boxes")):
        for clips in same.values():
            for a, b in _pairs(clips):
                yield from _same_clip(source, a, b, what, reported)
    for match, clips in by_match.items():
        splits = {table.sequences[i].split: i for i in clips}
        if len(splits) > 1 and not any(pair in reported for pair in combinations(sorted(splits.values()), 2)):
            named = ", ".join(f"{split} ({table.sequences[i].name})" for split, i in sorted(splits.items()))
            yield Finding("match in two splits", f"{match} is in {named}", table.sequences[clips[0]].source)


def clip_twins(source: AuditSource) -> set[tuple[int, int]]:
    """Return pairs of clips in two splits that are one and the same."""
    found: set[tuple[int, int]] = set()
    for finding in check_clips(source):
        if finding.kind == "sequence in two splits":
            a, b = (int(source.table.images.sequence[row]) for row in finding.images)
            found.add((min(a, b), max(a, b)))
    return found


def check_pictures(source: AuditSource, measured: dict[int, Measured], near: int | None) -> Iterator[Finding]:
    """Yield pictures that are in two splits: the same file, or (``near`` not None) similar pictures."""
    twins = clip_twins(source)
    exact: set[int] = set()
    for row, other in _same_bytes(source, measured):
        if not _is_twin(source, row, other, twins):
            exact.add(row)
            yield source.of_image("same picture in two splits", f"the same file as {_named(source, other)}", other, row)
    if near is None:
        return
    left = {row: m for row, m in measured.items() if m.perceptual_hash is not None and row not in exact}
    found = [pair for pair in _similar(source, left, near) if not _is_twin(source, pair[0], pair[1], twins)]
    yield from _by_clip(source, found)


def _truth(source: AuditSource, clip: int) -> bytes:
    table = source.table
    rows = np.flatnonzero(table.images.sequence[table.boxes.image] == clip)
    if not len(rows):
        return b""
    boxes = table.boxes
    frame = table.images.frame[boxes.image[rows]]
    return hashlib.sha256(boxes.xyxy[rows].tobytes() + frame.tobytes() + boxes.track_id[rows].tobytes()).digest()


def _same_clip(source: AuditSource, a: int, b: int, what: str, reported: set[tuple[int, int]]) -> Iterator[Finding]:
    if (a, b) in reported:
        return
    first, second = (source.table.sequences[i] for i in (a, b))
    rows = [np.flatnonzero(source.table.images.sequence == i)[:1].tolist() for i in (a, b)]
    images = tuple(row for found in rows for row in found)
    if first.split == second.split:
        if what != "the same name":
            text = f"{second.name} has the very boxes of {first.name}"
            yield Finding("same truth twice", text, second.source, split=second.split, images=images)
        return
    reported.add((a, b))
    if len(images) == 2:
        text = f"{second.name} ({second.split}) has {what} as {first.name} ({first.split})"
        yield Finding("sequence in two splits", text, second.source, split=second.split, images=images)


def _pairs(clips: list[int]) -> Iterator[tuple[int, int]]:
    return combinations(sorted(clips), 2)


def _is_twin(source: AuditSource, row: int, other: int, twins: set[tuple[int, int]]) -> bool:
    a, b = (int(source.table.images.sequence[i]) for i in (row, other))
    return (min(a, b), max(a, b)) in twins


def _same_bytes(source: AuditSource, measured: dict[int, Measured]) -> Iterator[tuple[int, int]]:
    """(row, the first picture with the same bytes in another split)."""
    splits = source.table.images.split
    seen: dict[str, list[int]] = defaultdict(list)
    for row, m in measured.items():
        if m.digest:
            other = next((i for i in seen[m.digest] if splits[i] != splits[row]), None)
            if other is not None:
                yield row, other
            if all(splits[i] != splits[row] for i in seen[m.digest]):
                seen[m.digest].append(row)


def _similar(source: AuditSource, measured: dict[int, Measured], near: int) -> Iterator[tuple[int, int, int]]:
    """(row, the picture of another split that is most similar, bits that differ)."""
    rows = np.array(list(measured), np.int64)
    hashes = np.array([m.perceptual_hash for m in measured.values()], np.uint64)
    split = source.table.images.split[rows].astype(str) if len(rows) else np.empty(0, str)
    for a, b in combinations(source.table.splits, 2):
        mine, theirs = rows[split == b], rows[split == a]
        if len(mine) and len(theirs):
            best, bits = _nearest(hashes[split == b], hashes[split == a])
            for i in np.flatnonzero(bits <= near).tolist():
                yield int(mine[i]), int(theirs[best[i]]), int(bits[i])


def _nearest(mine: NDArray[np.uint64], theirs: NDArray[np.uint64]) -> tuple[IntArray, IntArray]:
    """(K,) the nearest of ``theirs`` to each of ``mine`` by Hamming distance, and the distance."""
    best, bits = [], []
    for start in range(0, len(mine), _CHUNK):
        differ = mine[start : start + _CHUNK, None] ^ theirs[None, :]
        distance = _BITS[differ.view(np.uint16).reshape(*differ.shape, 4)].sum(axis=2, dtype=np.int64)
        best.append(distance.argmin(axis=1))
        bits.append(distance.min(axis=1))
    return np.concatenate(best), np.concatenate(bits)


def _by_clip(source: AuditSource, found: list[tuple[int, int, int]]) -> Iterator[Finding]:
    """One finding per pair of clips; single pictures each have their own."""
    clip = source.table.images.sequence
    groups: dict[tuple[int, int, int], list[tuple[int, int, int]]] = defaultdict(list)
    for row, other, bits in found:
        single = NO_SEQUENCE in (clip[row], clip[other])
        groups[(int(clip[row]), int(clip[other]), row if single else -1)].append((row, other, bits))
    for pairs in groups.values():
        row, other, bits = min(pairs, key=lambda pair: pair[2])
        text = f"{bits} of 64 bits differ from {_named(source, other)}"
        if len(pairs) > 1:
            text = f"{len(pairs)} pictures of these clips look alike; here {text}"
        yield source.of_image("near-identical pictures in two splits", text, other, row)


def _named(source: AuditSource, row: int) -> str:
    return f"{source.table.images.name[row]} ({source.table.images.split[row]})"
