"""One stage of an experiment: what it depends on, whether its result still holds, and how it is carried out."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sportstrack.cli.progress import ProgressBar, say_beside_bars
from sportstrack.errors import FormatError, OutputError
from sportstrack.experiment.code import code_digests, versions
from sportstrack.files.claim import write_text
from sportstrack.files.folders import PartFolder, contents_digest, settled
from sportstrack.files.ledger import stamp
from sportstrack.files.reading import read_json

RECORD = "stage.json"
_PARTS = ("settings", "inputs", "needs", "libraries", "code")


@dataclass(frozen=True)
class Work:
    """What a stage's work is given.

    Attributes:
        folder: where its files go.
        results: name of each stage that it needs → that stage's folder.
        quiet: show no progress.
    """

    folder: Path
    results: Mapping[str, Path]
    quiet: bool = False

    def bar(self, title: str, unit: str = "frame") -> ProgressBar:
        """Return a bar of progress."""
        return ProgressBar(title, unit, self.quiet)

    def say(self, text: str) -> None:
        """Print a line for people."""
        if not self.quiet:
            say_beside_bars(f"  {text}")


@dataclass(frozen=True)
class ExperimentStage:
    """A stage.

    Attributes:
        name: of the stage, unique in its experiment.
        folder: its result's folder, below the experiment's.
        about: what is done, in a phrase.
        work: does it.
        settings: plain values that its result depends on.
        needs: names of the stages whose results it reads.
        inputs: files and folders from outside that it reads.
        code: modules that do the work.
        libraries: packages whose version matters.
    """

    name: str
    folder: str
    about: str
    work: Callable[[Work], None]
    settings: Mapping[str, Any]
    needs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlannedStage:
    """Whether a stage runs.

    Attributes:
        name: the stage's.
        about: what it does.
        folder: where its result is.
        reason: why it runs; "" if its result holds.
        key: of what its result depends on.
        seconds: how long it took when it ran last; None if it never did.
    """

    name: str
    about: str
    folder: Path
    reason: str
    key: str
    seconds: float | None = None
    parts: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def runs(self) -> bool:
        """Whether it runs."""
        return bool(self.reason)


def planned(stage: ExperimentStage, output: Path, earlier: Mapping[str, PlannedStage]) -> PlannedStage:
    """Return whether a stage runs, and why.

    Args:
        stage: the stage.
        output: the experiment's folder.
        earlier: the stages before it.

    Raises:
        OutputError: something else lies where its result goes.
    """
    parts = {
        "settings": json.loads(json.dumps(stage.settings, default=str)),
        "inputs": {path: _digest(path) for path in stage.inputs},
        "needs": {name: earlier[name].key for name in stage.needs},
        "libraries": versions(stage.libraries),
        "code": code_digests(stage.code),
    }
    key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:24]
    folder = settled(output / stage.folder)
    record = read_record(folder)
    if record is None and folder.exists():
        raise OutputError(f"{folder}: was not written by an experiment; choose another place for the outputs")
    reason = _why(key, parts, folder, record, earlier)
    seconds = None if record is None else record.get("seconds")
    return PlannedStage(stage.name, stage.about, folder, reason, key, seconds, parts)


def carry_out(
    stage: ExperimentStage,
    plan: PlannedStage,
    results: Mapping[str, Path],
    around: Mapping[str, Any],
    *,
    quiet: bool,
) -> None:
    """Do a stage's work in a temporary folder and give it its name; a stopped one of the same key goes on.

    Args:
        stage: the stage.
        plan: its plan.
        results: stage → folder.
        around: what is recorded of the environment.
        quiet: show no progress.

    Raises:
        SportstrackError: what its work raises. OutputError: the folder cannot be written.
    """
    place, started = PartFolder(plan.folder), time.time()
    try:
        place.part.parent.mkdir(parents=True, exist_ok=True)
        begun = read_record(place.part)
        if begun is None or begun.get("key") != plan.key:
            place.discard(place.part)
        place.part.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{plan.folder}: cannot be written: {error.strerror or error}") from error
    spent = float((begun or {}).get("seconds", 0.0)) if begun and begun.get("key") == plan.key else 0.0
    record = {"stage": stage.name, "key": plan.key, "complete": False, **plan.parts, "around": dict(around)}
    write_text(place.part / RECORD, _json(record | {"seconds": spent}))
    try:
        stage.work(Work(place.part, {name: results[name] for name in stage.needs}, quiet))
    except BaseException:
        write_text(place.part / RECORD, _json(record | {"seconds": spent + time.time() - started}))
        raise
    record |= {
        "complete": True,
        "seconds": round(spent + time.time() - started, 3),
        "finished": time.strftime("%Y-%m-%d %H:%M:%S"),
        "files": contents_digest(place.part, leave_out=[RECORD]),
    }
    write_text(place.part / RECORD, _json(record))
    try:
        place.finish()
    except OSError as error:
        raise OutputError(f"{plan.folder}: cannot be put in its place: {error.strerror or error}") from error


def read_record(folder: Path) -> dict[str, Any] | None:
    """Return what a stage's folder says of itself; None if it says nothing."""
    try:
        found = read_json(folder / RECORD)
    except FormatError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("key"), str) else None


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _digest(path: str) -> str:
    """Return the digest of a file, or of the names, sizes and texts below a folder."""
    here = settled(path)
    try:
        return str((contents_digest(here) if here.is_dir() else stamp(here))["sha256"])
    except OSError:
        return "missing"


def _why(
    key: str,
    parts: Mapping[str, Any],
    folder: Path,
    record: Mapping[str, Any] | None,
    earlier: Mapping[str, PlannedStage],
) -> str:
    """Return why a stage runs; "" if its result holds."""
    if record is None or record["key"] != key:
        begun = read_record(PartFolder(folder).part)
        if begun is not None and begun["key"] == key:
            return "was stopped; it goes on"
        return "has not run yet" if record is None else _difference(record, parts, earlier)
    try:
        same = record.get("complete") and contents_digest(folder, leave_out=[RECORD]) == record.get("files")
    except OSError:
        same = False
    return "" if same else "files of its result are missing or were changed"


def _difference(record: Mapping[str, Any], parts: Mapping[str, Any], earlier: Mapping[str, PlannedStage]) -> str:
    """Return in words what has changed since a stage ran: the settings first."""
    old = {name: record[name] if isinstance(record.get(name), dict) else {} for name in _PARTS}
    changed = {
        name: [one for one in {**old[name], **parts[name]} if old[name].get(one) != parts[name].get(one)]
        for name in _PARTS
    }
    if names := changed["settings"]:
        name = names[0]
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        before, now = (_short(side.get(name)) for side in (old["settings"], parts["settings"]))
        return f"{name}: {before} -> {now}{more}"
    if names := changed["inputs"]:
        return f"{names[0]} has changed"
    if names := [name for name in changed["needs"] if name in earlier]:
        return f"{names[0]} {'runs again' if earlier[names[0]].runs else 'has changed'}"
    if names := changed["libraries"]:
        return (
            f"{names[0]} {old['libraries'].get(names[0], 'missing')} -> {parts['libraries'].get(names[0], 'missing')}"
        )
    if names := changed["code"]:
        more = f" and {len(names) - 1} more modules" if len(names) > 1 else ""
        return f"code has changed: {names[0]}{more}"
    return "it needs other stages now"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."
