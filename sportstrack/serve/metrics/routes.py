"""Routes: whether the service lives, and what it measures."""

from __future__ import annotations

import shutil
import threading
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from sportstrack import __version__
from sportstrack.errors import SportstrackError
from sportstrack.serve.metrics.series import as_csv, as_parquet
from sportstrack.serve.service import Service, TheService
from sportstrack.serve.settings import GIB

router = APIRouter(tags=["metrics"])
_EVERY = 5.0  # seconds between two samples of the service
_EXTRAS = {"parquet": "pyarrow", "numbers": "rapidocr", "transformers": "transformers"}


class SeriesQuestion(BaseModel):
    """Which part of a time series is asked for."""

    name: list[str] = Field([], description="of figures; may be repeated; none are all")
    since: float = Field(0.0, description="seconds since 1970")
    of: str = Field("service", max_length=100, description="service, or 'stream ID'")


AskedSeries = Annotated[SeriesQuestion, Query()]


def set_up(service: Service) -> None:
    """Take a sample of the service now and then."""

    def sample() -> None:
        while not service.stopping.wait(_EVERY):
            service.figures.measure()
            with suppress(SportstrackError):  # the disk is full
                service.series.add("service", service.figures.now())

    thread = threading.Thread(target=sample, name="samples", daemon=True)
    service.at_start.append(thread.start)
    service.at_end.append(lambda: thread.join(10.0))


@router.get("/healthz", summary="Whether the process answers")
def healthz() -> dict[str, str]:
    """Always ok while the process answers; for restarts."""
    return {"status": "ok"}


@router.get("/readyz", summary="Whether new work is taken")
def readyz(service: TheService) -> JSONResponse:
    """503 while the service ends or the disk is full; for load balancers."""
    free = shutil.disk_usage(service.settings.data).free
    problem = None
    if service.stopping.is_set():
        problem = "the service is stopping"
    elif free < service.settings.keep_free * GIB:
        problem = f"the disk is nearly full: {free / GIB:.1f} GiB left"
    status = {"status": "ok"} if problem is None else {"status": "not ready", "reason": problem}
    return JSONResponse(
        status, 200 if problem is None else 503, headers={} if problem is None else {"Retry-After": "30"}
    )


@router.get("/metrics", summary="All figures, as Prometheus reads them")
def metrics(service: TheService) -> Response:
    """Counters, gauges and histograms in Prometheus' text format."""
    return Response(service.figures.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/v1/about", summary="Version, limits and what is installed")
def about(service: TheService) -> dict[str, Any]:
    """What a client needs to know before it asks for anything."""
    settings = service.settings
    return {
        "version": __version__,
        "started": service.started,
        "needs_token": settings.token is not None,
        "limits": {
            "upload_bytes": int(settings.max_upload * GIB),
            "quota_bytes": int(settings.quota * GIB),
            "jobs": settings.max_jobs,
            "minutes": settings.max_minutes,
            "megapixels": settings.max_megapixels,
            "sessions": settings.max_sessions,
            "streams": settings.max_streams,
            "keep_days": settings.keep_days or None,
            "workers": settings.workers,
        },
        "allowed": {
            "folders": bool(settings.folders),
            "streams": list(settings.streams),
            "weights": [Path(entry).name for entry in settings.weights],
            "plugins": list(settings.plugins),
            "configs": [Path(entry).name for entry in settings.configs],
        },
        "extras": {name: find_spec(module) is not None for name, module in _EXTRAS.items()},
    }


@router.get("/v1/series", summary="What the service measured over time")
def series(service: TheService, asked: AskedSeries) -> dict[str, Any]:
    """Every five seconds; coarser with age."""
    return {"series": service.series.points(asked.of, asked.name, asked.since)}


@router.get("/v1/series.csv", summary="The same as CSV", response_class=Response)
def series_csv(service: TheService, asked: AskedSeries) -> Response:
    """One line a sample."""
    table = service.series.table(asked.of, asked.name, asked.since)
    return Response(as_csv(*table), media_type="text/csv; charset=utf-8")


@router.get("/v1/series.parquet", summary="The same as Parquet", response_class=Response)
def series_parquet(service: TheService, asked: AskedSeries) -> Response:
    """Needs the extra ``parquet`` in the service."""
    table = service.series.table(asked.of, asked.name, asked.since)
    return Response(as_parquet(*table), media_type="application/vnd.apache.parquet")
