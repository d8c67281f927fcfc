"""Messages name only options that their command has."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

PACKAGES = ["data_prep.audit", "data_prep.augment"] + [
    f"sportstrack.{word}" for word in ("label", "mine", "train", "val")
]


def words_of(file: Path) -> set[str]:
    """Options named in the texts of a file, without docstrings and texts about other commands."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    docs = {ast.get_docstring(node, clean=False) for node in ast.walk(tree)
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))}  # fmt: skip
    shown = [text for text in texts if text not in docs and "sportstrack " not in text and "--from yolo" not in text]
    return {word for text in shown for word in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", text)}


@pytest.mark.parametrize("package", PACKAGES)
def test_messages_name_options_that_the_command_has(package: str, root: Path) -> None:
    files = sorted((root / package.replace(".", "/")).glob("*.py"))
    known = set(import_module(f"{package}.command")._parser()._option_string_actions)
    named = {word: file.name for file in files for word in words_of(file)}
    known |= {"--tracker", "--set"} if package == "sportstrack.val" else set()  # val prints a command line of track
    assert {word: file for word, file in named.items() if word not in known} == {}
