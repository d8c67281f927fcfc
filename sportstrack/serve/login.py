"""Signing in: a browser's ``<video>`` and EventSource send no headers, so the page keeps a cookie."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from sportstrack.serve.guard import COOKIE, AccessGuard, cookie_value
from sportstrack.serve.service import TheService

router = APIRouter(prefix="/v1", tags=["access"])


class Login(BaseModel):
    """What signs in."""

    token: str = Field(max_length=4096, examples=["a-token-for-tests"])


@router.post("/login", summary="Sign in")
def login(login: Login, request: Request, service: TheService) -> JSONResponse:
    """Set the cookie of the page, for the token; 401 if it is wrong."""
    guard: AccessGuard = request.app.state.guard
    guard.check_token(login.token, request.client.host if request.client else "")
    answer = JSONResponse({"signed_in": True})
    if service.settings.token is not None:
        value = cookie_value(service.settings.token)
        secure = request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
        answer.set_cookie(COOKIE, value, max_age=30 * 86400, httponly=True, samesite="strict", secure=secure)
    return answer


@router.post("/logout", summary="Sign out")
def logout() -> JSONResponse:
    """Remove the cookie of the page."""
    answer = JSONResponse({"signed_in": False})
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return answer
