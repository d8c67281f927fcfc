"""Video in parts, and recordings by the hour."""

from __future__ import annotations

import io
import json
import os
import threading
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_video import number_of, picture

from sportstrack.errors import SourceError
from sportstrack.serve.processes.messages import MessageParts, packed
from sportstrack.serve.streams import recorder
from sportstrack.serve.streams.mp4 import FragmentEncoder, shifted, ticks_of
from sportstrack.serve.streams.reader import PatientReader
from sportstrack.serve.streams.recorder import HourlyRecorder

SIZE = (64, 48)
Part = tuple[bytes, bool, float]


def encoded(
    count: int, rate: float = 10.0, size: tuple[int, int] = SIZE, begin: float = 0.0
) -> tuple[bytes, list[Part]]:
    heads: list[bytes] = []
    parts: list[Part] = []
    encoder = FragmentEncoder(*size, rate, heads.append, lambda *part: parts.append(part))
    for number in range(count):
        encoder.write(picture(number, size), begin + number / rate)
    encoder.close()
    (head,) = heads
    return head, parts


def played(data: bytes) -> tuple[list[int], list[float]]:
    with av.open(io.BytesIO(data)) as container:
        frames = list(container.decode(video=0))
    return [number_of(frame.to_ndarray(format="bgr24")) for frame in frames], [frame.time for frame in frames]


def test_each_picture_is_a_part_and_a_viewer_can_begin_at_any_key_frame() -> None:
    head, parts = encoded(35, begin=100.0)
    assert len(parts) == 35
    assert [place for place, (_, key, _) in enumerate(parts) if key] == [0, 10, 20, 30]
    assert [seconds for _, _, seconds in parts] == pytest.approx([100 + n / 10 for n in range(35)])
    late = parts[20:]
    begin = ticks_of(late[0][0])
    numbers, times = played(head + b"".join(shifted(part, begin) for part, _, _ in late))
    assert numbers == [n % 25 for n in range(20, 35)]
    assert times == pytest.approx([n / 10 for n in range(15)])


def test_odd_sizes_and_times_that_do_not_grow_are_taken() -> None:
    parts: list[Part] = []
    encoder = FragmentEncoder(63, 47, 25.0, lambda _: None, lambda *part: parts.append(part))
    for seconds in (0.0, 0.04, 0.04, 0.01, 0.2):
        encoder.write(np.zeros((47, 63, 3), np.uint8), seconds)
    encoder.close()
    times = [seconds for _, _, seconds in parts]
    assert times == sorted(set(times))


def test_recordings_begin_anew_with_the_hour_and_play_each_by_itself(tmp_path: Path) -> None:
    head, parts = encoded(60)
    now = [3600.0 * 10 - 2.95]
    recorder = HourlyRecorder(tmp_path, "cam", lambda text: pytest.fail(text), clock=lambda: now[0])
    recorder.head(head)
    for number, (part, key, _) in enumerate(parts):
        now[0] += 0.1
        recorder.part(part, key)
        recorder.line(json.dumps({"frame": number + 1}).encode())
        if number == 20:  # a file that grows plays already
            (growing,) = tmp_path.glob("*.part.mp4")
            assert len(played(growing.read_bytes())[0]) == 21
    recorder.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        "cam_1970-01-01_09-59-57.jsonl",
        "cam_1970-01-01_09-59-57.mp4",
        "cam_1970-01-01_10-00-00.jsonl",
        "cam_1970-01-01_10-00-00.mp4",
    ]
    first, second = (played(path.read_bytes()) for path in sorted(tmp_path.glob("*.mp4")))
    assert first[0] + second[0] == [n % 25 for n in range(60)]
    assert first[1][0] == second[1][0] == 0
    lines = [line for path in sorted(tmp_path.glob("*.jsonl")) for line in path.read_text().splitlines()]
    frames = [json.loads(line)["frame"] for line in lines]
    assert frames == list(range(1, 61))


def test_a_disk_that_takes_nothing_is_told_and_tried_again(tmp_path: Path) -> None:
    head, parts = encoded(30)
    now, told = [0.0], list[str]()
    recorder = HourlyRecorder(tmp_path / "cam", "cam", told.append, clock=lambda: now[0])
    recorder.head(head)
    (tmp_path / "cam").rmdir()
    for part, key, _ in parts[:20]:
        recorder.part(part, key)
    assert len(told) == 1
    assert "tried again in 30 s" in told[0]
    (tmp_path / "cam").mkdir()
    now[0] = 31.0
    for part, key, _ in parts[20:]:
        recorder.part(part, key)
    recorder.close()
    (found,) = (tmp_path / "cam").glob("*.mp4")
    assert len(played(found.read_bytes())[0]) == 10


def test_some_of_the_disk_stays_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head, parts = encoded(40)
    now, told, free = [0.0], list[str](), [100]
    monkeypatch.setattr(recorder.shutil, "disk_usage", lambda _: SimpleNamespace(free=free[0]))
    written = HourlyRecorder(tmp_path, "cam", told.append, clock=lambda: now[0], keep_free=50)
    written.head(head)
    for number, (part, key, _) in enumerate(parts):
        free[0] = 100 if number < 15 else 10  # key frames are 0, 10, 20, 30
        now[0] = 1.0 if number < 30 else 40.0  # long enough to try again, in vain
        written.part(part, key)
    assert told == ["recording stopped: the disk is full; tried again in 30 s"] * 2
    (found,) = tmp_path.glob("*.mp4")
    assert len(played(found.read_bytes())[0]) == 20
    written.close()


def test_old_recordings_go(tmp_path: Path) -> None:
    for name, age in (("old.mp4", 90), ("old.jsonl", 90), ("new.mp4", 10), ("grows.part.mp4", 90)):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (1000 - age,) * 2)
    recorder.remove_old(tmp_path, 1000 - 60)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["grows.part.mp4", "new.mp4"]


def test_what_a_killed_process_left_gets_its_name(tmp_path: Path) -> None:
    (tmp_path / "cam_x.part.mp4").write_bytes(b"something")
    (tmp_path / "cam_x.part.jsonl").write_bytes(b"")
    HourlyRecorder(tmp_path, "cam", print)
    assert [path.name for path in tmp_path.iterdir()] == ["cam_x.mp4"]


@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 255), st.binary(max_size=50)), max_size=8), st.data()
)
def test_messages_come_out_as_they_went_in(messages: list[tuple[int, int, bytes]], data: st.DataObject) -> None:
    whole = b"".join(packed(*message) for message in messages)
    parts, found, place = MessageParts(), [], 0
    while place < len(whole):
        size = data.draw(st.integers(1, 40))
        found += parts.feed(whole[place : place + size])
        place += size
    assert found == messages


def test_a_kind_of_address_that_ffmpeg_lacks_is_told_at_once() -> None:
    """Waiting would not help, so the reader does not try again."""
    told: list[tuple[str, str]] = []
    with pytest.raises(SourceError, match=r"cannot read nosuch: addresses; let another one hand it on"):
        PatientReader("nosuch://127.0.0.1:9710", lambda *said: told.append(said), threading.Event(), timeout=1.0)
    assert told == []
