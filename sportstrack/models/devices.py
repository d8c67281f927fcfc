"""Which device torch runs on; torch is imported when the question is asked."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import re
import sys
from importlib import import_module
from typing import Any

from sportstrack.errors import DeviceError, SettingError


def import_torch() -> Any:
    """Import torch with CPU threads that wait asleep, unless OMP_WAIT_POLICY says otherwise.

    By default they spin while they wait. On two cores shared with other work, such as decoding and encoding, two
    spinning threads were three times slower than one; two that wait asleep were not.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return import_module("torch")


def device_name(device: str) -> str:
    """Return ``auto``, ``cpu``, ``mps`` or ``cuda:N`` for what a user wrote: any case, ``cuda``, a bare number.

    Raises:
        SettingError: if it is no such name.
    """
    wanted = device.strip().lower()
    wanted = {"cuda": "cuda:0", "mps:0": "mps"}.get(wanted, f"cuda:{wanted}" if wanted.isdigit() else wanted)
    if not re.fullmatch(r"auto|cpu|mps|cuda:\d+", wanted):
        raise SettingError(f"device {device!r}: expected auto, cpu, cuda, cuda:N or mps")
    return wanted


def may_have_gpu() -> bool:
    """Return whether torch may find a GPU here; False is sure, and torch is not imported for it."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    if "torch" in sys.modules:  # then asking costs nothing
        torch: Any = sys.modules["torch"]
        return bool(torch.cuda.is_available() or torch.backends.mps.is_available())
    for name in ("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so.1", "libamdhip64.so"):
        with contextlib.suppress(OSError):
            ctypes.CDLL(name)
            return True
    return False


def choose_device(device: str) -> str:
    """Return the torch device for ``auto``, ``cpu``, ``cuda``, ``cuda:N``, ``N`` or ``mps``.

    Raises:
        DeviceError: if it is not there; the message lists what is.
        SettingError: if it is no such name.
    """
    torch, wanted = import_torch(), device_name(device)
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    available = [f"cuda:{i}" for i in range(count)]
    if torch.backends.mps.is_available():
        available.append("mps")
    available.append("cpu")
    if wanted == "auto":
        return available[0]
    if wanted not in available:
        raise DeviceError(
            f"device {device!r} is not available here (there is: {', '.join(available)}); use --device {available[0]}"
        )
    return wanted


def check_half(half: bool, device: str) -> None:
    """Refuse 16-bit floats on a CPU, where they are slow and partly missing.

    Raises:
        DeviceError: if `half` is asked for and the device is ``cpu``.
    """
    if half and device == "cpu":
        raise DeviceError("half precision needs a GPU, and the device is the CPU: leave --half out")
