"""GS-HOTA: HOTA whose similarity asks for place, role, team and number (Somers et al. 2024, arXiv:2404.11335).

The similarity of a truth's and a result's person d metres apart is exp(ln 0.05 · d² / (5 m)²), times 1 if role, team
(of players and goalkeepers) and number (of players) are all equal, else 0. As in SoccerNet's scorer
(https://github.com/SoccerNet/sn-trackeval, ``trackeval/datasets/soccernet_gs.py``), the ball is ignored, and so are, on
both sides, the frames without labelled pitch, camera or persons; none of what remains is left out, on or off the pitch.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sportstrack.errors import FormatError, SettingError
from sportstrack.files.reading import list_files, list_folders, same_name
from sportstrack.mot import MotTable
from sportstrack.score.game_state.files import LABELS, read_game_state
from sportstrack.score.game_state.origin import check_origin, same_frame
from sportstrack.score.game_state.table import GameState
from sportstrack.score.scores import Scores
from sportstrack.score.sequence import Sequence, Side
from sportstrack.score.table import Row, render

TOLERANCE = 5.0
"""Metres at which the similarity is 0.05, the lowest threshold."""

COLUMNS = ("HOTA", "DetA", "AssA", "DetRe", "DetPr", "AssRe", "AssPr", "LocA", "GT_Dets", "Dets", "GT_IDs", "IDs")
"""The figures of a printed table."""


@dataclass(frozen=True, eq=False)
class GameStateScores:
    """GS-HOTA of one or more sequences, and what is lost by numbers and teams.

    Attributes:
        full: role, team and number count; ``full.HOTA`` is GS-HOTA.
        without_number: role and team count.
        without_team_and_number: the role alone counts.
    """

    full: Scores
    without_number: Scores
    without_team_and_number: Scores

    @property
    def gs_hota(self) -> float:
        """GS-HOTA, 0…1."""
        return self.full.HOTA

    @classmethod
    def of(cls, truth: GameState, result: GameState) -> GameStateScores:
        """Score one sequence; see `score_game_state`."""
        if not truth.scored.any():
            raise FormatError(f"{truth.name}: no frame has labelled pitch, camera and persons: nothing can be scored")
        if truth.images != result.images:
            raise FormatError(f"{truth.name}: truth and result name other images; read the result with truth=…")
        t, r = truth.scorable(), result.scorable()
        check_origin(t, r)
        return cls(
            Scores.of(_sequence(t, r)),
            Scores.of(_sequence(t, r, number=False)),
            Scores.of(_sequence(t, r, team=False, number=False)),
        )

    @classmethod
    def pool(cls, scores: Iterable[GameStateScores]) -> GameStateScores:
        """Add up any number of sequences, as SoccerNet does; SettingError if there are none."""
        given = list(scores)
        return cls(
            Scores.pool(one.full for one in given),
            Scores.pool(one.without_number for one in given),
            Scores.pool(one.without_team_and_number for one in given),
        )

    def rows(self) -> list[Row]:
        """Return the rows of a table: GS-HOTA of the pooled sequences, then of all with more and more counting."""
        return [
            *self.full.pooled,
            self.without_team_and_number.renamed("without team and number"),
            self.without_number.renamed("without number"),
            self.full.renamed("GS-HOTA"),
        ]

    def __str__(self) -> str:
        return render(self.rows(), "table", COLUMNS)


@dataclass(frozen=True)
class GameStateJob:
    """One sequence to score.

    Attributes:
        name: the sequence.
        truth: its labels.
        result: its predictions.
    """

    name: str
    truth: Path
    result: Path

    def scores(self) -> GameStateScores:
        """Read and score it."""
        truth = read_game_state(self.truth)
        return GameStateScores.of(truth, read_game_state(self.result, truth))


def score_game_state(truth: str | Path | GameState, result: str | Path | GameState) -> GameStateScores:
    """Score who stands where, as SoccerNet's game state challenge does.

    Args:
        truth: ``Labels-GameState.json``, a folder of ``SEQUENCE/Labels-GameState.json``, or a `GameState`.
        result: predictions, a folder of ``SEQUENCE.json``, or a `GameState` with the truth's images.

    Returns:
        GS-HOTA in ``.gs_hota``, all figures in ``.full``, and both without number, and without team and number.

    Raises:
        FormatError: a file breaks the format, or positions are in other coordinates; see `read_game_state`.
        SettingError: nothing to score, or sequences without a result.
    """
    if isinstance(truth, GameState) or isinstance(result, GameState):
        if not isinstance(truth, GameState):
            truth = read_game_state(truth)
        return GameStateScores.of(truth, result if isinstance(result, GameState) else read_game_state(result, truth))
    trackers = find_game_states(truth, [result])
    if len(trackers) > 1:
        raise SettingError(f"{result}: holds several trackers ({', '.join(trackers)}); give one of these folders")
    (jobs,) = trackers.values()
    scores = [job.scores() for job in jobs]
    return scores[0] if len(scores) == 1 else GameStateScores.pool(scores)


def find_game_states(
    truth: str | Path, results: Iterable[str | Path], *, allow_missing: bool = False
) -> dict[str, list[GameStateJob]]:
    """Pair predictions with labels: tracker → its sequences.

    Args:
        truth: labels, a sequence's folder, or a folder of such folders, up to three levels down.
        results: of each tracker a file, a folder of ``SEQUENCE.json`` (also in ``data/``), or a folder of such folders.
        allow_missing: score what both sides have, if sequences have no result.

    Raises:
        SettingError: nothing is there, sequences have no result, or two sequences or trackers have one name.
    """
    labels = _labels(Path(truth))
    found: dict[str, list[GameStateJob]] = {}
    for path in map(Path, results):
        for name, files in _trackers(path, labels).items():
            if name in found:
                raise SettingError(f"two trackers are called {name}; rename one's folder")
            missing = sorted(labels.keys() - files.keys())
            if missing and not allow_missing:
                raise SettingError(
                    f"{path}: sequences without a result, {len(missing)}: {', '.join(missing[:10])} (allow it with "
                    "--allow-missing)"
                )
            found[name] = [GameStateJob(one, labels[one], files[one]) for one in labels if one in files]
    return found


def _labels(root: Path) -> dict[str, Path]:
    if root.is_file():
        return {same_name(root.resolve().parent.name if root.name == LABELS else root.stem): root}
    for depth in ("", "*/", "*/*/", "*/*/*/"):
        files = list_files(root, pattern=depth + LABELS)
        named = {same_name(file.resolve().parent.name): file for file in files}
        if len(named) < len(files):
            raise SettingError(f"{root}: two sequences have one name; give one split's folder")
        if named:
            return named
    raise SettingError(f"{root}: no {LABELS} found, here or up to three folders down")


def _trackers(root: Path, labels: dict[str, Path]) -> dict[str, dict[str, Path]]:
    if root.is_file():
        return {root.stem: {next(iter(labels)) if len(labels) == 1 else same_name(root.stem): root}}
    own = _predictions(root)
    if own.keys() & labels.keys():
        folder = root.resolve()
        return {folder.parent.name if folder.name == "data" else folder.name: own}
    below = {folder.name: _predictions(folder) for folder in list_folders(root)}
    trackers = {name: files for name, files in below.items() if files.keys() & labels.keys()}
    if not trackers:
        raise SettingError(
            f"{root}: no results for the sequences {', '.join(list(labels)[:5])}; looked for SEQUENCE.json here, in "
            "data/ and in each folder"
        )
    return trackers


def _predictions(folder: Path) -> dict[str, Path]:
    for place in (folder / "data", folder):
        if files := list_files(place, {".json"}):
            return {same_name(file.stem): file for file in files}
    return {}


def _sequence(truth: GameState, result: GameState, *, team: bool = True, number: bool = True) -> Sequence:
    """Return both sides with the similarity of every pair of a frame that has any."""
    i, j = same_frame(truth, result)
    equal = truth.role[i] == result.role[j]
    role = truth.role[i]
    if team:
        equal &= (truth.team[i] == result.team[j]) | ~np.isin(role, ("player", "goalkeeper"))
    if number:
        equal &= (truth.number[i] == result.number[j]) | (role != "player")
    i, j = i[equal], j[equal]
    squared = ((truth.xy[i] - result.xy[j]) ** 2).sum(axis=1)
    similarity = np.exp(np.log(0.05) * squared / TOLERANCE**2)
    some = similarity > 0  # beyond 79 m it is 0 in float64
    frames = len(truth.images)
    a, b = (Side.of(_table(side), frames) for side in (truth, result))
    return Sequence(truth.name, frames, a, b, i[some], j[some], similarity[some])


def _table(state: GameState) -> MotTable:
    ones = np.ones(len(state))
    return MotTable(state.frame, state.track_id, np.hstack([state.xy, state.xy]), ones, -ones.astype(np.int64), -ones)
