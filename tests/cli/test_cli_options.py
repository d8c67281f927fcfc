"""Options of all commands: none swallows what follows it, and those that every command has are no settings."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from parsers import parser_of

from sportstrack import cli


@pytest.mark.parametrize("word", cli.COMMANDS)
def test_no_option_takes_several_words(word: str) -> None:
    """``--classes player ball match.mp4`` would take the source for a class; lists are separated by commas."""
    greedy = [a.option_strings for a in parser_of(word)._actions if a.option_strings and a.nargs in ("+", "*")]
    assert greedy == []


@pytest.mark.parametrize("words", [[], ["--verbose"]])
def test_training_takes_no_option_of_the_command_line_for_a_setting(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["train", str(tmp_path / "data.yaml"), "-o", str(tmp_path / "out"), "--quiet", *words]) == 2
    assert "data.yaml: not a YOLO data set" in capsys.readouterr().err


@pytest.mark.parametrize("word", cli.COMMANDS)
def test_a_list_that_is_given_twice_loses_nothing(word: str) -> None:
    lost = [
        action.option_strings
        for action in parser_of(word)._actions
        if type(action) is argparse._StoreAction and str(action.metavar).endswith((",…", "LIST"))
    ]
    assert lost == []


def test_words_of_a_list_given_twice_count_together() -> None:
    parse = parser_of("serve").parse_args
    assert parse(["--streams", "rtsp://a/*,rtsp://b/*", "--streams", "srt://c:1"]).streams == (
        "rtsp://a/*",
        "rtsp://b/*",
        "srt://c:1",
    )
    assert parser_of("tune").parse_args(["data", "--only", "a", "--only", "b"]).only == ("a", "b")
