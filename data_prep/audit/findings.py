"""What an audit can find: the kinds, one finding, and where it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sportstrack.errors import SettingError, unknown


@dataclass(frozen=True)
class Kind:
    """A kind of finding.

    Attributes:
        about: what is wrong, one sentence.
        fix: what ``--fix`` does about it; "" where only a human can decide.
    """

    about: str
    fix: str = ""


KINDS = {
    "unreadable clip": Kind("A clip without a usable seqinfo.ini: frames and sizes are unknown.", "drop the clip"),
    "unreadable label": Kind("A line or annotation that is not what its format asks for.", "drop"),
    "unreadable polygon": Kind("A segmentation that is neither polygons nor a mask; its box is sound.", "drop it"),
    "unknown class": Kind("A class that the data set does not name.", "drop"),
    "frame out of range": Kind("A box of a frame or picture that the data set does not have.", "drop"),
    "not finite": Kind("A box with NaN or infinity.", "drop"),
    "no size": Kind("A box whose width or height is zero or negative.", "drop"),
    "outside picture": Kind("A box that lies wholly beside its picture.", "drop"),
    "beyond picture": Kind("A box that sticks out of its picture.", "clip"),
    "duplicate id": Kind("The same identity twice in a frame.", "drop a copy; else the second box gets its own id"),
    "near-duplicate boxes": Kind("Two boxes of one class on the same spot.", "drop the second, if it has no identity"),
    "jump": Kind("An identity that moves further than its body's height per frame."),
    "one-frame track": Kind("An identity that is seen in a single frame."),
    "class imbalance": Kind("A class with very few boxes beside the most frequent one."),
    "missing picture": Kind("A frame or labelled picture whose file is not there.", "drop the frame, number anew"),
    "unreadable picture": Kind("A file that is no picture, or one that is cut off.", "drop the frame, number anew"),
    "frame count": Kind("seqinfo.ini states another number of frames than there are pictures.", "restate"),
    "picture size": Kind("A picture whose size is not that of its labels.", "restate if the boxes fit it, else drop"),
    "label without picture": Kind("A label file that belongs to no picture.", "drop"),
    "light outlier": Kind("A picture much darker or brighter than those around it."),
    "blur outlier": Kind("A picture much less sharp than those around it."),
    "sequence in two splits": Kind("The same clip, by name or by its truth, in two splits.", "drop it from train"),
    "same truth twice": Kind("Two clips of one split with the very same boxes; one has another clip's truth."),
    "match in two splits": Kind("Clips of one match in two splits; split by match instead."),
    "same picture in two splits": Kind("The very same picture in two splits.", "drop it from train"),
    "near-identical pictures in two splits": Kind("Pictures in two splits that look the same (perceptual hash)."),
}  # fmt: skip
"""Name → `Kind`, in the order of the report."""


@dataclass(frozen=True)
class Finding:
    """One thing found.

    Attributes:
        kind: a key of `KINDS`.
        message: what exactly, with the numbers.
        file: the label file, picture or folder it is in.
        place: where in the file: ``line 7``, ``annotations[7]``, or "".
        split: the split, or "".
        picture: the picture's name in the data set, or "".
        frame: its frame, from 1; None for single pictures and what concerns more than a frame.
        track: the identity; None without one.
        images: rows of the table's pictures that it concerns.
        boxes: rows of the table's boxes that it concerns, the culprit last.
    """

    kind: str
    message: str
    file: str = ""
    place: str = ""
    split: str = ""
    picture: str = ""
    frame: int | None = None
    track: int | None = None
    images: tuple[int, ...] = ()
    boxes: tuple[int, ...] = ()

    def where(self) -> str:
        """Return the file and the place in it."""
        return f"{self.file}, {self.place}" if self.place else self.file

    def record(self) -> dict[str, Any]:
        """Return it for JSON: without table rows, which mean nothing outside."""
        return {key: value for key, value in asdict(self).items() if key not in ("images", "boxes")}


def counted(findings: Iterable[Finding]) -> dict[str, int]:
    """Return kind → number, in the order of `KINDS`, zeros left out."""
    numbers = Counter(finding.kind for finding in findings)
    return {kind: numbers[kind] for kind in KINDS if numbers[kind]}


def check_kinds(names: Iterable[str]) -> tuple[str, ...]:
    """Return names of kinds; SettingError for one that is not any. Dashes may stand for spaces."""
    known = {kind.replace(" ", "-"): kind for kind in KINDS}
    found = []
    for name in names:
        key = name.strip().replace(" ", "-")
        if key not in known:
            raise SettingError(unknown("finding", name, known))
        found.append(known[key])
    return tuple(found)
