"""What every option of every command makes of wrong values: one line that names it, exit status 2."""

from __future__ import annotations

import argparse
import contextlib
import math
from argparse import ArgumentTypeError

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parsers import parser_of

from sportstrack import cli
from sportstrack.cli.arguments import Real, Whole, names_of, one_of, size, words
from sportstrack.errors import unknown

PARSERS = {word: parser_of(word) for word in cli.COMMANDS}
ACTIONS = [(word, action) for word, parser in PARSERS.items() for action in parser._actions]
NUMBERS = [(word, action) for word, action in ACTIONS if isinstance(action.type, (Whole, Real))]
ABSURD = ("nan", "inf", "-inf", "-1", "1e999", "9" * 30, "", "x", "1,5", "0x10", "½")


def name(one: tuple[str, argparse.Action]) -> str:
    return f"{one[0]} {one[1].option_strings[-1] if one[1].option_strings else one[1].dest}"


def refused(word: str, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a command line gives."""
    with pytest.raises(SystemExit) as stop:
        PARSERS[word].parse_args(arguments)
    assert stop.value.code == 2
    text = capsys.readouterr().err
    assert text.endswith("\n")
    assert text.count("\n") == 1
    assert text.startswith(f"sportstrack {word}: error: ")
    return text


def test_no_option_takes_a_number_without_limits() -> None:
    assert len(NUMBERS) > 60
    assert [name(one) for one in ACTIONS if one[1].type in (int, float, complex)] == []


@pytest.mark.parametrize("one", NUMBERS, ids=name)
def test_absurd_numbers_are_refused(one: tuple[str, argparse.Action], capsys: pytest.CaptureFixture[str]) -> None:
    word, action = one
    option = action.option_strings[-1]
    for text in ABSURD:
        line = refused(word, [f"{option}={text}"], capsys)
        assert option in line
        assert "expected a " in line


@pytest.mark.parametrize("one", NUMBERS, ids=name)
def test_defaults_are_within_their_own_limits(one: tuple[str, argparse.Action]) -> None:
    default = one[1].default
    if default is not None and default is not argparse.SUPPRESS:
        assert one[1].type(str(default)) == default  # type: ignore[operator]


CHOICES = [(word, action) for word, action in ACTIONS if action.choices]


@pytest.mark.parametrize("one", CHOICES, ids=name)
def test_wrong_choices_are_answered_with_the_nearest_and_all(
    one: tuple[str, argparse.Action], capsys: pytest.CaptureFixture[str]
) -> None:
    word, action = one
    right = sorted(map(str, action.choices or ()), key=len)[-1]
    wrong = f"{action.option_strings[-1]}={right}x" if action.option_strings else f"{right}x"
    line = refused(word, [wrong], capsys)
    assert f"did you mean {right!r}?" in line
    assert all(str(choice) in line for choice in action.choices or ())


@pytest.mark.parametrize("word", PARSERS)
def test_wrong_options_are_answered_with_the_nearest(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser = PARSERS[word]
    needed = [action for action in parser._actions if action.required and action.option_strings]
    given = [text for action in needed for text in (action.option_strings[0], next(iter(action.choices or ["x"])))]
    places = [action for action in parser._actions if action.required and not action.option_strings]
    given += [next(iter(action.choices or ["x"])) for action in places]
    given += ["--ball"] if word == "sot" else []
    wrong, right = ("--quite", "--quiet") if "--quiet" in parser._option_string_actions else ("--hepl", "--help")
    assert f"did you mean '{right}'?" in refused(word, [*given, wrong], capsys)


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        ("track --formats=vidoe", "video"),
        ("sot --formats=vide", "video"),
        ("refine --steps=link,smoth", "smooth"),
        ("refine --set=fil_gap=1", "fill_gap"),
        ("evaluate --columns=HOTA,MOTAA", "MOTA"),
        ("mine --loss=mis=1", "miss"),
    ],
)
def test_wrong_names_in_lists_are_answered_too(words: str, nearest: str, capsys: pytest.CaptureFixture[str]) -> None:
    word, option = words.split()
    assert f"did you mean {nearest!r}?" in refused(word, [option], capsys)


def test_a_name_unlike_any_is_answered_with_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    line = refused("evaluate", ["--columns=HOTA,FOO"], capsys)
    assert "no figure 'FOO' (known: HOTA, DetA" in line


@given(st.integers(), st.integers(), st.integers())
def test_whole_numbers_are_taken_within_limits_alone(low: int, high: int, number: int) -> None:
    if low <= number <= high:
        assert Whole(low, high)(str(number)) == number
    else:
        with pytest.raises(ArgumentTypeError):
            Whole(low, high)(str(number))


@given(st.floats(allow_nan=True, allow_infinity=True), st.booleans())
def test_real_numbers_are_taken_within_limits_alone(number: float, above: bool) -> None:
    if math.isfinite(number) and 0 <= number <= 1 and not (above and number == 0):
        assert Real(0, 1, above)(repr(number)) == number
    else:
        with pytest.raises(ArgumentTypeError):
            Real(0, 1, above)(repr(number))


@given(st.text(max_size=12))
def test_any_text_is_a_value_or_refused(text: str) -> None:
    for kind in (Whole(), Real(), size, words, names_of("format", ["mot"], "all"), one_of("format", ["mot"])):
        with contextlib.suppress(ArgumentTypeError):
            assert kind(text) is not None


def test_sizes_and_lists() -> None:
    assert size("1280x720") == size("1280X720") == (1280, 720)
    assert names_of("format", ["mot", "csv"], "all")("all") == ("mot", "csv")
    assert names_of("format", ["mot", "csv"])("csv, mot,") == ("csv", "mot")
    assert unknown("format", "x", []) == "no format 'x' (known: none)"


@pytest.mark.parametrize(
    "words",
    [
        "match.mp4 --teams home=white away=green",
        "--teams home=white away=green match.mp4",
        "--teams home=white, away=green match.mp4",
        "--teams=home=white away=green match.mp4",
        "--teams home=white --teams away=green match.mp4",
        "--teams home=white,away=green match.mp4",
    ],
)
def test_pairs_may_be_words_of_their_own(words: str) -> None:
    found = PARSERS["track"].parse_args(words.split())
    assert (found.teams, found.sources) == ("home=white,away=green", ["match.mp4"])


def test_a_file_after_pairs_stays_a_file() -> None:
    found = PARSERS["track"].parse_args(["--teams", "home=white", "a=b.mp4", "c/d=e", "--quiet"])
    assert (found.teams, found.sources) == ("home=white", ["a=b.mp4", "c/d=e"])
