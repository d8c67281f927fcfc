"""The parts below the routes: series, tracks in pages, database, events, what loads."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving import TOKEN, served

from sportstrack.cli import main
from sportstrack.errors import OutputError, SourceError
from sportstrack.serve.events import ServerEvent, _with_beats
from sportstrack.serve.jobs.trackfile import MOST_FRAMES, TrackFileWriter, page_text, read_page, rows_of, write_table
from sportstrack.serve.metrics.series import SHARE, Series, as_csv
from sportstrack.serve.store import NAME, Database

ABOUT = {"frame_rate": 25.0, "width": 100, "height": 100}


# --- series ----------------------------------------------------------------------------------------------------------


def test_a_series_stays_short_and_keeps_its_span_and_mean(tmp_path: Path) -> None:
    store = Database(tmp_path)
    series, count = Series(store), 12_000
    with store.transaction():
        for n in range(count):
            series.add("job a", {"value": float(n % 100), "rare": 1.0 if n > count - 3 else None}, at=float(n))
    rows = series.rows("job a")
    times = np.array([at for at, _ in rows])
    gaps, ages = np.diff(times), count - times[1:]
    assert (times[0], times[-1]) == (0, count - 1)
    assert len(rows) < 2500
    assert gaps[-300:].max() == 1  # what is new is fine
    assert (gaps <= np.maximum(2 * ages / SHARE, 1)).all()
    assert gaps[:20].max() > 10  # what is old is coarse
    spans = np.diff(times, append=count)
    mean = sum(values["value"] * span for (_, values), span in zip(rows, spans, strict=True)) / count
    assert mean == pytest.approx(49.5, abs=0.01)
    columns, table = series.table("job a", since=11_999)
    assert as_csv(columns, table) == "time,value,rare\n11999.0,99.0,1.0\n"
    series.remove("job a")
    assert series.rows("job a") == []
    store.close()


# --- tracks in pages -------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 4), max_size=40), st.integers(1, 45), st.integers(1, 45))
def test_pages_hold_the_rows_of_their_frames(tmp_path_factory: Any, counts: list[int], first: int, last: int) -> None:
    folder = tmp_path_factory.mktemp("tracks")
    expected = []
    with TrackFileWriter(folder, ABOUT) as writer:
        for frame, count in enumerate(counts):
            boxes = np.arange(4 * count, dtype=float).reshape(count, 4)
            writer.add(frame, frame / 25, rows_of(frame, np.arange(count), boxes, np.ones(count), np.zeros(count)))
            expected += [[frame + 1, n, *boxes[n].tolist(), 1.0, 0, None, None] for n in range(count)]
    page = read_page(folder, first, last)
    assert page is not None
    assert page["rows"] == [row for row in expected if first <= row[0] <= last]
    assert page["frames_total"] == len(counts)
    assert json.loads("".join(page_text(folder, first, last) or ())) == page


def test_tracks_are_read_while_they_are_written(tmp_path: Path) -> None:
    writer = TrackFileWriter(tmp_path, ABOUT)
    for frame in range(30):
        writer.add(frame, frame / 25, rows_of(frame, [1], [[0, 0, 1, 1]], [1], [0]))
    page = read_page(tmp_path, 1, None)
    assert page is not None
    assert len(page["rows"]) == 25  # the rest waits
    with (tmp_path / "rows.bin").open("r+b") as file:  # a writer that was killed in the middle of a row
        file.truncate(file.seek(0, 2) - 5)
    page = read_page(tmp_path, 1, None)
    assert page is not None
    assert [row[0] for row in page["rows"]] == list(range(1, 25))
    writer.close()


def test_times_are_sent_where_frames_are_not_even(tmp_path: Path) -> None:
    with TrackFileWriter(tmp_path / "a", ABOUT) as writer:
        for frame, seconds in ((0, 0.0), (2, 0.5), (3, 0.6)):
            writer.add(frame, seconds, rows_of(frame, [1], [[0, 0, 1, 1]], [1], [0]))
    page = read_page(tmp_path / "a", 1, None)
    assert page is not None
    assert page["times"] == [0.0, 0.25, 0.5, 0.6]
    write_table(tmp_path / "b", ABOUT, [3, 0, 3], [1, 1, 2], np.zeros((3, 4)), [1, 1, 1], [0, 0, 0], 25.0)
    page = read_page(tmp_path / "b", 1, None)
    assert page is not None
    assert page["times"] is None
    assert [row[:2] for row in page["rows"]] == [[1, 1], [4, 1], [4, 2]]
    assert read_page(tmp_path / "none", 1, None) is None


def test_a_page_of_a_whole_match_reads_that_page_alone(tmp_path: Path) -> None:
    frames, players = 135_000, 25
    numbers = np.repeat(np.arange(frames), players)
    ids = np.tile(np.arange(players), frames)
    write_table(tmp_path, ABOUT, numbers, ids, np.zeros((len(ids), 4)), np.ones(len(ids)), np.zeros(len(ids)), 25.0)
    page = read_page(tmp_path, 100_000, None)
    assert page is not None
    assert page["frames_total"] == frames
    assert len(page["rows"]) == MOST_FRAMES * players
    assert page["rows"][0][:2] == [100_000, 0]


# --- database --------------------------------------------------------------------------------------------------------


def test_the_schema_is_brought_up_to_date_and_never_back(tmp_path: Path) -> None:
    store = Database(tmp_path)
    store.migrate("part", ["CREATE TABLE a (x INTEGER)"])
    store.insert("a", x=1)
    store.close()
    store = Database(tmp_path)
    store.migrate("part", ["CREATE TABLE a (x INTEGER)", "ALTER TABLE a ADD y INTEGER; UPDATE a SET y = x + 1"])
    assert tuple(store.one("SELECT x, y FROM a") or ()) == (1, 2)
    with pytest.raises(SourceError, match="newer"):
        store.migrate("part", ["CREATE TABLE a (x INTEGER)"])
    store.close()


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    store = Database(tmp_path)
    with pytest.raises(Exception, match="syntax"):
        store.migrate("part", ["CREATE TABLE a (x INTEGER); NONSENSE"])
    assert store.one("SELECT name FROM sqlite_master WHERE name = 'a'") is None
    store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs resource limits")
def test_a_disk_that_fails_is_said_and_the_database_lives_on(tmp_path: Path) -> None:
    import resource

    store = Database(tmp_path)
    store.migrate("part", ["CREATE TABLE a (x TEXT)"])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(OutputError, match=f"{NAME}.*disk"):
            store.insert("a", x="x" * 1_000_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    store.insert("a", x="y")
    assert [tuple(row) for row in store.all("SELECT x FROM a")] == [("y",)]
    store.close()


def test_a_damaged_database_is_said(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"this is no database, however long it is " * 100)
    with pytest.raises(SourceError, match="move it away"):
        Database(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="rights of POSIX")
def test_other_users_cannot_read_the_data(tmp_path: Path) -> None:
    with served(tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0


# --- events ----------------------------------------------------------------------------------------------------------


def test_events_are_one_block_each_whatever_they_hold() -> None:
    block = ServerEvent("log", {"message": "a\nb\r\n\ndata: c\u2028é"}, 7).encode().decode()
    assert block.startswith("id: 7\nevent: log\ndata: ")
    assert block.count("\n") == 4
    assert block.endswith("\n\n")


def test_a_silent_stream_says_that_it_lives() -> None:
    async def two() -> Any:
        yield ServerEvent("a", 1)
        await asyncio.sleep(0.25)
        yield ServerEvent("b", 2)

    async def read() -> list[bytes]:
        return [part async for part in _with_beats(two(), 0.1)]

    parts = asyncio.run(read())
    assert parts[0].startswith(b"retry")
    assert parts[1] == b"event: a\ndata: 1\n\n"
    assert b": alive\n\n" in parts
    assert parts[-1] == b"event: b\ndata: 2\n\n"


# --- what loads, what is said ----------------------------------------------------------------------------------------


def test_the_service_s_process_loads_no_network_library(tmp_path: Path, matches: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from serving import served
with served(Path({str(tmp_path)!r}), plugins=("toy:find",), folders=({str(matches)!r},)) as server:
    assert server.ended(server.send()["id"])["state"] == "done"
    server.client.get("/metrics"), server.client.get("/v1/openapi.json"), server.client.get("/v1/settings/sot")
print([name for name in ("torch", "openvino", "ultralytics", "cv2", "av", "onnxruntime") if name in sys.modules])
"""
    paths = os.pathsep.join([str(Path(__file__).parents[1] / "helpers"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
        check=False,
    )
    assert done.stdout == "[]\n", done.stderr


def test_help_loads_neither_fastapi_nor_uvicorn() -> None:
    code = "import sys\nfrom sportstrack.cli import main\ntry: main(['serve', '--help'])\nexcept SystemExit: pass\n"
    code += "assert not {'fastapi', 'uvicorn', 'starlette', 'pydantic'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("missing", ["fastapi", "uvicorn", "prometheus_client"])
def test_a_missing_extra_is_one_line(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import sportstrack.serve.run as run

    monkeypatch.setattr(run, "find_spec", lambda name: None if name == missing else object())
    assert main(["serve", "--data", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "pip install 'sportstrack[serve]'" in error


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "0.0.0.0"], "token"),
        (["--token", "short"], "at least 8"),
        (["--token-file", "{folder}/none"], "token"),
        (["--data", "{folder}/file/x"], "file"),
        (["--port", "99999"], "65535"),
        (["--host", "203.0.113.9", "--token", "long enough"], "--port"),
    ],
)
def test_a_wrong_option_is_one_line(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    words = [word.format(folder=tmp_path) for word in words]
    try:
        status = main(["serve", *words])
    except SystemExit as error:
        status = int(error.code or 0)
    assert status == 2
    error_text = capsys.readouterr().err
    assert (error_text.count("\n"), said in error_text) == (1, True), error_text


def test_secrets_are_not_written_anywhere(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    source = {"url": "rtsp://user:pass-word@127.0.0.1:9/x"}
    token = "s3cret-token-of-the-test"
    with served(tmp_path, token=token, streams=("rtsp://127.0.0.1:9/*",), plugins=("toy:find",)) as server:
        ended = server.ended(server.send(source=source)["id"])
        assert ended["state"] == "failed"
        said = server.client.get(f"/v1/jobs/{ended['id']}/events").text + str(ended)
        assert "pass-word" not in said
        server.client.get(f"/v1/login?token={token}", headers={"Authorization": f"Bearer {token}x"})
    logged = "".join(capfd.readouterr())
    assert token not in logged
    assert "pass-word" not in logged
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert token.encode() not in path.read_bytes(), path


def test_the_service_s_own_series_fills_with_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sportstrack.serve.metrics.routes._EVERY", 0.05)
    with served(tmp_path) as server:
        end = time.monotonic() + 20
        while not (series := server.client.get("/v1/series?name=queue_length&name=memory_bytes").json()["series"]):
            assert time.monotonic() < end
        assert set(series) == {"queue_length", "memory_bytes"}
        assert series["memory_bytes"][0][1] > 1e6
        assert server.client.get("/v1/series?of=nothing").json() == {"series": {}}
        head, first, *_ = server.client.get("/v1/series.csv?name=queue_length&name=memory_bytes").text.splitlines()
        assert head == "time,queue_length,memory_bytes"
        assert float(first.split(",")[2]) > 1e6
        table = parquet.read_table(io.BytesIO(server.client.get("/v1/series.parquet?name=memory_bytes").content))
        assert table.column_names == ["time", "memory_bytes"]
        assert table.column("memory_bytes")[0].as_py() > 1e6
        assert TOKEN not in server.client.get("/metrics").text
