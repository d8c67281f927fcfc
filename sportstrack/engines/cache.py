"""Converted networks in the cache folder: made once, found again at once.

One folder for each checkpoint and set of versions, ``engines/NAME-KEY/`` below the cache folder of
`sportstrack.models.weights`: ``model.onnx``, which leaves the size open, its card, and the times that were measured
with it. A folder appears whole or not at all. What is not as it was written is made anew, and what was not used for
three months goes.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sportstrack.engines.card import ModelCard, read_card
from sportstrack.engines.names import EngineError
from sportstrack.errors import SportstrackError
from sportstrack.files.claim import write_text
from sportstrack.files.folders import PartFolder
from sportstrack.files.ledger import matches, stamp
from sportstrack.files.names import file_name
from sportstrack.files.reading import read_json
from sportstrack.models.weights import cache_folder

ENTRY = "entry.json"
_LAYOUT = 1  # of an entry; another number makes all of them anew
_WAIT = 900.0  # seconds for another process that converts the same checkpoint
_UNUSED = 90 * 86400.0  # seconds after which an entry goes


@dataclass(frozen=True)
class Converted:
    """A converted network in the cache.

    Attributes:
        path: the ``.onnx`` file; its input's size is open.
        card: what is known of it.
        seconds: how long the conversion took; None if it was there.
    """

    path: Path
    card: ModelCard
    seconds: float | None = None

    @property
    def folder(self) -> Path:
        """The entry's folder."""
        return self.path.parent


def engines_folder() -> Path:
    """Return the folder of all entries."""
    return cache_folder() / "engines"


def find_or_convert(weights: Path, *, trust: bool = False, begin: Callable[[str], None] | None = None) -> Converted:
    """Return the cache's conversion of a checkpoint; convert it first if it is not there or not whole.

    Args:
        weights: the ``.pt`` file.
        trust: let the checkpoint run code of its own while it loads.
        begin: called with a sentence for the user before a conversion begins.

    Raises:
        EngineError: it cannot be converted, or the cache cannot be written.
    """
    from sportstrack.engines.convert import to_onnx, versions

    def make(out: Path) -> None:
        to_onnx(weights, out, trust=trust)

    path, seconds = find_or_make(weights, "model.onnx", {"versions": versions()}, make, begin=begin)
    card = read_card(path)
    if card is None:
        raise EngineError(f"{path}: its card is gone; delete the folder {path.parent}")
    return Converted(path, card, seconds)


def find_or_make(
    weights: Path,
    name: str,
    made_of: Mapping[str, Any],
    make: Callable[[Path], object],
    *,
    begin: Callable[[str], None] | None = None,
) -> tuple[Path, float | None]:
    """Return a file of the cache that is made of weights, and the seconds that it took; None if it was there.

    Two processes that ask for the same one wait for each other, and one of them makes it.

    Args:
        weights: what it is made of.
        name: of the file or folder to make.
        made_of: what else it depends on, as plain values.
        make: writes the file whose path it gets.
        begin: called with a sentence for the user before it is made.

    Raises:
        EngineError: it cannot be made, or the cache cannot be written.
    """
    try:
        folder = _folder(weights, {"name": name, **made_of})
        if _is_whole(folder / name):
            return folder / name, None
        return _make(weights, folder / name, make, begin)
    except EngineError:
        raise
    except OSError as error:
        raise EngineError(f"{engines_folder()}: the cache cannot be written ({error.strerror or error})") from error
    except SportstrackError as error:
        raise EngineError(str(error)) from error


def _folder(weights: Path, made_of: Mapping[str, Any]) -> Path:
    described = {"layout": _LAYOUT, "weights": stamp(weights)["sha256"], **made_of}
    key = hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()[:16]
    return engines_folder() / f"{file_name(weights.stem)[:60]}-{key}"


def _is_whole(model: Path) -> bool:
    """Return whether an entry is as it was written."""
    try:
        written = read_json(model.parent / ENTRY)["files"]
        if model.name not in written or not all(matches(model.parent / name, s) for name, s in written.items()):
            return False
        with suppress(OSError):
            os.utime(model.parent / ENTRY)  # it was used
    except (OSError, SportstrackError, KeyError, TypeError, AttributeError):
        return False
    return True


def _make(
    weights: Path, model: Path, make: Callable[[Path], object], begin: Callable[[str], None] | None
) -> tuple[Path, float | None]:
    place = PartFolder(model.parent)
    with place.lock(model.parent, "sportstrack", wait=_WAIT):
        if _is_whole(model):  # another process was faster
            return model, None
        if begin is not None:
            begin(f"{weights.name} is converted for this computer, once; it takes about ten seconds")
        started = time.perf_counter()
        _remove_unused(model.parent.parent)
        place.discard(place.part)
        place.part.mkdir()
        part = place.part / model.name
        try:
            make(part)
            if part.is_file():
                with part.open("rb+") as file:
                    os.fsync(file.fileno())  # some file systems report only now that the disk is full
            files = {path.name: stamp(path) for path in place.part.iterdir()}
            write_text(place.part / ENTRY, json.dumps({"files": files}) + "\n")
            place.finish()
        finally:
            place.discard(place.part)
        return model, round(time.perf_counter() - started, 1)


def _remove_unused(engines: Path) -> None:
    """Remove entries that were not used for long."""
    with suppress(OSError):
        for entry in list(os.scandir(engines)):
            used = Path(entry.path) / ENTRY
            if not entry.name.startswith(".") and used.is_file() and time.time() - used.stat().st_mtime > _UNUSED:
                PartFolder(entry.path).discard(Path(entry.path))
