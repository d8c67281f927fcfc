"""Where truth and results lie: benchmark folders, plain folders and single files, without seqmaps."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from sportstrack.errors import SettingError
from sportstrack.files.folders import settled
from sportstrack.files.reading import list_files, list_folders, same_name

_TRUTH = ("gt/gt.txt", "*/gt/gt.txt", "*/*/gt/gt.txt", "*/*/*/gt/gt.txt")
_DETECTOR = re.compile(r"-(DPM|FRCNN|SDP)$")  # MOT17 holds each sequence three times, once per detector


@dataclass(frozen=True)
class TruthFile:
    """Ground truth of a sequence.

    Attributes:
        name: the sequence.
        path: its MOT text.
        folder: where ``seqinfo.ini`` and the images lie, if anywhere.
    """

    name: str
    path: Path
    folder: Path


@dataclass(frozen=True)
class Pairing:
    """Which result belongs to which truth.

    Attributes:
        pairs: (truth, result file) per sequence, by name.
        missing: sequences without a result.
        extra: results without a truth.
    """

    pairs: list[tuple[TruthFile, Path]]
    missing: list[str]
    extra: list[str]


def find_truth(path: str | Path) -> dict[str, TruthFile]:
    """Find the sequences of a file, a sequence's folder, a benchmark's folder (any depth up to three) or a flat folder.

    Raises:
        SettingError: nothing is there, or two sequences have one name.
    """
    root = settled(path)
    if root.is_file():
        return {one.name: one for one in [_truth_file(root)]}
    if not root.is_dir():
        raise SettingError(f"{root}: no such file or folder")
    for pattern in (*_TRUTH, "*.txt"):
        files = list_files(root, pattern=pattern)
        if files:
            return _by_name([_truth_file(file) for file in files], root)
    raise SettingError(
        f"{root}: no ground truth found; looked for SEQUENCE/gt/gt.txt (up to three levels down) and for SEQUENCE.txt"
    )


def find_trackers(path: str | Path, truth: dict[str, TruthFile]) -> dict[str, dict[str, Path]]:
    """Find results: tracker name → sequence → file.

    A tracker is a file, a folder of ``SEQUENCE.txt``, of ``data/SEQUENCE.txt`` or of ``SEQUENCE/*.txt``; a folder of
    such folders holds several.

    Raises:
        SettingError: no file belongs to any sequence of the truth.
    """
    root = settled(path)
    if root.is_file():
        # A lone pair belongs together whatever the files are called.
        name = next(iter(truth)) if len(truth) == 1 else root.stem
        return {root.stem: {name: root}}
    if not root.is_dir():
        raise SettingError(f"{root}: no such file or folder")
    found = _results_in(root)
    if pair_up(truth, found).pairs:
        return {_tracker_name(root): found}
    below = {folder.name: _results_in(folder) for folder in list_folders(root)}
    trackers = {name: results for name, results in below.items() if pair_up(truth, results).pairs}
    if not trackers:
        seen = ", ".join(sorted(found)[:5]) or "no text files"
        raise SettingError(
            f"{root}: no results for the sequences {', '.join(list(truth)[:5])}{' …' if len(truth) > 5 else ''}; "
            f"looked for SEQUENCE.txt here, in data/ and in each folder; found {seen}"
        )
    return trackers


def pair_up(truth: dict[str, TruthFile], results: dict[str, Path]) -> Pairing:
    """Pair results with truth by name; of a MOT17 sequence's three copies, those count that have a result."""
    copies: dict[str, list[str]] = defaultdict(list)
    for name in truth:
        copies[_DETECTOR.sub("", name)].append(name)
    pairs: list[tuple[TruthFile, Path]] = []
    missing: list[str] = []
    used: set[str] = set()
    for base, names in copies.items():
        exact = [name for name in names if name in results]
        loose = [name for name in results if _DETECTOR.sub("", name) == base]
        chosen = [(name, name) for name in exact] or [(names[0], name) for name in loose[:1]]
        if not chosen:
            missing += names
        pairs += [(truth[name], results[result]) for name, result in chosen]
        used |= {result for _, result in chosen}
    return Pairing(pairs, missing, sorted(set(results) - used))


def _truth_file(file: Path) -> TruthFile:
    if file.name == "gt.txt" and file.parent.name == "gt":  # a sequence's own; gt/MATCH.txt is one of a flat folder
        folder = file.parent.parent
        return TruthFile(same_name(folder.resolve().name), file, folder)
    return TruthFile(same_name(file.stem), file, file.parent)


def _by_name(files: list[TruthFile], root: Path) -> dict[str, TruthFile]:
    named: dict[str, TruthFile] = {}
    for file in files:
        if file.name in named:
            raise SettingError(f"{root}: two sequences are called {file.name}; give one split's folder")
        named[file.name] = file
    return named


def _tracker_name(folder: Path) -> str:
    folder = folder.resolve()
    return folder.parent.name if folder.name == "data" else folder.name


def _results_in(folder: Path) -> dict[str, Path]:
    for place in (folder / "data", folder):  # beside data/, other tools leave summaries
        if texts := list_files(place, {".txt"}):
            return {same_name(file.stem): file for file in texts}
    inner = {same_name(sub.name): list_files(sub, {".txt"}) for sub in list_folders(folder)}
    return {name: texts[0] for name, texts in inner.items() if len(texts) == 1}
