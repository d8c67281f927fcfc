"""The statistics as pictures: paths and heat maps on the pitch, everyone's own map, the teams' shape over time."""

from __future__ import annotations

import io

import numpy as np

from sportstrack.draw.colours import PALETTE, bgr, team_colour
from sportstrack.draw.figures import caption
from sportstrack.draw.minimap import PitchCanvas
from sportstrack.draw.text import Letters
from sportstrack.stats.match import MatchStats
from sportstrack.stats.shape import hull
from sportstrack.types import FloatArray, Image, IntArray

WIDTH = 1280  # pixels of a picture of the pitch
SMALL = 400  # of one player's map
COLUMNS = 4  # of players' maps side by side
MOST = 40  # players' maps
_PATH_STEP = 0.4  # seconds between two points of a path


def heat_picture(stats: MatchStats, persons: list[int], title: str) -> Image:
    """Return the heat map of some persons on the pitch."""
    picture = PitchCanvas(stats.pitch.pitch, WIDTH)
    picture.heat(stats.table.xy[np.isin(stats.table.person, persons) & stats.table.seen])
    picture.title(title, Letters(20))
    return picture.image


def paths_picture(stats: MatchStats, persons: list[int], title: str) -> Image:
    """Return the paths of some persons on the pitch, each in a colour of its own."""
    picture = PitchCanvas(stats.pitch.pitch, WIDTH)
    for number, person in enumerate(persons):
        picture.path(_path(stats, person), bgr(PALETTE[number % len(PALETTE)]), 2)
    picture.title(title, Letters(20))
    return picture.image


def players_picture(stats: MatchStats) -> Image:
    """Return a small map of each person, those seen longest first: heat, path and what they ran."""
    longest = sorted(range(len(stats.persons)), key=lambda one: -stats.figures(one).seconds)[:MOST]
    tiles, letters = [], Letters(13)
    for person in longest:
        figures = stats.figures(person)
        if not figures.seconds:
            continue
        picture = PitchCanvas(stats.pitch.pitch, SMALL)
        rows = stats.table.rows(person)
        picture.heat(stats.table.xy[rows[stats.table.seen[rows]]])
        picture.path(_path(stats, person), (255, 255, 255), 1)
        who = stats.persons[person]
        colour = team_colour(who.team, stats.teams)
        text = f"{who.label}  {figures.distance:.0f} m  {figures.seconds / 60:.1f} min"
        letters.plate(text, colour if who.team else (20, 20, 20), 0.85).paste(picture.image, 4, 4)
        tiles.append(picture.image)
    return _side_by_side(tiles)


def formation_picture(stats: MatchStats) -> Image:
    """Return the mean places of all players who were seen for long enough, and the hulls of the teams."""
    import cv2

    picture, letters = PitchCanvas(stats.pitch.pitch, WIDTH), Letters(14)
    places = [_mean_places(stats, team) for team in stats.teams]
    for team, means in zip(stats.teams, places, strict=True):
        colour = team_colour(team, stats.teams)
        field = np.array([place for n, place in means.items() if stats.persons[n].is_outfield]).reshape(-1, 2)
        if len(field) > 2:
            corners = np.round(picture.pixels(hull(field))).astype(np.int32)
            shade = picture.image.copy()
            cv2.fillPoly(shade, [corners], colour)
            picture.image = np.asarray(cv2.addWeighted(picture.image, 0.75, shade, 0.25, 0), np.uint8)
            cv2.polylines(picture.image, [corners], True, colour, 2, cv2.LINE_AA)
    for team, means in zip(stats.teams, places, strict=True):
        colour = team_colour(team, stats.teams)
        for n, place in means.items():
            x, y = np.round(picture.pixels(place[None])[0]).astype(int).tolist()
            cv2.circle(picture.image, (x, y), 14, colour, -1, cv2.LINE_AA)
            label = letters.plate(stats.persons[n].number or str(stats.persons[n].track_ids[0]), colour, 0.0)
            label.paste(picture.image, x - label.size[0] // 2, y - label.size[1] // 2)
    picture.title("mean places", Letters(20))
    return picture.image


def _mean_places(stats: MatchStats, team: str) -> dict[int, FloatArray]:
    members = [n for n, one in enumerate(stats.persons) if one.team == team and one.is_player]
    long = max((len(stats.table.rows(n)) for n in members), default=0)
    return {n: stats.table.xy[stats.table.of(n)].mean(axis=0) for n in members if len(stats.table.rows(n)) > 0.1 * long}


def shape_chart(stats: MatchStats) -> bytes:
    """Return a chart of each team's depth, width and area over time, as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 7), layout="constrained")
    rows = figure.subplots(3, 1, sharex=True)
    for axes, (name, unit) in zip(rows, (("depth", "m"), ("width", "m"), ("area", "m²")), strict=True):
        for team in stats.teams:
            some = [one for one in stats.shapes if one.team == team]
            times = np.array([stats.time(one.frame) for one in some])
            values = np.array([float(getattr(one, name)) for one in some])
            gaps = np.flatnonzero(np.diff(times) > 1.5 * stats.settings.shape_step) + 1
            blue, green, red = team_colour(team, stats.teams)
            axes.plot(
                np.insert(times, gaps, np.nan), np.insert(values, gaps, np.nan),
                color=(red / 255, green / 255, blue / 255), label=caption(team),
            )  # fmt: skip
        axes.set_ylabel(f"{name}, {unit}")
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    rows[0].legend(loc="upper right")
    rows[-1].set_xlabel("seconds")
    content = io.BytesIO()
    figure.savefig(content, dpi=130)
    return content.getvalue()


def _path(stats: MatchStats, person: int) -> FloatArray:
    """Return the (N, 2) points of a person's path, NaN between two runs."""
    rows = stats.table.of(person)
    xy, run = stats.table.xy[rows], stats.table.run[rows]
    kept = _thinned(run, max(1, round(_PATH_STEP / stats.table.step)))
    breaks = np.flatnonzero(np.diff(run[kept])) + 1
    return np.asarray(np.insert(xy[kept], breaks, np.nan, axis=0))


def _thinned(run: IntArray, every: int) -> IntArray:
    """Return every so many rows, and the last of each run."""
    last = np.append(run[1:] != run[:-1], True)
    return np.flatnonzero((np.arange(len(run)) % every == 0) | last)


def _side_by_side(tiles: list[Image]) -> Image:
    if not tiles:
        return np.zeros((SMALL, SMALL, 3), np.uint8)
    height, width = tiles[0].shape[:2]
    columns = min(COLUMNS, len(tiles))
    sheet: Image = np.zeros((-(-len(tiles) // columns) * (height + 4), columns * (width + 4), 3), np.uint8)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        y, x = row * (height + 4), column * (width + 4)
        sheet[y : y + height, x : x + width] = tile
    return sheet
