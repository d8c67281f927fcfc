"""What a run says of the engine that it used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sportstrack.engines.names import ENGINES


@dataclass(frozen=True)
class EngineReport:
    """Which engine runs a network, and why.

    Attributes:
        engine: its name.
        precision: what it computes in.
        ms: engine → milliseconds of the network alone for one batch, as measured when the engine was chosen.
        size: (height, width) of the input at which that was measured, or None.
        converted: seconds that the conversion took; None if there was none in this run.
        why: why torch runs where another engine was expected; "" where that is not so.
    """

    engine: str
    precision: str = "fp32"
    ms: Mapping[str, float] = field(default_factory=dict)
    size: tuple[int, int] | None = None
    converted: float | None = None
    why: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values = asdict(self) | {"ms": dict(self.ms)}
        return values | {"size": None if self.size is None else list(self.size)}


def engine_text(report: Mapping[str, Any]) -> str:
    """Return one line for people of what `EngineReport.as_dict` returns.

    Example:
        >>> engine_text({"engine": "openvino", "precision": "fp32", "ms": {"openvino": 39.0, "onnx": 49.2}})
        'OpenVINO fp32 (39 ms a frame when chosen; ONNX Runtime 49 ms)'
    """

    def title(engine: str) -> str:
        return ENGINES.get(engine, engine).partition(" (")[0]

    ms, engine, notes = dict(report.get("ms") or {}), str(report.get("engine", "")), []
    if engine in ms:
        others = "".join(f"; {title(name)} {value:.0f} ms" for name, value in ms.items() if name != engine)
        notes.append(f"{ms[engine]:.0f} ms a frame when chosen{others}")
    if report.get("converted"):
        notes.append(f"converted in {report['converted']:.1f} s, once")
    if report.get("why"):
        notes.append(str(report["why"]))
    return f"{title(engine)} {report.get('precision', '')}".strip() + (f" ({', '.join(notes)})" if notes else "")
