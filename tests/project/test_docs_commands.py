"""Every command in README, docs and help texts is understood by the parsers; every name in their Python code exists."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent

import pytest
from parsers import parse, parser_of

from sportstrack import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "weights" / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WORDS = {module.removesuffix(".__main__"): word for word, (module, _) in cli.COMMANDS.items()}
OTHERS = {"cd", "git", "pip", "python", "python3", "uv", "yolo", "make", "pytest", "labelImg", "export", "jupyter"}
PARSERS = {word: parser_of(word) for word in cli.COMMANDS}
OPTIONS = {word: {text for one in parser._actions for text in one.option_strings} for word, parser in PARSERS.items()}
BENCHMARKS = "".join(path.read_text("utf-8") for path in (ROOT / "benchmarks").glob("*.py"))


def shell_lines(text: str) -> Iterator[str]:
    """The commands of a page's shell blocks, continued lines joined."""
    for block in re.findall(r"```(?:sh|bash|console)\n(.*?)```", text, flags=re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()


def example_lines(epilog: str) -> Iterator[str]:
    """The commands of a help text; what stands after two spaces explains."""
    for line in epilog.replace("\\\n", " ").splitlines():
        if line.startswith(" ") and re.match(r"(sportstrack|python|yolo) ", line.strip()):
            yield re.split(r" {2,}(?!-)", line.strip())[0]


def commands(line: str) -> Iterator[list[str]]:
    """The words of each command of a line, without prompts, settings of the environment, pipes and comments."""
    lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars="|&><;")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set("|&><;"):
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words = words[1:]
            if words:
                yield words
            words = [] if word not in (">", ">>") else ["cd"]  # what follows is a file
        else:
            words.append(word)


def understood(words: list[str]) -> None:
    """The command is one of ours and parses, or one of those that the docs use beside ours."""
    program = Path(words[0]).name
    if program in ("python", "python3") and "-m" in words:
        module = words[words.index("-m") + 1]
        if module not in WORDS:
            assert find_spec(module) is not None, f"no module {module}"
            return
        program, words = "sportstrack", ["sportstrack", WORDS[module], *words[words.index("-m") + 2 :]]
    if program != "sportstrack":
        assert program in OTHERS, f"unknown program {program}"
        return
    assert words[1] in cli.COMMANDS, f"no command {words[1]}"
    if not {"--help", "-h"} & set(words) and "..." not in " ".join(words):
        parse(words[1:])


def cases() -> list[tuple[str, str]]:
    found = [
        (page.relative_to(ROOT).as_posix(), line) for page in PAGES for line in shell_lines(page.read_text("utf-8"))
    ]
    found += [
        (f"{word} --help", line) for word, parser in PARSERS.items() for line in example_lines(parser.epilog or "")
    ]
    return [(where, line) for where, line in found if line.strip() and not line.strip().startswith("#")]


def test_there_are_commands_to_check() -> None:
    places = {where for where, _ in cases()}
    assert {"README.md", "docs/data.md", "track --help", "synthetic --help"} <= places
    assert {f"{word} --help" for word in cli.COMMANDS} <= places, "a help text without an example"


@pytest.mark.parametrize(("where", "line"), cases())
def test_every_command_is_understood(where: str, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    for words in commands(line):
        try:
            understood(words)
        except SystemExit:
            pytest.fail(f"{where}: {line}\n{capsys.readouterr().err}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_options_in_running_text_exist(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    everywhere = set().union(*OPTIONS.values(), re.findall(r'"(--[a-z-]+)"', BENCHMARKS), {"--version"})
    wrong = []
    for code in re.findall(r"`([^`\n]+)`", text):
        named = re.match(r"sportstrack ([a-z][a-z-]*)", code)
        known = everywhere if named is None else OPTIONS.get(named[1], set())
        if named is not None and named[1] not in cli.COMMANDS:
            wrong.append(code)
        if re.match(r"(--|sportstrack )", code):
            wrong += [code for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", code) if option not in known]
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_names_that_python_code_imports_exist(page: Path) -> None:
    missing = []
    for block in re.findall(r"```(?:python|py)\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL):
        for node in ast.walk(ast.parse(dedent(block))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in (
                "sportstrack",
                "data_prep",
            ):
                module = import_module(node.module or "")
                missing += [f"{node.module}.{one.name}" for one in node.names if not hasattr(module, one.name)]
    assert missing == []


def test_the_checker_sees_mistakes() -> None:
    with pytest.raises(SystemExit):
        understood(["sportstrack", "track", "match.mp4", "--wieghts", "x"])
    with pytest.raises(AssertionError):
        understood(["sportstrack", "trakc", "match.mp4"])
    assert list(commands("A=1 sportstrack track a.mp4 | head > x  # why")) == [
        ["sportstrack", "track", "a.mp4"],
        ["head"],
        ["cd", "x"],
    ]
