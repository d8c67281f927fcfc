"""Damage for files: flipped bits, lost and repeated pieces, absurd numbers, other types, other encodings."""

from __future__ import annotations

import io
import json
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Random = random.Random

NUMBERS = (
    *("0", "-1", "-0.0", "1", "2", "2.0", "0.5", "1e9", "1e18", "1e308", "1e400", "-1e400", "nan", "inf", "-inf", ""),
    *(
        "9999999",
        "2147483647",
        "2147483648",
        "4294967296",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551616",
    ),
    *("9" * 40, "9" * 5000, "1_000", "0x10", "1,5", "007", "-", "1e-400", "1/0", "30000/1001", "true", "x"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**30, 1e308, float("nan"), float("inf"), 0.5, -0.5),
    *("", "x", "1", "nan", "../../x", "a" * 5000, "\x00", "\ud800", "Köln", [], [[]], {}, [None], [1, 2], {"x": 1}),
)
DTYPES = ("?", "i1", "u1", "i8", "u8", "f2", "f4", "f8", "c16", "U3", "S3", "M8[s]", "m8[s]", "V8")
_NUMBER = re.compile(rb"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_TOKENS = (
    *(b"\x00", b"\n", b"\r\n", b",", b"\t", b'"', b"'", b"[", b"{", b"]", b"}", b"<", b"&lol;", b"%", b"=", b":", b"#"),
    *(b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"&a [*a,*a]", b"!!python/object:os.system {}", b"../", b"-"),
)


def mutate(data: bytes, suffix: str, rng: Random) -> bytes:
    """Return a damaged copy of a file's bytes; half of the damage knows the format, by its suffix."""
    own = _OF_SUFFIX.get(suffix)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        try:
            data = own(data, rng) if own and rng.random() < 0.6 else rng.choice(_PLAIN)(data, rng)
        except Exception:  # damaged already, so that the format's own damage cannot be done
            data = rng.choice(_PLAIN)(data, rng)
    return data


# --- any file --------------------------------------------------------------------------------------------------------


def _flip(data: bytes, rng: Random) -> bytes:
    found = bytearray(data or b"\x00")
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def _truncate(data: bytes, rng: Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)] if rng.random() < 0.9 else b""


def _piece(data: bytes, rng: Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.choice((1, 2, 4, 16, 64, 1000)))


def _delete(data: bytes, rng: Random) -> bytes:
    start, end = _piece(data, rng)
    return data[:start] + data[end:]


def _repeat(data: bytes, rng: Random) -> bytes:
    start, end = _piece(data, rng)
    return data[:end] + data[start:end] * rng.choice((1, 1, 2, 10, 300)) + data[end:]


def _move(data: bytes, rng: Random) -> bytes:
    start, end = _piece(data, rng)
    rest = data[:start] + data[end:]
    place = rng.randrange(len(rest) + 1)
    return rest[:place] + data[start:end] + rest[place:]


def _insert(data: bytes, rng: Random) -> bytes:
    place = rng.randrange(len(data) + 1)
    new = rng.choice(_TOKENS) if rng.random() < 0.7 else rng.randbytes(rng.choice((1, 4, 32)))
    return data[:place] + new * rng.choice((1, 1, 1, 3, 2000)) + data[place:]


def _number(data: bytes, rng: Random) -> bytes:
    found = list(_NUMBER.finditer(data))
    if not found:
        return _insert(data, rng)
    match = rng.choice(found)
    return data[: match.start()] + rng.choice(NUMBERS).encode() + data[match.end() :]


def _line(data: bytes, rng: Random) -> bytes:
    lines = data.split(b"\n")
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    how = rng.randrange(3)
    if how == 0:
        del lines[i]
    elif how == 1:
        lines.insert(j, lines[i])
    else:
        lines[i], lines[j] = lines[j], lines[i]
    return b"\n".join(lines)


def _encode(data: bytes, rng: Random) -> bytes:
    text = data.decode("utf-8", "replace")
    coding = rng.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "cp1252", "utf-32", "utf-7"))
    return text.encode(coding, "replace")


_PLAIN: tuple[Callable[[bytes, Random], bytes], ...] = (
    *(_flip, _truncate, _delete, _repeat, _move, _insert),
    *(_number, _number, _number, _line, _encode),
)


# --- trees of values: JSON and YAML ----------------------------------------------------------------------------------


def _json(data: bytes, rng: Random) -> bytes:
    return json.dumps(_changed(json.loads(data), rng)).encode("utf-8", "surrogatepass")


def _json_lines(data: bytes, rng: Random) -> bytes:
    lines = data.split(b"\n")
    i = rng.randrange(len(lines))
    lines[i] = _json(lines[i], rng)
    return b"\n".join(lines)


def _yaml(data: bytes, rng: Random) -> bytes:
    import yaml

    try:
        return yaml.safe_dump(_changed(yaml.safe_load(data), rng)).encode("utf-8", "surrogatepass")
    except yaml.YAMLError as error:
        raise ValueError from error


def _changed(tree: Any, rng: Random) -> Any:
    """Return a tree with one of its values, keys or branches changed."""
    if not isinstance(tree, (dict, list)) or not tree or rng.random() < 0.03:
        return _value(tree, rng)
    key = rng.choice(list(tree) if isinstance(tree, dict) else range(len(tree)))
    how = rng.random()
    if how < 0.1:
        del tree[key]
    elif how < 0.15 and isinstance(tree, dict):
        tree[rng.choice(("x", "", 1, "id", *tree))] = tree[key]
    elif how < 0.15:
        tree.append(tree[key])
    elif how < 0.2:
        tree[key] = _nested(rng.choice((5, 200, 900)))
    elif isinstance(tree[key], (dict, list)) and how < 0.8:
        tree[key] = _changed(tree[key], rng)
    else:
        tree[key] = _value(tree[key], rng)
    return tree


def _value(value: Any, rng: Random) -> Any:
    if isinstance(value, (int, float)) and rng.random() < 0.4:
        return value * rng.choice((-1, 0, 0.5, 1000, 10**9, 10**15))
    return rng.choice(VALUES)


def _nested(depth: int) -> Any:
    found: Any = []
    for _ in range(depth):
        found = [found]
    return found


# --- archives --------------------------------------------------------------------------------------------------------


def _zip(data: bytes, rng: Random) -> bytes:
    """Change a member of an archive, or the archive's table of contents."""
    members = _members(data)
    name = rng.choice(list(members))
    how = rng.random()
    if how < 0.15:
        del members[name]
    elif how < 0.25:
        members[rng.choice(("../x", "x", f"{name}x", name.upper()))] = members.pop(name)
    elif how < 0.35:
        members[name] = members[rng.choice(list(members))]
    else:
        members[name] = mutate(members[name], Path(name).suffix, rng)
    return _headers(_archive(members, rng), rng) if rng.random() < 0.2 else _archive(members, rng)


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _archive(members: dict[str, bytes], rng: Random) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return stream.getvalue()


def _headers(data: bytes, rng: Random) -> bytes:
    """Change a number in a local or central header: sizes, method, flags, offsets."""
    starts = [m.start() for m in re.finditer(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06", data)]
    place = rng.choice(starts) + rng.randrange(4, 46)
    new = rng.choice((b"\x00" * 4, b"\xff" * 4, b"\xff\xff\xff\x7f", rng.randbytes(2)))
    return data[:place] + new + data[place + len(new) :]


def _npy(data: bytes, rng: Random) -> bytes:
    """Change an array's type, shape or values, or declare another shape than the data has."""
    array = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    how = rng.random()
    if array.dtype.kind == "U" and not array.ndim and how < 0.7:  # JSON text
        array = np.array(_json(str(array).encode(), rng).decode("utf-8", "replace"))
    elif how < 0.2:
        with np.errstate(all="ignore"):
            array = array.astype(rng.choice(DTYPES))
    elif how < 0.4:
        array = rng.choice((array[:-1], array[None], array.reshape(-1), array[:0], np.concatenate([array, array])))
    elif how < 0.5:
        return data.replace(b"(", b"(" + rng.choice((b"1000000000, ", b"-1, ", b"0, ", b"3, ")), 1)
    elif array.size:
        special = rng.choice((0, -1, 2**31, 2**62, -(2**62), np.nan, np.inf, 1e300, 0.5))
        flat = array.reshape(-1).copy()
        with np.errstate(all="ignore"):
            flat[rng.randrange(flat.size)] = np.array(special).astype(array.dtype)
        array = flat.reshape(array.shape)
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=False)
    return stream.getvalue()


_OF_SUFFIX: dict[str, Callable[[bytes, Random], bytes]] = {
    ".json": _json,
    ".jsonl": _json_lines,
    ".yaml": _yaml,
    ".zip": _zip,
    ".npz": _zip,
    ".npy": _npy,
    **dict.fromkeys((".txt", ".csv", ".ini", ".label", ".xml", ".pbtxt"), _number),
}
