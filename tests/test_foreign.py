"""Detections of other programs: every form holds the same boxes; what is wrong is refused with file, line and fix."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toy

from sportstrack import Detections, track_video
from sportstrack.errors import FormatError, SourceError
from sportstrack.foreign import ForeignDetections
from sportstrack.track.command import main

SIZE = (160, 120)
FRAMES = 6


def boxes(frame: int) -> list[list[float]]:
    return [[10.0 + 2 * frame, 20, 30 + 2 * frame, 60], [90.0 - frame, 20, 110 - frame, 60]] if frame != 2 else []


def rows() -> list[tuple[int, list[float], float, int]]:
    return [(f, box, 0.9 - 0.1 * i, i) for f in range(FRAMES) for i, box in enumerate(boxes(f))]


def ours(folder: Path) -> Path:
    path = folder / "boxes.csv"
    lines = [
        f"{f},{f / 25},{i},{'player' if i == 0 else 'ball'},{s},{','.join(map(str, b))}\n" for f, b, s, i in rows()
    ]
    path.write_text("frame,time,class_id,class,score,x1,y1,x2,y2\n" + "".join(lines))
    return path


def sides(folder: Path) -> Path:
    path = folder / "sides.csv"
    lines = [f"{f},{b[0]},{b[1]},{b[2] - b[0]},{b[3] - b[1]},{s},{i}\r\n" for f, b, s, i in rows()]
    path.write_text("\ufeffFrame, left, top, width, height, conf, class_id\r\n" + "".join(lines), encoding="utf-8")
    return path


def mot(folder: Path) -> Path:
    (folder / "det").mkdir()
    path = folder / "det" / "det.txt"
    path.write_text(
        "".join(f"{f + 1},-1,{b[0]},{b[1]},{b[2] - b[0]},{b[3] - b[1]},{s},{i + 1},-1,-1\n" for f, b, s, i in rows())
    )
    return path


def coco(folder: Path) -> Path:
    path = folder / "results.json"
    path.write_text(json.dumps([
        {"image_id": f + 1, "category_id": i, "bbox": [b[0], b[1], b[2] - b[0], b[3] - b[1]], "score": s}
        for f, b, s, i in rows()
    ]))  # fmt: skip
    return path


def yolo(folder: Path) -> Path:
    labels = folder / "predict" / "labels"
    labels.mkdir(parents=True)
    for f in range(FRAMES):
        lines = [
            f"{i} {(b[0] + b[2]) / 320:.9f} {(b[1] + b[3]) / 240:.9f} {(b[2] - b[0]) / 160:.9f} "
            f"{(b[3] - b[1]) / 120:.9f} {s}\n"
            for g, b, s, i in rows()
            if g == f
        ]
        if lines:
            (labels / f"match_{f + 1}.txt").write_text("".join(lines))
    return folder / "predict"


def supervision_json(folder: Path) -> Path:
    import supervision as sv

    path = folder / "sink.json"
    with sv.JSONSink(str(path)) as sink:
        for f in range(FRAMES):
            mine = [row for row in rows() if row[0] == f]
            if mine:
                table = sv.Detections(
                    np.array([b for _, b, _, _ in mine]), confidence=np.array([s for *_, s, _ in mine]),
                    class_id=np.array([i for *_, i in mine]),
                )  # fmt: skip
                sink.append(table, {"frame_index": f})
    return path


def supervision_csv(folder: Path) -> Path:
    import supervision as sv

    path = folder / "sink.csv"
    with sv.CSVSink(str(path)) as sink:
        for f in range(FRAMES):
            mine = [row for row in rows() if row[0] == f]
            if mine:
                table = sv.Detections(
                    np.array([b for _, b, _, _ in mine]), confidence=np.array([s for *_, s, _ in mine]),
                    class_id=np.array([i for *_, i in mine]),
                )  # fmt: skip
                sink.append(table, {"frame_number": f})
    return path


FORMS = [ours, sides, mot, coco, yolo, supervision_json, supervision_csv]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_holds_the_same_boxes(form: Any, tmp_path: Path) -> None:
    found = ForeignDetections(form(tmp_path), size=SIZE, frame_rate=25, frames=8)
    frames = list(found)
    assert len(frames) == len(found) == 8
    assert [frame.index for frame in frames] == list(range(8))
    assert [round(25 * frame.time) for frame in frames] == list(range(8))
    for f, frame in enumerate(frames):
        table: Detections = frame.detections
        expected = boxes(f) if f < FRAMES else []
        np.testing.assert_allclose(table.xyxy, np.reshape(expected, (-1, 4)), atol=1e-3)
        np.testing.assert_allclose(table.score, [0.9, 0.8][: len(table)], atol=1e-6)
        assert table.class_id.tolist() == [0, 1][: len(table)]
    assert (found.info.width, found.info.height) == SIZE
    assert found.info.names == ({0: "player", 1: "ball"} if form is ours else {})


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_tracked_without_a_video(form: Any, tmp_path: Path) -> None:
    words = ["--detections", form(tmp_path), "--size", "160x120", "--frame-rate", "25", "--formats", "mot", "--quiet"]
    assert main([*map(str, words), "-o", str(tmp_path / "out"), "--tracker", "sort", "--set", "min_hits=1"]) == 0
    (text,) = (tmp_path / "out").glob("*.txt")
    found = {tuple(line.split(",")[:2]) for line in text.read_text().splitlines()}
    assert {frame for frame, _ in found} == {"1", "2", "4", "5", "6"}


def test_with_the_video_it_is_drawn_and_times_are_the_videos(tmp_path: Path) -> None:
    match = toy.make_match(tmp_path / "match.mp4")
    seen: list[Any] = []
    summary = track_video(match, tmp_path / "out", detections=ours(tmp_path), tracker="sort", on_frame=seen.append)
    assert Path(summary.outputs["video"]).is_file()
    assert (summary.width, summary.height) == SIZE
    assert summary.frames == len(seen) > FRAMES
    assert all(frame.image is not None for frame in seen)
    assert {int(t) for frame in seen for t in frame.tracks.class_id} == {0, 1}
    text = ours(tmp_path).read_text().splitlines()
    (tmp_path / "long.csv").write_text("\n".join([*text, "4000,0,0,player,0.9,1,1,9,9"]))
    with pytest.raises(FormatError, match=r"long.csv: has boxes in frame 4000, but there are \d+ frames"):
        track_video(match, detections=str(tmp_path / "long.csv"))


def test_the_rule_of_the_first_frame(tmp_path: Path) -> None:
    def frames(name: str, text: str, **given: Any) -> tuple[list[int], list[str]]:
        path = tmp_path / name
        path.write_text(text)
        found = ForeignDetections(path, size=SIZE, frame_rate=25, **given)
        return [frame.index for frame in found if len(frame.detections)], found.warnings

    box = "1,1,9,9"
    assert frames("a.txt", f"1,-1,{box}\n3,-1,{box}\n")[0] == [0, 2]
    assert frames("b.txt", f"0,-1,{box}\n3,-1,{box}\n")[0] == [0, 3]
    header = "frame,x1,y1,x2,y2\n"
    assert frames("c.csv", f"{header}0,{box}\n2,{box}\n") == ([0, 2], [])
    assert frames("d.csv", f"{header}2,{box}\n")[0] == [2]
    index, warnings = frames("e.csv", f"{header}1,{box}\n2,{box}\n")
    assert index == [1, 2]
    assert "--first-frame 1" in warnings[0]
    assert frames("e.csv", f"{header}1,{box}\n2,{box}\n", first_frame=1) == ([0, 1], [])
    with pytest.raises(FormatError, match=r"c.csv, line 2: frame 0 is before the first one, 1"):
        frames("c.csv", f"{header}0,{box}\n", first_frame=1)


BROKEN = {
    "columns.csv": ("a,b\n1,2\n", r"columns.csv, line 1: expected columns frame, x1"),
    "cell.csv": ("frame,x1,y1,x2,y2\n0,1,1,9,9\n\n1,1,1,9,x\n", r"cell.csv, line 4: y2: expected a number, got 'x'"),
    "short.csv": ("frame,x1,y1,x2,y2\n0,1,1\n", r"short.csv, line 2: x2: expected a number, got ''"),
    "sides.csv": ("frame,x1,y1,x2,y2\n0,50,50,9,9\n", r"sides.csv, line 2: expected box: .*is it left, top, width"),
    "percent.csv": ("frame,x1,y1,x2,y2,conf\n0,1,1,9,9,87\n", r"percent.csv, line 2: expected score: 0 to 1; divide"),
    "margin.txt": ("1,-1,1,1,9,9,0.5\n1,-1,1,1,9,9,-0.3\n", r"margin.txt, line 2: expected score"),
    "half.csv": ("frame,x1,y1,x2,y2\n0.5,1,1,9,9\n", r"half.csv, line 2: expected frame: a whole number"),
    "set.json": ('{"annotations": []}', r"set.json: is a COCO data set; expected COCO results"),
    "box.json": ('[{"image_id": 1, "bbox": [1, 2]}]', r"box.json, entry 1: bbox: expected \[left, top"),
    "name.json": ('[{"image_id": "a", "bbox": [1, 2, 3, 4]}]', r"name.json, entry 1: image_id: expected a number"),
    "list.json": ("[1]", r"list.json: expected a list of objects"),
    "other.xml": ("<a/>", r"other.xml: expected detections as MOT text"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_refusals_name_file_line_and_fix(name: str, tmp_path: Path) -> None:
    text, message = BROKEN[name]
    (tmp_path / name).write_text(text)
    with pytest.raises(FormatError, match=message):
        ForeignDetections(tmp_path / name, size=SIZE)


def test_refusals_of_folders(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        ForeignDetections(tmp_path / "nothing.csv")
    with pytest.raises(FormatError, match="expected labels of Ultralytics"):
        ForeignDetections(tmp_path, size=SIZE)
    folder = yolo(tmp_path)
    with pytest.raises(FormatError, match=r"shares of the picture; give its size \(--size 1280x720\), or the video"):
        ForeignDetections(folder)
    (folder / "labels" / "match_9.txt").write_text("0 320 240 10 20\n")
    with pytest.raises(FormatError, match=r"match_9.txt, line 1: expected shares .* is it in pixels"):
        ForeignDetections(folder, size=SIZE)


def test_ids_of_yolo_labels_are_no_scores(tmp_path: Path) -> None:
    """As Ultralytics' model.track writes them with save_txt=True, but without save_conf=True."""
    for frame in (1, 2):
        (tmp_path / f"match_{frame}.txt").write_text("0 0.5 0.5 0.1 0.2 1\n0 0.3 0.5 0.1 0.2 17\n")
    found = ForeignDetections(tmp_path, size=SIZE, frame_rate=25)
    assert [frame.detections.score.tolist() for frame in found] == [[1, 1], [1, 1]]
    assert "taken for an id; there are no scores, so each is 1 (save_conf=True)" in found.warnings[0]
    (tmp_path / "match_2.txt").write_text("0 0.5 0.5 0.1 0.2 87.5\n")
    with pytest.raises(FormatError, match="divide percentages by 100"):
        ForeignDetections(tmp_path, size=SIZE)


def test_without_size_and_rate_it_says_what_was_taken(tmp_path: Path) -> None:
    found = ForeignDetections(ours(tmp_path))
    assert "no frame rate: taken for 25 per second (--frame-rate)" in found.warnings[1]
    assert "taken for 110x60, as far as boxes go (--size)" in found.warnings[0]
    (tmp_path / "seqinfo.ini").write_text(
        "[Sequence]\nname=clip\nframeRate=30\nimWidth=160\nimHeight=120\nseqLength=9\n"
    )
    found = ForeignDetections(mot(tmp_path))
    assert (found.info.name, found.info.frame_rate, len(found), found.warnings) == ("clip", 30, 9, [])
