"""Scoring from files, folders and tables: `score_tracks`, `score_classes`, and the jobs that run side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from sportstrack.classes import class_choice
from sportstrack.errors import FormatError, SettingError
from sportstrack.mot import MotTable
from sportstrack.mots import MotsTable
from sportstrack.score.diagnose import Diagnosis, diagnose
from sportstrack.score.diagnose.switches import Light
from sportstrack.score.given import Table, as_table, boxes_of, is_path
from sportstrack.score.masks import BENCHMARKS as MASK_BENCHMARKS
from sportstrack.score.masks import mask_sides
from sportstrack.score.preprocess import preprocess
from sportstrack.score.scores import Scores
from sportstrack.score.sequence import Sequence
from sportstrack.score.sources import TruthFile, find_trackers, find_truth, pair_up
from sportstrack.seqinfo import read_sequence_info

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Job:
    """One sequence to score.

    Attributes:
        name: the sequence.
        truth: path or table.
        result: path or table.
        frames: its length, None if unknown.
        benchmark: preprocess as this benchmark does; None for plain scoring.
        class_id: score this class alone; None for all boxes alike.
        zero_based: the result file counts frames from 0.
        classes: score these classes alone: numbers as in column 8, or names that lie beside the result; None scores
            all. A truth without classes stays whole.
        iou: overlaps of masks where both sides have some (``"auto"``), of masks or of boxes.
    """

    name: str
    truth: str | Path | Table
    result: str | Path | Table
    frames: int | None = None
    benchmark: str | None = None
    class_id: int | None = None
    zero_based: bool = False
    classes: tuple[int | str, ...] | None = None
    iou: str = "auto"

    def sides(self) -> tuple[MotTable, MotTable]:
        """Read both sides as they are."""
        both = self.benchmark == "KITTI-MOTS"  # both count from 0
        truth = as_table(self.truth, f"{self.name} (truth)", self.frames, both or None)
        zero_based = self.zero_based or both or getattr(truth, "first_frame", 1) == 0
        return truth, as_table(self.result, f"{self.name} (result)", self.frames, zero_based)

    def tables(self) -> tuple[MotTable, MotTable]:
        """Read, preprocess and filter both sides."""
        truth, result = self.sides()
        chosen = None if self.classes is None else class_choice(result, self.classes, self.result_name)
        if self.iou != "auto" or self.benchmark in MASK_BENCHMARKS or isinstance(truth, MotsTable):
            wanted = chosen if self.class_id is None else (self.class_id,)
            return mask_sides(self.name, truth, result, iou=self.iou, classes=wanted, benchmark=self.benchmark)
        result = boxes_of(result) if chosen is None else boxes_of(result)[np.isin(result.class_id, chosen)]
        if self.benchmark is not None:
            truth, result = preprocess(self.name, truth, result, self.benchmark)
        elif chosen is not None and (truth.class_id >= 0).any():
            truth = truth[np.isin(truth.class_id, chosen)]
        if self.class_id is not None:
            truth, result = truth[truth.class_id == self.class_id], result[result.class_id == self.class_id]
        return truth, result

    @property
    def result_name(self) -> str:
        """The result in messages."""
        return str(self.result) if is_path(self.result) else f"{self.name} (result)"

    def sequence(self) -> Sequence:
        """Return what the metrics are counted from."""
        return Sequence.of(self.name, *self.tables(), self.frames)

    def scores(self) -> Scores:
        """Score it."""
        return Scores.of(self.sequence())


def score_tracks(
    truth: str | Path | Table,
    result: str | Path | Table,
    *,
    frames: int | None = None,
    benchmark: str | None = None,
    allow_missing: bool = False,
    processes: int = 1,
    name: str | None = None,
    classes: Iterable[int | str] | None = None,
    iou: str = "auto",
) -> Scores:
    """Score tracking results with CLEAR, Identity and HOTA.

    Args:
        truth: ground truth: MOT text, a folder (one sequence, or a benchmark in SportsMOT, SoccerNet, MOTChallenge or
            DanceTrack layout, or a flat folder of ``SEQUENCE.txt``), or a table: `MotTable`, an (N, 6…10) array or a
            pandas frame with MOT text's columns and frames from 1, or a list with the `Tracks` of frames 0, 1, 2, ….
        result: the tracker's output, in any of these forms.
        frames: length of the sequence for a single pair; None takes ``seqinfo.ini``, else the last frame seen.
        benchmark: ``"MOT16"``, ``"MOT17"`` or ``"MOT20"`` preprocesses as that benchmark does (distractors, consider
            flag), ``"MOTS"`` and ``"KITTI-MOTS"`` as those do; None scores all boxes but those whose consider flag is
            0, and leaves out what lies in a MOTS truth's regions to ignore.
        allow_missing: score the sequences that have a result, if others have none. Results without a truth are
            always left out.
        processes: score sequences in this many processes; needs an ``if __name__ == "__main__"`` in scripts.
        name: of the scores returned.
        classes: score these classes alone: numbers as in column 8 (a detector's class id + 1), or names, which the
            summary or the recording beside a result file knows. A truth without classes stays whole. None scores all
            boxes alike, whatever their classes.
        iou: ``"auto"`` takes overlaps of masks where both sides have some (MOTS text, `sportstrack.mots.MotsTable`),
            ``"mask"`` asks for them, ``"box"`` takes those of the boxes around them.

    Returns:
        The pooled `Scores`; its ``parts`` are the single sequences.

    Raises:
        FormatError: a file or table breaks a rule of `sportstrack.mot.read_mot`.
        SettingError: nothing to score, or sequences without a result.
    """
    if not is_path(truth) or not is_path(result):
        job = Job(name or "sequence", _lone(truth), result, _length(truth, frames), benchmark, iou=iou)
        return of_classes(job, classes).scores()
    found = find_jobs(truth, result, frames=frames, benchmark=benchmark, allow_missing=allow_missing)
    jobs = [of_classes(replace(job, iou=iou), classes) for job in found]
    scores = list(run_jobs(jobs, processes))
    if len(scores) == 1:
        return scores[0].renamed(name) if name else scores[0]
    return Scores.pool(scores, name or "COMBINED")


def score_classes(
    truth: str | Path | Table,
    result: str | Path | Table,
    classes: Mapping[int, str] | None = None,
    *,
    frames: int | None = None,
    allow_missing: bool = False,
    processes: int = 1,
) -> dict[str, Scores]:
    """Score each class by itself: truth and result rows meet rows of the same class (column 8) only.

    Args:
        truth: as in `score_tracks`.
        result: as in `score_tracks`.
        classes: number → name; None takes every class of the truth, named by its number.
        frames: as in `score_tracks`.
        allow_missing: as in `score_tracks`.
        processes: as in `score_tracks`.

    Returns:
        Name → pooled scores; `sportstrack.score.scores.average_classes` averages them.

    Raises:
        FormatError: a side has no classes.
    """
    if is_path(truth) and is_path(result):
        jobs = find_jobs(truth, result, frames=frames, allow_missing=allow_missing)
    else:
        jobs = [Job("sequence", _lone(truth), result, _length(truth, frames))]
    return run_classes(jobs, classes, processes)


def run_classes(jobs: list[Job], classes: Mapping[int, str] | None = None, processes: int = 1) -> dict[str, Scores]:
    """Score jobs class by class; see `score_classes`."""
    numbers: set[int] = set()
    for job in jobs:
        truth, result = job.tables()
        for side, table in (("truth", truth), ("result", result)):
            if len(table) and (table.class_id < 0).all():
                raise FormatError(
                    f"{job.name}: the {side} has no classes (column 8 is −1 or absent); write them there with "
                    "the truth's numbers, or leave out --per-class"
                )
        numbers |= set(np.unique(truth.class_id[truth.score != 0]).tolist())
    named = classes or {number: str(number) for number in sorted(numbers) if number >= 0}
    return {
        name: Scores.pool(run_jobs([_of_class(job, number) for job in jobs], processes), name)
        for number, name in named.items()
    }


def find_jobs(
    truth: str | Path,
    result: str | Path,
    *,
    frames: int | None = None,
    benchmark: str | None = None,
    allow_missing: bool = False,
) -> list[Job]:
    """Pair up the files of one tracker with the truth.

    Raises:
        SettingError: several trackers are found, or sequences have no result and ``allow_missing`` is off.
    """
    sequences = find_truth(truth)
    trackers = find_trackers(result, sequences)
    if len(trackers) > 1:
        raise SettingError(f"{result}: holds several trackers ({', '.join(trackers)}); give one of these folders")
    (results,) = trackers.values()
    return make_jobs(sequences, results, frames=frames, benchmark=benchmark, allow_missing=allow_missing)


def make_jobs(
    truth: dict[str, TruthFile],
    results: dict[str, Path],
    *,
    frames: int | None = None,
    benchmark: str | None = None,
    allow_missing: bool = False,
    zero_based: bool = False,
    warn: Callable[[str], None] = lambda _: None,
) -> list[Job]:
    """Make a job of each sequence that both sides have; ``warn`` is called with a text about those left out.

    Raises:
        SettingError: sequences have no result and ``allow_missing`` is off, or there is nothing to score.
    """
    pairing = pair_up(truth, results)
    missing = f"sequences without a result, {len(pairing.missing)}: {_some(pairing.missing)}"
    extra = f"results without a truth, {len(pairing.extra)}: {_some(pairing.extra)}"
    if pairing.missing and not allow_missing:
        more = f"; {extra}" if pairing.extra else ""
        raise SettingError(f"{missing}{more} (allow it with --allow-missing, in Python allow_missing=True)")
    if not pairing.pairs:
        raise SettingError("no sequence has both a truth and a result")
    for text, names in ((missing, pairing.missing), (extra, pairing.extra)):
        if names:
            warn(text)
    return [
        Job(one.name, one.path, path, frames or read_sequence_info(one.folder).frames, benchmark, None, zero_based)
        for one, path in pairing.pairs
    ]


def _some(names: list[str], most: int = 10) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def run_jobs(jobs: Iterable[Job], processes: int = 1) -> Iterator[Scores]:
    """Yield the scores of each job, in order; one sequence per process is in memory at a time."""
    yield from side_by_side(Job.scores, processes, jobs)


def side_by_side(work: Callable[..., _Result], processes: int, *arguments: Iterable[Any]) -> Iterator[_Result]:
    """Yield what a function returns, as `map` does, from this process or from several."""
    if processes <= 1:
        yield from map(work, *arguments)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Spawned, not forked: a fork of a process that runs threads (BLAS, torch) may hang.
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        yield from pool.map(work, *arguments)


def _length(truth: Any, frames: int | None) -> int | None:
    if frames is not None or not is_path(truth):
        return frames
    sequences = list(find_truth(truth).values())
    if len(sequences) != 1:
        raise SettingError(f"{truth}: holds {len(sequences)} sequences, but the result is a single table")
    return read_sequence_info(sequences[0].folder).frames


def _lone(truth: Any) -> Any:
    """Return the truth file where a folder stands for its only sequence."""
    return next(iter(find_truth(truth).values())).path if is_path(truth) else truth


def of_classes(job: Job, classes: Iterable[int | str] | None) -> Job:
    """Return a job that scores some classes alone; see `score_tracks`."""
    return job if classes is None else replace(job, classes=(classes,) if isinstance(classes, str) else tuple(classes))


def _of_class(job: Job, number: int) -> Job:
    return replace(job, class_id=number)


def diagnose_job(job: Job, light: Light = lambda _: None) -> Diagnosis:
    """Diagnose a sequence from its files; the picture's size is that of ``seqinfo.ini``."""
    return diagnose(job.sequence(), _picture_size(job), light)


def score_and_diagnose(job: Job, light: Light = lambda _: None) -> tuple[Scores, Diagnosis]:
    """Read a sequence once and return both; see `diagnose_job`."""
    seq = job.sequence()
    return Scores.of(seq), diagnose(seq, _picture_size(job), light)


def _picture_size(job: Job) -> tuple[int, int] | None:
    folder = sequence_folder(job)
    return read_sequence_info(folder).size if folder else None


def sequence_folder(job: Job) -> Path | None:
    """Return the folder of the sequence that a job's truth belongs to, if it is a file."""
    if not isinstance(job.truth, (str, Path)):
        return None
    path = Path(job.truth)
    return path.parent.parent if path.parent.name == "gt" else path.parent
