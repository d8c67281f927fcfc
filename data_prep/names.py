"""Names of files, folders and splits, as people and their machines write them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from sportstrack.files.reading import same_name

SPLITS = {
    "train": "train", "training": "train", "minitrain": "train", "trainval": "train",
    "val": "val", "valid": "val", "validation": "val", "minival": "val", "valminusminival": "val",
    "test": "test", "testing": "test", "testdev": "test",
}  # fmt: skip
"""Word → split; COCO's own subsets included."""


def split_word(text: str) -> str | None:
    """Return the split that a word of a name says: ``val`` of ``instances_val2017``, None of ``interval``.

    A word ends where something other than a letter stands. Of several the last counts.
    """
    words = re.findall(r"[^\W\d_]+", text.lower())
    found = [SPLITS[word] for word in words if word in SPLITS]
    return found[-1] if found else None


class Finder:
    """Finds files below a folder by their relative names, whatever form of Unicode either side has.

    Each folder is listed once, which is quicker than asking for its files one by one.
    """

    def __init__(self, folder: str | Path):
        self._folder = str(folder)
        self._entries: dict[str, dict[str, str]] = {}

    def find(self, name: str) -> str | None:
        """Return the path of a file; None if it is not there."""
        parent, _, last = name.rpartition("/")
        if (entry := self._listing(parent).get(same_name(last))) is not None:
            return entry
        path = f"{self._folder}/{name}"
        return path if os.path.isfile(path) else None  # noqa: PTH113  # A.JPG where the disk ignores case, ../a.jpg

    def _listing(self, parent: str) -> dict[str, str]:
        """Name in composed form → path, of what a folder holds."""
        if parent not in self._entries:
            above, _, last = parent.rpartition("/")
            asked = f"{self._folder}/{parent}"
            path = self._listing(above).get(same_name(last), asked) if parent else self._folder
            try:
                with os.scandir(path) as entries:
                    self._entries[parent] = {same_name(e.name): f"{path}/{e.name}" for e in entries}
            except (OSError, ValueError):
                self._entries[parent] = {}
        return self._entries[parent]


def find_files(folders: Iterable[Path], names: Sequence[str]) -> list[str | None]:
    """Return the path of each name in the folder that holds most of them; None for one that is not there."""
    best: list[str | None] = [None] * len(names)
    missing = len(names)
    for folder in folders:
        if not missing:
            break
        if folder.is_dir():
            finder = Finder(folder)
            found = [finder.find(name) for name in names]
            if found.count(None) < missing:
                best, missing = found, found.count(None)
    return best
