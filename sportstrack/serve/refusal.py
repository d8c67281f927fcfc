"""How the service says no: one line of JSON that names the fix."""

from __future__ import annotations

from typing import Any

from sportstrack.errors import SettingError, SportstrackError, one_line

STATUS = {
    "setting": 400,
    "input": 400,
    "token": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "too_large": 413,
    "range": 416,
    "busy": 429,
    "full": 503,
}
"""Kind of a refusal → HTTP status."""


class RefusedError(SportstrackError):
    """A request that is not carried out.

    Args:
        message: one line, with the fix.
        kind: one of `STATUS`.
        retry_after: seconds after which the request may be tried again.
        more: what the answer holds beside the error, such as the right offset.
    """

    def __init__(
        self, message: str, kind: str = "input", *, retry_after: float | None = None, more: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.kind, self.status, self.more = kind, STATUS[kind], more or {}
        self.headers = {} if retry_after is None else {"Retry-After": str(max(1, round(retry_after)))}
        if kind == "token":
            self.headers["WWW-Authenticate"] = "Bearer"


def not_found(what: str, name: str) -> RefusedError:
    """Return the refusal for an id that is not there."""
    return RefusedError(f"there is no {what} {name!r}", "not_found")


def as_refusal(error: SportstrackError) -> RefusedError:
    """Return an error of any part of the program as a refusal."""
    if isinstance(error, RefusedError):
        return error
    return RefusedError(str(error), "setting" if isinstance(error, SettingError) else "input")


def content(message: str, kind: str) -> dict[str, Any]:
    """Return the JSON of a refusal."""
    return {"error": {"message": one_line(message), "kind": kind}}
