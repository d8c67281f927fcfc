"""Varied kits and lighting: what they wear, what the truth says of it, and that pictures show it."""

from __future__ import annotations

import configparser
from dataclasses import replace

import numpy as np
import pytest

from data_prep.synthetic import Settings, identities, render_sequence, write_mot
from data_prep.synthetic.kits import Kit, kits
from data_prep.synthetic.patterns import PATTERNS
from data_prep.synthetic.varied_kits import (
    COLOURS,
    DARK,
    KEEPER_CASES,
    REFEREE_CASES,
    TEAM_CASES,
    difference,
    keepers_of,
    referee_of,
    teams_of,
)
from sportstrack.errors import SettingError

VARIED = Settings(seed=3, frames=2, width=640, height=360, view="close", kits="varied", noise=0.0)
SEEDS = range(56)


def varied(seed: int) -> Settings:
    return replace(VARIED, seed=seed)


def test_a_team_is_dressed_alike_and_teams_are_not() -> None:
    for seed in SEEDS:
        worn = kits(varied(seed))
        for team in (worn[:10], worn[10:20]):
            assert len({(k.shirt, k.second, k.pattern, k.shorts, k.socks) for k in team}) == 1
            assert len({k.number for k in team}) == 10
        a, b = worn[0], worn[10]
        parts = ((a.shirt, b.shirt), (a.shorts, b.shorts), (a.socks, b.socks))
        assert max(difference(one, two) for one, two in parts) > 60, seed


def test_every_case_of_the_lists_is_met() -> None:
    for seed in SEEDS:
        settings = varied(seed)
        (a, b), keepers, referee = teams_of(settings), keepers_of(settings), referee_of(settings)
        case = TEAM_CASES[seed % 8]
        if case == "one shirt":
            assert (a.shirt, a.pattern, a.second) == (b.shirt, b.pattern, b.second)
            assert difference(a.shorts, b.shorts) > 150
        if case == "dark":
            assert {a.shirt, b.shirt} <= {COLOURS[name] for name in DARK}
        if case == "shared colour":
            assert a.shirt == b.second or b.shirt == a.second
        if case == "patterned":
            assert "plain" not in (a.pattern, b.pattern)
        if KEEPER_CASES[seed % 5] == "opponent's colour":
            assert (keepers[0].shirt, keepers[1].shirt) == (b.shirt, a.shirt)
            assert difference(keepers[0].shorts, b.shorts) > 60
        if KEEPER_CASES[seed % 5] == "referee's colour":
            assert keepers[0].shirt == referee.shirt
        if "team" in REFEREE_CASES[seed % 7]:
            assert referee.shirt in (a.shirt, b.shirt)


def test_each_pattern_is_worn_by_somebody() -> None:
    assert {kits(varied(seed))[i].pattern for seed in range(80) for i in (0, 10)} == set(PATTERNS)


def test_digits_stand_out_from_what_is_under_them() -> None:
    def clear(kit: Kit) -> bool:
        under = (kit.shirt, kit.second) if kit.pattern != "plain" and not kit.plain_back else (kit.shirt,)
        edge = kit.ink if kit.outline is None else kit.outline
        return min(difference(edge, colour) for colour in under) > 150 or difference(kit.ink, edge) > 300

    assert all(clear(kits(varied(seed))[i]) for seed in SEEDS for i in (0, 10, 20, 21))


def test_kits_change_no_place_and_no_movement() -> None:
    plain, other = (next(render_sequence(replace(VARIED, kits=kind)))[1] for kind in ("plain", "varied"))
    assert np.array_equal(plain.pitch_xy, other.pitch_xy)
    assert np.array_equal(plain.camera, other.camera)


def test_a_box_of_a_number_holds_the_digits() -> None:
    """Without numbers on the shirts the picture differs inside these boxes and nowhere else."""
    from data_prep.synthetic import render

    image, truth = next(render_sequence(VARIED))
    with pytest.MonkeyPatch.context() as patch:
        bare = tuple(replace(kit, number=None) for kit in kits(VARIED))
        patch.setattr(render, "kits", lambda _: bare)
        without, none = next(render_sequence(VARIED))
    assert np.isnan(none.number_xyxy).all()
    assert (none.number_visibility == 0).all()
    changed = (np.abs(image.astype(int) - without).max(axis=2) > 12).astype(int)
    seen = np.flatnonzero(truth.number_visibility > 0.9)
    assert len(seen)
    for row in seen:
        x0, y0, x1, y1 = np.round(truth.number_xyxy[row]).astype(int)
        assert changed[y0:y1, x0:x1].any()
    for x0, y0, x1, y1 in truth.number_xyxy[np.isfinite(truth.number_xyxy).all(axis=1)]:
        changed[max(0, int(y0) - 3) : int(y1) + 4, max(0, int(x0) - 3) : int(x1) + 4] = 0
    assert not changed.any()
    assert ((truth.number_facing >= 0) & (truth.number_facing <= 1)).all()


def test_truth_files_tell_team_role_and_number(tmp_path) -> None:
    folder = write_mot(VARIED, tmp_path)
    info = configparser.ConfigParser()
    info.read(folder / "gameinfo.ini")
    people = {person.track_id: person for person in identities(VARIED)}
    for i in range(1, 21):
        side = "left" if i <= 10 else "right"
        assert info["Sequence"][f"trackletid_{i}"] == f"player team {side};{people[i].number}"
    rows = np.loadtxt(folder / "gt" / "numbers.txt", delimiter=",", ndmin=2)
    assert len(rows)
    assert all(people[int(row[1])].number == row[6] for row in rows)
    boxes = {(row[0], row[1]): row[2:6] for row in np.loadtxt(folder / "gt" / "gt.txt", delimiter=",", ndmin=2)}
    for row in rows:
        x, y, w, h = boxes[row[0], row[1]]
        if x > 0 and y > 0 and x + w < 640 and y + h < 360:
            assert x - 2 <= row[2]
            assert row[2] + row[4] <= x + w + 2
            assert y - 2 <= row[3]
            assert row[3] + row[5] <= y + h + 2


def test_varied_lighting_differs_over_the_pitch_and_from_seed_to_seed() -> None:
    from data_prep.synthetic.lighting import CASTS, Lighting

    lights = [Lighting(varied(seed), sunny) for seed in range(40) for sunny in (False, True)]
    assert {tuple(light.cast) for light in lights} == set(CASTS.values())
    grid = np.stack(np.meshgrid(np.linspace(-52, 52, 60), np.linspace(-34, 34, 40)), axis=-1)
    for light in lights:
        factor = light.at(grid)
        assert factor.shape == (40, 60, 3)
        assert 0.3 < factor.min() < factor.max() <= 1.0
        assert np.ptp(factor) > 0.02


def test_lighting_changes_pixels_and_no_truth() -> None:
    (even, truth), (odd, same) = (next(render_sequence(replace(VARIED, lighting=kind))) for kind in ("even", "varied"))
    assert np.array_equal(truth.xyxy, same.xyxy)
    assert np.abs(even.astype(int) - odd).mean() > 3


@pytest.mark.parametrize("name", ["kits", "lighting"])
def test_unknown_kinds_are_refused(name) -> None:
    with pytest.raises(SettingError, match=name):
        Settings(**{name: "gaudy"})
