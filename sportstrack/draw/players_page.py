"""The players of a run on one HTML page: table, heat map and pictures, all inside the file."""

from __future__ import annotations

from base64 import b64encode
from html import escape

from sportstrack.draw.players import Player, Players

SHORT = 1.0  # seconds; tracks seen for less are listed below
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c1c1c; max-width: 1200px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.6em; margin-bottom: 0; } h2 { margin-top: 2em; border-bottom: 1px solid #ddd; }
table { border-collapse: collapse; width: 100%; }
td, th { padding: .3em .9em .3em 0; text-align: left; vertical-align: middle; }
th { border-bottom: 2px solid #ddd; } td { border-bottom: 1px solid #eee; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
.quiet { color: #666; font-size: .9em; } .map { width: 100%; border-radius: 3px; }
.strip { white-space: nowrap; } .strip img { height: 64px; border-radius: 3px; margin-right: 2px; }
.thirds { display: flex; width: 6em; height: 1em; border-radius: 2px; overflow: hidden; background: #eee; }
.thirds i { display: block; } details { margin: 1em 0; } summary { cursor: pointer; }
"""
_COLOURS = ("#0072b2", "#999999", "#d55e00")  # left, middle, right


def players_page(title: str, found: list[Player], players: Players, heat: bytes | None, notes: list[str]) -> str:
    """Return the page.

    Args:
        title: the video's name.
        found: the players.
        players: where their pictures come from.
        heat: the heat map as JPEG, or None.
        notes: what the map and the paths mean.
    """
    longer = [one for one in found if one.seconds_seen >= SHORT]
    shorter = [one for one in found if one.seconds_seen < SHORT]
    removed = all(one.camera_removed == "yes" for one in found)
    path = "camera motion taken out" if removed else "as the picture shows it: the camera's motion is not taken out"
    counts = f"{len(longer)} tracks of at least a second, {len(shorter)} shorter"
    parts = [
        "<!DOCTYPE html><html lang='en'><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width'>",
        f"<title>Players: {escape(title)}</title><style>{_STYLE}</style>",
        f"<h1>{escape(title)}</h1>",
        f"<p class='quiet'>{counts}. Path: pixels, {path}.</p>",
    ]
    if heat is not None:
        parts.append(f"<img class='map' alt='heat map of all feet' src='{_data(heat)}'>")
    parts += [f"<p class='quiet'>{escape(note)}</p>" for note in notes]
    parts.append(_table(longer, players))
    if shorter:
        parts.append(f"<details><summary>{len(shorter)} shorter tracks</summary>{_table(shorter, players)}</details>")
    return "\n".join(parts) + "\n</html>\n"


def _table(found: list[Player], players: Players) -> str:
    metres = ("path, m",) if any(one.path_m is not None for one in found) else ()
    heads = "<th class='n'>id</th><th>class</th><th></th>" + "".join(
        f"<th class='n'>{text}</th>"
        for text in ("first seen", "last seen", "seconds", "gaps", "score", "path, px", *metres)
    )
    rows = "\n".join(_row(one, players.thumbnails(one.id), is_metric=bool(metres)) for one in found)
    return f"<table><tr>{heads}<th>left, middle, right</th></tr>\n{rows}</table>"


def _row(one: Player, pictures: list[bytes], *, is_metric: bool) -> str:
    strip = "".join(f"<img alt='' src='{_data(picture)}'>" for picture in pictures)
    times = (_clock(one.first_seen), _clock(one.last_seen), f"{one.seconds_seen:.1f}")
    cells = [*times, str(one.gaps), f"{one.mean_score:.2f}", f"{one.path_px:,.0f}"]
    if is_metric:
        cells.append("" if one.path_m is None else f"{one.path_m:,.1f}")
    shares = (one.left_third, one.middle_third, one.right_third)
    bar = "".join(f"<i style='width:{100 * s:.1f}%;background:{c}'></i>" for s, c in zip(shares, _COLOURS, strict=True))
    told = ", ".join(f"{100 * share:.0f} %" for share in shares)
    return (
        f"<tr><td class='n'>{one.id}</td><td>{escape(one.class_name)}</td><td class='strip'>{strip}</td>"
        + "".join(f"<td class='n'>{cell}</td>" for cell in cells)
        + f"<td><div class='thirds' title='{told}'>{bar}</div></td></tr>"
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes)}:{rest:04.1f}"


def _data(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode('ascii')}"
