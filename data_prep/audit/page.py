"""The audit as one HTML page: counts, examples with their boxes drawn, histograms; all pictures inside the file."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from data_prep.audit import rules
from data_prep.audit.findings import KINDS, Finding
from data_prep.audit.run import Audit
from data_prep.audit.source import AuditSource
from data_prep.audit.stats import HEAT, statistics
from data_prep.pictures import read_picture
from data_prep.table import VideoFrame
from sportstrack.errors import FormatError

_HEIGHT = 300  # pixels of an example
_MARGIN = 1.5  # of the culprit's size that is shown around it
_LEAST = 120.0  # pixels shown at least on each side of a culprit
_BEYOND = 400.0  # pixels beyond a picture that are shown at most
_LISTED = 20  # findings of a kind that are listed
_CULPRIT, _PARTNER, _OTHER = (40, 40, 235), (0, 165, 255), (150, 190, 150)  # blue, green, red
_BORDER = (225, 225, 225)
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c1c1c; max-width: 1100px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.6em; margin-bottom: 0; } h2 { margin-top: 2em; border-bottom: 1px solid #ddd; }
table { border-collapse: collapse; margin: .5em 0; } td, th { padding: .2em .8em .2em 0; text-align: left; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } tr:nth-child(even) td { background: #f7f7f7; }
.quiet { color: #666; font-size: .9em; } .clean { color: #1a7f37; } code { font-size: .9em; }
.row { display: flex; flex-wrap: wrap; gap: 1em; } figure { margin: 0; max-width: 100%; }
figure.wide { flex: 1 1 480px; } figcaption { font-size: .85em; color: #444; max-width: 480px; }
img { max-height: 300px; max-width: 100%; border-radius: 3px; } svg { width: 100%; height: auto; display: block; }
td.path { overflow-wrap: anywhere; max-width: 26em; font-size: .85em; }
"""
_CHARTS = {
    "box_height": "Box heights, pixels",
    "box_width": "Box widths, pixels",
    "objects_per_picture": "Objects per labelled picture",
    "track_length": "Track lengths, boxes",
}


def audit_page(found: Audit, examples: int = 4) -> str:
    """Return the page.

    Args:
        found: the audit.
        examples: pictures per kind of finding.
    """
    source = found.source
    numbers = statistics(source.table)
    size = ", ".join(f"{numbers[key]:,} {key}" for key in ("clips", "pictures", "boxes") if numbers[key])
    looked = f"{len(found.measured):,} pictures were looked at" if source.has_pictures else "There are labels alone"
    parts = [
        f"<h1>Audit of {escape(found.root)}</h1>",
        f'<p class="quiet">{source.layout} layout: {size}. {looked}. Frames count from 1.</p>',
        _counts(found),
        *(f'<p class="quiet">{escape(note)}</p>' for note in source.table.notes),
        *(_kind(found, kind, examples) for kind in found.counts()),
        "<h2>What is in it</h2>",
        _splits(numbers["splits"]),
        _classes(numbers["boxes_per_class"]),
        '<div class="row">' + "".join(_chart(title, numbers[key]) for key, title in _CHARTS.items()) + "</div>",
        _heat(numbers["positions"]),
    ]
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Audit of {escape(found.root)}</title>'
    return f"{head}<style>{_STYLE}</style></head><body>\n" + "\n".join(parts) + "\n</body></html>\n"


def _counts(found: Audit) -> str:
    if found.clean:
        return '<p class="clean">Nothing found.</p>'
    rows = "".join(
        f'<tr><td><a href="#{_anchor(kind)}">{kind}</a></td><td class="n">{count:,}</td>'
        f'<td class="quiet">{escape(KINDS[kind].about)}</td>'
        f'<td class="quiet">{KINDS[kind].fix or "left to you"}</td></tr>'
        for kind, count in found.counts().items()
    )
    return f"<table><tr><th>finding</th><th class=n>number</th><th></th><th>--fix</th></tr>{rows}</table>"


def _kind(found: Audit, kind: str, examples: int) -> str:
    mine = [finding for finding in found.findings if finding.kind == kind]
    shown = [f for f in _spread(mine, examples) if f.boxes or f.images]
    figures = "".join(_figure(found.source, finding) for finding in shown)
    rows = "".join(
        f'<tr><td class="path">{escape(f.where() or f.split)}</td><td class="n">{f.frame or ""}</td>'
        f'<td class="n">{"" if f.track is None else f.track}</td><td>{escape(f.message)}</td></tr>'
        for f in mine[:_LISTED]
    )
    more = f'<p class="quiet">… and {len(mine) - _LISTED:,} more; --json lists all.</p>' if len(mine) > _LISTED else ""
    head = "<tr><th>where</th><th class=n>frame</th><th class=n>track</th><th></th></tr>"
    return (
        f'<h2 id="{_anchor(kind)}">{kind}: {len(mine):,}</h2><p class="quiet">{escape(KINDS[kind].about)}</p>'
        f'<div class="row">{figures}</div><table>{head}{rows}</table>{more}'
    )


def _spread(findings: Sequence[Finding], count: int) -> list[Finding]:
    """Take examples evenly: the first ones often are one and the same clip."""
    picks = np.unique(np.linspace(0, len(findings) - 1, min(count, len(findings))).round().astype(int))
    return [findings[i] for i in picks.tolist()] if findings and count > 0 else []


def _figure(source: AuditSource, finding: Finding) -> str:
    text = escape(f"{finding.picture}: {finding.message}")
    if not finding.boxes:  # about pictures: show them side by side
        parts = [_example(source, row, ()) for row in finding.images[-2:]]
        return _image(np.hstack([_to_height(part) for part in parts]), text)
    row = int(source.table.boxes.image[finding.boxes[-1]])
    border = _border(source, finding.boxes)
    image = _example(source, row, finding.boxes, border)
    return _image(_to_height(_cut(source, image, finding.boxes, border)), text)


def _border(source: AuditSource, rows: tuple[int, ...]) -> int:
    """Pixels to add around a picture, so that boxes beyond it are seen."""
    table = source.table
    xyxy, limit = table.boxes.xyxy[list(rows)], np.tile(rules.limits(table)[list(rows)], 2)
    if not np.isfinite(xyxy).all():
        return 0
    beyond = float(np.maximum(-xyxy, xyxy - limit).max())
    return int(min(beyond, _BEYOND)) + 10 if beyond > 0 else 0


def _image(image: Any, text: str) -> str:
    from sportstrack.images.opencv import require_cv2

    _, jpeg = require_cv2().imencode(".jpg", image)
    data = b64encode(jpeg.tobytes()).decode()
    return f'<figure><img alt="" src="data:image/jpeg;base64,{data}"><figcaption>{text}</figcaption></figure>'


def _example(source: AuditSource, row: int, culprits: tuple[int, ...], border: int = 0) -> Any:
    """(H, W, 3) uint8 BGR: a picture, grey if it is not there, and its boxes; culprits red, partners orange."""
    from sportstrack.images.opencv import require_cv2

    cv2 = require_cv2()
    table = source.table
    image = cv2.copyMakeBorder(_pixels(source, row), *[border] * 4, cv2.BORDER_CONSTANT, value=_BORDER)
    # Boxes may be anywhere, so that lines are drawn with saturated corners.
    xyxy = (
        np.nan_to_num(table.boxes.xyxy, nan=0.0, posinf=3e4, neginf=-3e4).clip(-3e4, 3e4).round().astype(int) + border
    )
    mine = [i for i in range(table.starts[row], table.starts[row + 1]) if i not in culprits]
    partners = [i for i in culprits[:-1] if table.boxes.image[i] == row]
    layers = ((mine, _OTHER, 1), (partners, _PARTNER, 2), (culprits[-1:], _CULPRIT, 2))
    for rows, colour, width in layers:
        for i in rows:
            x1, y1, x2, y2 = xyxy[i].tolist()
            cv2.rectangle(image, (x1, y1), (x2, y2), colour, width)
    if len(culprits) == 2 and table.boxes.image[culprits[0]] != row:  # a jump: where it came from
        (ax, ay), (bx, by) = ((xyxy[i, :2] + xyxy[i, 2:]) // 2 for i in culprits)
        cv2.arrowedLine(image, (int(ax), int(ay)), (int(bx), int(by)), _PARTNER, 2)
    return image


def _pixels(source: AuditSource, row: int) -> Any:
    images = source.table.images
    file, (width, height) = images.file[row], images.size[row].tolist()
    if file is not None and not isinstance(file, VideoFrame) and not source.missing[row]:
        try:
            return read_picture(file).copy()
        except FormatError:
            pass
    return np.full((min(max(height, 90), 4320), min(max(width, 160), 7680), 3), 60, np.uint8)


def _cut(source: AuditSource, image: Any, rows: tuple[int, ...], border: int) -> Any:
    """Return the part of a picture around the culprits."""
    xyxy = source.table.boxes.xyxy[list(rows)] + border
    height, width = image.shape[:2]
    if not np.isfinite(xyxy).all():
        return image
    xyxy = xyxy.clip(-1e9, 1e9)  # sums and differences of larger numbers overflow
    margin = max(_LEAST, _MARGIN * float((xyxy[:, 2:] - xyxy[:, :2]).max()))
    low = (xyxy[:, :2].min(axis=0) - margin).clip(0, (max(0, width - 80), max(0, height - 80))).astype(int)
    high = (xyxy[:, 2:].max(axis=0) + margin).clip(low + 80, (max(80, width), max(80, height))).astype(int)
    return image[low[1] : high[1], low[0] : high[0]]


def _to_height(image: Any) -> Any:
    from sportstrack.images.opencv import require_cv2

    width = min(900, max(8, round(image.shape[1] * _HEIGHT / image.shape[0])))
    return require_cv2().resize(image, (width, _HEIGHT), interpolation=3)  # 3: area averaging


def _splits(splits: Mapping[str, Mapping[str, int]]) -> str:
    names = ("clips", "pictures", "labelled", "boxes")
    head = "<tr><th>split</th>" + "".join(f'<th class="n">{name}</th>' for name in names) + "</tr>"
    rows = "".join(
        f"<tr><td>{escape(split)}</td>" + "".join(f'<td class="n">{counts[name]:,}</td>' for name in names) + "</tr>"
        for split, counts in splits.items()
    )
    return f"<table>{head}{rows}</table>"


def _classes(counts: Mapping[str, int]) -> str:
    most = max([*counts.values(), 1])
    rows = "".join(
        f'<tr><td>{escape(name)}</td><td class="n">{count:,}</td><td><svg viewBox="0 0 300 12" style="width:300px">'
        f'<rect width="{300 * count / most:.1f}" height="12" fill="#0072b2"/></svg></td></tr>'
        for name, count in counts.items()
    )
    return f'<table><tr><th>class</th><th class="n">boxes</th><th></th></tr>{rows}</table>'


def _chart(title: str, histogram: Mapping[str, list[float]]) -> str:
    edges, counts = histogram["edges"], histogram["counts"]
    if not counts:
        return ""
    width, height, most = 480, 150, max([*counts, 1])
    step = width / len(counts)
    bars = "".join(
        f'<rect x="{i * step + 0.5:.1f}" y="{height - height * count / most:.1f}" width="{max(step - 1, 1):.1f}" '
        f'height="{height * count / most:.1f}"><title>{edges[i]:.6g} to {edges[i + 1]:.6g}: {count:,.0f}</title></rect>'
        for i, count in enumerate(counts)
        if count
    )
    every = max(1, len(edges) // 6)
    ticks = "".join(
        f'<text x="{i * step:.0f}" y="{height + 16}">{_short(edge)}</text>'
        for i, edge in enumerate(edges)
        if i % every == 0
    )
    return (
        f'<figure class="wide"><figcaption>{title} (most in a bar: {most:,.0f})</figcaption>'
        f'<svg viewBox="0 -4 {width + 30} {height + 26}"><g fill="#0072b2">{bars}</g>'
        f'<line x1="0" x2="{width}" y1="{height}" y2="{height}" stroke="#aaa"/>'
        f'<g font-size="12" fill="#666">{ticks}</g></svg></figure>'
    )


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 10 or value == round(value) else f"{value:.1f}"


def _heat(grid: Sequence[Sequence[int]]) -> str:
    """Draw where boxes' centres lie; the root of counts, because a few places hold most of them."""
    most = max((count for row in grid for count in row), default=0)
    if not most:
        return ""
    cells = "".join(
        f'<rect x="{x}" y="{y}" width="1.02" height="1.02" fill-opacity="{(count / most) ** 0.5:.2f}"/>'
        for y, row in enumerate(grid)
        for x, count in enumerate(row)
        if count
    )
    return (
        f'<figure class="wide" style="max-width:700px"><figcaption>Where the boxes\' centres are (most in a cell: '
        f'{most:,})</figcaption><svg viewBox="0 0 {HEAT[0]} {HEAT[1]}" style="border:1px solid #ccc">'
        f'<g fill="#d55e00">{cells}</g></svg></figure>'
    )


def _anchor(kind: str) -> str:
    return kind.replace(" ", "-")
