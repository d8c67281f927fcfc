"""Delicate: everything here works around side effects of Ultralytics at import and while a checkpoint is unpickled.

Ultralytics is imported without its installs, telemetry and online checks, and a checkpoint is opened without running
code that it contains. The order of the lines matters, and the tests with a blocked network guard it.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from sportstrack.errors import DeviceError, SportstrackError, WeightsError
from sportstrack.models.devices import import_torch
from sportstrack.models.weights import SUFFIXES, assets_folder, cache_folder, looks_like_checkpoint
from sportstrack.plugins import first_line

_YES = {"1", "true", "yes", "on", "y", "t"}


def import_ultralytics() -> Any:
    """Import Ultralytics with its installs, telemetry, online checks and chatter off, and return the package.

    Its switches are environment variables, read when it is imported. Its settings file goes to the cache folder, so
    that the user's own is neither written nor obeyed; a YOLO_CONFIG_DIR, YOLO_VERBOSE or ULTRALYTICS_SAFE_LOAD that the
    user has set stays. If ultralytics was imported before, the values it took from the switches are set instead.
    """
    import_torch()  # first, because ultralytics sets OMP_NUM_THREADS=1, which torch reads when it is imported
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")  # "offline": no look-ups on import, no analytics
    os.environ.setdefault("YOLO_CONFIG_DIR", str(cache_folder()))
    os.environ.setdefault("YOLO_VERBOSE", "false")
    os.environ.setdefault("ULTRALYTICS_SAFE_LOAD", "true")
    threads = os.environ.get("OMP_NUM_THREADS")
    ultralytics = import_module("ultralytics")
    if threads is None:
        os.environ.pop("OMP_NUM_THREADS", None)  # child processes read it too
    _switch_off()
    return ultralytics


def _switch_off() -> None:
    """Set the values behind the switches in its modules, in case ultralytics was imported earlier."""
    safe = os.environ["ULTRALYTICS_SAFE_LOAD"].strip().lower() in _YES
    wanted = [
        ("ultralytics.utils", "ONLINE", False),
        ("ultralytics.utils", "AUTOINSTALL", False),
        ("ultralytics.utils.checks", "ONLINE", False),
        ("ultralytics.utils.checks", "AUTOINSTALL", False),
        ("ultralytics.nn.tasks", "SAFE_LOAD", safe),
    ]
    for module, name, value in wanted:
        if hasattr(sys.modules.get(module), name):
            setattr(sys.modules[module], name, value)
    with contextlib.suppress(ImportError):
        sender: Any = getattr(import_module("ultralytics.utils.events"), "events", None)
        if hasattr(sender, "enabled"):
            sender.enabled = False
    patches: Any = sys.modules.get("ultralytics.utils.patches")
    if hasattr(patches, "_image_open"):  # it replaced Pillow's for the whole process, to install a HEIF reader
        pillow: Any = import_module("PIL.Image")
        pillow.open = patches._image_open


def open_checkpoint(path: Path, trust: bool = False) -> Any:
    """Return a ``.pt`` file as ``ultralytics.YOLO``; code in it runs only if it is trusted.

    Raises:
        WeightsError: if it is no checkpoint of an Ultralytics model, or holds code.
    """
    with opened_checkpoint(path, trust) as model:
        return model


@contextlib.contextmanager
def opened_checkpoint(path: Path, trust: bool = False, where: str = "") -> Iterator[Any]:
    """Open a weights file as `open_checkpoint` does, for a block whose errors are explained like those of the loading.

    Args:
        path: a checkpoint or an exported model.
        trust: let it run code of its own while it loads.
        where: device and size of the input, for the message about too little memory.
    """
    check_file(path)
    with (
        loading(path, trust),
        _errors_explained(path, where),
        _torch_threads_kept(),
        _plain_path(path) as plain,
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", module=r"torch\.jit")  # deprecated, and TorchScript is loaded by it
        yield import_ultralytics().YOLO(str(plain), task=None)


@contextlib.contextmanager
def loading(path: Path, trust: bool = False) -> Iterator[None]:
    """Refuse a checkpoint's own code while it is loaded, unless the user trusts it.

    Raises:
        WeightsError: if the installed torch has no such loading (it came with 2.6) and the file is not the project's.
    """
    import_ultralytics()
    tasks: Any = import_module("ultralytics.nn.tasks")
    refused = os.environ["ULTRALYTICS_SAFE_LOAD"].strip().lower() in _YES and not trust
    able = getattr(getattr(tasks, "_SafeLoad", None), "SUPPORTED", False)
    if refused and not able and path.suffix == ".pt" and path.parent != assets_folder():
        raise WeightsError(
            f"{path}: torch {import_torch().__version__} cannot load it without running what it contains; "
            "install torch 2.6 or later, or pass --trust if you trust where it came from"
        )
    before = getattr(tasks, "SAFE_LOAD", None), os.environ["ULTRALYTICS_SAFE_LOAD"]
    tasks.SAFE_LOAD, os.environ["ULTRALYTICS_SAFE_LOAD"] = refused, str(refused).lower()  # children read the latter
    try:
        yield
    finally:
        tasks.SAFE_LOAD, os.environ["ULTRALYTICS_SAFE_LOAD"] = before


@contextlib.contextmanager
def _errors_explained(path: Path, where: str) -> Iterator[None]:
    """Turn the loaders' errors into one sentence that names the file."""
    try:
        yield
    except (MemoryError, SportstrackError):
        raise
    except ModuleNotFoundError as error:
        raise WeightsError(
            f"{path}: reading it needs the Python module {error.name!r}, which is not installed"
        ) from error
    except Exception as error:
        if type(error).__name__ == "OutOfMemoryError":
            raise DeviceError(f"too little memory for {path.name}{where}") from error
        cause = first_line(error)
        if "references types outside" in cause:  # the message of safe loading for all that is no checkpoint
            cause = (
                "it is no Ultralytics checkpoint, or it holds code that safe loading refuses; --trust (or "
                "ULTRALYTICS_SAFE_LOAD=false) loads it if you trust where it came from"
            )
        raise WeightsError(f"{path}: no detection model can be read from it ({cause})") from error


@contextlib.contextmanager
def _torch_threads_kept() -> Iterator[None]:
    """Put torch's thread count back: ultralytics sets it to one core less, at most 8, for the whole process."""
    import torch

    threads = torch.get_num_threads()
    try:
        yield
    finally:
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)


@contextlib.contextmanager
def _plain_path(path: Path) -> Iterator[Path]:
    """Yield a path that ultralytics opens unchanged.

    It strips quotes from names and reads yolov5s.pt as yolov5su.pt, then looks for the changed name online; a link with
    a plain name avoids that.
    """
    path = path.absolute()  # not resolved: a link's target may have another suffix
    if path.suffix != ".pt" or not re.search(r"'|yolov[35]|\s$|^\s", str(path)):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="sportstrack-") as folder:
        link = Path(folder) / "model.pt"
        try:
            link.symlink_to(path)
        except OSError:  # Windows without the right to make links
            import shutil

            shutil.copyfile(path, link)
        yield link


def check_file(path: Path) -> None:
    """Refuse what cannot be weights before a loader sees it, so that the message is clear and no pickle runs."""
    if path.is_dir():
        return  # exported models such as OpenVINO's are folders
    if path.suffix.lower() not in SUFFIXES:
        raise WeightsError(
            f"{path}: expected a weights file ({', '.join(SUFFIXES)}), not {path.suffix or 'a file without a suffix'}"
        )
    try:
        if path.stat().st_size == 0:
            raise WeightsError(f"{path}: is empty; copy or download it again")
        if path.suffix.lower() != ".pt":
            return
        if not looks_like_checkpoint(path):
            raise WeightsError(f"{path}: is no PyTorch checkpoint, whatever its name says")
        with path.open("rb") as file:
            if file.read(2) == b"PK" and not zipfile.is_zipfile(path):
                raise WeightsError(f"{path}: is cut short or damaged; copy or download it again")
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror})") from error
