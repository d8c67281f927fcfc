"""The application: all routes, the guard before them, and one form for every refusal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from sportstrack import __version__
from sportstrack.errors import SportstrackError
from sportstrack.serve import login, pitches
from sportstrack.serve.alerts import routes as alerts
from sportstrack.serve.guard import HEADERS, AccessGuard
from sportstrack.serve.jobs import routes as jobs
from sportstrack.serve.metrics import routes as metrics
from sportstrack.serve.metrics.series import Series
from sportstrack.serve.openapi import describe_with
from sportstrack.serve.refusal import STATUS, as_refusal, content
from sportstrack.serve.service import Service
from sportstrack.serve.sessions import routes as sessions
from sportstrack.serve.settings import ServeSettings
from sportstrack.serve.store import Database
from sportstrack.serve.streams import routes as streams
from sportstrack.serve.uploads import routes as uploads

PAGE = Path(__file__).parent / "page"
_KINDS = {status: kind for kind, status in reversed(STATUS.items())} | {400: "input", 405: "input", 422: "input"}


def create_app(settings: ServeSettings | None = None) -> FastAPI:
    """Return the service as an ASGI application; its data folder is taken at once.

    Args:
        settings: how it runs; None is the defaults.

    Raises:
        OutputError: the data folder cannot be written, or another service has it.
        SourceError: its database is damaged.
    """
    settings = settings or ServeSettings()
    store = Database(settings.data)
    service = Service(settings, store, Series(store))
    app = FastAPI(
        title="sportstrack",
        version=__version__,
        summary="Video and streams in, tracks, pictures and figures out.",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.service = service
    for part in (
        sessions,
        login,
        uploads,
        jobs,
        metrics,
        streams,
        alerts,
        pitches,
    ):  # routes are tried in this order; sessions are asked most
        app.include_router(part.router)
    jobs.set_up(service)
    metrics.set_up(service)
    sessions.set_up(service)
    streams.set_up(service)
    alerts.set_up(service)
    add_answers(app)
    describe_with(app)
    _add_page(app)

    def guarded(inner: ASGIApp) -> AccessGuard:
        app.state.guard = AccessGuard(inner, settings, service.figures.requests)
        found: AccessGuard = app.state.guard
        return found

    app.add_middleware(guarded)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    service.bell.attach(asyncio.get_running_loop())
    for start in service.at_start:
        await asyncio.to_thread(start)
    try:
        yield
    finally:
        service.stop()
        for end in reversed(service.at_end):
            await asyncio.to_thread(end)
        service.store.close()


def add_answers(app: FastAPI) -> None:
    """Give every error of an application the same form: `sportstrack.serve.refusal.content`."""

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, SportstrackError)
        refusal = as_refusal(error)
        return JSONResponse(content(str(refusal), refusal.kind) | refusal.more, refusal.status, headers=refusal.headers)

    async def unknown(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        kind = _KINDS.get(error.status_code, "input")
        return JSONResponse(content(str(error.detail), kind), error.status_code, headers=error.headers)

    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return JSONResponse(content(_first_fault(error), "input"), 400)

    async def broken(_: Request, __: Exception) -> Response:
        return JSONResponse(content("the service has failed; its log says why", "internal"), 500, headers=HEADERS)

    async def gone(_: Request, __: Exception) -> Response:
        return Response(status_code=400)  # nobody reads it

    app.add_exception_handler(SportstrackError, refused)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(HTTPException, unknown)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, broken)


def _first_fault(error: RequestValidationError) -> str:
    first: dict[str, Any] = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body") or "the request"
    return f"{where}: {first['msg']}"


def _add_page(app: FastAPI) -> None:
    app.mount("/static", StaticFiles(directory=PAGE), name="static")

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(PAGE / "index.html", headers={"Cache-Control": "no-cache"})
