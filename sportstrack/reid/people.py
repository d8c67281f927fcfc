"""The crops that embeddings are learnt from: which boxes are worth one, whose they are, and who judges."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sportstrack.classes import ball_ids
from sportstrack.errors import SettingError
from sportstrack.field import people_of
from sportstrack.reid.settings import ReidSettings
from sportstrack.types import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from data_prep.table import Clip, ImageTable, Table

LEAST_CROPS = 2  # of a person: one to ask with and one to find
_INSIDE = 0.5  # share of a box that must be inside the picture
_SEEN = 0.3  # share that must be seen, where the source says so
_HELD_OUT = 0.2
_JUDGING = ("val", "test", "query", "gallery")  # splits of a source that judge


@dataclass(frozen=True, eq=False)
class PersonCrops:
    """N crops of P people, from M pictures of some sequences.

    Attributes:
        images: the pictures, a `data_prep.table.ImageTable`.
        image: (N,) the picture of each crop, ascending.
        xyxy: (N, 4) its box in pixels, within the picture.
        person: (N,) its person, 0…P − 1.
        frame: (N,) its frame, from 0.
        names: of the people, ``SEQUENCE_0007``.
        sequence: (P,) the sequence of each person: an identity is known within one sequence alone.
        said: (P,) str, the team that the source says, or the role of those who have none; "" where it says nothing.
        match: (P,) number of the match; a person may be in several sequences of it, without anybody saying so.
        clips: the sequences.
        matches: names of the matches.
    """

    images: ImageTable
    image: IntArray
    xyxy: FloatArray
    person: IntArray
    frame: IntArray
    names: tuple[str, ...]
    sequence: IntArray
    said: Any
    match: IntArray
    clips: tuple[Clip, ...]
    matches: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.image)

    @property
    def part(self) -> Any:
        """(N,) the split of each crop's picture."""
        return self.images.split[self.image]


def choose_crops(table: Table, settings: ReidSettings) -> tuple[PersonCrops, list[str]]:
    """Return the crops that are worth it, and what the user should know.

    Raises:
        SettingError: no box is worth a crop, or fewer than two people are left.
    """
    boxes, clip = table.boxes, table.images.sequence[table.boxes.image]
    xyxy, good, reasons = _worth(table, settings)
    keys = np.stack([clip, boxes.track_id], axis=1)
    people, person = np.unique(keys[good], axis=0, return_inverse=True)
    rows, person = np.flatnonzero(good), person.reshape(-1)
    few = np.bincount(person, minlength=len(people)) < LEAST_CROPS
    kept = ~few[person]
    rows, person = rows[kept], (np.cumsum(~few) - 1)[person[kept]]
    people = people[~few]
    if len(people) < 2:
        told = ", ".join(f"{count} {reason}" for reason, count in reasons.items() if count)
        raise SettingError(
            f"{len(people)} people with {LEAST_CROPS} crops or more; at least two are needed. Of {len(boxes)} boxes: "
            f"{told or 'none left out'}; {int(few.sum())} people have a single crop (--every, --least-height)"
        )
    chosen = _spread(person, table.images.frame[boxes.image[rows]], settings.per_person)
    rows, person = rows[chosen], person[chosen]
    used, image = np.unique(boxes.image[rows], return_inverse=True)
    matches = [_match_of(one, settings.match) for one in table.sequences]
    names = tuple(dict.fromkeys(matches[i] for i in people[:, 0].tolist()))
    crops = PersonCrops(
        table.images[used],
        image.reshape(-1),
        xyxy[rows],
        person,
        table.images.frame[boxes.image[rows]],
        tuple(f"{table.sequences[c].name}_{track:04d}" for c, track in people.tolist()),
        people[:, 0],
        np.array([_said(table.tracks.get((c, track))) for c, track in people.tolist()], dtype=object),
        np.array([names.index(matches[c]) for c in people[:, 0].tolist()]),
        table.sequences,
        names,
    )
    return crops, [*table.notes, *_notes(crops, reasons, int(few.sum()))]


def _worth(table: Table, settings: ReidSettings) -> tuple[FloatArray, BoolArray, dict[str, int]]:
    """Return the boxes within their pictures, (N,) which are worth a crop, and why others are not."""
    boxes = table.boxes
    size = table.images.size[boxes.image].astype(np.float64)
    cut = np.clip(boxes.xyxy, 0.0, np.concatenate([size, size], axis=1))
    area, left = _area(boxes.xyxy), _area(cut)
    whole_clip = np.array([clip.width > 0 for clip in table.sequences])[table.images.sequence[boxes.image]]
    skipped = (table.images.frame[boxes.image] % settings.every != 0) & whole_clip
    faults = {
        "between the frames that are used": skipped,
        "of no person": ~of_people(table),
        "to be ignored or without identity": boxes.ignore | (boxes.track_id < 0),
        "off the picture": ~(left > _INSIDE * area),
        f"lower than {settings.least_height} pixels": cut[:, 3] - cut[:, 1] < settings.least_height,
        "too little visible": (boxes.visibility >= 0) & (boxes.visibility < _SEEN),
    }
    good, reasons = np.ones(len(boxes), np.bool_), {}
    for reason, fault in faults.items():
        reasons[reason] = int((good & fault).sum())
        good &= ~fault
    return cut, good, reasons


def _area(xyxy: FloatArray) -> FloatArray:
    sides: FloatArray = np.maximum(xyxy[:, 2:] - xyxy[:, :2], 0.0)
    area: FloatArray = sides[:, 0] * sides[:, 1]
    return area


def of_people(table: Table) -> BoolArray:
    """Return (N,) the boxes of people, by their classes; where no name is one of people, of all but balls."""
    names = dict(enumerate(table.classes))
    classes = list(people_of(names)) or [i for i in names if i not in ball_ids(names)]
    found: BoolArray = np.isin(table.boxes.class_id, classes)
    clip = table.images.sequence[table.boxes.image]
    for (number, track), info in table.tracks.items():
        if info.role == "ball":
            found &= ~((clip == number) & (table.boxes.track_id == track))
    return found


def _said(info: Any) -> str:
    """Return the team, or the role of officials, whose kits are alike; "" for players without a team."""
    if info is None:
        return ""
    return str(info.team or ("" if info.role in ("", "player", "goalkeeper") else info.role))


def _spread(person: IntArray, frame: IntArray, most: int) -> IntArray:
    """Return rows, at most so many of a person, evenly spread in time, in the order in which they were."""
    order = np.lexsort((frame, person))
    starts = np.flatnonzero(np.diff(person[order], prepend=-1))
    kept = []
    for rows in np.split(order, starts[1:]):
        count = min(most, len(rows))
        kept.append(rows[((np.arange(count) + 0.5) * len(rows) / count).astype(np.int64)])
    return np.sort(np.concatenate(kept))


def _match_of(clip: Clip, pattern: str) -> str:
    """Return the match: as the source says, else by the sequence's name."""
    if clip.match and clip.match != clip.name:
        return clip.match
    found = re.match(pattern, clip.name)
    return found.group(1) if found and found.group(1) else clip.name


def _notes(crops: PersonCrops, reasons: dict[str, int], few: int) -> list[str]:
    out = [f"{count:,} {reason}" for reason, count in reasons.items() if count]
    if few:
        out.append(f"{few} people with a single crop")
    matches, clips = len(crops.matches), len(np.unique(crops.sequence))
    text = f"{len(crops):,} crops of {len(crops.names)} people in {clips} sequences of {matches} matches"
    return [text + (f"; left out: {', '.join(out)}" if out else "")]


def divide(crops: PersonCrops, settings: ReidSettings) -> tuple[BoolArray, list[str]]:
    """Return (P,) the people who judge and are not learnt from, and what the user should know.

    Whole matches are held out: the same player in the same kit is never on both sides.

    Raises:
        SettingError: too few matches, or nobody left to learn from.
    """
    if settings.held_out == 0:
        return np.zeros(len(crops.names), np.bool_), [
            "no match was held out: what this is worth elsewhere is not known"
        ]
    said = np.array([crops.clips[i].split in _JUDGING for i in crops.sequence.tolist()])
    if settings.held_out is None and said.any() and not said.all():
        held = np.isin(crops.match, np.unique(crops.match[said]))
        twice = sorted({crops.matches[i] for i in crops.match[held & ~said].tolist()})
        notes = [f"matches on both sides of the data's split, now held out whole: {', '.join(twice)}"] if twice else []
    else:
        share = _HELD_OUT if settings.held_out is None else settings.held_out
        held, notes = np.isin(crops.match, _drawn(crops, share, settings.seed)), []
    names = sorted({crops.matches[i] for i in crops.match[held].tolist()})
    listed = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    notes.append(f"held out: {int(held.sum())} people of {len(names)} whole matches ({listed}); the others train")
    if int((~held).sum()) < 2:
        raise SettingError(f"{'; '.join(notes)}: fewer than two people are left to learn from")
    return held, notes


def _drawn(crops: PersonCrops, share: float, seed: int) -> list[int]:
    """Draw matches while that brings their share of the crops nearer to the one wanted; at least one, and not all."""
    count = len(crops.matches)
    if count < 2:
        raise SettingError(
            f"a judgement on matches that take no part: there is one match ({crops.matches[0]}); --match says how "
            "sequences' names tell theirs, --held-out 0 trains on all and judges nothing"
        )
    size = np.bincount(crops.match[crops.person], minlength=count)
    wanted, taken, drawn = share * size.sum(), 0, list[int]()
    for one in np.random.default_rng(seed).permutation(count).tolist():
        if len(drawn) < count - 1 and abs(taken + size[one] - wanted) < abs(taken - wanted):
            drawn.append(one)
            taken += int(size[one])
    return drawn or [int(size.argmin())]
