"""Whatever is given in place of a file or folder, a command ends with one clear line and never with a traceback."""

from __future__ import annotations

import io
import os
import sys
import zipfile
from pathlib import Path

import pytest
import toy

from sportstrack import cli
from sportstrack.pitch import Camera, PitchFrame, PitchTrack, load_pitch, write_pitch
from sportstrack.recording import RecordedFrame, RecordingInfo, RecordingWriter
from sportstrack.types import Detections

ROWS = "".join(f"{f},{i},{10 + 50 * i + f},20,14,18,0.9,-1,-1,-1\n" for f in range(1, 9) for i in (1, 2))

INPUTS = """
track X --detector toy:find -o OUT --formats mot
track VIDEO --weights X -o OUT --formats mot
track VIDEO --detector X -o OUT --formats mot
track --detections X -o OUT --formats mot
track VIDEO --detector toy:find --config X -o OUT --formats mot
track VIDEO --detector toy:find --embedder X -o OUT --formats mot
track VIDEO --detector toy:find --embedder X.onnx -o OUT --formats mot
batch X --detector toy:find -o OUT --dry-run
batch VIDEO --detector toy:find --truth X -o OUT --dry-run
batch VIDEO --detector toy:find --config X -o OUT --dry-run
shots X
draw X MOT -o OUT
draw VIDEO X -o OUT --frames 1
track VIDEO --detections X -o OUT --formats mot
refine X -o OUT --size 160x120
refine MOT -o OUT --truth X
refine MOT -o OUT --seqinfo X
refine MOT -o OUT --detections X
refine MOT -o OUT --shots X --size 160x120
train X -o OUT --weights yolov8n.yaml
train YOLO -o OUT --weights X
train-reid X -o OUT
train-reid SEQUENCE --weights X -o OUT
train-reid --corrected X MOT -o OUT
train-reid --corrected VIDEO X -o OUT
val toy:find X -o OUT
val X YOLO -o OUT
export X -o OUT --to onnx
mine toy:find X -o OUT
mine X YOLO -o OUT
label X --detector toy:find -o OUT
label VIDEO --weights X -o OUT
label VIDEO --detector toy:find --config X -o OUT
label VIDEO --detections X --format cvat -o OUT
sot X --init 12,22,14,18 -o OUT --formats mot
sot VIDEO --init-from X --id 1 -o OUT --formats mot
sot VIDEO --init-from X -o OUT --formats mot
sot VIDEO --ball --weights X -o OUT --formats mot
sot VIDEO --init 12,22,14,18 --method nano --model backbone=X --model neckhead=X -o OUT
pitch X --points MARKS -o OUT
pitch VIDEO --points X -o OUT
stats X --pitch PITCH -o OUT
stats MOT --pitch X -o OUT
stats MOT --pitch PITCH --identities X --frame-rate 5 -o OUT --formats csv
stats MOT --pitch PITCH --labels X --frame-rate 5 -o OUT --formats game_state
draw VIDEO MOT --pitch X -o OUT --frames 1
presence MOT --pitch X -o OUT/heat.png
presence X -o OUT/heat.png
presence MOT --video X -o OUT/heat.png
evaluate --truth X --results MOT
evaluate --truth MOT --results X
evaluate --truth MOT --results MOT --diagnose --images X -o OUT
sot-evaluate X --methods kcf -o OUT
sot-evaluate SEQUENCE --results mine=X -o OUT
send X udp://127.0.0.1:9 --rate 100
teams X MOT -o OUT
teams VIDEO X -o OUT
teams VIDEO MOT --pitch X -o OUT
tune X -o OUT
tune SEQUENCE --detections gt/gt.txt --truth X -o OUT
tune SEQUENCE --detections gt/gt.txt --config X -o OUT
experiment X -o OUT
roster X ROSTER -o OUT
roster MOT X -o OUT
roster MOT ROSTER --identities X -o OUT
evaluate --attributes --truth X --results MOT
evaluate --attributes --truth MOT --results X
sportsmot X OUT
soccernet X OUT
convert X OUT --from yolo --to coco
convert X OUT --from coco --to yolo
convert X OUT --from voc --to yolo
convert X OUT --from mot --to yolo
convert X OUT --from sportsmot --to yolo
convert X OUT --from soccernet --to yolo
convert X OUT --from createml --to yolo
convert X OUT --from labelme --to yolo
audit X
audit YOLO --images X
audit YOLO --cache X
augment X OUT
augment YOLO OUT --list X
"""

OUTPUTS = """
track VIDEO --detector toy:find -o X
batch VIDEO --detector toy:find -o X --workers 1
draw VIDEO MOT -o X --frames 1
shots VIDEO --csv X
refine MOT -o X --size 160x120
train YOLO -o X --weights yolov8n.yaml --epochs 1
train-reid SEQUENCE -o X
val toy:find YOLO -o X
export demo -o X --to onnx
mine toy:find YOLO -o X
label VIDEO --detector toy:find -o X
label VIDEO --detector toy:find --format cvat -o X
label VIDEO --detector toy:find --format labelstudio -o X
sot VIDEO --init 12,22,14,18 -o X --formats mot
pitch VIDEO --points MARKS -o X --draw
stats MOT --pitch PITCH --frame-rate 5 -o X --formats csv
teams VIDEO MOT -o X
tune SEQUENCE --detections gt/gt.txt --trials 1 -o X
experiment EXPERIMENT -o X
roster MOT ROSTER -o X
presence MOT -o X/heat.png
presence MOT --video VIDEO -o X/heat.mp4
evaluate --truth MOT --results MOT --diagnose -o X
evaluate --truth MOT --results MOT --plots -o X
sot-evaluate SEQUENCE --methods kcf -o X
sportsmot SPORTSMOT X
convert YOLO X --from yolo --to coco
convert YOLO X --from yolo --to voc
audit YOLO --json X
audit YOLO --html X
audit YOLO --cache X
audit YOLO --fix X
augment YOLO X --sheet 0
synthetic X --frames 2 --size 64x64
synthetic X --frames 2 --size 64x64 --layout video
synthetic X --frames 2 --size 64x64 --layout yolo --sequences 2 --every 1
"""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One sound input of each kind."""
    from make_clips import make_sportsmot
    from painted import make_set

    root = tmp_path_factory.mktemp("good")
    (root / "match.txt").write_text(ROWS)
    (root / "match.identities.csv").write_text("track_id,team,number\n1,home,10\n")
    (root / "squads.csv").write_text("team,number,name\nhome,10,Ada\n")
    (root / "points.csv").write_text("1,-36,-20,20,30\n1,-36,20,30,100\n1,0,-34,140,25\n1,0,34,150,110\n")
    camera = Camera((0.0, 60.0, 15.0), 0.0, 14.0, 0.0, 2000.0, (80.0, 60.0))
    frames = {number: PitchFrame(number, "ok", "", camera, 0.5, 0.1) for number in range(8)}
    write_pitch(root / "match.pitch.jsonl", PitchTrack(load_pitch(), (160, 120), frames))
    (root / "experiment.yaml").write_text("data: {sequences: sequence, detections: gt/gt.txt}\nreport: {pdf: false}\n")
    sequence = root / "sequence"
    (sequence / "img1").mkdir(parents=True)
    (sequence / "gt").mkdir()
    (sequence / "gt" / "gt.txt").write_text("".join(f"{f},1,12,22,14,18,1,1,1\n" for f in range(1, 4)))
    (sequence / "seqinfo.ini").write_text("[Sequence]\nname=sequence\nseqLength=3\nimWidth=160\nimHeight=120\n")
    import cv2

    for f in range(1, 4):
        cv2.imwrite(str(sequence / "img1" / f"{f:06d}.jpg"), toy.picture(f))
    return {
        "VIDEO": toy.make_match(root / "match.mp4", 8),
        "MOT": root / "match.txt",
        "ROSTER": root / "squads.csv",
        "EXPERIMENT": root / "experiment.yaml",
        "MARKS": root / "points.csv",
        "PITCH": root / "match.pitch.jsonl",
        "SEQUENCE": sequence,
        "YOLO": make_set(root / "yolo", 1),
        "SPORTSMOT": make_sportsmot(root / "SportsMOT"),
    }


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory, good: dict[str, Path]) -> dict[str, Path]:
    """Things that are rarely what a command asks for."""
    root = tmp_path_factory.mktemp("bad")
    (root / "folder").mkdir()
    (root / "empty.txt").write_bytes(b"")
    (root / "empty.npz").write_bytes(b"")
    (root / "words.txt").write_text("These are words,\nin two lines; and nothing else.\n")
    (root / "list.yaml").write_text("- one\n- two\n")
    (root / "data.json").write_text('{"a": [1, 2, {"b": null}]}')
    (root / "binary.bin").write_bytes(bytes(range(256)) * 8)
    (root / "binary.pt").write_bytes(b"\x80\x04\x95" + bytes(range(256)))
    with zipfile.ZipFile(root / "files.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    writer = RecordingWriter(root / "recording.npz", RecordingInfo("match", 160, 120, 25.0))
    writer.write(RecordedFrame(0, 0.0, Detections.empty()))
    writer.close()
    there = {path.name: path for path in root.iterdir()}
    return {
        "missing": root / "missing.mp4",
        "picture": good["YOLO"] / "images" / "val" / "c" / "0.jpg",
        "pictures": good["YOLO"] / "images" / "val" / "c",
        "video": good["VIDEO"],
        "text": good["MOT"],
        "sequence": good["SEQUENCE"],
        "yolo": good["YOLO"],
        "device": Path(os.devnull),
        **there,
    }


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


def outcome(words: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """What is wrong with how a command ended; nothing if it worked or said in a line what it lacks."""
    err, out = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(sys, "stdout", out)
    try:
        status: object = cli.main(words)
    except SystemExit as stop:
        status = stop.code
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    text = err.getvalue()
    if "Traceback" in text or "Traceback" in out.getvalue():
        return f"a traceback: {text}"
    if status == 2 and not any(line.startswith(f"sportstrack {words[0]}: error: ") for line in lines(text)):
        return f"no line that says why: {text!r}"
    if status == 2 and "Errno" in text:
        return f"Python's words: {text!r}"
    return "" if status in (0, 1, 2) else f"status {status}"


def try_all(
    line: str,
    things: dict[str, Path],
    good: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dict[str, str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YOLO_OFFLINE", "true")
    found = {}
    for kind, thing in things.items():
        if line.startswith("train ") and kind in ("yolo", "full"):  # it would really train
            continue
        places: dict[str, object] = {**good, "OUT": tmp_path / f"out-{kind}"}

        def filled(word: str, thing: Path = thing, places: dict[str, object] = places) -> str:
            for name, path in places.items():
                word = word.replace(name, str(path))
            return "=".join(str(thing) if part == "X" else part for part in word.split("=")).replace("X/", f"{thing}/")

        if wrong := outcome([filled(word) for word in line.split()], monkeypatch):
            found[kind] = wrong
    return found


@pytest.mark.parametrize("line", INPUTS.strip().splitlines())
def test_any_input_is_taken_or_refused_in_one_line(
    line: str, bad: dict[str, Path], good: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert try_all(line, bad, good, tmp_path, monkeypatch) == {}


@pytest.mark.parametrize("line", OUTPUTS.strip().splitlines())
def test_outputs_that_cannot_be_written_are_refused_in_one_line(
    line: str, good: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("of somebody else")
    places = {"below a file": tmp_path / "file" / "x", "full": tmp_path / "full"}
    if " -o X" in line or line.split()[0] in ("synthetic", "augment", "convert", "sportsmot"):
        places["file"] = tmp_path / "file"
    if sys.platform == "linux":
        places["read only"] = Path("/proc/sportstrack")  # also for root
    assert try_all(line, places, good, tmp_path, monkeypatch) == {}
    assert (tmp_path / "file").read_text() == "in the way"
    assert (tmp_path / "full" / "mine.txt").read_text() == "of somebody else"


def test_every_command_is_tried() -> None:
    no_files = {"doctor", "completion", "serve", "edit"}  # the last two: tests/serve, tests/edit
    assert {line.split()[0] for line in (INPUTS + OUTPUTS).splitlines() if line} == set(cli.COMMANDS) - no_files
