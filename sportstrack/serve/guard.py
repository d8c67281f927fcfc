"""Who may ask: token, cookie, Host and Origin; and the headers that every answer has."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import ipaddress
import time
from collections import OrderedDict
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from prometheus_client import Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sportstrack.serve.refusal import RefusedError, content
from sportstrack.serve.settings import ServeSettings

COOKIE = "sportstrack"
OPEN = ("/", "/healthz", "/readyz", "/v1/login", "/favicon.ico")
"""What needs no token: the page, which has no data of its own, and whether the service lives."""
MAX_BODY = 32 << 20
"""Bytes of a request, but for those that are uploads."""
MAX_SMALL_FILE = 64 << 20
"""Bytes of a job with its file in one request."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "connect-src 'self'; font-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_SAFE = ("GET", "HEAD", "OPTIONS")
_TRIES, _WHILE = 10, 60.0  # wrong tokens from one address in so many seconds
_STALLS = 600.0  # seconds in which a client takes nothing of an answer; a paused video goes on with a new request
_SILENT = 60.0  # seconds in which a client sends nothing of a file; it goes on with a new request
_REMEMBERED = 10_000  # addresses


class AccessGuard:
    """ASGI middleware that lets only those in who may ask.

    Args:
        app: what is guarded.
        settings: of the service.
        seconds: observes how long answers take, by route and status; None where nobody measures.
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings, seconds: Histogram | None = None) -> None:
        self._app, self._token, self._seconds = app, settings.token, seconds
        self._hosts = {name.lower() for name in (*settings.hosts, settings.host)}
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a request or a WebSocket, then hand it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope)
        except RefusedError as refusal:
            if scope["type"] == "websocket":
                await receive()  # the handshake; closing before it is accepted answers 403
                await send({"type": "websocket.close", "code": 1008, "reason": str(refusal)[:120]})
                return
            answer = JSONResponse(content(str(refusal), refusal.kind), refusal.status, headers=refusal.headers)
            await answer(scope, receive, _with_headers(send, scope))
            return
        if scope["type"] == "http":
            receive = _limited(_impatient(receive) if _brings_file(scope) else receive, scope)
            send = self._timed(_with_headers(send, scope), scope)
        await self._app(scope, receive, send)

    def _timed(self, send: Send, scope: Scope) -> Send:
        """Return a send that observes the time until an answer begins, and gives up a client that takes nothing."""
        began = time.perf_counter()

        async def observe(message: Message) -> None:
            if message["type"] == "http.response.start" and self._seconds is not None:
                route = getattr(scope.get("route"), "path", "other")  # with {key}, so that there are few
                self._seconds.labels(route, str(message["status"])).observe(time.perf_counter() - began)
            if message.get("more_body"):
                await asyncio.wait_for(send(message), _STALLS)
            else:
                await send(message)

        return observe

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        self._check_host(headers.get("host", ""))
        needs_token = self._token is not None and scope["path"] not in OPEN and not is_static(scope["path"])
        by_header = needs_token and self._shows_token(headers, scope)
        if scope["type"] == "websocket" or (scope["method"] not in _SAFE and not by_header):
            _check_origin(headers)

    def _check_host(self, host: str) -> None:
        """Refuse a name that is not ours: a page elsewhere may have let its own name point here."""
        name = host_name(host)
        try:
            known = self._token is not None or ipaddress.ip_address(name).is_loopback
        except ValueError:
            known = name == "localhost"
        if not known and name not in self._hosts:
            raise RefusedError(f"the service is not called {host!r} here; name it with --hosts", "forbidden")

    def _shows_token(self, headers: Headers, scope: Scope) -> bool:
        """Return whether the token came in its header, not by cookie; RefusedError where it is missing or wrong."""
        assert self._token is not None
        client = (scope.get("client") or ("",))[0]
        given = headers.get("authorization", "")
        kind, _, token = given.partition(" ")
        if given and kind.lower() == "bearer":
            self.check_token(token.strip(), client)
            return True
        if same(cookie_of(headers), cookie_value(self._token)):
            return False
        raise RefusedError("a token is needed: send 'Authorization: Bearer TOKEN', or sign in on the page", "token")

    def check_token(self, token: str, client: str) -> None:
        """Refuse a wrong token, and for a while everything from an address that sent many of them."""
        now = time.monotonic()
        wrong = [at for at in self._wrong.get(client, ()) if now - at < _WHILE]
        if len(wrong) >= _TRIES:
            text = f"too many wrong tokens; wait {_WHILE - now + wrong[0]:.0f} s"
            raise RefusedError(text, "busy", retry_after=_WHILE - now + wrong[0])
        if self._token is None or same(token, self._token):
            self._wrong.pop(client, None)
            return
        self._wrong[client] = [*wrong, now]
        self._wrong.move_to_end(client)
        while len(self._wrong) > _REMEMBERED:
            self._wrong.popitem(last=False)
        raise RefusedError("the token is wrong", "token")


def is_static(path: str) -> bool:
    """Return whether a path is one of the page's own files."""
    return path.startswith("/static/")


def cookie_value(token: str) -> str:
    """Return what the browser's cookie holds: proof of the token, not the token itself."""
    return hmac.new(token.encode(), b"sportstrack serve cookie 1", hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare two secrets in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def cookie_of(headers: Headers) -> str:
    """Return the service's cookie of a request; empty where there is none."""
    try:
        jar = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return jar[COOKIE].value if COOKIE in jar else ""


def host_name(host: str) -> str:
    """Return the name or address of a Host header, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower().rstrip(".")


def _check_origin(headers: Headers) -> None:
    """Refuse what a page of another origin has sent; programs that are no browsers send no origin."""
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
        raise RefusedError("requests of other pages are refused", "forbidden")
    if origin is None and headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise RefusedError("requests of other pages are refused", "forbidden")


def _with_headers(send: Send, scope: Scope) -> Send:
    """Return a send that adds the headers of every answer, where a route sets none of its own."""

    async def add(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-cache" if is_static(scope["path"]) else "no-store")
        await send(message)

    return add


def _most(scope: Scope) -> int | None:
    """Return the largest body of a request; None for a chunk of an upload, whose own size limits it."""
    path, method = scope["path"], scope["method"]
    if method == "PATCH" and path.startswith("/v1/uploads/"):
        return None
    kind = Headers(scope=scope).get("content-type", "")
    return MAX_SMALL_FILE if method == "POST" and path == "/v1/jobs" and kind.startswith("multipart/") else MAX_BODY


def _brings_file(scope: Scope) -> bool:
    """Return whether a request brings a file or a piece of one."""
    return _most(scope) != MAX_BODY


def _impatient(receive: Receive) -> Receive:
    """Return a receive that takes a client for gone which has begun to send and sends nothing more."""
    more = True

    async def take() -> Message:
        nonlocal more
        if not more:  # from now on it tells when the client goes
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), _SILENT)
        except asyncio.TimeoutError:
            return {"type": "http.disconnect"}
        more = message.get("more_body", False)
        return message

    return take


def _limited(receive: Receive, scope: Scope) -> Receive:
    """Return a receive that refuses a body that is too large: by its stated length, else when too much has come."""
    most = _most(scope)
    if most is None:
        return receive
    stated = Headers(scope=scope).get("content-length", "")
    too_large = HTTPException(413, f"the request is larger than {most >> 20} MiB; upload files in chunks")
    got = 0

    async def take() -> Message:
        nonlocal got
        if stated.isdigit() and int(stated) > most:
            raise too_large
        message = await receive()
        got += len(message.get("body", b""))
        if got > most:
            raise too_large
        return message

    return take
