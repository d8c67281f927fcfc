"""Scores of attributes as text: tables that fit a terminal of 80 columns, Markdown, LaTeX, CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping

from sportstrack.errors import SettingError
from sportstrack.identities.table import ROLES
from sportstrack.score.attributes.scores import ATTRIBUTES, NONE, OTHER_TEAM, Count, WhoIsWhoScores
from sportstrack.score.table import FORMATS, write_lines

UNDECIDED = "undecided"
_FIGURES = ("right", "decided", "known", "extra")
_WORST = 6  # numbers read wrongly that are listed
_NAME = 24  # characters of a sequence


def report(scores: WhoIsWhoScores, form: str = "table", *, combined_only: bool = False) -> str:
    """Return the scores of one tracker as text; see `report_trackers`."""
    return report_trackers({"": scores}, form, combined_only=combined_only)


def report_trackers(trackers: Mapping[str, WhoIsWhoScores], form: str = "table", *, combined_only: bool = False) -> str:
    """Return the scores of trackers as text.

    Args:
        trackers: name → scores.
        form: one of `sportstrack.score.table.FORMATS`. CSV and JSON hold ratios from 0 to 1, the others per cent.
        combined_only: leave out the single sequences.

    Raises:
        SettingError: unknown format.
    """
    if form not in FORMATS:
        raise SettingError(f"unknown format {form!r} (known: {', '.join(FORMATS)})")
    if form == "json":
        found = {name: one.to_dict() for name, one in trackers.items()}
        for one in found.values():
            if combined_only:
                one.pop("sequences", None)
        return json.dumps(found, indent=2) + "\n"
    if form == "csv":
        return _csv(trackers, combined_only)
    heading = {"markdown": "### {}\n\n", "latex": "% {}\n"}.get(form, "{}\n")
    parts = [
        (heading.format(name) if len(trackers) > 1 else "") + _text(one, form, combined_only)
        for name, one in trackers.items()
    ]
    return "\n".join(parts)


def _text(scores: WhoIsWhoScores, form: str, combined_only: bool) -> str:
    blocks = [write_lines(_sequences(scores), form)] if scores.parts and not combined_only else []
    blocks.append(write_lines(_counts(scores), form))
    if form == "table":
        blocks.append("".join(f"{line}\n" for line in _remarks(scores)))
    for attribute in ("team", "role"):
        lines = _matrix(attribute, scores.confusion[attribute])
        if len(lines) > 1:
            blocks.append(write_lines(lines, form))
    return "\n".join(block for block in blocks if block)


def _sequences(scores: WhoIsWhoScores) -> list[tuple[str, ...]]:
    """A row for each sequence: right and decided, of frames."""
    head = ("sequence (frames)", *(word for one in ATTRIBUTES for word in (one, "decided")))
    rows: list[tuple[str, ...]] = [
        (
            part.name if len(part.name) <= _NAME else f"{part.name[: _NAME - 1]}…",
            *(_cent(value) for one in ATTRIBUTES for value in (part.frames[one].accuracy, part.frames[one].coverage)),
        )
        for part in scores.parts
    ]
    return [head, *rows]


def _counts(scores: WhoIsWhoScores) -> list[tuple[str, ...]]:
    """A row for each attribute, in frames and in tracks."""
    rows: list[tuple[str, ...]] = [("counted", *_FIGURES)]
    for unit, counts in (("frames", scores.frames), ("tracks", scores.tracks)):
        for attribute, count in counts.items():
            if attribute in ATTRIBUTES or count.known:
                shares = (_cent(count.accuracy), _cent(count.coverage))
                rows.append((f"{attribute}, in {unit}", *shares, str(count.known), str(count.extra)))
    return rows


def _remarks(scores: WhoIsWhoScores) -> Iterable[str]:
    truth, result, matched = scores.boxes
    yield f"{matched:,} of {truth:,} boxes of the truth are matched by one of the result's {result:,}"
    met = Counter(", ".join(f"{a} is {b}" for a, b in part.teams.items()) for part in scores.parts or (scores,))
    for teams, n in met.most_common():
        where = f" in {n} of {met.total()} sequences" if scores.parts else ""
        if teams:
            yield f"teams, as they agree best{where}: {teams}"
    wrong = Counter({k: n for k, n in scores.confusion["number"].items() if k[0] not in ("", NONE, k[1]) and k[1]})
    if wrong:
        listed = ", ".join(f"{truth} as {said} ({n:,})" for (truth, said), n in wrong.most_common(_WORST))
        yield f"numbers read wrongly, in frames: {listed}"


def _matrix(attribute: str, confusion: Counter[tuple[str, str]]) -> list[tuple[str, ...]]:
    """Truth in rows, what was said in columns, in frames; empty rows and columns are left out."""
    rows, columns = axes(attribute, confusion)
    head = (f"{attribute}: truth \\ said", *(column or UNDECIDED for column in columns))
    return [head, *((row, *(f"{confusion[row, column]}" for column in columns)) for row in rows)]


def axes(attribute: str, confusion: Counter[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """Return the values of the truth and those that were said, in the order in which a matrix shows them."""
    truth = {a for a, _ in confusion if a}
    said = {b for a, b in confusion if a}
    if attribute == "role":
        order = list(ROLES)
    elif attribute == "team":
        order = [*sorted((truth | said) - {NONE, OTHER_TEAM, ""}), OTHER_TEAM, NONE]
    else:
        order = [*sorted((truth | said) - {NONE, ""}, key=lambda number: (int(number), number)), NONE]
    return [one for one in order if one in truth], [
        *(one for one in order if one in said),
        *([""] if "" in said else []),
    ]


def _cent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.2f}"


def _csv(trackers: Mapping[str, WhoIsWhoScores], combined_only: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("tracker", "sequence", "unit", "attribute", *Count().to_dict()))
    for tracker, pooled in trackers.items():
        for scores in (*(() if combined_only else pooled.parts), pooled):
            for unit, counts in (("frames", scores.frames), ("tracks", scores.tracks)):
                for attribute, count in counts.items():
                    writer.writerow((tracker, scores.name, unit, attribute, *count.to_dict().values()))
    return text.getvalue()
