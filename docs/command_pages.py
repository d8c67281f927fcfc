"""The pages of the command line and of the settings, made from the parsers and the fields: a hook of MkDocs.

Nothing of it is kept in the repository, so it cannot differ from the code.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import partial
from importlib import import_module
from itertools import groupby
from math import inf
from typing import Any

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from sportstrack.cli import COMMANDS
from sportstrack.options import _KEY, About, range_words

COMMANDS_PAGE, SETTINGS_PAGE = "reference/commands/index.md", "reference/settings.md"
NAV_ENTRY = "Command line"
"""The entry of the navigation that becomes a group with one page a command."""

SETTINGS = {
    "Track": {
        "TrackSettings": "sportstrack.track.settings",
        "BatchSettings": "sportstrack.batch.settings",
        "SotSettings": "sportstrack.sot.settings",
        "ShotConfig": "sportstrack.shots.boundaries",
        "TuneSettings": "sportstrack.tune.settings",
    },
    "Trackers": {
        "SportsTrackConfig": "sportstrack.trackers.sports",
        "BallConfig": "sportstrack.trackers.ball",
        "SORTConfig": "sportstrack.trackers.sort",
        "DeepSORTConfig": "sportstrack.trackers.deepsort",
        "JDEConfig": "sportstrack.trackers.jde",
        "ByteTrackConfig": "sportstrack.trackers.bytetrack",
        "OCSORTConfig": "sportstrack.trackers.ocsort",
        "BoTSORTConfig": "sportstrack.trackers.botsort",
        "CBIoUConfig": "sportstrack.trackers.cbiou",
        "DeepEIoUConfig": "sportstrack.trackers.deepeiou",
    },
    "After the run": {
        "RefineSettings": "sportstrack.refine.settings",
        "EditSettings": "sportstrack.edit.settings",
        "DrawSettings": "sportstrack.draw.settings",
        "StatsSettings": "sportstrack.stats.settings",
    },
    "Detectors": {
        "DetectorSettings": "sportstrack.detect.settings",
        "TrainSettings": "sportstrack.train.settings",
        "ReidSettings": "sportstrack.reid.settings",
        "ExportSettings": "sportstrack.export.settings",
        "MineSettings": "sportstrack.mine.mined",
        "LossWeights": "sportstrack.mine.loss",
        "LabelSettings": "sportstrack.label.run",
    },
    "Data sets": {
        "ReadSettings": "data_prep.audit.read",
        "Thresholds": "data_prep.audit.labels",
        "PixelSettings": "data_prep.audit.pixels",
        "AugmentSettings": "data_prep.augment.run",
        "Settings": "data_prep.synthetic.settings",
    },
    "Experiments": {
        "ExperimentSettings": "sportstrack.experiment.settings",
        "RenderedData": "sportstrack.experiment.settings",
        "OwnData": "sportstrack.experiment.settings",
        "ConvertedData": "sportstrack.experiment.settings",
        "TrackerRun": "sportstrack.experiment.settings",
        "BeforeAfter": "sportstrack.experiment.settings",
    },
    "Service": {
        "ServeSettings": "sportstrack.serve.settings",
        "SotRequest": "sportstrack.serve.jobs.requests",
        "RefineRequest": "sportstrack.serve.jobs.requests",
        "EvaluateRequest": "sportstrack.serve.jobs.requests",
        "MineRequest": "sportstrack.serve.jobs.requests",
    },
}
"""Heading of the page of settings → class of settings → its module."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put a page for each command into the navigation."""
    for section in config.nav or []:
        for entries in section.values() if isinstance(section, dict) else ():
            for entry in entries if isinstance(entries, list) else ():
                if isinstance(entry, dict) and entry.get(NAV_ENTRY) == COMMANDS_PAGE:
                    entry[NAV_ENTRY] = [COMMANDS_PAGE, *({word: page_of(word)} for word in COMMANDS)]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages."""
    made = {page_of(word): command_page(word) for word in COMMANDS}
    for name, text in (made | {COMMANDS_PAGE: commands_page(), SETTINGS_PAGE: settings_page()}).items():
        files.append(File.generated(config, name, content=text))
    return files


def page_of(word: str) -> str:
    """Return the name of a command's page, within docs/."""
    return f"reference/commands/{word}.md"


def commands_page() -> str:
    """Return the page that lists all commands."""
    rows = [f"| [{word}]({word}.md) | {plain(about)} |" for word, (_, about) in COMMANDS.items()]
    head = (
        "# Command line\n\n`sportstrack COMMAND` or `python -m MODULE`, and `--help` for these texts in a terminal.\n"
    )
    return "\n".join([head, "| command | what it does |", "|---|---|", *rows, ""])


def command_page(word: str) -> str:
    """Return the page of one command: usage, options in groups, examples."""
    parser = import_module(COMMANDS[word][0])._parser()
    parser.formatter_class = partial(argparse.RawDescriptionHelpFormatter, width=78)
    usage = parser.format_usage().removeprefix("usage: ").replace("\n       ", "\n")
    parts = [f"# sportstrack {word}", plain(parser.description or ""), f"```text\n{usage.rstrip()}\n```"]
    for group in parser._action_groups:
        rows = [option_row(parser, one) for one in group._group_actions if one.help != argparse.SUPPRESS]
        if rows:
            title = "arguments" if group.title == "positional arguments" else group.title or ""
            title = title[:1].upper() + title[1:]
            parts += [f"## {title}", *([plain(group.description)] if group.description else [])]
            head = "argument" if title == "Arguments" else "option"
            parts.append("\n".join([f"| {head} | meaning |", "|---|---|", *rows]))
    examples, _, status = (parser.epilog or "").rpartition("exit status:")
    parts += ["## Examples", *_examples(examples), "## Exit status", plain(status)]
    return "\n\n".join(parts) + "\n"


def option_row(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    """Return a table's row: the ways to write an option, and its help text."""
    formatter = parser._get_formatter()
    written = formatter._format_action_invocation(action)
    names = written.split(", ") if action.option_strings else [written]
    return f"| {'<br>'.join(code(name) for name in names)} | {plain(formatter._expand_help(action))} |"


def _examples(epilog: str) -> Iterator[str]:
    """The parts of a help text's end: what is indented as code, what is not as paragraphs."""
    for indented, lines in groupby(epilog.splitlines(), lambda line: line.startswith(" ") if line.strip() else None):
        text = "\n".join(lines)
        if indented:
            yield f"```text\n{dedented(text)}\n```"
        elif text.strip() not in ("", "examples:"):
            yield plain(text)


def dedented(text: str) -> str:
    """Return lines without the spaces that all of them begin with, nor empty lines around."""
    lines = text.strip("\n").rstrip().splitlines()
    least = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[least:] for line in lines)


def settings_page() -> str:
    """Return the page of all settings."""
    about = (
        "Every setting of every class, with its type, its default and what it may be. From Python they are arguments "
        "of the class; on the command line they have the same name with dashes; settings of trackers and of the "
        "refinement are given as `--set NAME=VALUE`."
    )
    parts = ["# Settings", about]
    for heading, classes in SETTINGS.items():
        parts.append(f"## {heading}")
        for name, module in classes.items():
            kind = getattr(import_module(module), name)
            about = (kind.__doc__ or "").split("\n\n")[0]
            parts += [f"### {name}", plain(" ".join(about.split())), "\n".join(_settings_table(kind))]
    return "\n\n".join(parts) + "\n"


def _settings_table(kind: type) -> Iterator[str]:
    meanings = meanings_of(kind)
    yield "| setting | type | default | may be | meaning |"
    yield "|---|---|---|---|---|"
    assert is_dataclass(kind)
    for one in fields(kind):
        known: About | None = one.metadata.get(_KEY)
        default = one.default if one.default_factory is MISSING else one.default_factory()
        shown = "required" if default is MISSING else code(_value(default))
        may_be = _may_be(known, str(one.type)) if known else ""
        meaning = meanings.get(one.name) or (known.help if known else "")
        yield f"| {code(one.name)} | {code(_type(one.type))} | {shown} | {may_be} | {plain(meaning)} |"


def meanings_of(kind: type) -> dict[str, str]:
    """Return what the docstring of a class says of its attributes."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__[:-1]):
        for section in griffe.Docstring(base.__doc__ or "").parse("google", warnings=False):
            if section.kind is griffe.DocstringSectionKind.attributes:
                found |= {one.name: " ".join(one.description.split()) for one in section.value}
    return found


def _type(hint: Any) -> str:
    return hint if isinstance(hint, str) else getattr(hint, "__name__", str(hint))


def _value(value: Any) -> str:
    if is_dataclass(value):
        return f"{type(value).__name__}()"
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) and value else str(value)


def _may_be(known: About, hint: str) -> str:
    if known.choices:
        return ", ".join(map(code, known.choices))
    return "" if (known.low, known.high) == (-inf, inf) else plain(range_words(known, whole="float" not in hint))


def code(text: str) -> str:
    """Return text as code, in a cell of a table."""
    return f"<code>{_safe(text)}</code>"


def plain(text: str) -> str:
    """Return text that Markdown leaves as it is, options and what stands in backticks as code."""
    parts = re.split(r"(``[^`]+``|`[^`]+`|(?<![\w-])--[a-z][\w-]*)", " ".join(text.split()))
    return "".join(code(part.strip("`")) if number % 2 else _safe(part) for number, part in enumerate(parts))


def _safe(text: str) -> str:
    return re.sub(r"[&<>|$*_`\[\]\\{}#~]", lambda found: f"&#{ord(found[0])};", text)
