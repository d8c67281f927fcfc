"""Recordings from strangers: whatever is wrong with one ends in a message, before memory is taken for it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.errors import FormatError, SportstrackError
from sportstrack.recording import RecordedFrame, Recording, RecordingInfo, RecordingWriter
from sportstrack.types import Detections

INFO = RecordingInfo("a", 64, 48, 25.0, {0: "player"}, "kit", "flow")


def members(path: Path) -> dict[str, bytes]:
    writer = RecordingWriter(path, INFO)
    for i in range(3):
        mask = np.zeros((2, 48, 64), np.bool_)
        table = Detections(
            np.array([[1.0, 2, 9, 9], [3, 4, 20, 30]]), np.array([0.5, 0.9]), np.zeros(2, np.int64),
            embedding=np.eye(2, 4, dtype=np.float32), keypoints=np.ones((2, 5, 3), np.float32), mask=mask,
        )  # fmt: skip
        writer.write(RecordedFrame(i, i / 25, table, np.eye(2, 3), 1.0 if i == 2 else 0.0))
    writer.close()
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path: Path, parts: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array))
    return stream.getvalue()


def read_all(path: Path) -> list[RecordedFrame]:
    return list(Recording(path))


def change(name: str, edit: Callable[[Any], Any]) -> Callable[[dict[str, bytes]], None]:
    def damage(parts: dict[str, bytes]) -> None:
        key = f"00000/{name}.npy"
        parts[key] = npy(edit(np.load(io.BytesIO(parts[key]))))

    return damage


def remove(name: str) -> Callable[[dict[str, bytes]], None]:
    return lambda parts: parts.pop(f"00000/{name}.npy") and None


def declare(name: str, *shape: int) -> Callable[[dict[str, bytes]], None]:
    def damage(parts: dict[str, bytes]) -> None:
        key, stream = f"00000/{name}.npy", io.BytesIO()
        header = {"descr": "<f8", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, header)
        parts[key] = stream.getvalue()

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        *(
            (remove(name), f"00000/{name} is missing")
            for name in ("index", "time", "count", "xyxy", "score", "class_id")
        ),
        (remove("mask_shape"), "mask_shape is missing"),
        (change("count", lambda a: a + 1), r"has shape \(6, 4\), expected \(9, 4\)"),
        (change("count", lambda a: a * 0 + [-1, 4, 3]), "outside 0 to"),
        (change("count", lambda a: a * 0 + 2**62), "outside 0 to"),
        (change("count", lambda a: a.astype(float)), "expected whole numbers"),
        (change("index", lambda a: a[::-1]), "frame 1 is out of order"),
        (change("index", lambda a: a + 2**40), "outside 0 to"),
        (change("time", lambda a: a * np.nan), "outside"),
        (change("time", lambda a: -a), "out of order"),
        (change("xyxy", lambda a: a[:, :3]), "expected"),
        (change("xyxy", lambda a: a.astype("U5")), "expected numbers"),
        (change("score", lambda a: a.astype(complex)), "expected numbers"),
        (change("class_id", lambda a: a + 10**9), "outside -1 to"),
        (change("embedding", lambda a: a[0]), "has shape"),
        (change("keypoints", lambda a: a[..., :2]), "has shape"),
        (change("camera", lambda a: a[:1]), "has shape"),
        (change("cut", lambda a: a + 5), "outside 0 to 1"),
        (change("mask_shape", lambda a: a * 1000), "expected height and width of up to"),
        (change("mask_counts", lambda a: a.astype("U5")), "expected whole numbers"),
        (declare("xyxy", 10**9, 4), "arrays are read up to"),
        (declare("xyxy", 6, 4), "bytes, its shape wants"),
        (declare("xyxy", -6, 4), "is no array"),
    ],
)
def test_wrong_arrays_are_refused(damage: Callable[[dict[str, bytes]], None], message: str, tmp_path: Path) -> None:
    parts = members(tmp_path / "a.npz")
    damage(parts)
    with pytest.raises(FormatError, match=message) as caught:
        read_all(rewritten(tmp_path / "a.npz", parts))
    assert str(tmp_path / "a.npz") in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("width", value) for value in (0, -1, 2.5, "64", None, 10**9, True)),
        *(("frame_rate", value) for value in (0, -25, "fast", None, float("nan"), 1e300)),
        *(("names", value) for value in ([], None, {"x": "player"}, {"-1": "a"}, {"9" * 20: "a"})),
        *(("name", value) for value in (None, 7, [])),
        *(("embedder", value) for value in (7, ["kit"])),
        ("version", 99),
        ("version", None),
    ],
)  # fmt: skip
def test_a_wrong_description_is_refused(key: str, value: Any, tmp_path: Path) -> None:
    parts = members(tmp_path / "a.npz")
    meta = json.loads(str(np.load(io.BytesIO(parts["meta.npy"]))))
    parts["meta.npy"] = npy(json.dumps(meta | {key: value}))
    with pytest.raises(FormatError, match=r"a\.npz, meta: (.*expected|written by a newer)"):
        Recording(rewritten(tmp_path / "a.npz", parts))


@pytest.mark.parametrize("data", [b"", b"1,1,10,20,30,40\n", b"PK\x03\x04", b"\x93NUMPY", b"\x80\x04\x95"])
def test_a_file_that_is_no_recording(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(FormatError, match="expected a recording of detections") as caught:
        Recording(tmp_path / "a.npz")
    assert "pickle" not in str(caught.value).replace(str(tmp_path), "").lower()


def test_objects_are_refused(tmp_path: Path) -> None:
    parts = members(tmp_path / "a.npz")
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.array([{}, []], dtype=object), allow_pickle=True)
    parts["00000/xyxy.npy"] = stream.getvalue()
    with pytest.raises(FormatError, match="xyxy is no array of numbers") as caught:
        read_all(rewritten(tmp_path / "a.npz", parts))
    assert "pickle" not in str(caught.value).lower()


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    parts = members(tmp_path / "a.npz")
    parts["00000/xyxy.npy"] = npy(np.zeros((3_000_000, 4)))  # 96 MB out of 100 KB
    path = rewritten(tmp_path / "a.npz", parts)
    with pytest.raises(FormatError, match=r"has shape \(3000000, 4\), expected \(6, 4\)"):
        read_all(path)


def test_an_entry_that_claims_more_than_the_file_is_refused(tmp_path: Path) -> None:
    members(tmp_path / "a.npz")
    data = bytearray((tmp_path / "a.npz").read_bytes())
    entry = data.index(b"PK\x01\x02", data.index(b"00000/time.npy"))  # the central header of one of the arrays
    data[entry + 20 : entry + 24] = b"\xf0\xff\xff\x7f"  # its packed size: 2 GB
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(FormatError, match="is damaged"):
        read_all(tmp_path / "a.npz")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_damage_ends_in_a_clear_error(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("r") / "a.npz"
    members(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    message = ""
    try:
        read_all(path)
    except SportstrackError as error:
        message = str(error)
    assert not message or "a.npz" in message
