"""Run a tracker over a sequence by a protocol, and keep its boxes in the benchmarks' own text files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Literal, Protocol, TypeAlias

import numpy as np

from sportstrack.boxes import tlwh_to_xyxy, xyxy_to_tlwh
from sportstrack.errors import FormatError, SettingError
from sportstrack.files.claim import ensure_folder, write_text
from sportstrack.files.reading import existing, is_file, read_text
from sportstrack.sot.evaluate.layouts import ObjectSequence, read_rows
from sportstrack.sot.evaluate.scores import FAILED, SKIPPED, STARTED, TRACKED, clip_to_image, is_box, mark
from sportstrack.sot.methods import MODEL_FILES, Follower, check_method
from sportstrack.sot.types import check_box, read_image
from sportstrack.types import FloatArray, Image, IntArray

ProtocolName: TypeAlias = Literal["ope", "restart"]
PROTOCOLS: tuple[ProtocolName, ...] = ("ope", "restart")
PLAIN = "plain-"
"""Before the name of a method: OpenCV's tracker alone, without our loop."""
Progress: TypeAlias = Callable[[int], None]
PAUSE = 5  # VOT starts the tracker anew on the fifth frame after the one in which it failed
NOTHING: FloatArray = np.full(4, np.nan)


class Contender(Protocol):
    """A tracker that is scored: boxes are (4,) ``xyxy``, images (H, W, 3) BGR."""

    def init(self, image: Image, box: FloatArray) -> None:
        """Start, or start anew."""

    def update(self, image: Image) -> FloatArray:
        """Return the box in the next frame; NaN for lost."""


@dataclass(frozen=True, eq=False)
class Trial:
    """The answers of a tracker for a sequence.

    Attributes:
        boxes: (F, 4) ``xyxy``, NaN where it gave none.
        codes: (F,) of `STARTED`, `TRACKED`, `FAILED` and `SKIPPED`; one pass has one start and no failures.
        seconds: (F,) what the tracker took for each frame, reading the image excluded; NaN where unknown.
    """

    boxes: FloatArray
    codes: IntArray
    seconds: FloatArray


def contender(name: str, models: dict[str, str] | None = None) -> Callable[[], Contender]:
    """Return a maker of trackers: a method in our loop, or, with ``plain-`` before it, OpenCV's alone.

    Args:
        name: ``csrt``, ``plain-csrt``, ``kcf`` …
        models: network files; the method takes those that it knows.

    Raises:
        SettingError, WeightsError, SportstrackError: as `sportstrack.sot.SingleTracker` raises them.
    """
    plain = name.lower().startswith(PLAIN)
    method = check_method(name.lower().removeprefix(PLAIN))
    own = {key: path for key, path in (models or {}).items() if key in MODEL_FILES.get(method, ())}
    make: Callable[[], Contender] = (lambda: _Plain(method, own)) if plain else (lambda: _Ours(method, own))
    make()  # so that a missing file or an OpenCV without the method is reported now, not after an hour
    return make


class _Ours:
    """`SingleTracker`; its guesses during an occlusion count as boxes, lost is no box."""

    def __init__(self, method: str, models: dict[str, str]) -> None:
        from sportstrack.sot.single import SingleTracker

        self._tracker = SingleTracker(method, models=models)

    def init(self, image: Image, box: FloatArray) -> None:
        self._tracker.init(image, box)

    def update(self, image: Image) -> FloatArray:
        return self._tracker.update(image).box


class _Plain:
    """OpenCV's tracker; a frame in which it reports failure has no box."""

    def __init__(self, method: str, models: dict[str, str]) -> None:
        self._follower = Follower(method, models, window=None)

    def init(self, image: Image, box: FloatArray) -> None:
        image = read_image(image)
        self._follower.init(image, check_box(box, image.shape))

    def update(self, image: Image) -> FloatArray:
        found, box, _ = self._follower.update(read_image(image))
        return box if found else NOTHING


def one_pass(sequence: ObjectSequence, tracker: Contender, progress: Progress | None = None) -> Trial:
    """Start the tracker on the first true box and let it go on to the end.

    Args:
        sequence: what to follow.
        tracker: a `Contender`.
        progress: called with the number of frames done.

    Raises:
        SourceError: if an image is missing or broken.
        SettingError: if the first box cannot be followed (outside the picture, or less than two pixels of it).
    """
    trial = _empty(len(sequence))
    for i, image in enumerate(sequence.frames()):
        begun = perf_counter()
        if i == 0:
            tracker.init(image, sequence.boxes[0])
        box = sequence.boxes[0] if i == 0 else tracker.update(image)
        trial.seconds[i] = perf_counter() - begun
        trial.boxes[i] = box
        trial.codes[i] = TRACKED if i else STARTED
        if progress is not None:
            progress(i + 1)
    return trial


def restarts(
    sequence: ObjectSequence, tracker: Contender, progress: Progress | None = None, *, pause: int = PAUSE
) -> Trial:
    """Start the tracker anew on the true box after each failure, as VOT's supervised experiment does.

    The tracker fails in a frame if it gives no box, or if its box and the true one, both clipped to the picture, do not
    overlap. It starts anew `pause` frames later, or on the next frame after that in which the object is there and its
    box can be followed. It cannot fail in frames in which the object is absent.

    Args:
        sequence: what to follow.
        tracker: a `Contender`.
        progress: called with the number of frames done.
        pause: frames.

    Raises:
        SourceError: if an image is missing or broken.
        SettingError: if the first box cannot be followed.
    """
    trial = _empty(len(sequence))
    start, following = 0, False
    for i, image in enumerate(sequence.frames()):
        begun = perf_counter()
        if following:
            trial.boxes[i] = tracker.update(image)
            trial.codes[i] = TRACKED
            trial.seconds[i] = perf_counter() - begun
            if _failed(trial.boxes[i], sequence.boxes[i], image):
                trial.boxes[i], trial.codes[i] = NOTHING, FAILED
                following, start = False, i + pause
        elif i >= start and _can_start(sequence.boxes[i], image, first=i == 0):
            tracker.init(image, sequence.boxes[i])
            trial.boxes[i], trial.codes[i] = sequence.boxes[i], STARTED
            trial.seconds[i] = perf_counter() - begun
            following = True
        if progress is not None:
            progress(i + 1)
    return trial


def _empty(count: int) -> Trial:
    return Trial(np.full((count, 4), np.nan), np.full(count, SKIPPED), np.full(count, np.nan))


def _failed(box: FloatArray, true: FloatArray, image: Image) -> bool:
    size = (image.shape[1], image.shape[0])
    overlap = mark(clip_to_image(box[None], size), clip_to_image(true[None], size)).overlap[0]
    return bool(overlap <= 0)  # NaN, the object is absent: no


def _can_start(box: FloatArray, image: Image, *, first: bool) -> bool:
    try:
        check_box(box, image.shape)
    except SettingError:
        if first:
            raise
        return False
    return True


# --- files -----------------------------------------------------------------------------------------------------------


def trial_files(folder: Path, name: str, protocol: ProtocolName) -> tuple[Path, Path]:
    """Return the files of boxes and of times, where the GOT-10k toolkit's OTB and VOT experiments have them."""
    if protocol == "ope":
        return folder / f"{name}.txt", folder / "times" / f"{name}_time.txt"
    place = folder / "baseline" / name
    return place / f"{name}_001.txt", place / f"{name}_time.txt"


def write_trial(trial: Trial, folder: Path, name: str, protocol: ProtocolName) -> None:
    """Write left, top, width and height of each frame (under restarts also VOT's codes), and the times.

    Raises:
        OutputError: if that cannot be done.
    """
    boxes, times = trial_files(folder, name, protocol)
    rows = [",".join(f"{value:.4f}" for value in row) for row in xyxy_to_tlwh(trial.boxes).tolist()]
    if protocol == "restart":
        codes = trial.codes.tolist()
        rows = [row if code == TRACKED else str(code) for row, code in zip(rows, codes, strict=True)]
    for file in (boxes, times):
        ensure_folder(file.parent)
    write_text(times, "".join(f"{value:.8f}\n" for value in trial.seconds.tolist()))
    write_text(boxes, "\n".join(rows) + "\n")  # last: where it is, the sequence is done


def read_trial(sequence: ObjectSequence, folder: Path, protocol: ProtocolName) -> Trial | None:
    """Read a result; None if there is none.

    Args:
        sequence: of the result.
        folder: of one tracker. A one-pass result is ``NAME.txt``, ``NAME_001.txt``, ``NAME/NAME_001.txt`` or
            ``NAME_otb.txt``; one under restarts ``baseline/NAME/NAME_001.txt`` or ``NAME/NAME_001.txt``.
        protocol: of the result.

    Raises:
        FormatError: if the file does not hold a row for each frame; with the line.
    """
    name, count = sequence.name, len(sequence)
    boxes, times = trial_files(folder, name, protocol)
    other = [folder / name / f"{name}_001.txt"]
    if protocol == "ope":
        other += [folder / f"{name}_001.txt", folder / f"{name}_otb.txt"]
    file = _there(boxes, *other)
    if file is None:
        return None
    trial = _read_boxes(file, count) if protocol == "ope" else _read_codes(file, count)
    spent = _there(times, folder / name / f"{name}_time.txt")
    return Trial(trial.boxes, trial.codes, trial.seconds if spent is None else _read_times(spent, count))


def _there(*places: Path) -> Path | None:
    """Return the first file that exists, also if a Mac has composed the letters of its name in another way."""
    found = (Path(existing(str(place))) for place in places)
    return next((file for file in found if is_file(file)), None)


def _read_boxes(file: Path, count: int) -> Trial:
    rows = read_rows(file, (4,))
    _check_length(file, len(rows), count)
    trial = _empty(count)
    trial.boxes[:] = tlwh_to_xyxy(rows)
    trial.boxes[~is_box(trial.boxes)] = np.nan
    trial.codes[:] = TRACKED
    trial.codes[0] = STARTED
    return trial


def _read_codes(file: Path, count: int) -> Trial:
    """Read VOT's text: a row is a code, or a box."""
    lines = [line for line in read_text(file).splitlines() if line.strip()]
    _check_length(file, len(lines), count)
    trial = _empty(count)
    for i, line in enumerate(lines):
        try:
            values = [float(cell) for cell in line.split(",")]
        except ValueError:
            values = []
        if len(values) == 1 and values[0] in (SKIPPED, STARTED, FAILED):
            trial.codes[i] = int(values[0])
        elif len(values) == 4:
            trial.codes[i] = TRACKED
            trial.boxes[i] = tlwh_to_xyxy(np.array([values]))[0]
        else:
            raise FormatError(f"{file}, row {i + 1}: expected a box or VOT's code 0, 1 or 2, got {line.strip()!r}")
    if trial.codes[0] != STARTED:
        raise FormatError(f"{file}: its first row must be 1, a start; is it a one-pass result?")
    return trial


def _read_times(file: Path, count: int) -> FloatArray:
    """Read seconds per frame; of several columns (repetitions), the first."""
    lines = [line.split(",")[0] for line in read_text(file).splitlines() if line.strip()]
    _check_length(file, len(lines), count)
    try:
        return np.array([float(line) for line in lines])
    except ValueError:
        raise FormatError(f"{file}: expected a time per frame") from None


def _check_length(file: Path, found: int, count: int) -> None:
    if found != count:
        raise FormatError(f"{file}: has {found} rows, the sequence {count} frames; expected one row for each frame")
