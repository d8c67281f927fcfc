"""Arrays out of an ``.npz`` archive that may come from anywhere: nothing is unpickled, and sizes are checked first."""

from __future__ import annotations

import zipfile
import zlib
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.errors import FormatError
from sportstrack.limits import MAX_ARRAY_BYTES

_MOST_PACKED = 1100  # times by which deflate can pack zeros, and a little more
_DAMAGE = (
    *(OSError, ValueError, TypeError, LookupError, EOFError, SyntaxError, TokenError, RecursionError),
    *(RuntimeError, OverflowError, zipfile.BadZipFile, zlib.error),  # RuntimeError: encrypted, or an unknown packing
)


class ArrayFile:
    """An open archive of arrays; a context manager.

    Attributes:
        names: of the arrays, in the archive's order.

    Raises:
        FormatError: it is no such archive.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self._zip = zipfile.ZipFile(self.path)
        except _DAMAGE as error:
            raise FormatError(f"{self.path}: is no .npz archive") from error
        self._infos = {i.filename[:-4]: i for i in self._zip.infolist() if i.filename.endswith(".npy")}
        self.names = list(self._infos)

    def __enter__(self) -> ArrayFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def shape(self, name: str) -> tuple[int, ...]:
        """Return an array's shape from its header; FormatError if it is missing or damaged."""
        with self._open(name) as stream:
            return self._header(name, stream)[0]

    def read(self, name: str, kinds: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
        """Return an array, read-only.

        Args:
            name: as in `names`.
            kinds: what it may hold: ``i`` whole numbers, ``f`` numbers, ``b`` bytes, ``U`` text.
            shape: its length along each axis; None for any.

        Raises:
            FormatError: it is missing, damaged, too large, of another kind or shape.
        """
        with self._open(name) as stream:
            found, dtype, order = self._header(name, stream)
            if not any(_is_kind(dtype, kind) for kind in kinds):
                raise self._error(name, f"holds {dtype} values, expected {' or '.join(_KINDS[k] for k in kinds)}")
            if len(found) != len(shape) or any(s is not None and s != f for s, f in zip(shape, found, strict=True)):
                wanted = tuple("any" if s is None else s for s in shape)
                raise self._error(name, f"has shape {found}, expected {wanted}")
            try:
                data = stream.read()
            except _DAMAGE as error:
                raise self._error(name, "is damaged") from error
        if len(data) != prod(found) * dtype.itemsize:
            raise self._error(name, f"has {len(data):,} bytes, its shape wants {prod(found) * dtype.itemsize:,}")
        return np.frombuffer(data, dtype).reshape(found, order=order)

    def _open(self, name: str) -> IO[bytes]:
        if name not in self._infos:
            raise self._error(name, "is missing")
        info = self._infos[name]
        if info.compress_size > self.path.stat().st_size:  # an entry may claim anything
            raise self._error(name, "is damaged")
        if info.file_size > min(MAX_ARRAY_BYTES, _MOST_PACKED * (info.compress_size + 1)):
            raise self._error(name, f"claims {info.file_size:,} bytes; arrays are read up to {MAX_ARRAY_BYTES:,}")
        try:
            return self._zip.open(info)
        except _DAMAGE as error:
            raise self._error(name, "is damaged") from error

    def _header(self, name: str, stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any], Any]:
        try:
            layout: Any = np.lib.format  # numpy 2.2 does not type it
            version = layout.read_magic(stream)
            read = layout.read_array_header_1_0 if version == (1, 0) else layout.read_array_header_2_0
            shape, fortran, dtype = read(stream)
        except _DAMAGE as error:
            raise self._error(name, "is damaged") from error
        if dtype.hasobject or dtype.kind in "VOmM" or any(side < 0 for side in shape):
            raise self._error(name, "is no array of numbers or text")
        if prod(shape) * dtype.itemsize > MAX_ARRAY_BYTES:
            raise self._error(name, f"has shape {shape}; arrays are read up to {MAX_ARRAY_BYTES:,} bytes")
        return shape, dtype, "F" if fortran else "C"

    def _error(self, name: str, reason: str) -> FormatError:
        return FormatError(f"{self.path}: its array {name} {reason}")


_KINDS = {"i": "whole numbers", "f": "numbers", "b": "bytes", "U": "text"}


def _is_kind(dtype: np.dtype[Any], kind: str) -> bool:
    if kind == "b":
        return dtype == np.uint8
    allowed = {"i": "iu", "f": "iuf", "U": "U"}[kind]
    return dtype.kind in allowed and (dtype.kind == "U" or dtype.itemsize <= 8)
