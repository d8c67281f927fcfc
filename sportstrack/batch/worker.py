"""What a worker does, wherever it runs: a phase of a video. The same task twice gives the same files."""

from __future__ import annotations

import os
import platform
import socket
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sportstrack import __version__
from sportstrack.batch.phases import DETECT, JOIN, SHOTS, TRACK, BatchTask, first_settings, phase_key, second_settings
from sportstrack.batch.place import RECORDINGS, TRACKS, BatchPlace
from sportstrack.errors import (
    DeviceError,
    FormatError,
    PluginError,
    SettingError,
    SportstrackError,
    WeightsError,
    missing_package,
    one_line,
)

Counted = Callable[[int, "int | None"], None]
"""Called with the frames done and the frames expected, None if unknown."""
_LASTING = (SettingError, FormatError, WeightsError, DeviceError, PluginError)  # they will not go away by themselves
_EVERY = 0.5  # seconds between two reports of progress
SCORES = ("HOTA", "DetA", "AssA", "MOTA", "IDF1", "IDSW")
"""What is told of a video with truth."""


@dataclass(frozen=True)
class BatchJob:
    """What all tasks of a batch share.

    Attributes:
        output: the folder or the address of all files.
        overwrite: replace also files that are not this program's.
        path: entries of ``sys.path`` to add, so that plug-ins are found as at the start.
    """

    output: str
    overwrite: bool = False
    path: tuple[str, ...] = ()


class BatchWorker:
    """Does tasks one after the other, with one model in memory.

    Args:
        job: what they share.
        stopped: asked after each frame whether to stop, as after Ctrl-C.
    """

    def __init__(self, job: BatchJob, stopped: Callable[[], bool] = lambda: False) -> None:
        self._job, self._stopped = job, stopped
        self._place: BatchPlace | None = None
        self._detector: tuple[str, Any] | None = None

    def do(self, task: BatchTask, progress: Counted | None = None) -> dict[str, Any]:
        """Do a task and return its line of the manifest: state done, failed or stopped.

        Args:
            task: what is to be done.
            progress: called now and then with the frames done and the frames expected, None if unknown.
        """
        began, cpu = time.time(), time.process_time()
        try:
            place = self._place = self._place or BatchPlace(self._job.output)
            steps = {DETECT: self._detect, TRACK: self._track, SHOTS: self._find_parts, JOIN: self._join}
            found = steps[task.phase](place, task, self._watch(progress))
            outcome: dict[str, Any] = {"state": "done", **found}
        except KeyboardInterrupt:
            outcome = {"state": "stopped", "retry": False}
        except SportstrackError as error:
            retry = not isinstance(error, _LASTING)
            outcome = {"state": "failed", "error": str(error), "retry": retry, "kept": list(error.kept)}
        except ModuleNotFoundError as error:
            missing = str(missing_package((error.name or "").partition(".")[0]))
            outcome = {"state": "failed", "error": missing, "retry": False}
        except MemoryError:
            outcome = {"state": "failed", "error": "there is not enough memory; try fewer --workers", "retry": True}
        except Exception as error:
            place_of = traceback.extract_tb(error.__traceback__)[-1]
            text = f"{type(error).__name__}: {error} ({Path(place_of.filename).name}, line {place_of.lineno})"
            outcome = {"state": "failed", "error": one_line(text), "retry": True}
        took = round(time.time() - began + outcome.pop("took", 0.0), 3)
        return _about(task) | outcome | {"took": took, "cpu": round(time.process_time() - cpu, 3)}

    def close(self) -> None:
        """Remove what is of no use without the worker."""
        if self._place is not None:
            self._place.close()

    def _watch(self, progress: Counted | None) -> Counted:
        said = 0.0

        def watch(done: int, expected: int | None) -> None:
            nonlocal said
            if self._stopped():
                raise KeyboardInterrupt
            if progress is not None and time.monotonic() - said >= _EVERY:
                said = time.monotonic()
                progress(done, expected)

        return watch

    def _detect(self, place: BatchPlace, task: BatchTask, watch: Counted) -> dict[str, Any]:
        from sportstrack.batch.record import record_video

        folder = place.folder / RECORDINGS
        made = record_video(task, folder, self._model(task), watch, overwrite=self._job.overwrite)
        place.send(made["outputs"])
        place.forget(made["outputs"])
        return made

    def _find_parts(self, place: BatchPlace, task: BatchTask, watch: Counted) -> dict[str, Any]:
        from sportstrack.batch.parts import find_parts

        del place  # the manifest holds all that is found
        return find_parts(task, watch)

    def _join(self, place: BatchPlace, task: BatchTask, watch: Counted) -> dict[str, Any]:
        from sportstrack.batch.parts import join_parts

        del watch  # it takes no time to speak of
        lines = sorted(task.parts, key=lambda line: int(line["part"]))
        names = [name for line in lines for name in line["outputs"]]
        files = [place.fetch(name) for name in names]
        made = join_parts(task, place.folder / RECORDINGS, files, lines, overwrite=self._job.overwrite)
        place.send(made["outputs"])
        place.forget(made["outputs"])
        place.remove(names)
        return made | {"phase": DETECT, "took": sum(line["took"] for line in lines)}

    def _model(self, task: BatchTask) -> Any:
        """Return the detector for a task's settings, loaded by the first video that needs it."""
        from sportstrack.track.detector import LazyDetector

        key = phase_key(task.video, DETECT)
        if self._detector is None or self._detector[0] != key:
            self._detector = None  # before the next one needs memory
            self._detector = (key, LazyDetector(first_settings(task.video.settings)))
        return self._detector[1]

    def _track(self, place: BatchPlace, task: BatchTask, watch: Counted) -> dict[str, Any]:
        from sportstrack.track.run import track_video

        video, recording = task.video, f"{RECORDINGS}/{task.video.name}.npz"
        held = None if video.is_recorded else str(place.fetch(recording))
        folder = place.folder / TRACKS
        summary = track_video(
            video.source,
            folder,
            settings=second_settings(video.settings, held),
            name=video.name,
            resume=not place.is_remote,
            overwrite=self._job.overwrite,
            progress=watch,
        )
        own = f"{video.name}.summary.json"
        stamps = {f"{TRACKS}/{name}": stamp for name, stamp in summary.files.items()}
        stamps[f"{TRACKS}/{own}"] = _stamp(folder / own)
        inputs = dict(summary.inputs)
        if held is not None:
            inputs["recording"] = {"sha256": inputs.pop("detections", {}).get("sha256")}
        found: dict[str, Any] = {
            **{name: getattr(summary, name) for name in ("frames", "boxes", "tracks", "seconds", "warnings")},
            "frame_rate": summary.frame_rate,
        }
        if video.truth is not None:
            found["scores"], inputs["truth"] = self._score(video.truth, summary.outputs["mot"])
        place.send(stamps)
        place.forget([*stamps, recording])
        return found | {"inputs": inputs, "outputs": stamps}

    @staticmethod
    def _score(truth: str, result: str) -> tuple[dict[str, float], dict[str, Any]]:
        from sportstrack.score.run import score_tracks

        scores = score_tracks(truth, result)
        return {name: round(float(scores[name]), 6) for name in SCORES}, {"path": truth} | _stamp(Path(truth))


def _stamp(path: Path) -> dict[str, Any]:
    from sportstrack.files.ledger import stamp

    return stamp(path)


def _about(task: BatchTask) -> dict[str, Any]:
    return {
        "video": task.video.name,
        "source": task.video.source,
        "phase": task.phase,
        "settings": task.key,
        "attempt": task.attempt,
        "worker": f"{socket.gethostname()}:{os.getpid()}",
        "versions": versions(),
    } | ({} if task.span is None else {"part": task.part, "span": list(task.span)})


def versions() -> Mapping[str, str]:
    """Return the versions of the code that makes results."""
    import numpy as np

    return {"sportstrack": __version__, "python": platform.python_version(), "numpy": np.__version__}
