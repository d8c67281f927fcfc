"""ONNX files written by hand, field by field."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def message(*fields: tuple[int, Any]) -> bytes:
    """Encode a protobuf message of (field number, whole number or text or bytes)."""

    def varint(number: int) -> bytes:
        low = number & 127
        return bytes([low]) if number < 128 else bytes([low | 128]) + varint(number >> 7)

    data = b""
    for number, value in fields:
        if isinstance(value, int):
            data += varint(number << 3) + varint(value)
        else:
            text = value.encode() if isinstance(value, str) else value
            data += varint(number << 3 | 2) + varint(len(text)) + text
    return data


def onnx_model(path: Path, shape: tuple[Any, ...], *nodes: bytes, half: bool = False) -> Path:
    """Write an ONNX file: nodes in a row, from ``input`` by way of ``0``, ``1``, … to the last one's output."""

    def value(name: str, kind: int, sizes: tuple[Any, ...] | None) -> bytes:
        axes = [(1, message((1 if isinstance(size, int) else 2, size))) for size in sizes or ()]
        dims = [(2, message(*axes))] if sizes else []
        return message((1, name), (2, message((1, message((1, kind), *dims)))))

    names = ["input", *map(str, range(len(nodes)))]
    steps = [
        (1, message((1, before), (2, after)) + node)
        for before, after, node in zip(names[:-1], names[1:], nodes, strict=True)
    ]
    graph = [(2, "g"), (11, value("input", 10 if half else 1, shape)), (12, value(names[-1], 1, None))]
    path.write_bytes(message((1, 8), (7, message(*steps, *graph)), (8, message((1, ""), (2, 13)))))
    return path
