"""A worker as a process: ``python -m sportstrack.batch.work`` does tasks as they come over its standard input.

It ends when its input does. A task that is going on is then stopped as after Ctrl-C: what was done stays readable.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from typing import Any

from sportstrack.batch.local import receive, send
from sportstrack.batch.worker import BatchWorker

_LAST = 20.0  # seconds that a task has to end after the batch is gone


def main() -> int:
    """Do tasks until the batch says so or is gone."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the batch decides when its workers end
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # so that nobody prints between the messages
    stopped, tasks = threading.Event(), queue.Queue[Any]()
    told = receive(sys.stdin.buffer)
    if told is None:
        return 0
    _, job = told
    sys.path += [place for place in job.path if place not in sys.path]
    worker = BatchWorker(job, stopped.is_set)
    threading.Thread(target=_listen, args=(tasks, stopped), name="messages of the batch", daemon=True).start()
    send(out, ("ready", None))
    while (task := tasks.get()) is not None:
        line = worker.do(task, lambda done, expected: send(out, ("progress", (done, expected))))
        send(out, ("ended", line))
    worker.close()
    return 0


def _listen(tasks: queue.Queue[Any], stopped: threading.Event) -> None:
    while (message := receive(sys.stdin.buffer)) is not None:
        if message[0] == "stop":
            break
        tasks.put(message[1])
    stopped.set()
    tasks.put(None)
    late = threading.Timer(_LAST, os._exit, (1,))
    late.daemon = True
    late.start()


if __name__ == "__main__":
    try:
        status = main()
    except OSError:  # the batch is gone
        status = 1
    sys.stderr.flush()
    os._exit(status)  # threads of libraries may linger
