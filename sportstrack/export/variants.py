"""The variants of a detector that are compared: what runs each, and how tables call it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sportstrack.engines.card import read_card
from sportstrack.engines.names import require_engine
from sportstrack.errors import SettingError, WeightsError
from sportstrack.models.checkpoint import check_file
from sportstrack.models.weights import find_weights

_ENGINES = {".pt": "torch", ".onnx": "onnx", ".xml": "openvino", ".torchscript": "torchscript"}
_ENGINES |= {".engine": "tensorrt", ".mlpackage": "coreml"}


@dataclass(frozen=True)
class VariantFile:
    """One detector among those that are compared.

    Attributes:
        name: how tables call it, such as ``best openvino int8``, or ``openvino int8`` where all are of one network.
        path: its file or folder.
        engine: what runs it.
        precision: of the numbers in its file.
        size: (height, width) that its input is fixed to, or None.
    """

    name: str
    path: Path
    engine: str
    precision: str
    size: tuple[int, int] | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """What `sportstrack.load_detector` is told so that this engine runs, and no other."""
        return {"engine": self.engine if self.engine in ("openvino", "onnx") else "torch"}


def variants_of(paths: Sequence[str | Path]) -> list[VariantFile]:
    """Return the variants that some files and folders hold.

    Raises:
        WeightsError: one is missing, broken or of no known form.
        EngineError: what runs it is not installed.
        SettingError: one is named twice.
    """
    found: dict[str, VariantFile] = {}
    stems: set[str] = set()
    for given in paths:
        path = find_weights(given)
        check_file(path)
        engine = _engine(path)
        if engine in ("openvino", "onnx", "tensorrt", "coreml"):
            require_engine(engine)
        card = read_card(path) if engine in ("openvino", "onnx") else None
        precision = card.precision if card is not None else "fp32"
        stem = (path.name.removesuffix("_openvino_model") if path.is_dir() else path.stem).removesuffix("-int8")
        name = f"{stem} {engine} {precision}"
        if name in found:
            stem = f"{path.parent.name}/{stem}"
            name = f"{stem} {engine} {precision}"
        if name in found:
            raise SettingError(f"{given}: is named twice")
        found[name] = VariantFile(name, path, engine, precision, card.size if card is not None else None)
        stems.add(stem)
    if len(stems) == 1:  # all of one network: what runs it is enough
        return [replace(one, name=f"{one.engine} {one.precision}") for one in found.values()]
    return list(found.values())


def _engine(path: Path) -> str:
    if path.is_dir() and list(path.glob("*.xml")):
        return "openvino"
    if (engine := _ENGINES.get(path.suffix.lower())) is None:
        raise WeightsError(f"{path}: is no detector that can be compared ({', '.join(_ENGINES)}, or OpenVINO's folder)")
    return engine
