"""YAML that remembers its lines, so that an error can name one."""

from __future__ import annotations

from typing import Any

import yaml

from sportstrack.errors import FormatError

LARGEST = 256 << 10  # characters


class LineTable(dict[str, Any]):
    """A mapping whose entries know their lines.

    Attributes:
        line: on which it begins, from 1.
        lines: name → line.
    """

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}


class _Loader(yaml.SafeLoader):
    """SafeLoader with `LineTable` for mappings; a name may stand once."""


def _construct(loader: _Loader, node: yaml.MappingNode) -> LineTable:
    table = LineTable(node.start_mark.line + 1)
    for key, value in node.value:
        name, line = str(loader.construct_object(key, deep=True)), key.start_mark.line + 1
        if name in table:
            raise yaml.MarkedYAMLError(problem=f"{name!r} stands twice", problem_mark=key.start_mark)
        table[name] = loader.construct_object(value, deep=True)
        table.lines[name] = line
    return table


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct)


def _line(mark: Any) -> int:
    return int(mark.line) + 1


def read_lines(text: str, where: str) -> Any:
    """Return what YAML holds, mappings as `LineTable`.

    Args:
        text: the YAML.
        where: what it is called in errors.

    Raises:
        FormatError: it is no YAML, too large, or has aliases; the message names the line.
    """
    if len(text) > LARGEST:
        raise FormatError(f"{where}: is larger than {LARGEST >> 10} KiB")
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise FormatError(f"{where}, line {_line(event.start_mark)}: aliases (*name) are not taken")
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {_line(mark)}" if mark is not None else ""
        raise FormatError(f"{where}{line}: {error.problem or error.context or 'is no YAML'}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FormatError(f"{where}: is no YAML: {error}") from error
