"""The description of the interface: FastAPI's, with the service's own refusals and ways to show the token."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from sportstrack.serve.guard import COOKIE, OPEN
from sportstrack.serve.refusal import STATUS

_REFUSAL = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["message", "kind"],
            "properties": {
                "message": {"type": "string", "description": "one line that names the fix"},
                "kind": {"type": "string", "enum": [*STATUS, "internal"]},
            },
        }
    },
    "example": {"error": {"message": "imgsz: expected a whole number from 32 to 16384, got 5", "kind": "setting"}},
}
_ANSWER = {
    "description": "refused; 429 and 503 have Retry-After",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}},
}


def describe_with(app: FastAPI) -> None:
    """Let an application describe itself with the service's refusals instead of FastAPI's."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]


def _described(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    parts: dict[str, Any] = found.setdefault("components", {})
    schemas: dict[str, Any] = parts.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Refusal"] = _REFUSAL
    parts["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    }
    for path, operations in found["paths"].items():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"]["4XX"] = _ANSWER
            if path not in OPEN:
                operation["security"] = [{"token": []}, {"cookie": []}]
    return found
