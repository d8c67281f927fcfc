"""The pictures of docs/refine-method.md, for refine.py: what each step does."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from refine_cuts import HEIGHT, RATE, WIDTH

from sportstrack.refine import STEPS, RefineSettings, TrackTable, refine


def play(step: str) -> TrackTable:
    """Return a little scene that shows what a step does; places are those of 40 × 90 boxes in a 640 × 360 picture."""
    rng = np.random.default_rng(3)
    t = np.arange(150)
    up, down = 120 + 2.6 * t, 520 - 2.6 * t
    met = 77  # two players meet here
    first, second = np.where(t < met, up, down), np.where(t < met, down, up)  # they swap their ids
    red, blue = np.eye(2)[np.where(t < met, 0, 1)], np.eye(2)[np.where(t < met, 1, 0)]
    if step == "split":
        return _tracks([(1, t, first, red), (2, t, second, blue)])
    unseen = (t > 60) & (t < 90)
    away = t[(t < 40) | (t > 75)]
    if step == "link":
        pieces = [(1, t[t <= 60], up[t <= 60]), (2, t, np.full(150, 330.0) + 40 * np.sin(t / 20) + 230 - t)]
        pieces += [(5, t[t >= 90], up[t >= 90]), (7, t[t > 110], 60 + 0.4 * t[t > 110]), (3, t[:90], 60 + 0.4 * t[:90])]
        return _tracks(pieces)
    if step == "interpolate":
        return _tracks([(1, t[~unseen], up[~unseen]), (2, away, 420 + 40 * np.sin(away / 30))])
    if step == "smooth":
        return _tracks(
            [(1, t, 200 + 60 * np.sin(t / 25) + rng.normal(0, 6, 150)), (2, t, down + rng.normal(0, 6, 150))]
        )
    specks = [
        (3 + i, np.arange(a, a + 6), np.full(6, x)) for i, (a, x) in enumerate([(20, 60.0), (70, 560), (120, 300)])
    ]
    return _tracks([(1, t, 200 + 60 * np.sin(t / 25)), *specks])


def _tracks(pieces: list[tuple[Any, ...]]) -> TrackTable:
    ids, times, places = (np.concatenate([np.broadcast_to(p[i], len(p[1])) for p in pieces]) for i in range(3))
    embedding = np.concatenate([p[3] for p in pieces]) if len(pieces[0]) > 3 else None
    x, y = places[:, None], np.full((len(ids), 1), 200.0)
    return TrackTable.of(times, ids, np.hstack((x - 20, y - 45, x + 20, y + 45)), embedding=embedding)


def picture(before: TrackTable, after: TrackTable) -> str:
    """Return an SVG: places over time, before and after, a colour per id; filled boxes are hollow."""
    colours = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#882255")
    names = sorted({*before.track_id.tolist(), *after.track_id.tolist()})
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 190" font-family="sans-serif" font-size="12">']
    parts.append('<rect width="660" height="190" fill="white"/>')
    for title, table, left in (("before", before, 10), ("after", after, 340)):
        parts.append(f'<text x="{left}" y="16">{title}: {table.tracks} tracks</text>')
        parts.append(f'<rect x="{left}" y="24" width="310" height="160" fill="none" stroke="#bbb"/>')
        places = table.xyxy[:, [0, 2]].mean(axis=1)
        for frame, track, x, filled in zip(table.frame, table.track_id, places, table.filled, strict=True):
            colour = colours[names.index(int(track)) % len(colours)]
            fill = f'fill="none" stroke="{colour}" stroke-width="0.8"' if filled else f'fill="{colour}"'
            parts.append(f'<circle cx="{left + 4 + 2 * frame}" cy="{24 + x / 4:.1f}" r="1.8" {fill}/>')
    return "\n".join([*parts, "</svg>", ""])


def two_pictures() -> tuple[TrackTable, int]:
    """Return the linked boxes of a moment that two cameras saw, and the frame of the cut."""
    synthetic, lens = import_module("data_prep.synthetic"), import_module("data_prep.synthetic.camera")
    plan = synthetic.Settings(seed=21, frames=50, crowding=0.6)
    match = import_module("data_prep.synthetic.match").Match(plan)
    moments = [match.step() for _ in range(plan.frames)]
    target = np.array([*moments[0].ball[:2], 1.0])
    seats = ((0.0, -62.0, 20.0), 2200.0), ((-25.0, -56.0, 15.0), 2000.0)
    views = [lens.look_at(np.array(seat), target, focal, 0.0, (int(WIDTH), int(HEIGHT))) for seat, focal in seats]
    cut, rng, parts = plan.frames // 2, np.random.default_rng(0), []
    for n, moment in enumerate(moments):
        view, ground = views[n >= cut], np.column_stack((moment.xy, np.zeros(len(moment.xy))))
        feet, head = view.project(ground)[0], view.project(ground + (0.0, 0.0, 1.8))[0]
        tall = (feet - head)[:, 1:]
        box = (
            np.hstack((feet - tall * (0.2, 1.0), feet + tall * (0.2, 0.0))) + rng.normal(0, 0.02, (len(feet), 4)) * tall
        )
        seen = (box[:, :2] > 0).all(axis=1) & (box[:, 2:] < (WIDTH, HEIGHT)).all(axis=1)
        parts.append((np.full(seen.sum(), n), np.flatnonzero(seen) + (100 if n >= cut else 1), box[seen]))
    table = TrackTable.of(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    size = {"frame_rate": RATE, "width": WIDTH, "height": HEIGHT}
    return refine(table, **size, cuts=[cut], settings=RefineSettings(steps=["link"])), cut


def cut_picture() -> str:
    """Return an SVG: the last picture before a cut and the first after it; linked players have a number."""
    after, cut = two_pictures()
    both = np.intersect1d(after.track_id[after.frame < cut], after.track_id[after.frame >= cut]).tolist()
    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 660 206" font-family="sans-serif" font-size="10">']
    parts.append('<rect width="660" height="206" fill="white"/>')
    for title, frame, left in (("last picture before the cut", cut - 1, 10), ("first picture after it", cut, 340)):
        parts.append(f'<text x="{left}" y="14" font-size="12">{title}</text>')
        parts.append(f'<rect x="{left}" y="22" width="310" height="174" fill="#eef5ea" stroke="#bbb"/>')
        for box, track in zip(
            after.xyxy[after.frame == frame], after.track_id[after.frame == frame].tolist(), strict=True
        ):
            x, y, right, bottom = box * 310 / WIDTH + (left, 22, left, 22)
            known = track in both
            colour = f"hsl({both.index(track) * 360 // len(both)},75%,42%)" if known else "#999"
            shape = f'x="{x:.1f}" y="{y:.1f}" width="{right - x:.1f}" height="{bottom - y:.1f}"'
            parts.append(f'<rect {shape} fill="none" stroke="{colour}" stroke-width="1.4"/>')
            if known:
                parts.append(f'<text x="{x:.1f}" y="{y - 2:.1f}" fill="{colour}">{both.index(track) + 1}</text>')
    return "\n".join([*parts, "</svg>", ""])


def draw(folder: Path) -> None:
    """Write one picture per step, and one of a cut."""
    (folder / "refine-formation.svg").write_text(cut_picture(), encoding="utf-8")
    print(f"{folder}/refine-formation.svg")
    for step in STEPS:
        table = play(step)
        settings = RefineSettings(steps=[step])
        still = np.tile(np.eye(2, 3), (150, 1, 1))
        after = refine(
            table,
            frame_rate=RATE,
            width=640,
            height=360,
            frames=600,
            camera=np.tile(still, (4, 1, 1)),
            settings=settings,
        )
        (folder / f"refine-{step}.svg").write_text(picture(table, after), encoding="utf-8")
        counts = f"{table.tracks} tracks → {after.tracks}, {len(table)} boxes → {len(after)}"
        print(f"{folder}/refine-{step}.svg: {counts}")
