"""The stages ``data`` and ``audit``: sequences to track, pictures to learn from, and what is wrong with them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sportstrack.errors import SettingError
from sportstrack.experiment.settings import ConvertedData, ExperimentSettings, OwnData, RenderedData
from sportstrack.experiment.stage import Work
from sportstrack.files.claim import write_text
from sportstrack.files.names import file_names
from sportstrack.files.reading import read_json
from sportstrack.score.sources import find_truth

DETECTOR = "detector"  # folder of the YOLO data set
_TEST = "test"  # folder of the rendered sequences
_LIST = "sequences.json"
_EXAMPLES = 3  # pictures of each kind of finding on the audit's own page


@dataclass(frozen=True)
class TestSequence:
    """A sequence that is tracked.

    Attributes:
        name: as tables call it.
        stem: of its files.
        folder: holds its pictures.
        truth: its ground truth.
    """

    name: str
    stem: str
    folder: Path
    truth: Path


def make_data(experiment: ExperimentSettings, work: Work) -> None:
    """Render the sequences, or make a YOLO data set of a benchmark."""
    if isinstance(experiment.data, RenderedData):
        _render(experiment.data, experiment.seed, work)
    elif isinstance(experiment.data, ConvertedData):
        _convert(experiment.data, work)


def sequences_of(experiment: ExperimentSettings, results: dict[str, Path]) -> list[TestSequence]:
    """Return the sequences that are tracked.

    Args:
        experiment: the experiment.
        results: stage → folder.

    Raises:
        SettingError: there are none.
    """
    data = experiment.data
    if isinstance(data, RenderedData):
        found, limit = find_truth(results["data"] / _TEST), None
    elif isinstance(data, ConvertedData):
        names = read_json(results["data"] / _LIST)
        there = find_truth(Path(data.sportsmot))
        found, limit = {name: there[name] for name in names}, data.limit
    else:
        found, limit = find_truth(data.sequences), data.limit
    chosen = sorted(found.values(), key=lambda one: one.name)[:limit]
    if not chosen:
        raise SettingError("data: there is no sequence with truth to track")
    stems = file_names([one.name for one in chosen])
    return [TestSequence(one.name, stem, one.folder, one.path) for one, stem in zip(chosen, stems, strict=True)]


def detector_data(experiment: ExperimentSettings, results: dict[str, Path]) -> Path | None:
    """Return the YOLO data set, if there is one."""
    if isinstance(experiment.data, OwnData):
        return None if experiment.data.detector is None else Path(experiment.data.detector)
    return results["data"] / DETECTOR


def _render(data: RenderedData, seed: int, work: Work) -> None:
    from data_prep.synthetic import Settings, write_mot, write_yolo

    learned, tracked = data.seeds(seed)
    settings = [Settings(seed=one, **data.more) for one in learned]
    frames = settings[0].frames
    total, done = frames * (len(learned) + len(tracked)), 0
    with work.bar("rendering") as bar:

        def progress(_name: str, frame: int, _of: int) -> None:
            bar(done + frame, total)

        for i, one in enumerate([Settings(seed=seed, **data.more) for seed in tracked]):
            done = i * frames
            write_mot(one, work.folder / _TEST, progress=progress)
        done = len(tracked) * frames

        def learning(name: str, frame: int, _of: int) -> None:
            bar(done + frames * [f"synthetic-{one:05d}" for one in learned].index(name) + frame, total)

        share = data.val / len(learned)
        write_yolo(settings, work.folder / DETECTOR, data.every, share, progress=learning)


def _convert(data: ConvertedData, work: Work) -> None:
    import numpy as np

    from data_prep.formats.sportsmot import read_sportsmot
    from data_prep.formats.yolo import write_yolo
    from data_prep.output import WriteSettings
    from data_prep.splits import every_nth

    table = read_sportsmot(data.sportsmot, sport=data.sport)
    missing = [split for split in ("train", "val") if split not in table.splits]
    if missing:
        raise SettingError(
            f"{data.sportsmot}: has no {' and no '.join(missing)} split with truth; it has {table.splits}"
        )
    names = sorted(one.name for one in table.sequences if one.split == "val" and one.labelled)
    write_text(work.folder / _LIST, json.dumps(names))
    table = every_nth(table.select(np.isin(table.images.split.astype(str), ("train", "val"))), data.every)
    with work.bar("data set", "picture") as bar:
        source = {"reader": "experiment", "root": str(Path(data.sportsmot).absolute()), "every": data.every}
        write_yolo(table, work.folder / DETECTOR, WriteSettings(source=source, overwrite=True, progress=bar))


def audit_data(experiment: ExperimentSettings, work: Work) -> None:
    """Audit the detector's data set and the sequences that are tracked."""
    from data_prep.audit.page import audit_page

    results = dict(work.results)
    places: dict[str, Path] = {}
    if (pictures := detector_data(experiment, results)) is not None:
        places["detector"] = pictures
    if isinstance(experiment.data, RenderedData):
        places["tracking"] = results["data"] / _TEST
    elif isinstance(experiment.data, OwnData):
        places["tracking"] = Path(experiment.data.sequences)
    record: dict[str, Any] = {}
    for name, place in places.items():
        with work.bar(f"audit of {place.name}", "picture") as bar:
            found = _audit(experiment, place, bar)
        record[name] = found.record() | {"root": place.name}
        write_text(work.folder / f"{name}.html", audit_page(found, _EXAMPLES))
        counts = ", ".join(f"{count} × {kind}" for kind, count in found.counts().items())
        work.say(f"audit of {name} data: {counts or 'nothing found'}")
    write_text(work.folder / "audit.json", json.dumps(record, ensure_ascii=False))


def _audit(experiment: ExperimentSettings, place: Path, bar: Any) -> Any:
    from data_prep.audit.labels import Thresholds
    from data_prep.audit.pixels import PixelSettings
    from data_prep.audit.run import AuditSettings, audit

    asked = dict(experiment.audit or {})
    ignore, every = tuple(asked.pop("ignore", ())), asked.pop("every", 1)
    pixels = None if asked.pop("labels_only", False) else PixelSettings(every=every, progress=bar)
    return audit(place, AuditSettings(thresholds=Thresholds(**asked), pixels=pixels, ignore=ignore))
