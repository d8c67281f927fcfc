"""TrackEval as an oracle: its own metrics on its own overlaps, for our sequences or for files."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.score.figures import CURVES, FIGURES
from sportstrack.score.scores import Scores
from sportstrack.score.sequence import Sequence

for _name, _kind in (("float", float), ("int", int), ("bool", bool)):
    if _name not in np.__dict__:
        setattr(np, _name, _kind)  # TrackEval 1.3.0 was written for numpy 1

import trackeval  # noqa: E402 - needs the names above

_QUIET = {"PRINT_CONFIG": False}
METRICS = {
    "HOTA": trackeval.metrics.HOTA(),
    "CLEAR": trackeval.metrics.CLEAR({**_QUIET, "THRESHOLD": 0.5}),
    "Identity": trackeval.metrics.Identity({**_QUIET, "THRESHOLD": 0.5}),
    "Count": trackeval.metrics.Count(),
}
Result = dict[str, dict[str, Any]]


def of_sequence(seq: Sequence) -> Result:
    """TrackEval's metrics on a sequence's boxes."""
    overlap = trackeval.datasets.MotChallenge2DBox._calculate_box_ious
    truth = [slice(*seq.truth.start[f : f + 2]) for f in range(seq.frames)]
    result = [slice(*seq.result.start[f : f + 2]) for f in range(seq.frames)]
    return _evaluate(
        {
            "num_timesteps": seq.frames,
            "num_gt_ids": len(seq.truth.ids),
            "num_tracker_ids": len(seq.result.ids),
            "num_gt_dets": len(seq.truth),
            "num_tracker_dets": len(seq.result),
            "gt_ids": [seq.truth.identity[t] for t in truth],
            "tracker_ids": [seq.result.identity[r] for r in result],
            "similarity_scores": [
                overlap(seq.truth.table.xyxy[t], seq.result.table.xyxy[r], box_format="x0y0x1y1")
                for t, r in zip(truth, result, strict=True)
            ],
        }
    )


def of_files(folder: Path, truth: str, result: str, frames: int, benchmark: str, preprocess: bool) -> Result:
    """TrackEval from MOT text to figures, with its own reader and preprocessing."""
    more = {"BENCHMARK": benchmark, "DO_PREPROC": preprocess}
    return _of_texts(trackeval.datasets.MotChallenge2DBox, folder, truth, result, frames, **more)


def of_mots_files(folder: Path, truth: str, result: str, frames: int) -> Result:
    """TrackEval's MOTSChallenge from MOTS text to figures, with its own reader and regions to ignore."""
    return _of_texts(trackeval.datasets.MOTSChallenge, folder, truth, result, frames)


def of_kitti_mots_files(folder: Path, truth: str, result: str, frames: int, class_name: str) -> Result:
    """TrackEval's KittiMOTS from MOTS text, whose frames count from 0, to the figures of one class."""
    more = {"GT_LOC_FORMAT": "{gt_folder}/{seq}/gt/gt.txt"}
    return _of_texts(trackeval.datasets.KittiMOTS, folder, truth, result, frames, class_name, **more)


def _of_texts(
    kind: Any, folder: Path, truth: str, result: str, frames: int, class_name: str = "pedestrian", **more: Any
) -> Result:
    for path, text in ((folder / "gt/seq/gt/gt.txt", truth), (folder / "trackers/one/data/seq.txt", result)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with contextlib.redirect_stdout(io.StringIO()):
        data = kind(
            {
                **_QUIET,
                "GT_FOLDER": str(folder / "gt"),
                "TRACKERS_FOLDER": str(folder / "trackers"),
                "SKIP_SPLIT_FOL": True,
                "SEQ_INFO": {"seq": frames},
                **more,
            }
        )
        return _evaluate(data.get_preprocessed_seq_data(data.get_raw_seq_data("one", "seq"), class_name))


def pooled(results: list[Result]) -> Result:
    """TrackEval's combination of several sequences."""
    return {
        name: metric.combine_sequences({str(i): result[name] for i, result in enumerate(results)})
        for name, metric in METRICS.items()
    }


def class_averaged(results: list[Result]) -> Result:
    """TrackEval's average over classes."""
    return {
        name: metric.combine_classes_class_averaged({str(i): result[name] for i, result in enumerate(results)})
        for name, metric in METRICS.items()
    }


def differences(scores: Scores, result: Result) -> dict[str, float]:
    """Return, for each figure of TrackEval, by how much ours differs (19 values: the greatest difference)."""
    found = {}
    for figure, value in (item for metric in result.values() for item in metric.items()):
        if figure in CURVES:
            ours: Any = scores.curve(figure)
        elif figure in FIGURES:
            ours = scores[figure]
        else:
            ours = getattr(scores, "frames" if figure == "Frames" else figure)
        found[figure] = float(np.abs(np.asarray(value) - ours).max())
    return found


def worst(scores: Scores, result: Result) -> tuple[str, float]:
    """Return the figure that differs most, and by how much."""
    found = differences(scores, result)
    assert len(found) >= 47, sorted(found)
    figure = max(found, key=lambda name: found[name])
    return figure, found[figure]


def _evaluate(data: dict[str, Any]) -> Result:
    return {name: metric.eval_sequence(data) for name, metric in METRICS.items()}
