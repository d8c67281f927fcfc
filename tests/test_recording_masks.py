"""Masks in recordings: run lengths, the packed bits of older files, and what does not fit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import masked

from sportstrack.errors import FormatError
from sportstrack.masks import Masks
from sportstrack.recording import RecordedFrame, Recording, RecordingInfo, RecordingWriter
from sportstrack.types import Detections

INFO = RecordingInfo("walk", masked.WIDTH, masked.HEIGHT, 25.0, {0: "player"})


def changed(source: Path, target: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Write a recording again with other arrays."""
    with np.load(source) as file:
        arrays = {name: file[name] for name in file.files}
    change(arrays)
    np.savez(target, **arrays)
    return target


def write(path: Path, tables: list[Detections]) -> Recording:
    writer = RecordingWriter(path, INFO)
    for number, table in enumerate(tables):
        writer.write(RecordedFrame(number, number / 25, table))
    writer.close()
    return Recording(path)


def packed(arrays: dict[str, Any]) -> None:
    """Put the masks as they were written before they became run lengths."""
    tables = [masked.table(frame) for frame in range(5)]
    bits = [np.packbits(np.asarray(table.mask).reshape(len(table), -1), axis=1) for table in tables]
    del arrays["00000/mask_runs"], arrays["00000/mask_counts"]
    arrays["00000/mask"] = np.concatenate(bits)
    meta = json.loads(str(arrays["meta"]))
    del meta["minor"]
    arrays["meta"] = np.array(json.dumps(meta))


def test_recordings_with_packed_bits_are_still_read(tmp_path: Path) -> None:
    new = masked.record(tmp_path / "new.npz", 5)
    old = changed(new, tmp_path / "old.npz", packed)
    for one, other in zip(Recording(old), Recording(new), strict=True):
        assert np.array_equal(np.asarray(one.detections.mask), np.asarray(other.detections.mask))


def test_a_recording_says_its_minor_version(tmp_path: Path) -> None:
    with np.load(masked.record(tmp_path / "new.npz", 1)) as file:
        meta = json.loads(str(file["meta"]))
    assert (meta["version"], meta["minor"]) == (1, 1)


def test_holes_empty_masks_rows_without_one_and_300_in_a_frame_come_back(tmp_path: Path) -> None:
    hole = np.ones((masked.HEIGHT, masked.WIDTH), bool)
    hole[10:20, 10:20] = False
    rows = [hole, np.zeros_like(hole), None, *[masked.ellipse(np.array([k, k, k + 30, k + 40])) for k in range(50)]] * 6
    rows = rows[:300]
    boxes = np.tile([0.0, 0, 40, 40], (300, 1))
    crowd = Detections(boxes, np.ones(300), np.zeros(300, np.int64), mask=Masks.from_array(rows))
    nobody = Detections.empty()
    plain = masked.table(0, masks=False)
    found = [frame.detections for frame in write(tmp_path / "a.npz", [crowd, nobody, plain])]
    assert found[0].mask is not None
    assert crowd.mask is not None
    assert np.array_equal(found[0].mask.has, crowd.mask.has)
    assert np.array_equal(found[0].mask.counts, crowd.mask.counts)
    assert found[1].mask is None
    assert found[2].mask is not None
    assert not found[2].mask.has.any()


def test_masks_of_two_sizes_in_one_recording_are_refused(tmp_path: Path) -> None:
    table = masked.table(0)
    assert table.mask is not None
    with pytest.raises(FormatError, match="masks of one size"):
        write(tmp_path / "a.npz", [table, replace(table, mask=table.mask.at((48, 80)))])


def longer(arrays: dict[str, Any]) -> None:
    arrays["00000/mask_counts"][3] += 1


def shorter(arrays: dict[str, Any]) -> None:
    arrays["00000/mask_counts"] = arrays["00000/mask_counts"][:-2]


def negative(arrays: dict[str, Any]) -> None:
    arrays["00000/mask_counts"] = arrays["00000/mask_counts"].astype(np.int64) - 200


def fewer_rows(arrays: dict[str, Any]) -> None:
    arrays["00000/mask_runs"] = arrays["00000/mask_runs"][:-1]


def huge(arrays: dict[str, Any]) -> None:
    arrays["00000/mask_shape"] = np.array([10**7, 10**7])


def fractions(arrays: dict[str, Any]) -> None:
    arrays["00000/mask_runs"] = arrays["00000/mask_runs"] + 0.5


@pytest.mark.parametrize("change", [longer, shorter, negative, fewer_rows, huge, fractions])
def test_masks_that_do_not_fit_are_refused_with_file_and_chunk(
    change: Callable[[dict[str, Any]], None], tmp_path: Path
) -> None:
    broken = changed(masked.record(tmp_path / "a.npz", 3), tmp_path / "broken.npz", change)
    with pytest.raises(FormatError, match=r"broken\.npz.*00000"):
        list(Recording(broken))
