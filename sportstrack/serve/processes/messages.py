"""Messages over a pipe: a head of length, number and kind, then the content."""

from __future__ import annotations

import os
import signal
import struct
import sys
import threading
from typing import BinaryIO

HEAD = struct.Struct("<IIB")
LARGEST = 256 << 20  # bytes of one message


def packed(number: int, kind: int, content: bytes) -> bytes:
    """Return a message as it goes over the pipe."""
    return HEAD.pack(len(content), number, kind) + content


class MessageParts:
    """Puts messages together from pieces as they come."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, piece: bytes) -> list[tuple[int, int, bytes]]:
        """Take a piece and return the messages (number, kind, content) that are complete with it."""
        held = self._held
        held += piece
        found, place = [], 0
        while len(held) - place >= HEAD.size:
            length, number, kind = HEAD.unpack_from(held, place)
            if len(held) - place - HEAD.size < length:
                break
            begin = place + HEAD.size
            place = begin + length
            found.append((number, kind, bytes(held[begin:place])))
        del held[:place]
        return found


class ParentPipe:
    """The side of the process that works: messages come on standard input and go to standard output.

    What else is written to standard output, by any library, goes to standard error. Ctrl-C is left to the service,
    which ends its processes itself; the end of the input says that it is gone.
    """

    def __init__(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.stdout.flush()
        self._out: BinaryIO = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)
        self._in = sys.stdin.buffer
        self._lock = threading.Lock()

    def receive(self) -> tuple[int, int, bytes] | None:
        """Wait for the next message (number, kind, content); None when the service has closed the pipe or is gone."""
        head = self._in.read(HEAD.size)
        if len(head) < HEAD.size:
            return None
        length, number, kind = HEAD.unpack(head)
        content = self._in.read(length)
        return None if len(content) < length else (number, kind, content)

    def send(self, number: int, kind: int, content: bytes) -> None:
        """Send a message, from any thread; OSError when the service is gone."""
        data = memoryview(packed(number, kind, content))
        with self._lock:
            while data:
                data = data[self._out.write(data) or 0 :]
