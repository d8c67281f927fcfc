"""Find a weights file by path, by known name or by address, and download it once into the cache.

Nothing but the standard library, and no connection unless the name asked for is not on this machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, get_type_hints
from urllib.parse import unquote, urlsplit

from sportstrack.errors import FormatError, WeightsError, nearest
from sportstrack.files.reading import read_json
from sportstrack.kinds import is_kind

DEMO_WEIGHTS = "sportstrack-demo-yolov8n.pt"
ALIASES = {"demo": DEMO_WEIGHTS}
SUFFIXES = (".pt", ".onnx", ".engine", ".torchscript", ".mlpackage", ".tflite", ".pb", ".mnn")

OFFICIAL_URL = "https://github.com/ultralytics/assets/releases/download/v8.4.0/"
# The detect, segment, pose and oriented-box models among Ultralytics' published assets.
_OFFICIAL = re.compile(
    r"(yolov8[nsmlx](-seg|-pose|-obb|-oiv7)?|yolo(11|26)[nsmlx](-seg|-pose|-obb)?|yolo12[nsmlx]"
    r"|yolov9([tsmce]|[ce]-seg)|yolov10[nsmblx]|yolov5[nsmlx]6?u|yolov3(-spp|-tiny)?u|rtdetr-[lx])\.pt"
)
_OFFICIAL_EXAMPLES = tuple(f"{family}{size}.pt" for family in ("yolov8", "yolo11", "yolo26") for size in "nsmlx")

_CHUNK = 1 << 18  # bytes
_TIMEOUT = 30  # seconds without a byte


@dataclass(frozen=True)
class KnownFile:
    """One row of ``weights/manifest.json``: a file that ships with the project or that it can fetch.

    Attributes:
        name: file name, unique in the manifest.
        sha256: hexadecimal digest, or None where the publisher gives none.
        bytes: size, or None.
        url: where to fetch it, or None for a file that only ships with the project.
        licence: SPDX name or a short text.
        about: one line for people.
    """

    name: str
    sha256: str | None = None
    bytes: int | None = None
    url: str | None = None
    licence: str = ""
    about: str = ""


OSNET = KnownFile(
    "osnet_x0_25_msmt17.onnx",
    "e78604f4ccda49b8f41cd0f8f7303800ce75d2361895ebb0729513c1bf53d277",
    url="https://huggingface.co/anriha/osnet_x0_25_msmt17/resolve/1e22b925c70caa5591e9fab3f5540af8484bcad8/"
    "osnet_x0_25_msmt17.onnx",
    licence="MIT",
    about="OSNet x0.25 trained on MSMT17 for person re-identification, 512 numbers, exported for batches of 16",
)


def assets_folder() -> Path:
    """Return the folder of files that ship with the project: in the installed package, else in the clone."""
    packaged = Path(__file__).parents[1] / "_weights"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "weights"


def cache_folder() -> Path:
    """Return the download folder: SPORTSTRACK_CACHE, else the platform's cache folder; it need not exist yet."""
    if chosen := os.environ.get("SPORTSTRACK_CACHE"):
        return Path(chosen).expanduser()
    home = Path.home()
    if sys.platform == "darwin":
        base = home / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / "sportstrack"


def known_files() -> list[KnownFile]:
    """Read the manifest; an installation without one knows no files.

    Raises:
        WeightsError: if the manifest is there but is not a JSON list of named files.
    """
    manifest = assets_folder() / "manifest.json"
    if not manifest.is_file():
        return []
    try:
        rows = read_json(manifest)
    except FormatError as error:
        raise WeightsError(f"{error}; it is the list of known weights") from error
    hints = get_type_hints(KnownFile)
    known = []
    for row in rows if isinstance(rows, list) else [rows]:
        values = {key: row[key] for key in hints if key in row} if isinstance(row, dict) else {}
        wrong = [key for key, value in values.items() if not is_kind(value, hints[key])]
        if "name" not in values or wrong:
            raise WeightsError(f"{manifest}: expected a list of files with name, sha256, bytes and url, got {row!r}")
        known.append(KnownFile(**values))
    return known


def find_weights(name_or_path: str | Path, *, download: bool = True) -> Path:
    """Return the local path of a weights file, downloading it if it is known but not here.

    Looked up in this order: an existing path; a name in the manifest (in the project's own folder, then the cache, then
    its address); a name that Ultralytics publishes, with or without ``.pt``; an ``http(s)://`` address. ``demo`` is the
    project's own demo model.

    Raises:
        WeightsError: if it is nowhere, cannot be (or is not to be) downloaded, or what came is not the file expected.
    """
    text = str(name_or_path)
    if urlsplit(text).scheme in {"http", "https"}:
        return _from_address(text, download)
    path = Path(text).expanduser()
    if path.is_file() or (path.is_dir() and text not in ALIASES):  # exported models can be folders
        return path
    if path.name != text:
        raise WeightsError(f"{text}: no such weights file")
    return _from_name(ALIASES.get(text, text), download)


def looks_like_checkpoint(path: Path) -> bool:
    """Return whether a file begins like a PyTorch checkpoint (a zip archive; before torch 1.6 a pickle)."""
    with path.open("rb") as file:
        head = file.read(4)
    return head == b"PK\x03\x04" or (head[:1] == b"\x80" and head[1:2] in {b"\x02", b"\x03", b"\x04", b"\x05"})


def _from_name(name: str, download: bool) -> Path:
    known = {file.name: file for file in known_files()}
    file = known.get(name) or known.get(f"{name}.pt") or _official(name) or _official(f"{name}.pt")
    if file is None and name == OSNET.name:
        file = OSNET
    if file is None:
        names = [n for n in (*ALIASES, *known, *_OFFICIAL_EXAMPLES) if n in ALIASES or n.endswith(SUFFIXES)]
        listed = ", ".join(dict.fromkeys(names))
        raise WeightsError(f"{name}: neither a file nor a known name{nearest(name, names)}; known names: {listed}")
    shipped = assets_folder() / file.name
    if shipped.is_file():
        return shipped
    cached = cache_folder() / file.name
    if cached.is_file() and file.bytes in {None, cached.stat().st_size}:
        return cached
    if file.url is None:
        raise WeightsError(f"{file.name}: ships with the project but is missing from {assets_folder()}; install again")
    if not download:
        raise WeightsError(f"{file.name}: not downloaded yet")
    return _download(file.url, cached, file.sha256)


def _official(name: str) -> KnownFile | None:
    if not _OFFICIAL.fullmatch(name):
        return None
    return KnownFile(name, url=OFFICIAL_URL + name, licence="AGPL-3.0", about="published by Ultralytics")


def _from_address(url: str, download: bool) -> Path:
    name = Path(unquote(urlsplit(url).path)).name
    if not name.endswith(SUFFIXES):
        raise WeightsError(f"{url}: expected an address that ends in a weights file ({', '.join(SUFFIXES)})")
    # Many publishers call their file best.pt, so the address is part of the cached path.
    cached = cache_folder() / hashlib.sha256(url.encode()).hexdigest()[:12] / name
    if cached.is_file():
        return cached
    if not download:
        raise WeightsError(f"{url}: not downloaded yet")
    return _download(url, cached, None)


def _download(url: str, target: Path, sha256: str | None) -> Path:
    """Fetch into a temporary name beside the target; its own name appears only when all is there and checked."""
    from http.client import HTTPException

    with _temporary(target) as (file, part):
        try:
            digest = _fetch(url, file, target.name)
        except (OSError, HTTPException, ValueError) as error:  # URLError and time-outs are OSErrors
            raise WeightsError(
                f"{target.name}: cannot be downloaded ({_reason(error)}); "
                f"fetch {url} yourself and pass it with --weights PATH"
            ) from error
        file.close()
        if sha256 is not None and digest != sha256.lower():
            raise WeightsError(f"{target.name}: {url} has sha256 {digest}, expected {sha256}; the download was removed")
        if target.suffix == ".pt" and not looks_like_checkpoint(part):
            raise WeightsError(f"{target.name}: what {url} sent is no PyTorch file; the download was removed")
        part.replace(target)
    return target


@contextlib.contextmanager
def _temporary(target: Path) -> Iterator[tuple[IO[bytes], Path]]:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f"{target.name}.part.", dir=target.parent)
    except OSError as error:
        raise WeightsError(
            f"{target.parent}: cannot be written ({error.strerror}); set SPORTSTRACK_CACHE to a folder that can"
        ) from error
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file, part
    finally:
        part.unlink(missing_ok=True)


def _fetch(url: str, file: IO[bytes], label: str) -> str:
    """Copy an address into an open file and return the sha256; a transfer that ends early raises ConnectionError."""
    from urllib.request import Request, urlopen

    digest = hashlib.sha256()
    request = Request(url, headers={"User-Agent": "sportstrack"})
    with urlopen(request, timeout=_TIMEOUT) as answer, _bar(answer, label) as bar:
        length = answer.headers.get("Content-Length")
        received = 0
        while chunk := answer.read(_CHUNK):
            file.write(chunk)
            digest.update(chunk)
            received += len(chunk)
            bar.update(len(chunk))
    if length is not None and received != int(length):
        raise ConnectionError(f"the transfer ended after {received} of {length} bytes")
    return digest.hexdigest()


def _bar(answer: Any, label: str) -> Any:
    from tqdm import tqdm

    total = int(answer.headers.get("Content-Length") or 0) or None
    return tqdm(total=total, desc=label, unit="B", unit_scale=True, disable=not sys.stderr.isatty(), leave=False)


def _reason(error: Exception) -> str:
    from urllib.error import HTTPError, URLError

    if isinstance(error, HTTPError):
        error.close()  # it holds the connection
        return f"the server answered {error.code} {error.reason}"
    cause = error.reason if isinstance(error, URLError) else error
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause) or type(cause).__name__
