"""The messages that the page of troubleshooting explains are those of the code."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"
FEWEST = 8  # characters of a piece that is looked for


def messages() -> list[str]:
    """The first code of each row of a table."""
    return re.findall(r"^\| `([^`]+)`", PAGE.read_text("utf-8"), re.MULTILINE)


@cache
def texts() -> str:
    """Every text of the code, a line each, with … for what is put in; pieces side by side are one text."""
    found = []
    for file in [*(ROOT / "sportstrack").rglob("*.py"), *(ROOT / "data_prep").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "…" for part in node.values)
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


def known(message: str) -> bool:
    """Return whether all words of a message stand in texts of the code."""
    pieces = [piece.strip(" .,:;()") for piece in message.split("…")]
    long = [piece for piece in pieces if len(piece) >= FEWEST] or [max(pieces, key=len)]
    return all(piece in texts() for piece in long)


def test_the_page_has_messages() -> None:
    assert len(messages()) > 30
    assert len(set(messages())) == len(messages())


@pytest.mark.parametrize("message", messages())
def test_a_message_is_one_of_the_code(message: str) -> None:
    assert known(message)


@pytest.mark.parametrize("message", ["…: no such fiel", "…: is empty (1 bytes); copy or record it again"])
def test_other_messages_are_noticed(message: str) -> None:
    assert not known(message)
