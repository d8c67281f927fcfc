"""Pictures from anywhere: what is no whole picture of a sensible size is refused before it is decoded."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep.pictures import read_picture as read_labelled
from sportstrack.draw.heatmap import overlay
from sportstrack.errors import FormatError, SourceError, SportstrackError
from sportstrack.images.decode import decode_picture, read_picture
from sportstrack.mine.journal import Journal
from sportstrack.presence.command import main as presence
from sportstrack.sot.evaluate.layouts import find_sequences
from sportstrack.train.pictures import losses, read_results, scores
from sportstrack.types import Detections
from sportstrack.video import open_source

JOB = {"detector": "x", "file": None, "settings": {}}
SHADES = np.linspace(0, 255, 64 * 48 * 3).reshape(48, 64, 3).astype(np.uint8)


def encoded(suffix: str) -> bytes:
    return cv2.imencode(suffix, SHADES)[1].tobytes()


def png_of(width: int, height: int) -> bytes:
    """A PNG that says a size and holds next to nothing."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def many_scans() -> bytes:
    """A progressive JPEG whose last scan is repeated, which keeps decoders busy for a very long time."""
    data = cv2.imencode(".jpg", np.zeros((8000, 8000, 3), np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * 500 + data[-2:]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp", ".webp", ".tif"])
def test_whole_pictures_are_read(suffix: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encoded(suffix))  # the content counts, not the name
    assert read_picture(tmp_path / "a.jpg").shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: encoded(".jpg")[:-40], "was cut off"),
        (lambda: encoded(".png")[:-40], "was cut off"),
        (lambda: encoded(".webp")[:-40], "was cut off|not a readable"),
        (lambda: b"", "not a readable picture"),
        (lambda: b"\0\5\26\7mac", "not a readable picture"),
        (lambda: b"GIF89a" + bytes(40), "expected JPEG, PNG, BMP, WebP or TIFF"),
        (lambda: png_of(60_000, 60_000), "pixels that are read|pictures are read up to"),
        (lambda: png_of(10**9, 1), "pictures are read up to|pixels that are read|not a readable"),
        (many_scans, "scans of 8000x8000"),
    ],
)
def test_others_are_refused(make: Callable[[], bytes], message: str, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(make())
    with pytest.raises(SourceError, match=f"a\\.jpg: .*({message})"):
        read_picture(tmp_path / "a.jpg")
    with pytest.raises(FormatError, match=f"a\\.jpg: .*({message})"):
        read_labelled(str(tmp_path / "a.jpg"))


@settings(max_examples=50, deadline=None)
@given(data=st.data(), suffix=st.sampled_from([".jpg", ".png", ".bmp", ".webp", ".tif"]))
def test_any_damage_is_read_or_refused(data: st.DataObject, suffix: str) -> None:
    content = bytearray(encoded(suffix))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    message = ""
    try:
        decode_picture(bytes(content), "a.jpg")
    except SportstrackError as error:
        message = str(error)
    assert not message or message.startswith("a.jpg")


def test_a_folder_with_notes_of_a_mac_holds_its_pictures_alone(tmp_path: Path) -> None:
    for name in ("000001.jpg", "000002.jpg"):
        (tmp_path / "img" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "img" / name).write_bytes(encoded(".jpg"))
        (tmp_path / "img" / f"._{name}").write_bytes(b"\0\5\26\7mac")
    (tmp_path / "img" / ".DS_Store").write_bytes(b"\0")
    (tmp_path / "groundtruth.txt").write_text("1,2,10,10\n2,2,10,10\n", encoding="utf-8")
    (tmp_path / "._groundtruth.txt").write_bytes(b"\0\5\26\7mac")
    with open_source(tmp_path / "img") as source:
        assert [frame.index for frame in source] == [0, 1]
    (sequence,) = find_sequences(tmp_path).values()
    assert len(sequence.images) == 2


# --- presence --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("far", ["100000", "1e8", "1e300", "30000"])
def test_one_box_far_outside_makes_no_giant_picture(
    far: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r.txt").write_text(f"1,1,100,100,40,90,1\n2,2,{far},{far},40,90,1\n", encoding="utf-8")
    assert presence([str(tmp_path / "r.txt"), "-o", str(tmp_path / "h.png")]) == 2
    said = capsys.readouterr().err
    assert "r.txt: the box of id 2 in frame 2 reaches to" in said
    assert "--video" in said
    assert presence([str(tmp_path / "r.txt"), "--id", "1", "-o", str(tmp_path / "h.png"), "--quiet"]) == 0


def test_an_overlay_has_no_seams() -> None:
    rng = np.random.default_rng(0)
    image, heat = rng.integers(0, 255, (700, 20, 3), np.uint8), rng.random((700, 20)).astype(np.float32)
    whole = overlay(image, heat)
    for rows in (slice(0, 300), slice(300, 700), slice(255, 257)):
        np.testing.assert_array_equal(overlay(image[rows], heat[rows]), whole[rows])


# --- files of earlier runs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "[]", "7", "{}", '{"picture": 1}', "[" * 5000, "\ufeff", '{"picture": "P", "stamp": 7}',
        '{"picture": "P", "stamp": S, "xyxy": [[1, 2, 3]], "score": [1], "class_id": [0]}',
        '{"picture": "P", "stamp": S, "xyxy": [["a", 2, 3, 4]], "score": [1], "class_id": [0]}',
        '{"picture": "P", "stamp": S, "xyxy": [[1, 2, 3, NaN]], "score": [1], "class_id": [0]}',
        '{"picture": "P", "stamp": S, "xyxy": [[1, 2, 3, 4]], "score": [1, 2], "class_id": [0]}',
        '{"picture": "P", "stamp": S, "xyxy": [[1, 2, 3, 4]], "score": [1], "class_id": [0.5]}',
        '{"picture": "P", "stamp": S, "xyxy": [[1, 2, 3, 4]], "score": [1], "class_id": [9999999999999999999999]}',
        '{"picture": "P", "stamp": S, "xyxy": {}, "score": [1], "class_id": [0]}',
    ],
)  # fmt: skip
def test_a_damaged_line_of_a_journal_counts_as_unknown(line: str, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(encoded(".png"))
    with Journal(tmp_path / "j.jsonl", JOB) as journal:
        journal.put(str(picture), Detections.from_arrays([[1, 2, 9, 9]], [0.5], [0]))
    with Journal(tmp_path / "j.jsonl", JOB) as journal:
        assert journal.get(str(picture)) is not None
    state = picture.stat()
    line = line.replace('"P"', f'"{picture.as_posix()}"').replace("S", f"[{state.st_size}, {state.st_mtime_ns}]")
    (tmp_path / "j.jsonl").write_text(f"{json.dumps(JOB, sort_keys=True)}\n{line}\n", encoding="utf-8")
    with Journal(tmp_path / "j.jsonl", JOB) as journal:
        assert journal.get(str(picture)) is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_results_of_a_training_are_drawn_with_holes(encoding: str, tmp_path: Path) -> None:
    text = "epoch,train/box_loss,metrics/mAP50(B),note\n1,1.5,0.4,ä\n2,x\n3,1.1,0.6,,,7\n"
    (tmp_path / "results.csv").write_bytes(text.encode(encoding))
    columns = read_results(tmp_path / "results.csv")
    assert columns["epoch"] == [1, 2, 3]
    assert np.isnan(columns["train/box_loss"][1])
    losses(columns)
    scores(columns)


def test_results_without_epochs_are_none(tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert read_results(tmp_path / "results.csv") == {}


def test_an_unreadable_picture_is_the_same_fault_with_and_without_ultralytics() -> None:
    from PIL import Image

    from sportstrack.models.checkpoint import import_ultralytics

    import_ultralytics()
    with pytest.raises(Image.UnidentifiedImageError):
        Image.open(io.BytesIO(b"no picture"))
