"""The lines on which the keys of a YAML text stand, for messages."""

from __future__ import annotations

from typing import Any

Place = tuple[str, ...]


def key_lines(text: str) -> tuple[dict[Place, int], Place | None]:
    """Return where keys stand, and a key that stands twice in its table, if there is one.

    Args:
        text: YAML that has been read before, so that it is known to be sound.

    Returns:
        The keys that lead to a value (places in lists by number) → its line, from 1; and the key, or None.
    """
    import yaml

    lines: dict[Place, int] = {}
    twice: list[Place] = []

    def walk(node: Any, place: Place, seen: frozenset[int]) -> None:
        if id(node) in seen:  # an alias within what it names
            return
        inner = seen | {id(node)}
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                at = (*place, str(key.value))
                if at in lines and key.value != "<<":
                    twice.append(at)
                lines[at] = key.start_mark.line + 1
                walk(value, at, inner)
        elif isinstance(node, yaml.SequenceNode):
            for i, value in enumerate(node.value):
                at = (*place, str(i))
                lines[at] = value.start_mark.line + 1
                walk(value, at, inner)

    walk(yaml.compose(text, Loader=yaml.SafeLoader), (), frozenset())
    return lines, twice[0] if twice else None
