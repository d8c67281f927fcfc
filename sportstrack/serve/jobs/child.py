"""A process that works for the service: messages are lines of JSON on its standard input and output.

The child ends by itself when its input ends, also because the service was killed. What libraries print goes to standard
error, never between the messages.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO, Any

from sportstrack.errors import one_line

LONGEST = 64 << 20
"""Characters of one message."""


class Child:
    """The service's side of a process.

    Args:
        module: what ``python -m`` runs.
        words: its arguments.
        on_line: called, in a thread, with each line that it writes to standard error.
    """

    def __init__(self, module: str, words: Sequence[str] = (), on_line: Callable[[str], None] | None = None) -> None:
        quiet = {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
        hidden = {name: value for name, value in os.environ.items() if name != "SPORTSTRACK_TOKEN"}
        more: dict[str, Any] = {}
        if sys.platform == "win32":
            more["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=hidden | quiet,
            start_new_session=sys.platform != "win32",  # Ctrl-C in a terminal is for the service, which tells its own
            **more,
        )
        self._sending = threading.Lock()
        self._tail: list[str] = []
        self._on_line = on_line
        self._reader = threading.Thread(target=self._read_errors, name=f"stderr of {module}", daemon=True)
        self._reader.start()

    def send(self, message: Mapping[str, Any]) -> bool:
        """Send a message; False if the process is gone."""
        assert self.process.stdin is not None
        try:
            with self._sending:
                self.process.stdin.write(json.dumps(message).encode() + b"\n")
                self.process.stdin.flush()
        except (OSError, ValueError):
            return False
        return True

    def messages(self) -> Iterator[dict[str, Any]]:
        """Yield the messages as they come, until the process ends; what is no message is left out."""
        assert self.process.stdout is not None
        while line := self.process.stdout.readline(LONGEST):
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict):
                yield found

    def end(self, patience: float = 10.0) -> int:
        """Close its input, wait, kill it if it stays; return its exit status."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            with self._sending:
                self.process.stdin.close()
        except OSError:
            pass  # it is gone
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            status = self.process.wait()
        self._reader.join(2)
        self.process.stdout.close()
        return status

    def kill(self) -> None:
        """Kill it, and what it has started."""
        if sys.platform == "win32":
            self.process.kill()
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self.process.kill()

    @property
    def last_words(self) -> str:
        """The last line that it wrote to standard error; empty if none."""
        return self._tail[-1] if self._tail else ""

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            while line := stream.readline(10_000):
                text = one_line(line.decode("utf-8", "replace").rpartition("\r")[2].strip())
                if text:
                    self._tail = [*self._tail[-4:], text]
                    if self._on_line is not None:
                        self._on_line(text)


class Parent:
    """The child's side.

    Args:
        on_message: called, in a thread of its own, with each message; and with None when the service is gone.
    """

    def __init__(self, on_message: Callable[[dict[str, Any] | None], None]) -> None:
        self._out: IO[bytes] = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # so that nobody prints between the messages
        self._sending = threading.Lock()
        self._on_message = on_message
        threading.Thread(target=self._read, name="messages of the service", daemon=True).start()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message; nothing happens if the service is gone."""
        data = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        try:
            with self._sending:
                self._out.write(data)
                self._out.flush()
        except (OSError, ValueError):
            return

    def _read(self) -> None:
        while line := sys.stdin.buffer.readline(LONGEST):
            self._on_message(json.loads(line))
        self._on_message(None)


def interrupt_main() -> None:
    """Raise KeyboardInterrupt in the main thread, also where it waits."""
    main = threading.main_thread().ident
    if main is not None and hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main, signal.SIGINT)
    else:
        import _thread

        _thread.interrupt_main()
