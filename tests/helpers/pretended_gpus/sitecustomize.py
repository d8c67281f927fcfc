"""Lets torch believe in GPUs, for processes with this folder on PYTHONPATH and PRETENDED_GPUS=2 (how many) or =mps.

Memory and arithmetic are the processor's. So what is seen is everything but the hardware: which device is chosen,
16-bit weights, mixed precision, the processes of a training on several GPUs and what they say to each other, and the
refusal of 64-bit floats on an Apple GPU. What is not seen is a tensor left behind on another device.
"""

from __future__ import annotations

import functools
import os
from types import SimpleNamespace
from typing import Any

WANTED = os.environ.get("PRETENDED_GPUS", "")


def replace_device(value: Any, kind: str) -> Any:
    import torch

    if isinstance(value, torch.device):
        return torch.device("cpu") if value.type == kind else value
    return "cpu" if isinstance(value, str) and value.split(":")[0] == kind else value


def send_to_processor(kind: str) -> None:
    """Replace the device in every call of torch's."""
    import torch
    from torch.overrides import TorchFunctionMode

    class OnTheProcessor(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func is torch.device:
                return func(*args, **(kwargs or {}))
            given = [*args, *(kwargs or {}).values()]
            args = tuple(replace_device(value, kind) for value in args)
            found = func(*args, **{name: replace_device(value, kind) for name, value in (kwargs or {}).items()})
            sent = any(replace_device(value, kind) is not value for value in given)
            if kind == "mps" and sent and isinstance(found, torch.Tensor) and found.dtype == torch.float64:
                raise TypeError("Cannot convert a MPS Tensor to float64 dtype")
            return found

    OnTheProcessor().__enter__()


def pretend_cuda(count: int) -> None:
    import torch
    from torch import cuda

    properties = SimpleNamespace(name="pretended", total_memory=8 << 30, major=8, minor=0, multi_processor_count=1)
    answers: dict[str, Any] = {
        "is_available": True, "device_count": count, "get_device_properties": properties, "current_device": 0,
        "get_device_name": "pretended", "get_device_capability": (8, 0), "is_bf16_supported": True,
        "mem_get_info": (4 << 30, 8 << 30), "memory_reserved": 1 << 30, "memory_allocated": 1 << 30,
        "max_memory_allocated": 1 << 30, "max_memory_reserved": 1 << 30,
    }  # fmt: skip
    done = ("set_device", "synchronize", "empty_cache", "reset_peak_memory_stats", "manual_seed", "manual_seed_all")
    for name, answer in {**answers, **dict.fromkeys((*done, "init", "_lazy_init"))}.items():
        setattr(cuda, name, lambda *_, answer=answer, **__: answer)
    torch.optim.Optimizer._accelerator_graph_capture_health_check = lambda _: None


def pretend_mps() -> None:
    import torch

    for name in ("is_available", "is_built"):
        setattr(torch.backends.mps, name, functools.cache(lambda: True))  # torch asks for its __wrapped__, too
    for name in ("empty_cache", "synchronize", "manual_seed"):
        setattr(torch.mps, name, lambda *_: None)
    for name in ("driver_allocated_memory", "current_allocated_memory", "recommended_max_memory"):
        setattr(torch.mps, name, lambda: 1 << 30)


def run_on_processor() -> None:
    """Give the parts that name their device elsewhere than in a call of torch's the processor's ways."""
    import torch
    from torch import distributed
    from torch.amp.autocast_mode import autocast
    from torch.nn.parallel import DistributedDataParallel
    from torch.utils.data import DataLoader

    def first(cls: Any, change: Any) -> None:
        begin = cls.__init__

        def changed(self: Any, *args: Any, **kwargs: Any) -> None:
            args, kwargs = change(args, kwargs)
            begin(self, *args, **kwargs)

        cls.__init__ = changed

    def half_by_default(args: Any, kwargs: Any) -> Any:
        kwargs = dict(zip(("device_type", "dtype", "enabled", "cache_enabled"), args, strict=False)) | kwargs
        if kwargs["device_type"] == "cuda":
            kwargs |= {"device_type": "cpu", "dtype": kwargs.get("dtype") or torch.float16}
        return (), kwargs

    first(autocast, half_by_default)
    first(DataLoader, lambda args, kwargs: (args, kwargs | {"pin_memory": False}))
    first(DistributedDataParallel, lambda args, kwargs: (args, kwargs | {"device_ids": None}))
    join = distributed.init_process_group
    distributed.init_process_group = lambda backend=None, **kwargs: join("gloo", **kwargs)


if WANTED:
    send_to_processor("mps" if WANTED == "mps" else "cuda")
    run_on_processor()
    if WANTED == "mps":
        pretend_mps()
    else:
        pretend_cuda(int(WANTED))
