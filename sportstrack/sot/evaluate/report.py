"""Scores of several trackers over the same sequences: as Markdown, CSV and JSON, and as plots."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np

from sportstrack.errors import SettingError, unknown
from sportstrack.files.claim import Claim
from sportstrack.score.bins import BINS
from sportstrack.sot.evaluate.attributes import attributes, binned, mean_grey
from sportstrack.sot.evaluate.bins import AttributeScores
from sportstrack.sot.evaluate.layouts import ObjectSequence
from sportstrack.sot.evaluate.scores import (
    Absent,
    OnePass,
    Restarts,
    average_one_pass,
    average_restarts,
    mark,
    score_one_pass,
    score_restarts,
)
from sportstrack.sot.evaluate.trials import Trial
from sportstrack.types import BoolArray

Trials: TypeAlias = Mapping[str, Mapping[str, Trial]]
Scored: TypeAlias = OnePass | Restarts
_PLAIN = {"fps": ".1f", "failures": ".0f", "robustness": ".2f"}


class Report(Protocol):
    """Scores that can be written."""

    def render(self, form: str) -> str:
        """Return the text in ``markdown``, ``csv`` or ``json``."""

    def plot(self, folder: Path, form: str, claim: Claim | None = None) -> list[Path]:
        """Draw the plots, ``png`` or ``svg``, and return their files."""


@dataclass(frozen=True)
class OnePassReport:
    """One-pass scores.

    Attributes:
        means: tracker → mean over the sequences.
        parts: tracker → sequence → scores.
        attributes: attribute → tracker → scores.
    """

    means: Mapping[str, OnePass]
    parts: Mapping[str, Mapping[str, OnePass]]
    attributes: Mapping[str, Mapping[str, AttributeScores]]

    @classmethod
    def make(
        cls,
        sequences: Mapping[str, ObjectSequence],
        trials: Trials,
        *,
        absent: Absent = "skip",
        light: bool = True,
        by: Sequence[str] = (),
    ) -> OnePassReport:
        """Score trackers over the same sequences.

        Args:
            sequences: by name.
            trials: tracker → sequence → its trial.
            absent: as in `score_one_pass`.
            light: decode the images to find changes of light.
            by: cut the scores by these as well (see `sportstrack.score.bins`).
        """
        parts = {
            tracker: {key: _score(one, found[key], absent=absent) for key, one in sequences.items()}
            for tracker, found in trials.items()
        }
        means = {tracker: average_one_pass(list(found.values())) for tracker, found in parts.items()}
        return cls(means, parts, _by_attribute(sequences, trials, parts, light=light, by=by))

    def render(self, form: str) -> str:
        """Return the text in ``markdown``, ``csv`` or ``json``."""
        if form != "markdown":
            return _render(form, "one pass", self.means, self.parts, self._json_attributes())
        text = _tables(self.means, self.parts)
        return text + (f"\n{self._attribute_table()}" if self.attributes else "")

    def plot(self, folder: Path, form: str, claim: Claim | None = None) -> list[Path]:
        """Draw success, precision and normalised precision, and return the files."""
        from sportstrack.sot.evaluate.plots import save_bins, save_plots

        return save_plots(self.means, folder, form, claim) + save_bins(self.attributes, folder, form, claim)

    def _attribute_table(self) -> str:
        head = ["success AUC where", "sequences", "frames", *self.means]
        rows = []
        for name, trackers in self.attributes.items():
            some = next(iter(trackers.values()))
            cells = [f"{_cell('AUC', s.auc)} / {_cell('AUC', s.auc_frames)}" for s in trackers.values()]
            rows.append([name, str(some.sequences), str(some.frames), *cells])
        return _markdown([head, *rows]) + "\nof sequences with such frames / of those frames alone\n"

    def _json_attributes(self) -> dict[str, Any]:
        return {
            name: {
                tracker: {
                    "sequences": one.sequences,
                    "frames": one.frames,
                    "AUC": one.auc,
                    "AUC_frames": one.auc_frames,
                }
                for tracker, one in trackers.items()
            }
            for name, trackers in self.attributes.items()
        }


@dataclass(frozen=True)
class RestartReport:
    """Scores under restarts.

    Attributes:
        means: tracker → mean over the sequences.
        parts: tracker → sequence → scores.
    """

    means: Mapping[str, Restarts]
    parts: Mapping[str, Mapping[str, Restarts]]

    @classmethod
    def make(cls, sequences: Mapping[str, ObjectSequence], trials: Trials) -> RestartReport:
        """Score trackers over the same sequences; ``trials`` as in `OnePassReport.make`."""
        parts = {
            tracker: {
                key: score_restarts(trial.boxes, trial.codes, one.boxes, name=key, size=one.size, seconds=trial.seconds)
                for key, one in sequences.items()
                for trial in [found[key]]
            }
            for tracker, found in trials.items()
        }
        return cls({tracker: average_restarts(list(found.values())) for tracker, found in parts.items()}, parts)

    def render(self, form: str) -> str:
        """Return the text in ``markdown``, ``csv`` or ``json``."""
        if form != "markdown":
            return _render(form, "restarts", self.means, self.parts, {})
        return _tables(self.means, self.parts)

    def plot(self, folder: Path, form: str, claim: Claim | None = None) -> list[Path]:  # noqa: ARG002
        """Return nothing: the curves belong to one pass."""
        return []


# --- scoring ---------------------------------------------------------------------------------------------------------


def _score(sequence: ObjectSequence, trial: Trial, *, absent: Absent, only: BoolArray | None = None) -> OnePass:
    return score_one_pass(
        trial.boxes,
        sequence.boxes,
        name=sequence.name,
        size=sequence.size,
        absent=absent,
        only=only,
        seconds=trial.seconds,
    )


def _by_attribute(
    sequences: Mapping[str, ObjectSequence],
    trials: Trials,
    parts: Mapping[str, Mapping[str, OnePass]],
    *,
    light: bool,
    by: Sequence[str] = (),
) -> dict[str, dict[str, AttributeScores]]:
    holds: dict[str, dict[str, BoolArray]] = {}
    for key, one in sequences.items():
        grey = mean_grey(one) if light and one.images else None
        for name, frames in (attributes(one, grey=grey) | binned(one, by, grey=grey)).items():
            if frames.any():
                holds.setdefault(name, {})[key] = frames
    return {
        name: {tracker: _attribute_scores(sequences, trials[tracker], found, where) for tracker, found in parts.items()}
        for name, where in sorted(holds.items(), key=_place)
    }


def _place(pair: tuple[str, object]) -> tuple[str, int]:
    """Sort attributes by name, and bins from the lowest values to the highest."""
    name, _, label = pair[0].partition(": ")
    return (name, BINS[name].labels.index(label)) if label else (name, -1)


def _attribute_scores(
    sequences: Mapping[str, ObjectSequence],
    trials: Mapping[str, Trial],
    parts: Mapping[str, OnePass],
    where: Mapping[str, BoolArray],
) -> AttributeScores:
    whole = average_one_pass([parts[key] for key in where])
    some: list[OnePass] = []
    for key, frames in where.items():
        there = frames & np.isfinite(mark(sequences[key].boxes, sequences[key].boxes).overlap)
        if there.any():
            some.append(_score(sequences[key], trials[key], absent="skip", only=there))
    weights = [one.frames for one in some]
    inside = float(np.average([one.figures["AUC"] for one in some], weights=weights)) if some else math.nan
    return AttributeScores(len(where), sum(weights), whole.figures["AUC"], inside)


# --- text ------------------------------------------------------------------------------------------------------------


def _tables(means: Mapping[str, Scored], parts: Mapping[str, Mapping[str, Scored]]) -> str:
    """Return a table of the means, and of each tracker's sequences if there are several."""
    texts = [_table("tracker", means.items())]
    for tracker, found in parts.items():
        if len(found) > 1:
            texts.append(f"### {tracker}\n\n" + _table("sequence", found.items()))
    return "\n".join(texts)


def _table(of: str, rows: Iterable[tuple[str, Scored]]) -> str:
    rows = list(rows)
    columns = list(rows[0][1].figures)
    lines = [[name, *(_cell(column, one.figures[column]) for column in columns)] for name, one in rows]
    return _markdown([[of, *columns], *lines])


def _cell(column: str, value: float) -> str:
    if math.isnan(value):
        return "–"
    return format(value, _PLAIN[column]) if column in _PLAIN else f"{100 * value:.1f}"


def _markdown(lines: list[list[str]]) -> str:
    text = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    text.insert(1, "|---|" + "---:|" * (len(lines[0]) - 1))
    return "\n".join(text) + "\n"


def _render(
    form: str,
    protocol: str,
    means: Mapping[str, Scored],
    parts: Mapping[str, Mapping[str, Scored]],
    by_attribute: Mapping[str, Any],
) -> str:
    if form == "csv":
        return _csv(means, parts)
    if form != "json":
        raise SettingError(unknown("format", form, ("markdown", "csv", "json")))
    found = {
        tracker: {"mean": _full(means[tracker]), "sequences": {key: _full(one) for key, one in some.items()}}
        for tracker, some in parts.items()
    }
    content = {"protocol": protocol, "trackers": found, "attributes": by_attribute}
    return json.dumps(_without_nan(content), indent=1) + "\n"


def _csv(means: Mapping[str, Scored], parts: Mapping[str, Mapping[str, Scored]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = list(next(iter(means.values())).figures)
    writer.writerow(["tracker", "sequence", "frames", *columns])
    for tracker, found in parts.items():
        for key, one in [*found.items(), ("mean", means[tracker])]:
            values = ("" if math.isnan(one.figures[c]) else one.figures[c] for c in columns)
            writer.writerow([tracker, key, one.frames, *values])
    return text.getvalue()


def _full(one: Scored) -> dict[str, Any]:
    head: dict[str, Any] = {"sequences": one.sequences, "frames": one.frames, **one.figures}
    if isinstance(one, OnePass):
        pooled = dict(zip(("AO", "SR50", "SR75"), one.pooled, strict=True))
        curves = ("success", "precision", "normalised")
        head |= {"pooled": pooled, "curves": {curve: getattr(one, curve).tolist() for curve in curves}}
    return head


def _without_nan(value: Any) -> Any:
    """Replace NaN, which JSON does not have, by None."""
    if isinstance(value, Mapping):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value
