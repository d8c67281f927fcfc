"""Alerts posted to webhooks: signed, in order, and again with longer waits until they are taken."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sportstrack.serve.streams.targets import Connect, post

SECRET_VARIABLE = "SPORTSTRACK_ALERT_SECRET"
SIGNATURE, MOMENT = "X-Sportstrack-Signature", "X-Sportstrack-Time"
TRIES = 8
FIRST_WAIT = 1.0  # seconds; doubles with each failure
HELD = 1000  # posts that wait; the oldest go first


@dataclass
class _Post:
    url: str
    body: bytes
    tries: int = 0
    due: float = 0.0


class WebhookPoster:
    """Posts in a thread of its own.

    Args:
        secret: signs what is posted.
        connect: opens connections to addresses that are allowed.
        first_wait: seconds before the second try.

    Attributes:
        sent: posts that were taken.
        lost: posts that were given up.
    """

    def __init__(self, secret: bytes, connect: Connect, first_wait: float = FIRST_WAIT) -> None:
        self._secret, self._connect, self._first_wait = secret, connect, first_wait
        self._waiting: deque[_Post] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self.sent = self.lost = 0
        self._thread: threading.Thread | None = None

    def put(self, url: str, content: Mapping[str, Any]) -> None:
        """Let an alert be posted."""
        with self._changed:
            if len(self._waiting) >= HELD:
                self._waiting.popleft()
                self.lost += 1
            self._waiting.append(_Post(url, json.dumps(content, ensure_ascii=False).encode()))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def close(self) -> None:
        """End; what waits is given up."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(6.0)

    def _run(self) -> None:
        while (one := self._next()) is not None:
            moment = str(int(time.time()))
            headers = {
                "Content-Type": "application/json",
                MOMENT: moment,
                SIGNATURE: signature(self._secret, moment, one.body),
            }
            if post(one.url, one.body, headers, self._connect):
                self.sent += 1
                continue
            one.tries += 1
            one.due = time.monotonic() + self._first_wait * 2 ** (one.tries - 1)
            with self._changed:
                if one.tries < TRIES:
                    self._waiting.append(one)
                else:
                    self.lost += 1

    def _next(self) -> _Post | None:
        """Wait for the post that is due first; None at the end."""
        with self._changed:
            while not self._ended:
                soonest = min(self._waiting, key=lambda one: one.due, default=None)
                wait = None if soonest is None else soonest.due - time.monotonic()
                if soonest is not None and wait is not None and wait <= 0:
                    self._waiting.remove(soonest)
                    return soonest
                self._changed.wait(wait)
        return None


def signature(secret: bytes, moment: str, body: bytes) -> str:
    """Return what proves that a post is ours: ``sha256=`` and the HMAC of time, a full stop and body."""
    return "sha256=" + hmac.new(secret, moment.encode() + b"." + body, hashlib.sha256).hexdigest()


def secret_of(folder: Path, made: Callable[[], str] = lambda: secrets.token_hex(32)) -> bytes:
    """Return the secret of a data folder: the variable SPORTSTRACK_ALERT_SECRET, else its file, made on first use."""
    if given := os.environ.get(SECRET_VARIABLE, "").strip():
        return given.encode()
    path = folder / "secret"
    with suppress(FileExistsError), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(made() + "\n")
    return path.read_text(encoding="ascii").strip().encode()
