"""sportstrack's readers under trial: each with small, sound inputs of its own, and the call that reads them.

A seed function fills an empty folder, which is the working folder; a call reads it and returns, or raises. Commands
return 2 for bad input.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

SIZE = (48, 32)  # of the pictures
ROWS = "".join(f"{f},{i},{5 + f + 9 * i},{4 + i},8,16,1,1,1\n" for f in range(1, 5) for i in (1, 2))
_INFO = "[Sequence]\nname={}\nimDir=img1\nframeRate=25\nseqLength=4\nimWidth=48\nimHeight=32\nimExt=.jpg\n"


_JOB = {"detector": "x", "file": [1, 2], "settings": {}}


@dataclass(frozen=True)
class Reader:
    """A reader under trial.

    Attributes:
        seed: writes its sound inputs into a folder.
        read: reads them; returns 2 or raises a SportstrackError for bad input.
        only: suffixes of the files to damage; empty: all.
    """

    seed: Callable[[Path], None]
    read: Callable[[Path], Any]
    only: tuple[str, ...] = ()


def write(file: Path, text: str) -> None:
    """Write text, with the folders above it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def write_json(file: Path, value: Any) -> None:
    """Write JSON on several lines, so that damage to a line is possible."""
    write(file, json.dumps(value, indent=1))


def write_picture(file: Path) -> None:
    """Write a picture of `SIZE`."""
    import cv2

    file.parent.mkdir(parents=True, exist_ok=True)
    shades = np.linspace(0, 255, SIZE[0] * SIZE[1] * 3).reshape(SIZE[1], SIZE[0], 3).astype(np.uint8)
    file.write_bytes(cv2.imencode(file.suffix, shades)[1].tobytes())


def write_clip(folder: Path, pictures: int = 4) -> None:
    """Write a sequence of four frames as MOTChallenge has it."""
    write(folder / "seqinfo.ini", _INFO.format(folder.name))
    write(folder / "gt" / "gt.txt", ROWS)
    for i in range(1, pictures + 1):
        write_picture(folder / "img1" / f"{i:06d}.jpg")


# --- sportstrack -----------------------------------------------------------------------------------------------------


def _seed_recording(folder: Path) -> None:
    from sportstrack import Detections
    from sportstrack.recording import RecordedFrame, RecordingInfo, RecordingWriter

    rng = np.random.default_rng(0)
    writer = RecordingWriter(
        folder / "a.npz", RecordingInfo("a", 48, 32, 25.0, {0: "player", 1: "ball"}, "kit", "flow")
    )
    for i in range(6):
        corner = rng.uniform(0, 20, (3, 2)).astype(np.float32)
        mask = np.zeros((3, 32, 48), np.bool_)
        mask[:, 4:20, 4:20] = True
        table = Detections(
            np.hstack([corner, corner + 10]), rng.uniform(0.5, 1, 3).astype(np.float32), np.array([0, 0, 1]),
            embedding=rng.normal(size=(3, 8)).astype(np.float32), mask=mask,
            keypoints=rng.uniform(0, 20, (3, 5, 3)).astype(np.float32),
        )  # fmt: skip
        writer.write(RecordedFrame(i, i / 25, table, np.eye(2, 3), float(i == 3)))
    writer.close()


def _read_recording(folder: Path) -> None:
    from sportstrack import create_tracker
    from sportstrack.recording import Recording

    recording = Recording(folder / "a.npz")
    tracker = create_tracker("sports", frame_rate=recording.info.frame_rate)
    len(recording)
    for frame in recording:
        tracker.update(frame.detections, camera=frame.camera)


def _replay(folder: Path) -> None:
    from sportstrack.track.run import track_video

    track_video(folder / "a.npz", folder / "out", tracker="sort", formats=["mot", "jsonl", "csv", "heatmap"])


def _seed_resume(folder: Path) -> None:
    _seed_recording(folder)
    _replay_again(folder)


def _replay_again(folder: Path) -> None:
    from sportstrack.track.run import track_video

    track_video(folder / "a.npz", folder / "out", tracker="sort", formats=["mot"], resume=True)


def _seed_settings(folder: Path) -> None:
    from sportstrack.track.settings import TrackSettings, settings_text

    write(folder / "a.yaml", settings_text(TrackSettings(classes=[0, "ball"], tracker_settings={"memory": 2.0})))


def _read_settings(folder: Path) -> None:
    from sportstrack import create_tracker
    from sportstrack.track.settings import TrackSettings, read_settings, settings_text

    settings = TrackSettings().changed(**read_settings(folder / "a.yaml"))
    settings_text(settings)
    if ":" not in settings.tracker:
        create_tracker(settings.tracker, **dict(settings.tracker_settings))


def _seed_mot(folder: Path) -> None:
    write(folder / "a.txt", ROWS)


def _presence(folder: Path) -> int:
    from sportstrack.presence.command import main

    return main([str(folder / "a.txt"), "-o", str(folder / "heat.png"), "--quiet"])


def _refine(folder: Path) -> int:
    from sportstrack.refine.command import main

    return main([str(folder / "a.txt"), "-o", str(folder / "out" / "a.txt"), "--quiet"])


def _seed_refine_recorded(folder: Path) -> None:
    _seed_recording(folder)
    _replay(folder)
    (folder / "out" / "a.txt").replace(folder / "a.txt")
    for file in (folder / "out").iterdir():
        file.unlink()


def _refine_recorded(folder: Path) -> int:
    from sportstrack.refine.command import main

    words = ("--detections", str(folder / "a.npz"), "-o", str(folder / "out" / "b.txt"), "--quiet")
    return main([str(folder / "a.txt"), *words])


def _seed_shots(folder: Path) -> None:
    write(folder / "a.csv", "shot,start,end,kind,confidence\n1,0,99,,\n2,100,199,cut,0.98\n3,200,299,fade,0.7\n")


def _read_shots(folder: Path) -> None:
    from sportstrack.refine.recorded import read_cuts

    read_cuts(folder / "a.csv")


def _seed_scored(folder: Path) -> None:
    write_clip(folder / "truth" / "A", 0)
    write(folder / "results" / "A.txt", ROWS)


def _evaluate(folder: Path) -> int:
    from sportstrack.evaluate.command import main

    words = ("--truth", str(folder / "truth"), "--results", str(folder / "results"), "-o", str(folder / "out"))
    return main([*words, "--diagnose", "--quiet"])


def _seed_sequence(folder: Path) -> None:
    write_clip(folder / "A")


def _read_frames(folder: Path) -> None:
    from sportstrack.video import open_source

    place = folder / "A" if (folder / "A").is_dir() else next(folder.iterdir(), folder)
    with open_source(place) as source:
        for _, _frame in zip(range(50), source, strict=False):
            pass


def _seed_video(suffix: str) -> Callable[[Path], None]:
    def seed(folder: Path) -> None:
        from sportstrack.video import VideoWriter

        with VideoWriter(folder / "a.mp4", *SIZE, 25) as writer:
            for i in range(8):
                writer.write(np.full((SIZE[1], SIZE[0], 3), 20 * i, np.uint8), Fraction(i, 25))
        if suffix != ".mp4":
            _remuxed(folder / "a.mp4", folder / f"a{suffix}")
            (folder / "a.mp4").unlink()

    return seed


def _remuxed(source: Path, target: Path) -> None:
    import av

    with av.open(str(source)) as given, av.open(str(target), "w") as made:
        stream = made.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                made.mux(packet)


def _seed_pictures(folder: Path) -> None:
    for i, suffix in enumerate((".jpg", ".png", ".bmp", ".webp", ".tif")):
        write_picture(folder / "A" / f"{i}{suffix}")


def _seed_layouts(folder: Path) -> None:
    boxes = "".join(f"{5 + i},{6 + i},10,12\n" for i in range(4))
    for name, file in (("otb", "groundtruth_rect.txt"), ("got", "groundtruth.txt"), ("lasot", "groundtruth.txt")):
        write(folder / name / file, boxes)
    write(folder / "got" / "meta_info.ini", "[METAINFO]\nresolution: (48, 32)\n")
    for name, first in (("cover.label", 8), ("absence.label", 0), ("cut_by_image.label", 0)):
        write(folder / "got" / name, f"{first}\n0\n1\n1\n")
    for name in ("full_occlusion.txt", "out_of_view.txt"):
        write(folder / "lasot" / name, "0,0,1,0")
    write(folder / "vot" / "groundtruth.txt", "".join(f"{i},0,{i + 9},0,{i + 9},9,{i},9\n" for i in range(4)))
    write(folder / "vot" / "occlusion.tag", "0\n1\n0\n0\n")
    write_clip(folder / "mot", 0)


def _read_layouts(folder: Path) -> None:
    from sportstrack.sot.evaluate.layouts import find_sequences

    find_sequences(folder)


def _seed_trials(folder: Path) -> None:
    write(folder / "s" / "groundtruth.txt", "".join(f"{5 + i},6,10,12\n" for i in range(4)))
    write(folder / "ope" / "s.txt", "".join(f"{5 + i},6,10,12\n" for i in range(4)))
    write(folder / "restart" / "s" / "s_001.txt", "1\n5,6,10,12\n2\n0\n")
    write(folder / "restart" / "s" / "s_001_time.txt", "0.1\n0.1\n0.2\n0.1\n")


def _read_trials(folder: Path) -> None:
    from sportstrack.sot.evaluate.layouts import find_sequences
    from sportstrack.sot.evaluate.scores import score_one_pass, score_restarts
    from sportstrack.sot.evaluate.trials import read_trial

    sequence = find_sequences(folder / "s")["s"]
    if (once := read_trial(sequence, folder / "ope", "ope")) is not None:
        score_one_pass(once.boxes, sequence.boxes)
    if (again := read_trial(sequence, folder / "restart", "restart")) is not None:
        score_restarts(again.boxes, again.codes, sequence.boxes)


def _read_start(folder: Path) -> None:
    from sportstrack.sot.start import read_start

    read_start(folder / "a.txt", 1, None)
    read_start(folder / "b.txt", None, 2)


def _seed_start(folder: Path) -> None:
    _seed_mot(folder)
    write(folder / "b.txt", "1,2,3,4\n2,3,4,5\n3,4,5,6\n")


def _seed_journal(folder: Path) -> None:
    from sportstrack import Detections
    from sportstrack.mine.journal import Journal

    with Journal(folder / "a.jsonl", _JOB) as journal:
        for i in range(3):
            write_picture(folder / f"{i}.png")
            journal.put(str(folder / f"{i}.png"), Detections.from_arrays([[1, 2, 9, 9]], [0.5], [0]))


def _read_journal(folder: Path) -> None:
    from sportstrack.mine.journal import Journal

    with Journal(folder / "a.jsonl", _JOB) as journal:
        for i in range(3):
            journal.get(str(folder / f"{i}.png"))


def _seed_results(folder: Path) -> None:
    head = (
        "epoch,train/box_loss,val/box_loss,metrics/precision(B),metrics/recall(B),metrics/mAP50(B),metrics/mAP50-95(B)"
    )
    write(folder / "results.csv", head + "\n" + "".join(f"{i},1.{i},1.{i},0.5,0.5,0.6,0.4\n" for i in range(1, 4)))


def _read_results(folder: Path) -> None:
    from sportstrack.train.pictures import losses, read_results, scores

    if columns := read_results(folder / "results.csv"):
        losses(columns)
        scores(columns)


def _seed_manifest(folder: Path) -> None:
    write_json(folder / "manifest.json", [{"name": "a.pt", "sha256": "0" * 64, "bytes": 9, "url": "https://x/a.pt"}])


def _read_manifest(folder: Path) -> None:
    from sportstrack.models import weights

    weights.assets_folder = lambda: folder
    weights.known_files()


def _seed_labels(folder: Path) -> None:
    write(folder / "a.txt", "person\nball\n")
    write(
        folder / "a.pbtxt", "item {\n id: 1\n name: 'person'\n}\nitem { id: 2 name: \"ball\" display_name: 'Ball' }\n"
    )


def _read_labels(folder: Path) -> None:
    from sportstrack.detect.labels import read_labels

    read_labels(folder / "a.txt", 0)
    read_labels(folder / "a.pbtxt", 0)


SPORTSTRACK: dict[str, Reader] = {
    "recording": Reader(_seed_recording, _read_recording),
    "replay": Reader(_seed_recording, _replay),
    "resume": Reader(_seed_resume, _replay_again, (".json", ".txt")),
    "refine-recorded": Reader(_seed_refine_recorded, _refine_recorded),
    "settings": Reader(_seed_settings, _read_settings),
    "presence": Reader(_seed_mot, _presence),
    "refine": Reader(_seed_mot, _refine),
    "shots": Reader(_seed_shots, _read_shots),
    "evaluate": Reader(_seed_scored, _evaluate),
    "sequence": Reader(_seed_sequence, _read_frames, (".ini", ".jpg")),
    "pictures": Reader(_seed_pictures, _read_frames),
    "mp4": Reader(_seed_video(".mp4"), _read_frames),
    "mkv": Reader(_seed_video(".mkv"), _read_frames),
    "sot-layouts": Reader(_seed_layouts, _read_layouts),
    "sot-trials": Reader(_seed_trials, _read_trials),
    "sot-start": Reader(_seed_start, _read_start),
    "journal": Reader(_seed_journal, _read_journal, (".jsonl",)),
    "results-csv": Reader(_seed_results, _read_results),
    "manifest": Reader(_seed_manifest, _read_manifest),
    "labels": Reader(_seed_labels, _read_labels),
}
