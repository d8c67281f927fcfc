"""From a YAML file to `ExperimentSettings`; what is wrong is said with file, line, key and the fix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from sportstrack.errors import FormatError, SettingError, SourceError
from sportstrack.experiment.lines import key_lines
from sportstrack.experiment.runs import DETECT, parse_run, track_settings
from sportstrack.experiment.settings import (
    COMPARED,
    BeforeAfter,
    ConvertedData,
    ExperimentSettings,
    OwnData,
    RenderedData,
    TrackerRun,
)
from sportstrack.experiment.values import (
    Place,
    WrongValue,
    as_classes,
    as_objective,
    as_sweep,
    as_switch,
    as_table,
    as_text,
    as_whole,
    as_words,
    at,
    is_none,
    kind_of,
    one_of,
    only,
)
from sportstrack.files.reading import parse_yaml, read_text
from sportstrack.limits import MAX_SETTINGS_BYTES
from sportstrack.score.bins import BY
from sportstrack.score.preprocess import BENCHMARKS

SECTIONS = (
    *("title", "author", "question", "seed", "data", "audit", "train", "val", "detect", "score", "trackers"),
    *("compare", "report"),
)
_DEFAULT_TRACKERS = ("sort", "bytetrack", "sports")


def read_experiment(source: str | Path | Mapping[str, Any], *, trust: bool = False) -> ExperimentSettings:
    """Read an experiment from a YAML file, or take it as a table.

    Args:
        source: the file, or what would be in it.
        trust: let the experiment name code of your own and settings that run code; only from files that you trust.

    Raises:
        SourceError: no such file.
        FormatError: not YAML, or something in it is unknown or out of range; with the line and the key.
    """
    if isinstance(source, Mapping):
        return _explained(source, "experiment", "", Path(), trust)
    path = Path(source)
    if not path.is_file():
        raise SourceError(f"{path}: no such file; sportstrack experiment --init {path} writes an example to start from")
    text = read_text(path, most=MAX_SETTINGS_BYTES, lenient=False)
    values = parse_yaml(text, str(path))
    if values is None:
        raise FormatError(f"{path}: holds nothing; sportstrack experiment --init FILE writes an example to start from")
    return _explained(values, str(path), text, path.parent, trust)


def _explained(values: Any, name: str, text: str, folder: Path, trust: bool) -> ExperimentSettings:
    try:
        lines, twice = key_lines(text) if text else ({}, None)
        if twice is not None:
            raise WrongValue(twice, "stands twice; leave one of them out")
        return _Reader(folder, trust, text).experiment(values)
    except WrongValue as wrong:
        known = [wrong.place[:n] for n in range(len(wrong.place), 0, -1) if wrong.place[:n] in lines]
        line = f", line {lines[known[0]]}" if known else ""
        key = f"{'.'.join(wrong.place)}: " if wrong.place else ""
        raise FormatError(f"{name}{line}: {key}{wrong}") from wrong.__cause__


class _Reader:
    """Checks the sections, one method each."""

    def __init__(self, folder: Path, trust: bool, text: str) -> None:
        self.folder, self.trust, self.text = folder, trust, text

    def experiment(self, values: Any) -> ExperimentSettings:
        table = as_table(values, (), SECTIONS)
        score = as_table(table.get("score"), ("score",), ("classes", "benchmark", "objective", "by"))
        cut = score.get("by", list(BY))
        for name in [] if is_none(cut) else as_words(cut, ("score", "by")):
            one_of(name, ("score", "by"), BY)
        report = as_table(table.get("report"), ("report",), ("pdf",))
        found = ExperimentSettings(
            title=as_text(table, "title", ExperimentSettings.title),
            author=as_text(table, "author", ""),
            question=as_text(table, "question", ""),
            seed=as_whole(table.get("seed", 0), ("seed",), 0, 2**20),
            data=self.data(table.get("data", {})),
            audit=self.audit(table.get("audit", {})),
            train=self.train(table.get("train", {})),
            val=self.val(table.get("val", {})),
            detect=self.detect(table.get("detect", {})),
            classes=as_classes(score.get("classes")),
            benchmark=one_of(score.get("benchmark"), ("score", "benchmark"), BENCHMARKS),
            by=() if is_none(cut) else tuple(as_words(cut, ("score", "by"))),
            objective=as_objective(score.get("objective", "HOTA")),
            pdf=as_switch(report.get("pdf", True), ("report", "pdf")),
            trust=self.trust,
            text=self.text,
        )
        return self.with_runs(found, table)

    def data(self, values: Any) -> RenderedData | OwnData | ConvertedData:
        place = ("data",)
        own, converted = [f.name for f in fields(OwnData)], [f.name for f in fields(ConvertedData)]
        table = as_table(values, place, ("render", *own, *converted))
        kinds = [name for name in ("render", "sportsmot", "sequences") if name in table]
        if len(kinds) > 1:
            raise WrongValue(place, f"{' and '.join(kinds)}: name one of them; the others are left out")
        if not table or kinds == ["render"]:
            only(table, place, ("render",))
            return self.rendered(table.get("render") or {})
        if not kinds:
            raise WrongValue(place, "where are the sequences to track? Name render, sportsmot or sequences")
        if kinds == ["sportsmot"]:
            return self.converted(only(table, place, converted))
        return self.own(only(table, place, own))

    def rendered(self, values: Any) -> RenderedData:
        from data_prep.synthetic.settings import Settings

        place = ("data", "render")
        own = ("train", "val", "test", "every")
        known = [f.name for f in fields(Settings) if f.name not in ("seed", "hidden")]
        table = as_table(values, place, (*own, *known))
        more = {name: value for name, value in table.items() if name not in own}
        with at(place):
            Settings(**more)
            return RenderedData(**{name: table[name] for name in own if name in table}, more=more)

    def converted(self, table: Mapping[str, Any]) -> ConvertedData:
        from data_prep.formats.sportsmot import SPORTS

        place = ("data",)
        return ConvertedData(
            sportsmot=self.path(table["sportsmot"], (*place, "sportsmot")),
            sport=one_of(table.get("sport", "all"), (*place, "sport"), (*SPORTS, "all")) or "all",
            every=as_whole(table.get("every", 25), (*place, "every"), 1, 100_000),
            limit=None if table.get("limit") is None else as_whole(table["limit"], (*place, "limit"), 1, 100_000),
        )

    def own(self, table: Mapping[str, Any]) -> OwnData:
        place = ("data",)
        given = table.get("detections")
        if given is not None and not isinstance(given, str):
            raise WrongValue((*place, "detections"), f"expected a file's name such as det/det.txt, got {given!r}")
        detector = table.get("detector")
        return OwnData(
            sequences=self.path(table["sequences"], (*place, "sequences")),
            detector=None if detector is None else self.path(detector, (*place, "detector")),
            detections=given,
            limit=None if table.get("limit") is None else as_whole(table["limit"], (*place, "limit"), 1, 100_000),
        )

    def audit(self, values: Any) -> dict[str, Any] | None:
        from data_prep.audit.findings import check_kinds
        from data_prep.audit.labels import Thresholds

        if is_none(values):
            return None
        place = ("audit",)
        limits = [f.name for f in fields(Thresholds)]
        table = as_table(values, place, ("ignore", "every", "labels_only", *limits))
        with at((*place, "ignore")):
            ignored = as_words(table.get("ignore", []), (*place, "ignore"))
            check_kinds(ignored)
        with at(place):
            Thresholds(**{name: table[name] for name in limits if name in table})
        as_whole(table.get("every", 1), (*place, "every"), 1, 100_000)
        as_switch(table.get("labels_only", False), (*place, "labels_only"))
        return table | {"ignore": ignored}

    def train(self, values: Any) -> dict[str, Any] | None:
        from sportstrack.train.settings import TrainSettings

        if is_none(values):
            return None
        place = ("train",)
        known = [f.name for f in fields(TrainSettings) if f.name not in ("seed", "trust")]
        table = as_table(values, place, known)
        with at(place):
            TrainSettings(**table)
        table.setdefault("weights", "demo")
        self.weights(table["weights"], (*place, "weights"))
        return self.with_path(table, "weights")

    def val(self, values: Any) -> dict[str, Any] | None:
        if is_none(values):
            return None
        place = ("val",)
        loading = ("imgsz", "iou", "classes", "device", "engine", "precision", "half")
        table = as_table(values, place, ("beside", "split", "limit", *loading))
        table["beside"] = as_words(table.get("beside", []), (*place, "beside"))
        for name in table["beside"]:
            self.weights(name, (*place, "beside"))
        as_text(table, "split", "val", place)
        if table.get("limit") is not None:
            as_whole(table["limit"], (*place, "limit"), 1, 1_000_000)
        self.detect({name: table[name] for name in loading if name in table}, place)
        return table

    def detect(self, values: Any, place: Place = ("detect",)) -> dict[str, Any]:
        table = as_table({} if is_none(values) else values, place, DETECT)
        with at(place):
            track_settings(table, trust=self.trust)
        return self.with_path(table, "weights")

    def weights(self, spec: Any, place: Place) -> None:
        """Refuse weights that are no text, or that a file alone must not name."""
        if not isinstance(spec, str):
            raise WrongValue(place, f"expected weights such as yolov8n.pt, got {spec!r}")
        if not spec.lower().endswith((".yaml", ".yml")):
            try:
                track_settings({"weights": spec}, trust=self.trust)
            except SettingError as error:
                raise WrongValue(place, str(error).removeprefix("weights: ")) from error

    def with_runs(self, found: ExperimentSettings, table: Mapping[str, Any]) -> ExperimentSettings:
        from dataclasses import replace

        if found.has_detections:
            found = replace(found, train=None, val=None)
        elif not found.has_pictures:
            asked = [name for name in ("train", "val") if name in table and not is_none(table[name])]
            if asked:
                raise WrongValue((asked[0],), "needs pictures to learn from: name a YOLO data set as detector in data")
            found = replace(found, train=None, val=None)
        if found.train is not None and "weights" in found.detect:
            raise WrongValue(("detect", "weights"), "the weights are those that train makes; leave one of them out")
        given = table.get("trackers") or {name: {} for name in _DEFAULT_TRACKERS}
        trackers = self.named_runs(given, ("trackers",), found)
        compare = table.get("compare") or []
        if not isinstance(compare, list):
            raise WrongValue(("compare",), f"expected a list of comparisons ('- title: …'), got {kind_of(compare)}")
        pairs = tuple(self.pair(one, ("compare", str(i)), found) for i, one in enumerate(compare))
        titles = [pair.title for pair in pairs]
        for i, title in enumerate(titles):
            if title in titles[:i]:
                raise WrongValue(("compare", str(i), "title"), f"two comparisons are called {title!r}")
        return replace(found, trackers=trackers, compare=pairs)

    def named_runs(self, values: Any, place: Place, found: ExperimentSettings) -> tuple[TrackerRun, ...]:
        if isinstance(values, list) and all(isinstance(one, str) for one in values):
            values = {one: {} for one in values}
        table = as_table(values, place, None)
        if not table:
            raise WrongValue(place, "name at least one tracker")
        if wrong := next((name for name in table if name.startswith(f"{COMPARED} ")), None):
            raise WrongValue(
                (*place, wrong), f"names that begin with {COMPARED!r} are those of comparisons; choose another"
            )
        return tuple(self.run(str(name), value, (*place, str(name)), found) for name, value in table.items())

    def run(
        self, name: str, values: Any, place: Place, found: ExperimentSettings, base: Mapping[str, Any] | None = None
    ) -> TrackerRun:
        table = as_table(values, place, None)
        with at(place):
            return parse_run(name, table, base, found.detect, trust=self.trust)

    def pair(self, values: Any, place: Place, found: ExperimentSettings) -> BeforeAfter:
        table = as_table(values, place, ("title", "about", "baseline", "variants", "sweep"))
        title = as_text(table, "title", "", place)
        if not title:
            raise WrongValue(place, "title: missing; it names the improvement in the report")
        if "baseline" not in table:
            raise WrongValue(place, "baseline: missing; such as {tracker: bytetrack}")
        if ("variants" in table) == ("sweep" in table):
            raise WrongValue(place, "expected either variants or sweep")
        baseline = self.run("baseline", table["baseline"], (*place, "baseline"), found)
        about = as_text(table, "about", "", place)
        if "sweep" in table:
            setting, points = as_sweep(table["sweep"], (*place, "sweep"))
            variants = tuple(
                self.run(f"{setting} {point:g}", {"set": {setting: point}}, (*place, "sweep"), found, baseline.values)
                for point in points
            )
            return BeforeAfter(title, about, baseline, variants, setting, points)
        inner = (*place, "variants")
        variants = tuple(
            self.run(str(name), one, (*inner, str(name)), found, baseline.values)
            for name, one in as_table(table["variants"], inner, None).items()
        )
        if not variants:
            raise WrongValue(inner, "name at least one variant")
        return BeforeAfter(title, about, baseline, variants)

    def path(self, value: Any, place: Place) -> str:
        if not isinstance(value, str) or not value:
            raise WrongValue(place, f"expected a path, got {value!r}")
        for one in (self.folder / value, Path(value)):
            if one.exists():
                return str(one)
        raise WrongValue(place, f"{value}: no such file or folder, beside this file or in the current folder")

    def with_path(self, table: dict[str, Any], name: str) -> dict[str, Any]:
        """Return the table with weights that lie beside the configuration by their path."""
        value = table.get(name)
        if isinstance(value, str) and (self.folder / value).is_file():
            return table | {name: str(self.folder / value)}
        return table
