"""Routes of alerts: the rules, what was raised, and the pictures."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.requests import HTTPConnection
from starlette.responses import FileResponse, JSONResponse, Response

from sportstrack.serve.alerts.center import AlertCenter
from sportstrack.serve.alerts.lines import LARGEST
from sportstrack.serve.alerts.rules import EXAMPLE
from sportstrack.serve.refusal import RefusedError
from sportstrack.serve.service import Service

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/yaml": {"schema": {"type": "string"}, "example": EXAMPLE}},
    }
}


def set_up(service: Service) -> None:
    """Make what is behind the routes; after the streams."""
    service.parts["alerts"] = AlertCenter(service, service.parts["streams"])


async def _center(connection: HTTPConnection) -> AlertCenter:
    found: AlertCenter = connection.app.state.service.parts["alerts"]
    return found


TheAlerts = Annotated[AlertCenter, Depends(_center)]


@router.get("", summary="What was raised")
async def listed(
    alerts: TheAlerts, since: float = 0.0, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[dict[str, Any]]:
    """The newest alerts, newest first; `since` is in seconds since 1970."""
    return alerts.alerts(since, limit)


@router.get("/rules", summary="The rules in force", response_model=None)
async def rules(alerts: TheAlerts) -> Response:
    """YAML as it was sent; an example that raises nothing yet where there are no rules."""
    commented = "".join(f"# {line}\n" for line in EXAMPLE.splitlines())
    return Response(alerts.text or commented, media_type="application/yaml")


@router.put("/rules", summary="Other rules", openapi_extra=_BODY)
async def put_rules(request: Request, alerts: TheAlerts) -> JSONResponse:
    """Take rules, which are in force at once; 400 names the line of what is wrong, and the rules before stay."""
    body = await request.body()
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError("rules: are no UTF-8 text") from error
    if len(body) > 4 * LARGEST:
        raise RefusedError(f"rules: are larger than {LARGEST >> 10} KiB", "too_large")
    return JSONResponse({"rules": [rule.name for rule in alerts.put_rules(text)]})


@router.get("/{name}/picture.jpg", summary="The picture of an alert", response_model=None)
async def picture(name: str, alerts: TheAlerts) -> FileResponse:
    """The picture at that moment, with the tracks drawn."""
    return FileResponse(alerts.picture(name), media_type="image/jpeg")
