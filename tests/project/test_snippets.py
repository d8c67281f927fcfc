"""The Python code of README and docs runs, block after block of a page, in a folder with small stand-ins.

What the pages take as given (a video, weights, ``frame``, ``tracks`` …) is made here, so that a block runs as it is
printed. Two things are replaced: the detector's network, by one that finds bright rectangles, and the training.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import game_states
import numpy as np
import pitch_match
import pytest
import toy

import sportstrack
from sportstrack.detect import as_detector
from sportstrack.detect.connector import Connector
from sportstrack.images.encode import encode_image
from sportstrack.stats.run import write_stats
from sportstrack.stats.settings import StatsSettings
from sportstrack.train.run import TrainResult

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page.parent.name != "course")]
"""Without the course, whose chapters run as a whole (test_course.py)."""

SKIPPED = {
    ("docs/extending.md", "get_model"): "needs the package inference and an account",
    ("docs/service.md", "Client"): "needs a running service; the client's own tests have one",
    ("docs/service-live.md", "Client"): "needs a running service; the client's own tests have one",
}
"""(Page, a word of the block) → why it does not run here."""


def blocks() -> Iterator[Any]:
    for page in PAGES:
        name = page.relative_to(ROOT).as_posix()
        for number, code in enumerate(re.findall(r"```(?:python|py)\n(.*?)```", page.read_text("utf-8"), re.DOTALL)):
            why = next((why for (where, word), why in SKIPPED.items() if where == name and word in code), None)
            marks = [pytest.mark.skip(reason=why)] if why else []
            yield pytest.param(name, code, id=f"{name}-{number}", marks=marks)


def detections() -> sportstrack.Detections:
    return toy.find([toy.picture(3)])[0]


def tracked() -> sportstrack.Tracks:
    tracker = sportstrack.create_tracker("sort")
    return [tracker.update(toy.find([toy.picture(frame)])[0]) for frame in range(6)][-1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the pages name."""
    folder = tmp_path_factory.mktemp("current")
    toy.make_match(folder / "match.mp4", 12)
    match = folder / "match.mp4"
    sportstrack.track_video(match, folder / "runs" / "track", detector=toy.find, formats=["mot"], save_detections=True)
    sportstrack.track_video(match, folder, detector=toy.find, tracker=toy.EveryoneIsNew(25), formats=["csv"])
    result = sportstrack.read_mot(folder / "runs" / "track" / "match.txt")
    who = [sportstrack.Identity(int(track), team="A", number="10") for track in np.unique(result.track_id)]
    sportstrack.write_identities(folder / "runs" / "track" / "match.identities.csv", sportstrack.Identities(who))
    for name in ("match.txt", "tracks.txt", "SportsMOT/val/match/gt/gt.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        sportstrack.write_mot(folder / name, replace(result, score=np.ones(len(result))))
    labels = sportstrack.label_video(folder / "match.mp4", detector=toy.find)
    sportstrack.write_yolo_labels([labels], folder / "football")
    (folder / "best.pt").write_bytes(b"weights")
    for clip, rows in (("v_one_c001", result), ("v_two_c001", result[1:])):
        make_clip(folder / "SportsMOT" / "dataset" / "train" / clip, rows)
    for name in ("football", "train"):
        write(folder / "SportsMOT" / "splits_txt" / f"{name}.txt", "v_one_c001\nv_two_c001\n")
    write(folder / "match.edits.jsonl", f'{{"op": "number", "track": {result.track_id[0]}, "value": "10"}}\n')
    write(folder / "OTB100" / "Boy" / "groundtruth_rect.txt", "10,20,14,18\n" * 12)
    camera, pitch = sportstrack.Camera((0, 60, 15), 0, 14, 0, 130, (80, 60)), sportstrack.load_pitch()
    places = ("near_halfway", "far_halfway", "left_centre_circle_side", "right_far_corner", "left_near_corner")
    pixels = camera.project([pitch.keypoints[name] for name in places]).tolist()
    write(folder / "points.csv", "".join(f"1,{name},{x},{y}\n" for name, (x, y) in zip(places, pixels, strict=True)))
    measured = pitch_match.play(folder / "measured", frames=60)
    write_stats(measured.result, measured.pitch, folder, measured.identities, StatsSettings(formats=("kloppy",)))
    for name in ("match.json", "tracking.jsonl"):
        (folder / f"match.{name}").rename(folder / f"final.{name}")
    for file, ending in (
        (measured.result, "txt"),
        (measured.pitch, "pitch.jsonl"),
        (measured.identities, "identities.csv"),
    ):
        shutil.copy(file, folder / f"final.{ending}")
    truth = game_states.labels()
    for name, data in (
        ("SNGS-021/Labels-GameState.json", truth),
        ("predictions/SNGS-021.json", game_states.predictions(truth)),
    ):
        (folder / name).parent.mkdir()
        (folder / name).write_text(json.dumps(data))
    return folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def make_clip(clip: Path, result: sportstrack.MotTable) -> None:
    """A sequence folder of twelve pictures."""
    (clip / "img1").mkdir(parents=True)
    for frame in range(12):
        (clip / "img1" / f"{frame + 1:06d}.jpg").write_bytes(encode_image(toy.picture(frame), ".jpg"))
    about = "imDir=img1\nframeRate=25\nseqLength=12\nimWidth=160\nimHeight=120\nimExt=.jpg\n"
    write(clip / "seqinfo.ini", f"[Sequence]\nname={clip.name}\n{about}")
    (clip / "gt").mkdir()
    sportstrack.write_mot(clip / "gt" / "gt.txt", replace(result, score=np.ones(len(result))))
    (clip / "det").mkdir()
    sportstrack.write_mot(clip / "det" / "det.txt", replace(result, track_id=np.full(len(result), -1)))


@pytest.fixture(scope="module")
def given(folder: Path) -> dict[str, Callable[[], Any]]:
    """What the pages take as given, by name."""
    frame = toy.picture(3, (1280, 720))
    return {name: (lambda name=name: getattr(sportstrack, name)) for name in sportstrack.__all__} | {
        "my_detections": lambda: [detections()] * 4,
        "detections": detections,
        "tracks": tracked,
        "frame": lambda: frame.copy(),
        "next_frame": lambda: frame.copy(),
        "image": lambda: toy.picture(3),
        "crops_of_people": lambda: [toy.picture(3)[20:110, 10:50]],
        "crops_of_numbers": lambda: [toy.picture(3)[20:50, 10:50]],
        "xyxy": lambda: detections().xyxy,
        "boxes": lambda: detections().xyxy,
        "classes": lambda: np.zeros(3, np.int64),
        "width": lambda: toy.SIZE[0],
        "height": lambda: toy.SIZE[1],
        "affine": lambda: np.eye(2, 3),
        "source": lambda: sportstrack.open_source(folder / "match.mp4"),
        "detector": lambda: toy.find,
        "tracker": lambda: sportstrack.create_tracker("sort"),
        "camera": lambda: sportstrack.load_camera("flow"),
        "shots": lambda: sportstrack.ShotDetector(frame_rate=25),
        "find_boxes": lambda: lambda image: toy.find([image])[0].xyxy,
        "my_boxes": lambda: {"Boy": np.tile([10.0, 20, 24, 38], (12, 1))},
    }


LISTS = {"docs/refine.md": {"tracks": lambda: [tracked()] * 1500, "detections": lambda: [detections()] * 1500}}
"""Page → what it means by a name, where that is a list with a table for each frame."""

MAKES = {"docs/data.md": "football"}
"""Page → the folder that it makes itself, which other pages take as given."""


def toy_network(*_: Any, **__: Any) -> Connector:
    """Stands for a network that is loaded."""
    return as_detector(toy.find)


def no_training(folder: Path, *_: Any) -> TrainResult:
    """Stands for a training whose settings and data set were taken."""
    return TrainResult(folder, folder / "best.pt", folder / "last.pt", folder / "results.csv", 1, {"mAP50": 0.5}, ())


def no_reid(*_: Any) -> sportstrack.TrainedReid:
    """Stands for a training of embeddings whose settings were taken."""
    scores = sportstrack.score_retrieval(np.eye(4, dtype=np.float32)[[0, 0, 1, 1]], np.array([0, 0, 1, 1]))
    tracks = sportstrack.score_tracks("match.txt", "match.txt")
    names, folder = ("none", "kit", "new", "kit+new"), Path("runs/reid")
    return sportstrack.TrainedReid(
        folder,
        folder / "reid.onnx",
        folder / "last.pt",
        (),
        {name: {"all": scores, "mates": scores} for name in ("kit", "new")},
        dict.fromkeys(names, tracks),
        {name: {"match": tracks} for name in names},
        "true",
        (),
    )


@pytest.mark.parametrize(("page", "code"), list(blocks()))
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # kloppy leaves files open
def test_a_block_runs_in_the_current_folder(
    page: str,
    code: str,
    folder: Path,
    given: dict[str, Callable[[], Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for place in ("sportstrack.load_detector", "sportstrack.detect.load_detector", "sportstrack.track.detector._load"):
        monkeypatch.setattr(place, toy_network)
    monkeypatch.setattr("sportstrack.train.run._train_in", no_training)
    monkeypatch.setattr("sportstrack.reid.run._Run.carry_out", no_reid)
    here = shutil.copytree(folder, tmp_path / "current")
    if page in MAKES:
        shutil.rmtree(here / MAKES[page])
    monkeypatch.chdir(here)
    used = set(re.findall(r"[A-Za-z_]\w*", code))
    names = {name: make() for name, make in (given | LISTS.get(page, {})).items() if name in used}
    exec(compile(code, f"<{page}>", "exec"), names)


PLUGINS = ROOT / "docs" / "extending.md"


@pytest.mark.parametrize(
    ("word", "options"),
    [("class Detect:", ["--detector", "mine:Detect"]), ("class EveryoneIsNew:", ["--tracker", "mine:EveryoneIsNew"])],
)
def test_a_plug_in_of_the_docs_is_found_in_the_current_folder(word: str, options: list[str], tmp_path: Path) -> None:
    """Through the console script, which does not put the current folder on Python's path."""
    code = next(c for c in re.findall(r"```python\n(.*?)```", PLUGINS.read_text("utf-8"), re.DOTALL) if word in c)
    (tmp_path / "mine.py").write_text(code + "\nfrom finder import find_boxes\n")
    (tmp_path / "finder.py").write_text("def find_boxes(frame):\n    return [[1, 2, 30, 40]]\n")
    toy.make_match(tmp_path / "match.mp4", 6)
    script = Path(sys.executable).with_name("sportstrack")
    detector = [] if "--detector" in options else ["--detector", "toy_finder:find"]
    helpers = str(Path(toy.__file__).parent)
    (tmp_path / "toy_finder.py").write_text(f"import sys\nsys.path.append({helpers!r})\nfrom toy import find\n")
    words = [str(script), "track", "match.mp4", *options, *detector, "--formats", "mot", "-o", "out"]
    result = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=200)
    assert result.returncode == 0, result.stderr
    assert len(sportstrack.read_mot(tmp_path / "out" / "match.txt")) > 0


def test_a_plug_in_that_is_nowhere_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    with pytest.raises(sportstrack.SportstrackError, match="is it in the current folder, or on PYTHONPATH"):
        sportstrack.load_detector("no_such_module_here:Detect")
    assert sys.path == before
