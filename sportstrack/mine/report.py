"""The report: tables to read (Markdown), to sort (CSV) and to compute with (JSON)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.files.claim import Claim
from sportstrack.mine.loss import ImageLoss, named_parts
from sportstrack.mine.mined import Mined, Variant

_SHOWN = 20  # rows of a table in mined.md; the CSV has all
FILES = ("mined.md", "mined.csv", "augmentations.csv", "confusion.csv", "mined.json")


def write_report(mined: Mined, claim: Claim) -> None:
    """Write `FILES`; OutputError if that fails."""
    texts = (
        to_markdown(mined), _csv(_mined_rows(mined)), _csv(_variant_rows(mined)), _csv(_confusion_rows(mined)),
        json.dumps(to_dict(mined), indent=1, ensure_ascii=False) + "\n",
    )  # fmt: skip
    for name, text in zip(FILES, texts, strict=True):
        claim.write_text(name, text)


def to_markdown(mined: Mined) -> str:
    """Return the report to read."""
    return "\n".join(_sections(mined))


def to_dict(mined: Mined) -> dict[str, Any]:
    """Return everything as plain values."""
    hard = [
        {"picture": one.picture, "sequence": one.sequence, "loss": one.loss, **asdict(one.parts)} for one in mined.hard
    ]
    return {
        "detector": mined.detector,
        "data": mined.data,
        "pictures": mined.pictures,
        "mean_loss": mined.mean,
        "settings": asdict(mined.settings),
        "classes": list(mined.classes),
        "left_out": list(mined.left_out),
        "confusion": mined.confusion.tolist(),
        "mined": hard,
        "augmentations": [dict(asdict(v), parameters=_plain(v.parameters)) for v in mined.variants],
        "losses": dict(mined.losses),
        "training": mined.training,
        "notes": list(mined.notes),
    }


def _sections(mined: Mined) -> Iterator[str]:
    yield f"# {mined.detector} on {mined.data}\n"
    yield (
        f"{mined.pictures} labelled pictures, mean loss {mined.mean:.3f} per true box; the {len(mined.hard)} hardest, "
        f"at most {mined.settings.per_sequence} of a clip.\n"
    )
    for name in mined.left_out:
        yield f"Note: the detector does not know the class {name}; it is left out.\n"
    for note in mined.notes:
        yield f"Note: {note}.\n"
    yield "## Hardest pictures\n"
    yield _table(_mined_rows(mined), _SHOWN)
    yield "## Classes\n"
    yield _table(_class_rows(mined), len(mined.classes))
    yield f"## Confusions (score from {mined.settings.score:g})\n"
    yield _table(_confusion_rows(mined), len(mined.classes) + 1)
    if mined.variants:
        yield "## Augmentations\n"
        yield (
            "Change of the loss: above 0 the picture has become harder for the detector, so train on it; below 0 it "
            "has become easier.\n"
        )
        yield _table(_operation_rows(mined.variants), len(mined.variants))
        yield _table(_change_rows(mined), _SHOWN)
    if mined.training:
        kept = sum(bool(v.file) for v in mined.variants)
        yield (
            f"Train on with `sportstrack train {mined.training}`: every labelled picture, the {len(mined.hard)} mined "
            f"ones once more, and {kept} augmented ones.\n"
        )


def _mined_rows(mined: Mined) -> list[list[str]]:
    head = ["rank", "picture", "sequence", "loss", *(field.name for field in fields(ImageLoss))]
    rows = []
    for rank, one in enumerate(mined.hard, 1):
        parts = [f"{value:.4f}" for _, value in named_parts(one.parts)]
        counts = [str(getattr(one.parts, name)) for name in ("truth", "pairs", "wrong", "alone")]
        rows.append([str(rank), one.picture, one.sequence, f"{one.loss:.4f}", *parts, *counts])
    return [head, *rows]


def _class_rows(mined: Mined) -> list[list[str]]:
    head = ["class", "truth", "right", "missed", "taken for", "false"]
    rows, none = [], len(mined.classes)
    for i, name in enumerate(mined.classes):
        row = mined.confusion[i].copy()
        right, missed = int(row[i]), int(row[none])
        row[[i, none]] = 0
        worst = np.argsort(-row, kind="stable")
        taken = ", ".join(f"{mined.classes[j]} {row[j]}" for j in worst.tolist() if row[j]) or "–"
        rows.append([name, str(int(mined.confusion[i].sum())), str(right), str(missed), taken])
        rows[-1].append(str(int(mined.confusion[none, i])))
    return [head, *rows]


def _confusion_rows(mined: Mined) -> list[list[str]]:
    head = ["truth \\ detector", *mined.classes, "missed"]
    names = [*mined.classes, "nothing"]
    return [head, *([name, *map(str, row)] for name, row in zip(names, mined.confusion.tolist(), strict=True))]


def _variant_rows(mined: Mined) -> list[list[str]]:
    head = ["picture", "operation", "loss", "change", "effect", "parameters", "file"]
    rows = [
        [v.picture, v.operation, f"{v.loss:.4f}", f"{v.change:+.4f}", _effect(v), _words(v.parameters), v.file]
        for v in mined.variants
    ]
    return [head, *rows]


def _operation_rows(variants: Sequence[Variant]) -> list[list[str]]:
    head = ["operation", "raises", "lowers", "mean change"]
    rows = []
    for name in dict.fromkeys(v.operation for v in variants):
        change = np.array([v.change for v in variants if v.operation == name])
        rows.append([name, str(int((change > 0).sum())), str(int((change < 0).sum())), f"{change.mean():+.3f}"])
    return [head, *rows]


def _change_rows(mined: Mined) -> list[list[str]]:
    """A row per picture, a column per operation."""
    operations = list(dict.fromkeys(v.operation for v in mined.variants))
    change = {(v.picture, v.operation): v.change for v in mined.variants}
    rows = []
    for one in mined.hard:
        cells = [f"{change[one.picture, name]:+.2f}" for name in operations]
        rows.append(["/".join(Path(one.picture).parts[-2:]), f"{one.loss:.2f}", *cells])
    return [["picture", "loss", *operations], *rows]


def _effect(variant: Variant) -> str:
    return "raises" if variant.change > 0 else "lowers" if variant.change < 0 else "none"


def _words(parameters: Any) -> str:
    return json.dumps(_plain(parameters), ensure_ascii=False) if parameters else ""


def _plain(value: Any) -> Any:
    """Return plain values in place of numpy's."""
    return json.loads(json.dumps(dict(value), default=lambda item: item.tolist()))


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _table(rows: Sequence[Sequence[str]], most: int) -> str:
    """Return a Markdown table of the head and at most so many rows."""
    rule = ["---"] * len(rows[0])
    lines = [rows[0], rule, *rows[1 : most + 1]]
    more = f"\n… and {len(rows) - 1 - most} more in the CSV file\n" if len(rows) - 1 > most else ""
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines) + more
