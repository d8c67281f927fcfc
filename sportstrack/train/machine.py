"""The devices that a training runs on, and its errors as sentences."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec

from sportstrack.errors import DeviceError, SettingError, SportstrackError
from sportstrack.models.devices import choose_device, import_torch


def choose_devices(device: str) -> str:
    """Return one device by `choose_device`, or several GPUs as Ultralytics takes them, ``0,1``."""
    several = re.fullmatch(r"(?:cuda:)?(\d+)((?:,\d+)+)", device.replace(" ", ""))
    if not several:
        return choose_device(device)
    torch = import_torch()
    numbers = [int(n) for n in f"{several[1]}{several[2]}".split(",")]
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if max(numbers) >= count or len(set(numbers)) < len(numbers):
        raise DeviceError(f"device {device!r}: there are {count} GPUs here; use --device auto")
    if find_spec("cloudpickle") is None:  # Ultralytics hands the trainer to its processes with it
        raise DeviceError("training on several GPUs needs cloudpickle: pip install cloudpickle")
    return ",".join(map(str, numbers))


def devices_of_batch(device: str, batch: int) -> int:
    """Return how many devices share a batch; each gets the same number of pictures."""
    count = device.count(",") + 1
    if batch % count:
        more = batch + count - batch % count
        raise SettingError(f"batch {batch}: {count} GPUs share it; choose a multiple of {count}, such as {more}")
    return count


@contextlib.contextmanager
def errors_explained(batch: int, imgsz: int, gpus: int) -> Iterator[None]:
    """Turn the errors of a training into one sentence with a way out."""
    smaller = max(1, batch // gpus // 2) * gpus
    try:
        yield
    except SportstrackError:
        raise
    except subprocess.CalledProcessError as error:
        raise DeviceError(
            f"a training process failed (its message is above); if memory was short, try --batch {smaller}"
        ) from error
    except (RuntimeError, ValueError, AssertionError, TypeError, MemoryError) as error:
        short_memory = isinstance(error, RuntimeError) and "out of memory" in str(error).lower()
        if short_memory or isinstance(error, MemoryError):
            raise DeviceError(
                f"out of memory with batch {batch} at imgsz {imgsz}; try --batch {smaller} "
                "or a smaller --imgsz, with --resume if epochs are done already"
            ) from error
        raise SportstrackError(f"the training cannot continue: {_all_lines(error)}") from error


def _all_lines(error: BaseException, most: int = 400) -> str:
    """Return an error's text on one line: torch says what is wrong in the second one."""
    return " ".join(str(error).split())[:most] or type(error).__name__
