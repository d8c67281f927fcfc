"""Routes of uploads: begin, add, ask, remove."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from sportstrack.serve.refusal import RefusedError
from sportstrack.serve.service import Service, TheService
from sportstrack.serve.uploads.shelf import Shelf

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])


class NewUpload(BaseModel):
    """What a client says of a file before it sends it."""

    name: str = Field(min_length=1, max_length=500, examples=["match.mp4"])
    bytes: int = Field(gt=0, examples=[1000])


def shelf(service: Service) -> Shelf:
    """Return the service's uploads."""
    found: Shelf = service.parts["uploads"]
    return found


@router.post("", status_code=201, summary="Begin an upload")
def begin(new: NewUpload, service: TheService) -> dict[str, Any]:
    """Declare a file; 413 or 503 at once where there is no room. Then send it with PATCH, in chunks."""
    return shelf(service).begin(new.name, new.bytes).as_dict()


@router.get("", summary="All uploads")
def uploads(service: TheService) -> dict[str, Any]:
    """The uploads, the newest first."""
    return {"uploads": [one.as_dict() for one in shelf(service).all()]}


@router.get("/{key}", summary="Where an upload goes on")
def upload(key: str, service: TheService) -> dict[str, Any]:
    """After a broken connection: ``offset`` is the byte to go on with."""
    return shelf(service).get(key).as_dict()


@router.patch(
    "/{key}",
    summary="Send a chunk",
    openapi_extra={"requestBody": {"content": {"application/octet-stream": {"example": "x" * 1000}}}},
)
async def add(key: str, request: Request, service: TheService, upload_offset: Annotated[int, Header(ge=0)]) -> Response:
    """The body is the file from byte ``Upload-Offset`` on; 409 says the right offset."""
    found = shelf(service).get(key)
    length = request.headers.get("content-length", "")
    if length.isdigit() and upload_offset + int(length) > found.bytes:
        raise RefusedError(f"more comes than the {found.bytes} bytes that were declared", "too_large")
    offset = await shelf(service).append(found, upload_offset, request.stream())  # what has come is kept
    return JSONResponse({"offset": offset}, headers={"Upload-Offset": str(offset)})


@router.delete("/{key}", status_code=204, summary="Remove an upload")
def remove(key: str, service: TheService) -> None:
    """409 while a job uses it."""
    shelf(service).remove(key)
