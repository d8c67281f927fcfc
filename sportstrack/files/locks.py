"""Locks that the operating system holds: a process that dies leaves none that blocks."""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

from sportstrack.errors import OutputError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)
_FAR = 1 << 30  # Windows locks bytes, and those cannot be read: take one behind the text
_NEW = 10.0  # seconds in which an empty lock file counts as one that is being written
_STEP = 0.02  # seconds between two tries


class Lock:
    """A lock file that one process (or thread) holds at a time; it is removed when the lock is released.

    The file holds the process, its host and its command as JSON, for messages of other processes. Where a file
    system cannot lock, that text decides: a lock of a process of this host that is gone is stale, and is taken over.

    Args:
        path: the lock file.
        what: the output, for the message.
        command: the program, such as ``sportstrack track``.
    """

    def __init__(self, path: Path, what: str | Path, command: str) -> None:
        self.path, self.what, self.command = path, what, command
        self._handle: int | None = None

    def take(self, wait: float = 0.0) -> None:
        """Take the lock; OutputError if another holds it for longer than `wait` seconds."""
        end = time.monotonic() + wait
        while not self._try():
            if time.monotonic() >= end:
                raise OutputError(self._busy())
            time.sleep(_STEP)

    def release(self) -> None:
        """Give the lock back; harmless if it is not held."""
        handle, self._handle = self._handle, None
        if handle is None:
            return
        with suppress(OSError):
            self.path.unlink()  # before the lock ends, so that no process takes a lock on a file without a name
        with suppress(OSError):
            _unlock(handle)
        os.close(handle)
        if sys.platform == "win32":  # where open files cannot be removed
            with suppress(OSError):
                self.path.unlink()

    def __enter__(self) -> Lock:
        self.take(wait=30.0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _try(self) -> bool:
        """Return whether the lock is taken now."""
        while True:
            handle, created = self._open()
            try:
                locked = _lock(handle)
                if locked is None:  # this file system has no locks
                    locked = created or self._is_stale(handle)
                if not locked:
                    os.close(handle)
                    return False
                if self._is_named(handle):
                    self._write(handle)
                    self._handle = handle
                    return True
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)  # its holder removed it after we opened it

    def _open(self) -> tuple[int, bool]:
        """Open the file and say whether it is new."""
        flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0)
        while True:
            try:
                return os.open(self.path, flags | os.O_CREAT | os.O_EXCL, 0o666), True
            except FileExistsError:
                pass
            except OSError as error:
                raise OutputError(f"{self.what}: cannot be locked ({error.strerror or error}): {self.path}") from error
            try:
                return os.open(self.path, flags), False
            except FileNotFoundError:
                continue  # removed in between
            except OSError as error:
                raise OutputError(
                    f"{self.what}: cannot be locked ({error.strerror or error}); if no other run writes there, "
                    f"remove {self.path}"
                ) from error

    def _is_named(self, handle: int) -> bool:
        try:
            return os.path.samestat(os.fstat(handle), os.lstat(self.path))
        except OSError:
            return False

    def _write(self, handle: int) -> None:
        text = json.dumps({"process": os.getpid(), "host": socket.gethostname(), "command": self.command})
        with suppress(OSError):  # a full disk does not matter here: the lock holds without its text
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, text.encode())

    def _is_stale(self, handle: int) -> bool:
        """Return whether the text names a process that is gone; for file systems without locks."""
        psutil = import_module("psutil")
        holder, since = _holder(self.path), os.fstat(handle).st_mtime
        if not holder:
            return time.time() - since > _NEW
        if holder["host"] != socket.gethostname():
            return False
        try:
            return bool(psutil.Process(holder["process"]).create_time() > since + 1)  # the number was given again
        except psutil.Error:
            return True

    def _busy(self) -> str:
        holder = _holder(self.path)
        writer = "another process"
        if holder:
            writer = f"process {holder['process']} on {holder['host']} ({holder['command']})"
        return f"{self.what}: is being written by {writer}; wait for it or choose another folder"


def _holder(path: Path) -> dict[str, Any]:
    """Return the process, host and command in a lock file; nothing if they are not there."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {"process": int(found["process"]), "host": str(found["host"]), "command": str(found["command"])}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {}


def _lock(handle: int) -> bool | None:
    """Lock an open file; return False if another holds it and None if this file system has no locks."""
    try:
        if sys.platform == "win32":
            os.lseek(handle, _FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in _HELD else None
    return True


def _unlock(handle: int) -> None:
    if sys.platform == "win32":
        os.lseek(handle, _FAR, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(handle, fcntl.LOCK_UN)
