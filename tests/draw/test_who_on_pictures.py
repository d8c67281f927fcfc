"""Team, role, number and name in drawn videos: labels, kit colours, and results with identities beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sportstrack import (
    Annotator,
    DrawSettings,
    Identities,
    Identity,
    MotTable,
    Tracks,
    draw_video,
    write_identities,
    write_mot,
)
from sportstrack.draw.kit_colours import DARKEST, TEAMS_APART, UNKNOWN, KitColours, readable
from sportstrack.draw.words import who_words

WHO = ("team", "role", "number", "name")
GROUNDS = {"grass": (60, 130, 60), "parquet": (95, 150, 196), "ice": (236, 230, 222)}
SHIRTS = {
    "red": (38, 32, 205),
    "blue": (190, 75, 25),
    "black": (24, 22, 22),
    "white": (235, 236, 235),
    "green": (50, 125, 40),
}


def one(track: int, **more: str) -> Identity:
    return Identity(track, **more)  # type: ignore[arg-type]


def scene(ground: str, shirts: list[str]) -> tuple[np.ndarray, Tracks]:
    image = np.full((360, 640, 3), GROUNDS[ground], np.uint8)
    boxes = np.array([(40 + 80 * k, 100, 80 + 80 * k, 220) for k in range(len(shirts))], np.float64)
    for box, shirt in zip(boxes.astype(int), shirts, strict=True):
        image[box[1] + 15 : box[1] + 60, box[0] + 8 : box[2] - 8] = SHIRTS[shirt]
    ids = np.arange(1, len(shirts) + 1)
    return image, Tracks(boxes, np.ones(len(ids)), np.zeros(len(ids), int), ids, np.arange(len(ids)))


@pytest.mark.parametrize(
    ("known", "text"),
    [
        (one(1, team="A", number="10"), "A 10"),
        (one(1, team="A", number="10", name="Ada"), "10 Ada"),
        (one(1, team="A", role="goalkeeper"), "A GK"),
        (one(1, team="A", role="player"), ""),
        (one(1, role="referee"), "REF"),
        (one(1, role="ball"), ""),
        (one(1, name="Maximiliana van der Longname"), "Longname"),
        (None, ""),
    ],
)
def test_labels_say_who_somebody_is(known: Identity | None, text: str) -> None:
    assert " ".join(who_words(known, WHO)) == text


def test_only_the_items_asked_for_are_said() -> None:
    known = one(1, team="A", number="10", name="Ada", role="goalkeeper")
    assert who_words(known, {"number"}) == ["10"]
    assert who_words(known, {"team", "number"}) == ["A", "10"]
    assert who_words(known, {"name"}) == ["Ada"]


@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("teams", [("red", "white"), ("black", "blue"), ("green", "black"), ("white", "white")])
def test_colours_of_teams_show_on_any_ground_and_differ(ground: str, teams: tuple[str, str]) -> None:
    image, tracks = scene(ground, [teams[0]] * 2 + [teams[1]] * 2)
    known = [one(k + 1, team="AB"[k // 2]) for k in range(4)]
    kits = KitColours()
    kits.look(image, tracks.xyxy, list(known))
    a, a2, b, b2 = (np.array(colour, float) for colour in kits.of(list(known)))
    assert np.array_equal(a, a2)
    assert np.array_equal(b, b2)
    assert np.linalg.norm(a - b) >= TEAMS_APART - 4
    assert min(a.mean(), b.mean()) >= DARKEST - 8


@pytest.mark.parametrize("first", ["white", "light"])
@pytest.mark.parametrize(
    ("kit", "strongest"),
    [((220, 190, 140), 0), ((225, 210, 195), 0), ((190, 215, 225), 2), ((185, 160, 225), 2), ((190, 190, 192), None)],
)
def test_beside_a_light_kit_white_stays_white_and_the_light_one_is_recognised(
    kit: tuple[int, int, int], strongest: int | None, first: str
) -> None:
    image, tracks = scene("grass", ["white", "red"])
    x1, y1, x2, y2 = tracks.xyxy[1].astype(int)
    image[y1:y2, x1:x2] = kit
    known: list[Identity | None] = [one(1, team="A" if first == "white" else "B"), one(2)]
    known[1] = one(2, team="B" if first == "white" else "A")
    kits = KitColours()
    kits.look(image, tracks.xyxy, known)
    white, light = (np.array(colour, float) for colour in kits.of(known))
    assert white.min() >= 220
    assert np.linalg.norm(white - light) >= TEAMS_APART - 4
    assert np.ptp(light) < 20 if strongest is None else int(np.argmax(light)) == strongest


def test_a_colour_is_that_of_the_kit_where_it_shows() -> None:
    image, tracks = scene("grass", ["red", "blue", "black"])
    known: list[Identity | None] = [one(1, team="A"), one(2, team="B"), one(3, role="referee")]
    kits = KitColours()
    kits.look(image, tracks.xyxy, known)
    red, blue, black = kits.of(known)
    assert int(np.argmax(red)) == 2
    assert int(np.argmax(blue)) == 0
    assert np.ptp(black) < 10
    assert kits.of([None]) == [UNKNOWN]


def test_a_colour_near_the_grounds_is_bleached() -> None:
    grass = np.array(GROUNDS["grass"], float)
    assert np.linalg.norm(readable(np.array((60.0, 135, 55)), grass) - grass) > 100


def test_pictures_without_identities_stay_as_they_are() -> None:
    image, tracks = scene("grass", ["red", "blue"])
    plain = Annotator().draw(image.copy(), tracks)
    assert np.array_equal(plain, Annotator().draw(image.copy(), tracks, identities={}))
    assert np.array_equal(plain, Annotator().draw(image.copy(), tracks, identities={9: one(9, team="A")}))
    known = {1: one(1, team="A", number="10"), 2: one(2, team="B")}
    assert not np.array_equal(plain, Annotator().draw(image.copy(), tracks, identities=known))


def test_without_the_item_team_tracks_keep_their_colours() -> None:
    image, tracks = scene("grass", ["red", "red"])
    known = {1: one(1, team="A"), 2: one(2, team="A")}
    assert np.array_equal(
        Annotator(draw="box").draw(image.copy(), tracks),
        Annotator(draw="box").draw(image.copy(), tracks, identities=known),
    )
    teams = Annotator(draw="box,team").draw(image.copy(), tracks, identities=known)
    edges = [teams[100, 60], teams[100, 140]]
    assert np.array_equal(edges[0], edges[1])


def test_draw_reads_the_identities_beside_a_result(tmp_path: Path) -> None:
    import toy

    video = toy.make_match(tmp_path / "match.mp4", 6)
    frame = np.arange(6)
    box = np.tile([20.0, 20, 50, 90], (6, 1))
    ones = np.ones(6)
    write_mot(tmp_path / "match.txt", MotTable(frame, np.full(6, 3), box, ones, ones.astype(int), -ones))

    def picture() -> np.ndarray:
        seen: list[np.ndarray] = []
        settings = DrawSettings(draw=("box", "team", "number"))
        draw_video(
            video, tmp_path / "match.txt", settings=settings, on_frame=lambda _, image: seen.append(image.copy())
        )
        return seen[-1]

    before = picture()
    write_identities(tmp_path / "match.identities.csv", Identities([Identity(3, 0, 2, number="7"), Identity(3, 3, 9)]))
    assert np.array_equal(picture(), before)  # in the last frame nothing is known
    write_identities(tmp_path / "match.identities.csv", Identities([Identity(3, 3, 9, number="7", team="A")]))
    assert not np.array_equal(picture(), before)
