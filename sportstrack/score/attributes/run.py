"""Scoring of attributes from files: which truth and which identities belong to a result, and `score_attributes`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.errors import FormatError, SettingError
from sportstrack.files.reading import read_text
from sportstrack.identities.file import SUFFIX, identities_beside, read_identities
from sportstrack.identities.gameinfo import read_gameinfo
from sportstrack.identities.table import Identities
from sportstrack.score.attributes.scores import WhoIsWhoScores
from sportstrack.score.run import Job, find_jobs

GAMEINFO = "gameinfo.ini"
NUMBERS = "numbers.txt"
_NUMBER_COLUMNS = 9
LEAST_HEIGHT, LEAST_SEEN, LEAST_FACING = 12.0, 0.95, 0.6
"""A number can be read if its digits are so many pixels high, so much of them is seen, and the shirt faces the camera
with this cosine or more."""


@dataclass(frozen=True)
class AttributeJob:
    """One sequence to score.

    Attributes:
        job: its boxes.
        identities: the result's, as a file or a table; None: beside the result.
        truth: who is who, as a file or a table; None: beside the truth.
    """

    job: Job
    identities: Path | Identities | None = None
    truth: Path | Identities | None = None

    def scores(self) -> WhoIsWhoScores:
        """Read and score it."""
        truth, result = self.job.tables()
        who = (
            self.truth if isinstance(self.truth, Identities) else read_truth(self.truth or truth_beside(self.job.truth))
        )
        said = self.identities
        if not isinstance(said, Identities):
            said = read_identities(said or _said_of(self.job.result))
        legible = _legible(self.job.truth)
        return WhoIsWhoScores.of(self.job.name, (truth, who), (result, said), self.job.frames, legible)


def score_attributes(
    truth: str | Path | Any,
    result: str | Path | Any,
    *,
    truth_identities: str | Path | Identities | None = None,
    identities: str | Path | Identities | None = None,
    allow_missing: bool = False,
    name: str = "sequence",
) -> WhoIsWhoScores:
    """Score who is who: teams, roles and numbers of a result against the truth.

    Args:
        truth: ground truth as `score_tracks` takes it; SoccerNet's ``gameinfo.ini`` lies beside it.
        result: the tracker's boxes as `score_tracks` takes them; ``NAME.identities.csv`` lies beside ``NAME.txt``.
        truth_identities: who is who in the truth, in place of what lies beside it; needed for tables.
        identities: the result's, in place of what lies beside it; needed for tables.
        allow_missing: score the sequences that have a result, if others have none.
        name: of the sequence, where both are tables.

    Returns:
        Accuracy, coverage and confusion, in frames and in tracks; ``print`` shows them.

    Raises:
        FormatError: a file breaks its format, or identities and boxes have no id in common.
        SettingError: nothing to score, a file is missing, or one file of identities is given for several sequences.
    """
    who = truth_identities if isinstance(truth_identities, Identities | None) else Path(truth_identities)
    said = identities if isinstance(identities, Identities | None) else Path(identities)
    if isinstance(truth, (str, Path)) and isinstance(result, (str, Path)):
        jobs = [AttributeJob(job, said, who) for job in find_jobs(truth, result, allow_missing=allow_missing)]
    else:
        if who is None and not isinstance(truth, (str, Path)):
            raise SettingError("truth_identities: expected a table or file, for the truth is a table itself")
        if said is None and not isinstance(result, (str, Path)):
            raise SettingError("identities: expected a table or file, for the result is a table itself")
        jobs = [AttributeJob(Job(name, truth, result), said, who)]
    if len(jobs) > 1 and (who is not None or said is not None):
        raise SettingError(f"one table of identities cannot belong to {len(jobs)} sequences; score them one by one")
    scores = [job.scores() for job in jobs]
    return scores[0] if len(scores) == 1 else WhoIsWhoScores.pool(scores)


def _said_of(result: Any) -> Path:
    """Return the identities beside a result; SettingError with what to do where there are none."""
    if (beside := identities_beside(result)) is not None:
        return beside
    raise SettingError(
        f"{result}: no {Path(result).stem}{SUFFIX} beside it, so nothing is known of teams, roles and numbers; track "
        "with --teams or --numbers, which write it"
    )


def truth_beside(truth: Any) -> Path:
    """Return the file that says who is who in a truth; SettingError with the places where it was looked for."""
    path = Path(truth)
    folder = path.parent.parent if path.parent.name == "gt" else path.parent
    own = path.stem if path.name != "gt.txt" else folder.name
    places = [path.with_name(f"{own}.{GAMEINFO}"), path.with_name(f"{own}{SUFFIX}"), folder / GAMEINFO]
    for place in places:
        if place.is_file():
            return place
    raise SettingError(
        f"{path}: nothing says who is who: looked for {', '.join(map(str, places))}; gameinfo.ini has lines such as "
        "trackletID_1= player team left;10"
    )


def read_truth(path: Path) -> Identities:
    """Read ``gameinfo.ini``, or a CSV of identities."""
    return read_identities(path) if path.suffix.lower() == ".csv" else read_gameinfo(path)


def _legible(truth: Any) -> frozenset[tuple[int, int]] | None:
    """Return the frames (from 0) and ids whose number can be read, where a rendered truth tells it."""
    path = Path(truth).parent / NUMBERS if isinstance(truth, (str, Path)) else None
    if path is None or not path.is_file():
        return None
    try:
        rows = np.array([line.split(",") for line in read_text(path).splitlines() if line.strip()], np.float64)
        rows = rows.reshape(-1, _NUMBER_COLUMNS)
    except ValueError as error:
        raise FormatError(
            f"{path}: expected rows of frame, id, left, top, width, height, number, visibility and facing ({error})"
        ) from error
    read = rows[(rows[:, 5] >= LEAST_HEIGHT) & (rows[:, 7] >= LEAST_SEEN) & (rows[:, 8] >= LEAST_FACING)]
    return frozenset(zip((read[:, 0].astype(int) - 1).tolist(), read[:, 1].astype(int).tolist(), strict=True))
