"""From a PyTorch checkpoint to ONNX and OpenVINO, through Ultralytics' exporter; torch is imported here alone.

The converted network gives the raw outputs of its head: no suppression inside.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.engines.card import HEADS, ModelCard, write_card
from sportstrack.engines.names import ON_CPU, EngineError, is_installed, require_engine
from sportstrack.engines.runtime import import_openvino, open_runtime
from sportstrack.errors import SportstrackError
from sportstrack.files.ledger import stamp
from sportstrack.models.checkpoint import opened_checkpoint
from sportstrack.models.weights import find_weights
from sportstrack.plugins import first_line

_CHECKED_AT = (160, 192)  # pixels of the picture that the converted network is compared on
_TOLERANCE = 0.02  # of its outputs: pixels and scores


def versions() -> dict[str, str]:
    """Return the versions of the packages that a conversion depends on; nothing is imported."""
    found = {}
    for package in ("ultralytics", "torch", "onnx"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def to_onnx(
    weights: str | Path, out: str | Path, size: tuple[int, int] | None = None, *, batch: int = 1, trust: bool = False
) -> ModelCard:
    """Convert a YOLO checkpoint to ONNX, and compare what comes out with torch.

    The card is written beside the file (``best.card.json`` for ``best.onnx``), and Ultralytics' own metadata is inside.

    Args:
        weights: checkpoint (``.pt``): path, known name or address.
        out: the ``.onnx`` file to write; its folder must be there.
        size: (height, width) of the input, multiples of the stride; None leaves height, width and batch open, and
            `sportstrack.engines.open_runtime` fixes them when it opens the file, which is as fast.
        batch: pictures at once, where the size is fixed.
        trust: let the checkpoint run code of its own while it loads.

    Raises:
        WeightsError: the file is missing or no checkpoint.
        EngineError: its head is unknown, the conversion fails, or the result differs from torch.
    """
    path, out = find_weights(weights), Path(out)
    if path.suffix.lower() != ".pt":
        raise EngineError(f"{path}: is no PyTorch checkpoint (.pt); only those are converted")
    with opened_checkpoint(path, trust) as yolo:
        card = _card_of(yolo, path, size, batch)
        try:
            _export(yolo, out, size, batch)
            _compare(yolo.model, out, card)
        except SportstrackError:
            raise
        except OSError as error:
            raise EngineError(f"{out}: cannot be written ({error.strerror or error})") from error
        except Exception as error:
            raise EngineError(f"{path}: cannot be converted to ONNX ({first_line(error)})") from error
    write_card(card, out)
    return card


def to_openvino(
    weights: str | Path,
    out: str | Path,
    size: tuple[int, int] | None = None,
    *,
    precision: str = "fp32",
    batch: int = 1,
    trust: bool = False,
) -> ModelCard:
    """Convert a YOLO checkpoint to a folder with OpenVINO's ``model.xml`` and ``model.bin``, card and metadata.

    Args:
        weights: as `to_onnx`.
        out: the folder to write; it is made.
        size: as `to_onnx`.
        precision: fp32, or fp16 for a file of half the size.
        batch: as `to_onnx`.
        trust: as `to_onnx`.

    Raises:
        WeightsError, EngineError: as `to_onnx`; or OpenVINO is not installed.
    """
    from dataclasses import replace

    require_engine("openvino")
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="sportstrack-") as place:
        onnx = Path(place) / "model.onnx"
        card = replace(to_onnx(weights, onnx, size, batch=batch, trust=trust), precision=precision)
        openvino = import_openvino()
        openvino.save_model(
            openvino.Core().read_model(str(onnx)), str(folder / "model.xml"), compress_to_fp16=precision == "fp16"
        )
        write_metadata(onnx, folder / "metadata.yaml")
    write_card(card, folder)
    return card


def _card_of(yolo: Any, path: Path, size: tuple[int, int] | None, batch: int) -> ModelCard:
    """Return the card of an open checkpoint.

    Raises:
        EngineError: its head is one whose outputs cannot be read without Ultralytics.
    """
    network = yolo.model
    head = type(network.model[-1]).__name__ if hasattr(network, "model") else ""
    if yolo.task not in ("detect", "segment", "pose") or head not in HEADS:
        raise EngineError(f"{path.name} has a head ({head or yolo.task}) that only Ultralytics can read")
    points, trained = getattr(network.model[-1], "kpt_shape", None), yolo.overrides.get("imgsz")
    return ModelCard(
        task=str(yolo.task),
        names={int(k): str(v) for k, v in yolo.names.items()},
        stride=int(max(network.stride)),
        size=size,
        batch=None if size is None else batch,
        keypoints=None if points is None else (int(points[0]), int(points[1])),
        head=head,
        end2end=bool(getattr(network, "end2end", False)),
        trained_size=int(np.max(trained)) if trained else None,
        versions=versions(),
        weights=stamp(path)["sha256"],
    )


def _export(yolo: Any, out: Path, size: tuple[int, int] | None, batch: int) -> None:
    """Write the ONNX file, in a folder of its own first: the exporter writes beside the checkpoint."""
    with tempfile.TemporaryDirectory(prefix=".export-", dir=out.parent) as folder, _quiet():
        yolo.model.pt_path = str(Path(folder) / "model.pt")  # of which the exporter takes folder and stem
        made = yolo.export(
            format="onnx",
            imgsz=list(size or (640, 640)),
            batch=batch,
            dynamic=size is None,
            simplify=False,  # the runtimes do that themselves
            nms=False,
            device="cpu",
            verbose=False,
        )
        Path(made).replace(out)


def _compare(network: Any, out: Path, card: ModelCard) -> None:
    """Raise EngineError if the converted network does not say what the checkpoint says."""
    engine = next((name for name in ON_CPU if is_installed(name)), None)
    if engine is None:
        return
    torch: Any = import_module("torch")
    size = card.size or _CHECKED_AT
    coarse = np.random.default_rng(0).random((card.batch or 1, 3, *(side // card.stride for side in size)))
    blocks = np.kron(coarse, np.ones((1, 1, card.stride, card.stride))).astype(np.float32)
    with torch.inference_mode():
        wanted = _first(network.eval().float()(torch.from_numpy(blocks))).numpy()
    got = open_runtime(out, engine, size, batch=len(blocks)).run(blocks)[0]
    if card.end2end:  # rows of almost equal scores may change places
        wanted, got = np.sort(wanted[..., 4]), np.sort(got[..., 4])
    if not _agree(got, wanted):
        raise EngineError(f"{out.name}: the converted network does not give what torch gives")


def _agree(got: NDArray[np.float32], wanted: NDArray[np.float32]) -> bool:
    return got.shape == wanted.shape and np.allclose(got, wanted, rtol=1e-3, atol=_TOLERANCE, equal_nan=True)


def _first(outputs: Any) -> Any:
    """Return the first tensor of a network's nested outputs."""
    while isinstance(outputs, (tuple, list)):
        outputs = outputs[0]
    return outputs


def write_metadata(onnx: Path, file: Path) -> None:
    """Write what the exporter put into an ONNX file as Ultralytics expects it beside OpenVINO's."""
    import yaml

    from sportstrack.engines.card import onnx_metadata

    file.write_text(yaml.safe_dump(onnx_metadata(onnx), sort_keys=False, allow_unicode=True), encoding="utf-8")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the tracer's warnings about constants from the user: the shapes are constant on purpose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
