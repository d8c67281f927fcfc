"""A process with trackers: ``python -m sportstrack.serve.sessions.worker``, started by the service."""

from __future__ import annotations

import gc
import json
import struct

from sportstrack.errors import SportstrackError
from sportstrack.serve.processes.messages import ParentPipe
from sportstrack.serve.refusal import as_refusal, content, not_found
from sportstrack.serve.sessions.session import Session

BEGIN, TRACK, END = 1, 2, 3
"""Kinds of messages to the worker."""
KEY = 12
"""Bytes of a session's id, which stand before the content."""
ANSWER = struct.Struct("<HII")
"""Before an answer's JSON: HTTP status, number of the next frame, largest id so far."""


def main() -> None:
    """Answer messages until the service closes the pipe."""
    import scipy.optimize  # noqa: F401 - before the first frame, not with it

    pipe, sessions = ParentPipe(), dict[bytes, Session]()
    gc.freeze()
    while (message := pipe.receive()) is not None:
        number, kind, data = message
        status, session, text = _answer(sessions, kind, data[:KEY], data[KEY:])
        head = ANSWER.pack(status, session.next_frame, session.ids) if session else ANSWER.pack(status, 0, 0)
        try:
            pipe.send(number, kind, head + text)
        except OSError:  # the service is gone
            return


def _answer(sessions: dict[bytes, Session], kind: int, key: bytes, data: bytes) -> tuple[int, Session | None, bytes]:
    session = sessions.get(key)
    try:
        if kind == BEGIN:
            session = sessions[key] = Session(json.loads(data))
            return 201, session, b"{}"
        if kind == END:
            return 200, sessions.pop(key, None), b"{}"
        if session is None:
            raise not_found("session", key.decode("ascii", "replace"))
        return 200, session, session.answer(data)
    except SportstrackError as error:
        refusal = as_refusal(error)
        return refusal.status, session, json.dumps(content(str(refusal), refusal.kind) | refusal.more).encode()
    except Exception as error:  # a fault of one session must not end the others
        import traceback

        traceback.print_exc()
        text = f"the tracker has failed ({type(error).__name__}); end this session and begin another"
        return 500, session, json.dumps(content(text, "internal")).encode()


if __name__ == "__main__":
    main()
