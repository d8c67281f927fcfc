"""The diagnosis as one HTML page: causes, worst moments, a timeline per sequence; all pictures inside the file."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from sportstrack.errors import SourceError
from sportstrack.files.reading import list_files
from sportstrack.images.decode import read_picture
from sportstrack.score.diagnose import Diagnosis
from sportstrack.score.diagnose.causes import FALSE_CAUSES, MISS_CAUSES, MOMENT, SWITCH_CAUSES, ErrorMoment, Switch

WORST = 10
_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
_STRIP = 5  # pictures in a strip
_STRIP_HEIGHT = 220  # pixels
_WIDEST = 16 * _STRIP_HEIGHT  # pixels of one step
_FAR = 1e6  # pixels; OpenCV draws with 32-bit numbers
_MARGIN = 80.0  # pixels, so that a ball's surroundings are seen
_BINS = 200  # columns of a timeline
_KINDS = {"switches": "#d55e00", "fragments": "#e69f00", "misses": "#0072b2", "false positives": "#777777"}

_METHOD = (
    "Causes are inferred from ground truth and result; an error is filed under the first cause that applies. "
    "Frames count from 1."
)
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c1c1c; max-width: 1100px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.6em; margin-bottom: 0; } h2 { margin-top: 2em; border-bottom: 1px solid #ddd; }
table { border-collapse: collapse; margin: .5em 0; } td, th { padding: .2em .8em .2em 0; text-align: left; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } tr:nth-child(even) td { background: #f7f7f7; }
.bar { display: inline-block; height: .8em; border-radius: 2px; } .quiet { color: #666; font-size: .9em; }
svg { width: 100%; height: auto; display: block; } img { width: 100%; margin: .3em 0 1em; border-radius: 3px; }
details { margin: .4em 0; } summary { cursor: pointer; } .key { display: inline-block; width: .8em; height: .8em; }
"""


@dataclass(frozen=True)
class Images:
    """A sequence's pictures, if there are any.

    Attributes:
        files: in order of frames; empty without pictures.
    """

    files: tuple[Path, ...] = ()

    @classmethod
    def find(cls, name: str, folder: Path | None, root: Path | None) -> Images:
        """Look in ROOT/NAME/img1, ROOT/NAME, and the sequence's own img1."""
        places = [root / name / "img1", root / name] if root else []
        for place in [*places, *([folder / "img1"] if folder else [])]:
            if place.is_dir():
                files = list_files(place, _SUFFIXES)
                if files:
                    return cls(tuple(files))
        return cls()

    def brightness(self, frame: int) -> float | None:
        """Return the mean grey value (0…255) of a frame from 0, or None without its picture."""
        return _brightness(self.files[frame]) if 0 <= frame < len(self.files) else None

    def strip(self, found: Diagnosis, moment: ErrorMoment) -> str:
        """Return a ``data:`` JPEG of the moment in five steps, or "" without pictures."""
        steps = np.linspace(moment.frame - MOMENT // 2, moment.frame + MOMENT // 2, _STRIP).round().astype(int)
        frames = [f for f in steps.tolist() if 0 <= f < min(len(self.files), found.frames)]
        if not frames:
            return ""
        window = _window(found, moment, frames)
        return _data(np.hstack([_picture(self.files[f], found, f, window) for f in frames]))


def diagnosis_page(name: str, found: Sequence[Diagnosis], images: Mapping[str, Images] | None = None) -> str:
    """Return the page.

    Args:
        name: the tracker.
        found: a diagnosis per sequence.
        images: sequence → its pictures, for the strips.
    """
    images = images or {}
    size = f"{_many(len(found), 'sequence')}, {_many(sum(d.frames for d in found), 'frame')}"
    keys = " ".join(f'<span class="key" style="background:{c}"></span> {kind}' for kind, c in _KINDS.items())
    switches = Counter(s.cause for d in found for s in d.switches)
    parts = [
        f"<h1>Where {escape(name)} fails</h1>",
        f'<p class="quiet">{size}. {_METHOD}</p>',
        _causes("Identity switches", SWITCH_CAUSES, switches, "switches"),
        _signs(found),
        _causes("Missed boxes", MISS_CAUSES, _sum(d.misses.counts() for d in found), "misses"),
        _causes("False positives", FALSE_CAUSES, _sum(d.false.counts() for d in found), "false positives"),
        _moments(found, images),
        "<h2>Sequences</h2>",
        f'<p class="quiet">{keys}; each row of a timeline has its own scale, given at its right.</p>',
        *(_sequence(d) for d in found),
    ]
    head = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(name)}: diagnosis</title>'
    return f"{head}<style>{_STYLE}</style></head><body>\n" + "\n".join(parts) + "\n</body></html>\n"


def _causes(title: str, causes: Mapping[str, str], counts: Mapping[str, int], kind: str) -> str:
    total = sum(counts.values())
    rows = [
        f'<tr><td>{cause}</td><td class="n">{counts.get(cause, 0):,}</td>'
        f'<td class="n">{100 * counts.get(cause, 0) / max(1, total):.1f} %</td>'
        f'<td style="width:220px"><span class="bar" style="background:{_KINDS[kind]};'
        f'width:{220 * counts.get(cause, 0) / max(1, *counts.values(), 1):.0f}px"></span></td>'
        f'<td class="quiet">{escape(meaning)}</td></tr>'
        for cause, meaning in causes.items()
    ]
    return f"<h2>{title}: {total:,}</h2><table>{''.join(rows)}</table>"


def _signs(found: Sequence[Diagnosis]) -> str:
    """Compare how often a sign is seen at switches and at quiet matches; count the switches that took another's id."""
    switches = [s for d in found for s in d.switches]
    if not switches:
        return ""
    signs = Counter(sign for s in switches for sign in s.signs)
    rows = []
    for sign in (sign for sign in SWITCH_CAUSES if signs[sign]):
        share = signs[sign] / len(switches)
        usual = float(np.mean([d.usual.get(sign, 0.0) for d in found]))
        known = sign != "light change"  # it is not looked for elsewhere: too many pictures to read
        quiet = f"{100 * usual:.1f} %" if known else ""
        times = f"{share / usual:.1f} ×" if known and usual else ""
        cells = (f"{signs[sign]:,}", f"{100 * share:.1f} %", quiet, times)
        rows.append(f"<tr><td>{sign}</td>" + "".join(f'<td class="n">{cell}</td>' for cell in cells) + "</tr>")
    taken = sum(s.taken_from is not None for s in switches)
    text = "A switch may show several signs. How often each is there at a switch, and at matches without one:"
    head = "".join(f"<th class=n>{cell}</th>" for cell in ("switches", "of all", "without a switch", ""))
    more = f"In {_many(taken, 'switch', 'switches')} the new id came from another player."
    table = f"<table><tr><th>sign</th>{head}</tr>{''.join(rows)}</table>"
    return f'<p class="quiet">{text}</p>{table}<p class="quiet">{more}</p>'


def _moments(found: Sequence[Diagnosis], images: Mapping[str, Images]) -> str:
    ranked = sorted(((m, d) for d in found for m in d.moments()[:WORST]), key=lambda pair: -pair[0].weight)[:WORST]
    head = "<tr><th></th><th>sequence</th><th class=n>frame</th><th class=n>switches</th><th class=n>misses</th>"
    rows, strips = [], []
    for rank, (moment, diagnosis) in enumerate(ranked, 1):
        cells = (moment.frame + 1, moment.switches, moment.misses, moment.false)
        rows.append(
            f"<tr><td>{rank}</td><td>{escape(moment.sequence)}</td>"
            + "".join(f'<td class="n">{cell}</td>' for cell in cells)
            + f"<td>{_listed(moment.players)}</td><td>{_listed(moment.ids)}</td></tr>"
        )
        strip = images.get(moment.sequence, Images()).strip(diagnosis, moment)
        if strip:
            title = f"{rank}. {escape(moment.sequence)}, frame {moment.frame + 1}"
            strips.append(f'<p>{title}</p><img alt="{title}" src="{strip}">')
    note = f"Stretches of {MOMENT} frames."
    if strips:
        note += " Strips: truth in thin green, results in a colour per id."
    else:
        note += " With the sequences' pictures (img1/ beside gt/, or --images) each one would be shown."
    tail = "<th class=n>false positives</th><th>players (truth ids)</th><th>result ids</th></tr>"
    table = f"<table>{head}{tail}{''.join(rows)}</table>"
    return f'<h2>The worst moments</h2><p class="quiet">{note}</p>{table}{"".join(strips)}'


def _sequence(found: Diagnosis) -> str:
    counts = ", ".join(
        (
            _many(len(found.switches), "switch", "switches"),
            _many(len(found.misses.cause), "missed box", "missed boxes"),
            _many(len(found.false.cause), "false positive"),
        )
    )
    return (
        f"<h3>{escape(found.name)}</h3><p class=quiet>{_many(found.frames, 'frame')}: {counts}</p>"
        + _timeline(found)
        + _switch_list(found.switches)
    )


def _timeline(found: Diagnosis) -> str:
    """Draw four rows of columns over the frames, each scaled to its own greatest column."""
    bins = min(_BINS, max(1, found.frames))
    place = np.arange(found.frames) * bins // max(1, found.frames)
    width, row, parts = 1000, 34, []
    for k, (kind, colour) in enumerate(_KINDS.items()):
        values = np.bincount(place, found.timeline[k], bins)
        top = max(1.0, float(values.max(initial=0)))
        base = (k + 1) * row
        bars = "".join(
            f'<rect x="{x * width / bins:.1f}" y="{base - (row - 6) * v / top:.1f}" width="{width / bins:.2f}" '
            f'height="{(row - 6) * v / top:.1f}"/>'
            for x, v in enumerate(values.tolist())
            if v
        )
        line = f'<line x1="0" x2="{width}" y1="{base}" y2="{base}" stroke="#ddd"/>'
        label = f'<text x="{width + 8}" y="{base - 2}" font-size="12" fill="#666">{int(values.max(initial=0))}</text>'
        parts.append(f'<g fill="{colour}"><title>{kind}</title>{bars}</g>{line}{label}')
    ticks = "".join(
        f'<text x="{f * width / max(1, found.frames):.0f}" y="{4 * row + 16}" font-size="12" fill="#666">{f + 1}</text>'
        for f in range(0, found.frames, max(1, found.frames // 8))
    )
    return f'<svg viewBox="0 0 {width + 50} {4 * row + 22}" role="img">{"".join(parts)}{ticks}</svg>'


def _switch_list(switches: Sequence[Switch]) -> str:
    if not switches:
        return ""
    rows = "".join(
        f'<tr><td class="n">{s.frame + 1}</td><td class="n">{s.player}</td><td>{s.old} → {s.new}</td>'
        f"<td>{s.cause}</td><td class=quiet>{escape(_details(s))}</td></tr>"
        for s in switches
    )
    head = "<tr><th class=n>frame</th><th class=n>player</th><th>ids</th><th>cause</th><th>more</th></tr>"
    title = _many(len(switches), "switch", "switches")
    return f"<details><summary>{title}</summary><table>{head}{rows}</table></details>"


def _details(switch: Switch) -> str:
    more = [sign for sign in switch.signs if sign != switch.cause]
    if switch.other is not None:
        more.append(f"covered by player {switch.other}")
    if switch.taken_from is not None:
        more.append(f"id taken from player {switch.taken_from}")
    if switch.frame - switch.last_frame > 1:
        more.append(f"last matched in frame {switch.last_frame + 1}")
    return "; ".join(more)


def _sum(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return total


def _many(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _listed(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids)) or "–"


@lru_cache(maxsize=4096)
def _brightness(file: Path) -> float | None:
    from sportstrack.images.opencv import require_cv2

    try:
        return float(read_picture(file, require_cv2().IMREAD_REDUCED_GRAYSCALE_8).mean())
    except SourceError:
        return None


def _window(found: Diagnosis, moment: ErrorMoment, frames: list[int]) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom around the player most concerned, with room for the neighbours."""
    side = found.seq.truth
    wanted = np.isin(side.ids[side.identity], moment.players[:1]) & np.isin(side.table.frame, frames)
    if not wanted.any():
        side = found.seq.result
        wanted = np.isin(side.ids[side.identity], moment.ids[:1]) & np.isin(side.table.frame, frames)
    boxes = side.table.xyxy[wanted].clip(-_FAR, _FAR)
    if not len(boxes):
        return (0, 0, 1 << 20, 1 << 20)
    margin = max(_MARGIN, (boxes[:, 3] - boxes[:, 1]).max())
    low, high = boxes[:, :2].min(axis=0) - margin, boxes[:, 2:].max(axis=0) + margin
    return (max(0, int(low[0])), max(0, int(low[1])), int(high[0]) + 1, int(high[1]) + 1)


def _picture(file: Path, found: Diagnosis, frame: int, window: tuple[int, int, int, int]) -> Any:
    """(H, W, 3) uint8 BGR: the window of one frame with boxes."""
    from sportstrack.images.opencv import require_cv2

    cv2 = require_cv2()
    try:
        image = read_picture(file)
    except SourceError:
        image = np.zeros((720, 1280, 3), np.uint8)
    for side, is_truth in ((found.seq.truth, True), (found.seq.result, False)):
        for row in range(*side.start[frame : frame + 2]):
            x1, y1, x2, y2 = side.table.xyxy[row].clip(-_FAR, _FAR).round().astype(int).tolist()
            track = int(side.ids[side.identity[row]])
            colour = (0, 200, 0) if is_truth else _colour(track)
            cv2.rectangle(image, (x1, y1), (x2, y2), colour, 1 if is_truth else 2)
            if not is_truth:
                cv2.putText(image, str(track), (x1, y1 - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.6, colour, 2, cv2.LINE_AA)
    left, top, right, bottom = window
    cut = image[top : max(top + 8, min(bottom, len(image))), left : max(left + 8, right)]
    width = min(_WIDEST, max(8, round(cut.shape[1] * _STRIP_HEIGHT / cut.shape[0])))
    cut = cv2.resize(cut, (width, _STRIP_HEIGHT), interpolation=cv2.INTER_AREA)
    cv2.putText(cut, str(frame + 1), (5, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    cut[:, -2:] = 255
    return cut


def _colour(track: int) -> tuple[int, int, int]:
    """Return a bright colour (blue, green, red) that neighbouring ids do not share."""
    from colorsys import hsv_to_rgb

    red, green, blue = hsv_to_rgb(track * 0.618034 % 1, 0.9, 1.0)
    return int(255 * blue), int(255 * green), int(255 * red)


def _data(image: Any) -> str:
    from sportstrack.images.opencv import require_cv2

    _, jpeg = require_cv2().imencode(".jpg", image)
    return "data:image/jpeg;base64," + b64encode(jpeg.tobytes()).decode()
