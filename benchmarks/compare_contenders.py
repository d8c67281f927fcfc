"""The trackers that compare.py compares: this package's trackers and its peers, each as a `Contender`."""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path
from typing import Any

from peers_at_defaults import LIBRARIES, at_defaults
from peers_common import Peer
from sets import Clip

from sportstrack import TRACKERS, MotTable, SportstrackError
from sportstrack.trackers import config_class

USE_EMBEDDINGS = {"botsort", "deepsort", "deepeiou", "jde", "sports"}  # ours that can use embeddings
TAKES_EMBEDDINGS = {"deep-sort-realtime DeepSORT"}  # peers that are handed embeddings
REFINED = ("sports", "bytetrack")  # ours that --refine is shown on
SKIPPED = {"ball"}  # follows one ball, not players
DISPLAY = {
    "sports": "SportsTrack",
    "botsort": "BoT-SORT",
    "cbiou": "C-BIoU",
    "deepeiou": "Deep-EIoU",
    "ocsort": "OC-SORT",
    "jde": "JDE",
}


@dataclass(frozen=True)
class Contender:
    """A row of the tables.

    Attributes:
        name: as tables show it.
        embeddings: the tracker can use embeddings.
        offline: it sees the whole sequence before it answers.
        boxes: ``detected``, ``filtered`` (a filter's), ``smoothed`` (between both) or ``refined`` (offline).
        key: changes when its code or settings do.
        ours: it is this package's.
        prepare: for a clip, returns how to feed, update and read a new tracker, and how to finish its result.
    """

    name: str
    embeddings: bool
    offline: bool
    boxes: str
    key: str
    ours: bool
    prepare: Callable[[Clip], Instance]
    embedder: str = ""  # whose embeddings it receives


@dataclass(frozen=True)
class Instance:
    """A tracker made for one clip."""

    convert: Callable[[Any], Any]
    update: Callable[[Any], Any]
    read: Callable[[Any, Any], tuple[Any, Any]]  # (detections, answer) -> corners, ids
    finish: Callable[[MotTable], MotTable] | None = None


def our_contenders(patterns: list[str], presets: list[str], refined: bool) -> Iterator[Contender]:
    """Return this package's trackers whose name matches one of the patterns."""
    for name in named(patterns, [name for name in TRACKERS if name not in SKIPPED], "tracker"):
        for settings in [{"preset": preset} for preset in presets] if name == "sports" else [{}]:
            config_class(name)(**settings)  # an unknown preset is refused at once
            yield _our_contender(name, settings, refined=False)
            if refined and name in REFINED:
                yield _our_contender(name, settings, refined=True)


def _our_contender(name: str, settings: dict[str, Any], refined: bool) -> Contender:
    kind, module = TRACKERS[name], import_module(TRACKERS[name].__module__)
    title = " ".join([DISPLAY.get(name, kind.__name__), *(v for v in settings.values() if v != "sports")])
    sources = [module]
    if refined:
        sources.append(import_module("sportstrack.refine"))

    def prepare(clip: Clip) -> Instance:
        options: dict[str, Any] = {"frame_rate": clip.frame_rate}
        if "frame_size" in inspect.signature(kind).parameters:
            options["frame_size"] = clip.size
        tracker = kind(config_class(name)(**settings), **options)
        finish = _refine(clip, settings.get("preset")) if refined else None
        return Instance(lambda frame: frame, tracker.update, _read_detected if refined else _read_smoothed, finish)

    return Contender(
        f"sportstrack {title}{', refined' if refined else ''}",
        embeddings=name in USE_EMBEDDINGS,
        offline=refined,
        boxes="refined" if refined else "smoothed" if name == "sports" else "detected",
        key=_mark(json.dumps(settings), *(["preset of the set's kind"] if refined else []), *_sources(sources)),
        ours=True,
        prepare=prepare,
    )


def _read_smoothed(frame: Any, tracks: Any) -> tuple[Any, Any]:  # noqa: ARG001
    return tracks.with_boxes().xyxy, tracks.track_id


def _read_detected(frame: Any, tracks: Any) -> tuple[Any, Any]:  # noqa: ARG001
    return tracks.xyxy, tracks.track_id  # the refinement smooths by itself


def _refine(clip: Clip, preset: str | None) -> Callable[[MotTable], MotTable]:
    """Return the refinement with the tracker's own preset where it has one, else with that of the clip's kind."""
    package, frames = import_module("sportstrack.refine"), len(clip.detections)
    if preset not in package.PRESETS or preset == "sports":
        preset = "sports" if clip.benchmark is None else "pedestrian"
    settings = package.preset(preset)

    def refine(table: MotTable) -> MotTable:
        given = package.TrackTable.from_mot(table)
        options = {"frame_rate": clip.frame_rate, "width": clip.size[0], "height": clip.size[1], "frames": frames}
        return package.refine(given, settings=settings, **options).to_mot()  # type: ignore[no-any-return]

    return refine


def peer_contenders(patterns: list[str], own_boxes: bool) -> tuple[list[Contender], list[str]]:
    """Return the peers whose name matches one of the patterns, and a line for each library that is not there."""
    wanted = {name for name in LIBRARIES if any(fnmatch(name, p.split()[0].lower()) for p in patterns)}
    found, missing = at_defaults(25.0, (1280, 720), wanted)
    return [_peer_contender(peer, own_boxes) for peer in found if matches(peer.name, patterns)], missing


def _peer_contender(peer: Peer, own_boxes: bool) -> Contender:
    def prepare(clip: Clip) -> Instance:
        same, _ = at_defaults(clip.frame_rate, clip.size, {peer.name.split()[0]})
        new = next(p for p in same if p.name == peer.name)
        return Instance(new.convert, new.make(), _reader(new, own_boxes))

    return Contender(
        peer.name + ("" if own_boxes else " on detections' boxes"),
        embeddings=peer.embeddings,
        offline=False,
        boxes="filtered" if peer.boxes is not None and own_boxes else "detected",
        key=_mark(peer.settings, str(own_boxes)),
        ours=False,
        prepare=prepare,
    )


def _reader(peer: Peer, own_boxes: bool) -> Callable[[Any, Any], tuple[Any, Any]]:
    if peer.boxes is not None and (own_boxes or peer.name.startswith("motpy")):
        return peer.boxes

    def read(frame: Any, answer: Any) -> tuple[Any, Any]:
        rows, ids = peer.rows(frame, answer)
        return frame.xyxy[rows], ids

    return read


def matches(name: str, patterns: list[str]) -> bool:
    """Return whether a pattern is the name or its beginning, up to a space or hyphen; ``*`` stands for anything."""
    name = name.lower()
    return any(fnmatch(name, p) or name.startswith((f"{p} ", f"{p}-")) for p in map(str.lower, patterns))


def named(patterns: list[str], known: list[str], what: str) -> list[str]:
    """Return the known names that a pattern matches.

    Raises:
        SportstrackError: a pattern matches none.
    """
    for pattern in patterns:
        if pattern != "none" and not any(matches(name, [pattern]) for name in known):
            raise SportstrackError(f"no {what} is called {pattern!r} (known: {', '.join(known)})")
    return [name for name in known if matches(name, patterns)]


def _sources(modules: list[Any]) -> list[str]:
    """Return the text of modules and of what they take from this package: a row is as old as its code."""
    seen: dict[str, str] = {}
    while modules:
        module = modules.pop()
        if module.__name__ not in seen:
            seen[module.__name__] = Path(module.__file__).read_text(encoding="utf-8")
            homes = {getattr(v, "__module__", None) or getattr(v, "__name__", "") for v in vars(module).values()}
            modules += [sys.modules[h] for h in homes if str(h).startswith("sportstrack.") and h in sys.modules]
    return [seen[name] for name in sorted(seen)]


def _mark(*texts: str) -> str:
    return hashlib.sha1("\0".join(texts).encode()).hexdigest()[:12]
