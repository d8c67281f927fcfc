"""The sequences that trackers are compared on: detections and truth of SportsMOT, MOT17 and MOT15, read from a folder.

A set is one detector's boxes over one benchmark's sequences. Scores of detectors that do not give 0…1 are mapped there
by one fixed curve, the same for every tracker:

* DPM's margins (MOT17): 1 / (1 + exp(−2 m)). At its own decision, 0, a box gets 0.5; on these sequences about 60 % of
  such boxes are right, 80 % at a margin of 0.35 (0.67 here), 97 % at 1 (0.88).
* ACF's sums (MOT15): 1 / (1 + exp(−(s − 15) / 15)). About half of the boxes at 15 are right (0.5 here), 80 % at 38
  (0.82), 95 % at 57 (0.94).
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack import Detections, MotTable, SportstrackError, read_mot
from sportstrack.seqinfo import SequenceInfo, read_sequence_info

DEFAULT_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
HELD_OUT = 4  # one match in so many is held out, on average


@dataclass(frozen=True)
class Clip:
    """One sequence as a tracker sees it.

    Attributes:
        name: of the sequence.
        match: what it was cut from; clips of one match share players, kits and camera.
        frame_rate: frames per second.
        size: (width, height) in pixels.
        detections: of every frame.
        truth: the true tracks.
        benchmark: whose rules preprocess it, None for plain scoring.
        mark: changes when the detections do.
        embedded: embedder → the same detections with embeddings.
    """

    name: str
    match: str
    frame_rate: float
    size: tuple[int, int]
    detections: list[Detections]
    truth: MotTable
    benchmark: str | None
    mark: str
    embedded: dict[str, list[Detections]] = field(default_factory=dict)


@dataclass(frozen=True)
class Set:
    """One detector's boxes over one benchmark's sequences.

    Attributes:
        name: as options take it.
        title: as tables show it.
        folder: of the sequences, below the data folder.
        detections: file in each sequence's folder; sequences without it are not in the set; None: the truth's boxes.
        benchmark: whose rules preprocess it, None for plain scoring.
        calibrate: maps the file's scores to 0…1.
    """

    name: str
    title: str
    folder: str
    detections: str | None
    benchmark: str | None = None
    calibrate: Callable[[Any], Any] | None = None

    def sequences(self, data: Path) -> list[Path]:
        """Return the folders of its sequences, sorted."""
        wanted = self.detections or "gt/gt.txt"
        return sorted(path.parents[1] for path in (data / self.folder).glob(f"*/{wanted}"))

    def read(self, folder: Path) -> Clip:
        """Read one sequence."""
        info = read_sequence_info(folder)
        truth = read_mot(folder / "gt" / "gt.txt", frames=info.frames)
        if self.detections is None:
            found = replace(truth[truth.score != 0])
        else:
            found = read_mot(folder / self.detections, frames=info.frames, identities=False)
            if self.calibrate is not None:
                found = replace(found, score=self.calibrate(found.score))
        return Clip(
            folder.name,
            match_of(folder.name),
            _known(info.frame_rate, "frameRate", folder),
            (_known(info.width, "imWidth", folder), _known(info.height, "imHeight", folder)),
            _per_frame(found, info),
            truth,
            self.benchmark,
            hashlib.sha1(found.xyxy.tobytes() + found.score.tobytes()).hexdigest()[:12],
        )


def _dpm(margin: Any) -> Any:
    return 1 / (1 + np.exp(-2 * margin))


def _acf(total: Any) -> Any:
    return 1 / (1 + np.exp(-(total - 15) / 15))


SETS = {
    one.name: one
    for one in (
        Set("sportsmot-simulated", "SportsMOT, simulated detector", "sportsmot/train", "det/det.txt"),
        Set("sportsmot-oracle", "SportsMOT, the truth's boxes as detections", "sportsmot/train", None),
        Set("mot17-dpm", "MOT17, DPM", "mot17", "det/det_dpm.txt", "MOT17", _dpm),
        Set("mot17-frcnn", "MOT17, Faster R-CNN", "mot17", "det/det_frcnn_public.txt", "MOT17"),
        Set("mot15-acf", "MOT15, ACF", "mot15", "det/det_acf_public.txt", "MOT15", _acf),
        Set("mot15-frcnn", "MOT15, Faster R-CNN", "mot15", "det/det_frcnn_sort.txt", "MOT15"),
    )
}
"""Name → set."""


def data_folder(given: Path | None) -> Path:
    """Return the folder given, else SPORTSTRACK_DATA, else ``../shared/data``.

    Raises:
        SportstrackError: it is not there.
    """
    folder = given or Path(os.environ.get("SPORTSTRACK_DATA", DEFAULT_DATA))
    if not folder.is_dir():
        raise SportstrackError(f"{folder}: no such folder; --data FOLDER (with sportsmot/, mot17/, mot15/) says where")
    return folder


def match_of(sequence: str) -> str:
    """Return the match that a sequence was cut from: SportsMOT's ``v_NAME_c003`` is the third clip of ``v_NAME``."""
    return re.sub(r"_c\d+$", "", sequence)


def held_out(match: str) -> bool:
    """Return whether a match is kept for the test, by a hash of its name, so that new matches move no old one."""
    return hashlib.sha1(match.encode()).digest()[0] % HELD_OUT == 0


def choose(folders: list[Path], part: str, limit: int | None) -> list[Path]:
    """Return the sequences asked for.

    Args:
        folders: all of them.
        part: ``"all"``, ``"held-out"`` (the matches kept for the test) or ``"rest"`` (those to tune on).
        limit: at most so many, spread evenly; None for all.
    """
    if part != "all":
        folders = [f for f in folders if held_out(match_of(f.name)) == (part == "held-out")]
    if limit is None or limit >= len(folders):
        return folders
    return [folders[i * len(folders) // limit] for i in range(limit)]


def _known(value: Any, name: str, folder: Path) -> Any:
    if value is None:
        raise SportstrackError(f"{folder / 'seqinfo.ini'}: no {name} in it")
    return value


def _per_frame(found: MotTable, info: SequenceInfo) -> list[Detections]:
    frames = info.frames or (int(found.frame.max()) + 1 if len(found) else 0)
    found = found[np.argsort(found.frame, kind="stable")]
    ends = np.searchsorted(found.frame, np.arange(frames + 1))
    kind = np.zeros(len(found), np.int64)
    return [Detections(found.xyxy[a:b], found.score[a:b], kind[a:b]) for a, b in pairwise(ends)]
