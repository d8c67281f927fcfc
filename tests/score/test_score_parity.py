"""Every figure equals TrackEval's to 1e-9."""

from __future__ import annotations

import csv
import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import trackeval_oracle
from hypothesis import given, settings
from hypothesis import strategies as st

import sportstrack
from sportstrack.mot import MotTable, parse_mot, read_mot
from sportstrack.score import matching
from sportstrack.score.preprocess import preprocess
from sportstrack.score.run import Job, score_tracks
from sportstrack.score.scores import Scores, average_classes
from sportstrack.score.sequence import Sequence
from sportstrack.seqinfo import read_sequence_info
from sportstrack.types import Detections

EXACT = 1e-9


def table(rows: list[tuple]) -> MotTable:
    """(frame from 0, id, left, top, width, height[, class, flag]) rows."""
    if not rows:
        return MotTable.empty()
    a = np.array([row[:6] for row in rows], dtype=np.float64)
    ids = np.array([row[1] for row in rows], dtype=np.int64)
    box = np.hstack([a[:, 2:4], a[:, 2:4] + a[:, 4:6]])
    return MotTable(a[:, 0].astype(int), ids, box, np.ones(len(a)), np.full(len(a), -1), np.full(len(a), -1.0))


def assert_equal(scores: Scores, result: dict) -> None:
    figure, difference = trackeval_oracle.worst(scores, result)
    assert difference <= EXACT, f"{scores.name}: {figure} differs by {difference}"


# --- what TrackEval itself printed ------------------------------------------------------------------------------------


def test_rows_printed_by_trackeval_with_preprocessing(shared_data: Path) -> None:
    folder = shared_data / "trackeval-oracle"
    with (folder / "pedestrian_detailed.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 3
    for row in rows:
        name = row.pop("seq")
        scores = score_tracks(folder / "gt" / name, folder / "tracker" / f"{name}.txt", benchmark="MOT17")
        ours = {column: printed_figure(scores, column) for column in row}
        assert len(ours) == 275
        assert {c: v for c, v in ours.items() if abs(v - float(row[c])) > EXACT} == {}


def printed_figure(scores: Scores, column: str) -> float:
    """The value of a column such as ``MOTA``, ``HOTA___50`` or ``AssA___AUC``."""
    figure, _, alpha = column.replace("RHOTA", "OWTA").partition("___")
    if not alpha:
        return scores.MOTP_sum if figure == "MOTP_sum" else scores[figure]
    values = getattr(scores, figure) if figure.startswith("HOTA_") else scores.curve(figure)
    return float(values.mean() if alpha == "AUC" else values[round(int(alpha) / 5) - 1])


# --- real sequences, three trackers -----------------------------------------------------------------------------------

TRACKERS = {
    "bytetrack": ("bytetrack", {}),
    "sort": ("sort", {}),
    "patient sort": ("sort", {"max_age": 20, "min_hits": 1}),
}


@pytest.mark.slow
@pytest.mark.parametrize("tracker", TRACKERS)
def test_all_sportsmot_training_sequences(tracker: str, shared_data: Path) -> None:
    """Each sequence once: a third of them for each tracker."""
    ours, theirs = [], []
    folders = sorted((shared_data / "sportsmot" / "train").iterdir())
    assert len(folders) == 45
    for folder in folders[list(TRACKERS).index(tracker) :: len(TRACKERS)]:
        frames = read_sequence_info(folder).frames
        truth = read_mot(folder / "gt" / "gt.txt", frames=frames)
        seq = Sequence.of(folder.name, truth, tracked(folder, frames, *TRACKERS[tracker]), frames)
        ours.append(Scores.of(seq))
        theirs.append(trackeval_oracle.of_sequence(seq))
        assert_equal(ours[-1], theirs[-1])
    assert_equal(Scores.pool(ours), trackeval_oracle.pooled(theirs))
    assert ours[0].Dets > 1000


def tracked(folder: Path, frames: int, name: str, settings: dict) -> MotTable:
    found = read_mot(folder / "det" / "det.txt", frames=frames, identities=False)
    found = found[np.argsort(found.frame, kind="stable")]
    start = np.searchsorted(found.frame, np.arange(frames + 1))
    tracker = sportstrack.create_tracker(name, frame_rate=25, **settings)
    return MotTable.from_tracks(
        [tracker.update(Detections.from_arrays(found.xyxy[a:b], found.score[a:b])) for a, b in pairwise(start.tolist())]
    )


# --- made-up sequences ------------------------------------------------------------------------------------------------

# Whole pixels on a small grid: the same box twice, equal overlaps and ties between identities are frequent.
ids = st.sampled_from([0, 1, 2, 3, 4, 5, 10**9, 2**53 - 1])
box = (st.integers(0, 9), st.integers(0, 9), st.integers(1, 7), st.integers(1, 7))


def side(frames: int) -> st.SearchStrategy:
    row = st.tuples(st.integers(0, frames - 1), ids, *box)
    return st.lists(row, unique_by=lambda row: row[:2], max_size=30).map(table)


@st.composite
def sequences(draw) -> Sequence:
    frames = draw(st.integers(1, 6))
    truth, result = draw(side(frames)), draw(side(frames))
    if draw(st.booleans()):  # a result that resembles the truth, shifted by a pixel
        result = replace(truth, xyxy=truth.xyxy + draw(st.integers(0, 1)))
    return Sequence.of("made up", truth, result, frames)


@given(sequences())
@settings(max_examples=100, deadline=None)
def test_any_sequence(seq: Sequence) -> None:
    assert_equal(Scores.of(seq), trackeval_oracle.of_sequence(seq))


@given(st.lists(sequences(), min_size=2, max_size=4))
@settings(max_examples=60, deadline=None)
def test_any_pool(seqs: list[Sequence]) -> None:
    scores = [Scores.of(seq) for seq in seqs]
    results = [trackeval_oracle.of_sequence(seq) for seq in seqs]
    assert_equal(Scores.pool(scores), trackeval_oracle.pooled(results))
    assert_equal(sum(reversed(scores)), trackeval_oracle.pooled(results))


def crowd(rng: np.random.Generator, frames: int, most: int, span: int, size: int, whole: bool) -> MotTable:
    """Boxes of random place and size, some twice, in random order, with frames left empty and ids that come and go."""
    names = rng.choice(10**9, 2 * most, replace=False)
    rows = []
    for frame in range(frames):
        count = 0 if rng.random() < 0.15 else int(rng.integers(0, most + 1))
        corner, extent = rng.uniform(0, span, (count, 2)), rng.uniform(1, size, (count, 2))
        boxes = np.hstack([corner.round(), np.ceil(extent)] if whole else [corner, extent])
        if count > 1:
            boxes[rng.integers(count)] = boxes[rng.integers(count)]
        rows += [(frame, i, *b) for i, b in zip(rng.choice(names, count, replace=False).tolist(), boxes, strict=True)]
    rng.shuffle(rows)
    return table([tuple(row) for row in rows])


@given(
    seed=st.integers(0, 2**32),
    most=st.sampled_from([2, 9, 20]),
    span=st.sampled_from([2, 10, 40]),
    size=st.sampled_from([2, 5, 25]),
    whole=st.booleans(),
    full=st.sampled_from([0, 2500]),
)
@settings(max_examples=100, deadline=None)
def test_crowds(seed: int, most: int, span: int, size: int, whole: bool, full: int) -> None:
    rng = np.random.default_rng(seed)
    frames = int(rng.integers(1, 12))
    seq = Sequence.of("crowd", crowd(rng, frames, most, span, size, whole), crowd(rng, frames, most, span, size, whole))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "_FULL", full)  # 0: knots are solved by themselves even where the matrix is small
        scores = Scores.of(seq)
    assert_equal(scores, trackeval_oracle.of_sequence(seq))


# --- preprocessing, from files ----------------------------------------------------------------------------------------

flagged = st.tuples(st.integers(1, 4), st.integers(1, 9), *box, st.integers(0, 1), st.integers(1, 13))
plain = st.tuples(st.integers(1, 4), st.integers(1, 9), *box)


def unique(rows: st.SearchStrategy, least: int) -> st.SearchStrategy:
    return st.lists(rows, unique_by=lambda row: row[:2], min_size=least, max_size=25)


def text(rows: list[tuple], tail: str) -> str:
    return "".join(",".join(map(str, row)) + tail for row in rows)


@given(unique(flagged, 1), unique(plain, 1), st.sampled_from(["MOT15", "MOT16", "MOT17", "MOT20"]), st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_file_with_preprocessing(truth: list, result: list, benchmark: str, on: bool) -> None:
    texts = text(truth, ",1\n"), text(result, ",0.5,-1,-1,-1\n")
    with tempfile.TemporaryDirectory() as folder:
        expected = trackeval_oracle.of_files(Path(folder), *texts, 4, benchmark, on)
        paths = Path(folder) / "gt/seq/gt/gt.txt", Path(folder) / "trackers/one/data/seq.txt"
        scores = Job("seq", *paths, frames=4, benchmark=benchmark if on else None).scores()
    assert_equal(scores, expected)


def test_preprocessing_leaves_the_order_of_the_rows_alone() -> None:
    truth = parse_mot("2,1,0,0,9,9,1,1,1\n1,2,0,0,9,9,1,8,1\n1,3,50,0,9,9,1,1,1\n")
    result = parse_mot("2,7,0,0,9,9\n1,8,0,0,9,9\n1,9,50,0,9,9\n")
    kept_truth, kept = preprocess("seq", truth, result, "MOT17")
    assert kept.track_id.tolist() == [7, 9]
    assert kept_truth.track_id.tolist() == [1, 3]


# --- classes ----------------------------------------------------------------------------------------------------------


@given(st.lists(sequences(), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_class_average(seqs: list[Sequence]) -> None:
    scores = {str(i): Scores.of(seq) for i, seq in enumerate(seqs)}
    ours = average_classes(scores)
    theirs = trackeval_oracle.class_averaged([trackeval_oracle.of_sequence(seq) for seq in seqs])
    for metric in theirs.values():
        for figure, value in metric.items():
            if figure in ours:
                assert abs(ours[figure] - float(np.mean(value))) <= EXACT, figure
