"""Converted networks in the cache folder: made once, found again at once.

One folder for each checkpoint and set of versions, ``engines/NAME-KEY/`` below the cache folder of
`sportstrack.models.weights`: ``model.onnx``, which leaves the size open, its card, and the times that were measured
with it. A folder appears whole or not at all. What is not as it was written is made anew, and what nobody used for
three months goes.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sportstrack.engines.card import ModelCard, read_card
from sportstrack.engines.names import EngineError
from sportstrack.errors import SportstrackError
from sportstrack.files.claim import write_text
from sportstrack.files.folders import PartFolder
from sportstrack.files.ledger import matches, stamp
from sportstrack.files.names import file_name
from sportstrack.files.reading import read_json
from sportstrack.models.weights import cache_folder

MODEL, ENTRY = "model.onnx", "entry.json"
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


def find_converted(weights: Path) -> Converted | None:
    """Return the cache's conversion of a checkpoint, if it is there and whole."""
    return _read(_folder(weights))


def find_or_convert(weights: Path, *, trust: bool = False, begin: Callable[[str], None] | None = None) -> Converted:
    """Return the cache's conversion of a checkpoint; convert it first if it is not there or not whole.

    Two processes that ask for the same one wait for each other, and one of them converts.

    Args:
        weights: the ``.pt`` file.
        trust: let the checkpoint run code of its own while it loads.
        begin: called with a sentence for the user before a conversion begins.

    Raises:
        EngineError: it cannot be converted, or the cache cannot be written.
    """
    try:
        folder = _folder(weights)
        return _read(folder) or _convert(weights, folder, trust, begin)
    except EngineError:
        raise
    except OSError as error:
        raise EngineError(f"{engines_folder()}: the cache cannot be written ({error.strerror or error})") from error
    except SportstrackError as error:
        raise EngineError(str(error)) from error


def _folder(weights: Path) -> Path:
    from sportstrack.engines.convert import versions

    made_of = {"layout": _LAYOUT, "weights": stamp(weights)["sha256"], "versions": versions()}
    key = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:16]
    return engines_folder() / f"{file_name(weights.stem)[:60]}-{key}"


def _read(folder: Path) -> Converted | None:
    """Return an entry that is as it was written; None if it is not."""
    try:
        if not matches(folder / MODEL, read_json(folder / ENTRY)["model"]):
            return None
        card = read_card(folder / MODEL)
        with suppress(OSError):
            os.utime(folder / ENTRY)  # it was used
        return None if card is None else Converted(folder / MODEL, card)
    except (OSError, SportstrackError, KeyError, TypeError):
        return None


def _convert(weights: Path, folder: Path, trust: bool, begin: Callable[[str], None] | None) -> Converted:
    from sportstrack.engines.convert import to_onnx

    place = PartFolder(folder)
    with place.lock(folder, "sportstrack", wait=_WAIT):
        if (made := _read(folder)) is not None:  # another process was faster
            return made
        if begin is not None:
            begin(f"{weights.name} is converted for this computer, once; it takes about ten seconds")
        started = time.perf_counter()
        _remove_unused(folder.parent)
        place.discard(place.part)
        place.part.mkdir()
        try:
            card = to_onnx(weights, place.part / MODEL, trust=trust)
            with (place.part / MODEL).open("rb+") as file:
                os.fsync(file.fileno())  # some file systems report only now that the disk is full
            write_text(place.part / ENTRY, json.dumps({"model": stamp(place.part / MODEL)}) + "\n")
            place.finish()
        except BaseException:
            place.discard(place.part)
            raise
        return Converted(folder / MODEL, card, round(time.perf_counter() - started, 1))


def _remove_unused(engines: Path) -> None:
    """Remove entries that nobody used for long."""
    with suppress(OSError):
        for entry in list(os.scandir(engines)):
            used = Path(entry.path) / ENTRY
            if not entry.name.startswith(".") and used.is_file() and time.time() - used.stat().st_mtime > _UNUSED:
                PartFolder(entry.path).discard(Path(entry.path))
