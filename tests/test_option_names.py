"""Messages name only options that their command has."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

COMMANDS = {
    "data_prep.audit": "data_prep.audit.__main__", "data_prep.augment": "data_prep.augment.__main__",
    "sportstrack.mine": "sportstrack.mine.command", "sportstrack.train": "sportstrack.train.command",
    "sportstrack.label": "sportstrack.label.command", "sportstrack.val": "sportstrack.val",
}  # fmt: skip


def words_of(file: Path) -> set[str]:
    """Options named in the texts of a file, without docstrings and texts about other commands."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree)
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))}  # fmt: skip
    shown = [text for text in texts if text not in docs and "sportstrack " not in text and "--from yolo" not in text]
    return {word for text in shown for word in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text)}


@pytest.mark.parametrize("package", COMMANDS)
def test_messages_name_options_that_the_command_has(package: str, root: Path) -> None:
    place = root / package.replace(".", "/")
    files = sorted(place.glob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
    known = set(import_module(COMMANDS[package])._parser()._option_string_actions)
    named = {word: file.name for file in files for word in words_of(file)}
    assert {word: file for word, file in named.items() if word not in known} == {}
