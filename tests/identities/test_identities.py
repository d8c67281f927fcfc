"""The table of identities: lookups, merging, and its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sportstrack.errors import FormatError, SettingError
from sportstrack.identities import ROLES, Identities, Identity, read_identities, write_identities

ATTRIBUTES = ("team", "role", "number", "name")
PRINTABLE = st.characters(exclude_categories=("C", "Z"), include_characters=" ")
TEXT = st.text(PRINTABLE, max_size=12).map(str.strip)
CONFIDENCE = st.integers(0, 1000).map(lambda n: n / 1000)


@st.composite
def tables(draw: st.DrawFn) -> Identities:
    rows = []
    for track in draw(st.lists(st.integers(-5, 40), max_size=5, unique=True)):
        edges = sorted(draw(st.lists(st.integers(0, 60), min_size=2, max_size=6, unique=True)))
        for first, end in zip(edges[::2], edges[1::2], strict=False):
            rows.append(
                Identity(
                    track, first, end - 1, draw(TEXT), draw(st.sampled_from(("", *ROLES))),
                    draw(st.sampled_from(("", "7", "07", "100"))), draw(TEXT), *(draw(CONFIDENCE) for _ in range(4)),
                )
            )  # fmt: skip
    return Identities(draw(st.permutations(rows)))


@given(tables())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_table_is_read_as_it_was_written(tmp_path: Path, table: Identities) -> None:
    write_identities(tmp_path / "match.identities.csv", table)
    assert read_identities(tmp_path / "match.identities.csv") == table


@given(tables(), tables())
@settings(deadline=None)
def test_a_merged_table_says_in_every_frame_what_one_of_both_knows(one: Identities, other: Identities) -> None:
    both = one.merged(other)
    for track in {*one.track_ids, *other.track_ids}:
        for frame in range(62):
            below, above = one.at(track, frame), other.at(track, frame)
            here = both.at(track, frame)
            if below is None and above is None:
                assert here is None
                continue
            assert here is not None
            for name in ATTRIBUTES:
                known = [row for row in (above, below) if row is not None and getattr(row, name)]
                assert getattr(here, name) == (getattr(known[0], name) if known else "")
                sure = f"{name}_confidence"
                assert getattr(here, sure) == (getattr(known[0], sure) if known else 0)


def test_the_file_counts_frames_from_one_and_keeps_leading_zeros(tmp_path: Path) -> None:
    path = tmp_path / "m.identities.csv"
    write_identities(path, Identities([Identity(3, 0, 9, "home", "player", "07", "Ann, B.", 0.9, 0.8, 0.7, 1)]))
    assert path.read_text().splitlines() == [
        ",".join(
            ("track_id", *ATTRIBUTES, *(f"{name}_confidence" for name in ATTRIBUTES), "first_frame", "last_frame")
        ),
        '3,home,player,07,"Ann, B.",0.9,0.8,0.7,1,1,10',
    ]


def test_a_file_by_hand_needs_few_columns(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("\ufeffNumber, Track_ID ,Team,shoe size\n10, 4 , home ,43\n,5,,\n", encoding="utf-8")
    table = read_identities(path)
    four = table.at(4, 123_456)
    assert four is not None
    assert (four.number, four.team, four.team_confidence, four.number_confidence) == ("10", "home", 1, 1)
    assert table.at(5, 0) == Identity(5)
    assert table.at(6, 0) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("team,role\nA,player\n", "no column track_id"),
        ("track_id,team,team\n1,A,B\n", "names team twice"),
        ("track_id,role\n1,player\n2,keeper\n", "line 3: role: 'keeper'"),
        ("track_id,number\n1,1o\n", "line 2: number: expected one to three digits, got '1o'"),
        ("track_id,number\n1,²\n", "line 2: number"),
        ("track_id\none\n", "line 2: track_id: expected a whole number, got 'one'"),
        ("track_id\n1e400\n", "line 2: track_id"),
        ("track_id,team,team_confidence\n1,A,nan\n", "line 2: team_confidence: expected a number from 0 to 1"),
        ("track_id,team,team_confidence\n1,A,high\n", "line 2: team_confidence: expected a number, got 'high'"),
        ("track_id,first_frame,last_frame\n1,0,9\n", "line 2: track 1: expected frames"),
        ("track_id,first_frame,last_frame\n1,1,9\n1,9,12\n", "track 1: two rows speak of its frame 9"),
        ("track_id\n1,2\n", "line 2: 2 values, but the head line has 1"),
        ('track_id,name\n1,"a\nb"\n', "name: expected up to 200 characters on one line"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.identities.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError) as caught:
        read_identities(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_lookups_know_the_span() -> None:
    early, late = Identity(1, 5, 9, team="A", team_confidence=0.5), Identity(1, 20, 30, team="B", team_confidence=1)
    table = Identities([late, early])
    assert [table.at(1, f) for f in (4, 5, 9, 10, 20, 31)] == [None, early, early, None, late, None]
    assert table.of(1) == (early, late)
    assert table.teams == ("A", "B")
    assert table.with_teams({"A": "home"}).of(1) == (replace(early, team="home"), late)
    assert table.with_track_ids({1: 8}).track_ids == (8,)
    with pytest.raises(SettingError, match="two rows speak"):
        Identities([early, Identity(2, 0, 6)]).with_track_ids({2: 1})


def test_what_is_unknown_has_no_confidence() -> None:
    assert Identity(1, team="", team_confidence=0.7).team_confidence == 0


def test_a_pandas_frame_has_a_row_for_each_span() -> None:
    frame = Identities([Identity(1, 0, 4, team="A", team_confidence=0.5), Identity(2)]).to_pandas()
    assert list(frame["team"]) == ["A", ""]
    assert list(Identities().to_pandas().columns) == list(frame.columns)
