"""The network as an ONNX file that ``--embedder FILE.onnx`` takes, compared with torch before it gets its name."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sportstrack.embed.crops import IMAGENET_MEAN, IMAGENET_STD
from sportstrack.embed.onnx import OnnxEmbedder
from sportstrack.errors import SportstrackError
from sportstrack.files.claim import Claim
from sportstrack.models.devices import import_torch
from sportstrack.plugins import first_line
from sportstrack.reid.network import embed
from sportstrack.reid.settings import ReidSettings
from sportstrack.types import Embeddings

ONNX = "reid.onnx"
SIDECAR = "reid.json"
_OPSET = 17
_CHECKED = 32  # crops
_LEAST = 1 - 1e-4  # cosine between the two runtimes


def export_onnx(network: Any, settings: ReidSettings, pictures: NDArray[np.uint8], claim: Claim) -> Path:
    """Write `ONNX` and, with size, mean and standard deviation, `SIDECAR`; return the former's path.

    Args:
        network: as `sportstrack.reid.network.build_network` makes it; it is moved to the CPU.
        settings: of the run.
        pictures: (N, H, W, 3) crops on which both runtimes have to agree.
        claim: on both names.

    Raises:
        SportstrackError: the network cannot be exported, or ONNX Runtime answers otherwise than torch.
    """
    network = network.to("cpu", memory_format=import_torch().contiguous_format).eval()
    height, width = settings.input_size
    file = claim.file(ONNX)
    try:
        _write(network, (height, width), file.part)
        wanted = embed(network, pictures[:_CHECKED], settings, "cpu")
        found = embedded_by_file(file.part, pictures[:_CHECKED])
        cosine = float((wanted * found).sum(axis=1).min()) if len(wanted) else 1.0
        if found.shape != wanted.shape or not cosine >= _LEAST:
            raise SportstrackError(
                f"{file.path}: ONNX Runtime gives other embeddings than torch (least cosine {cosine:.5f}); please "
                f"report this with the backbone's name: {settings.backbone}"
            )
    except BaseException:
        file.part.unlink(missing_ok=True)
        raise
    file.complete()
    described = {"size": [height, width], "mean": list(IMAGENET_MEAN), "std": list(IMAGENET_STD), "bgr": False}
    claim.write_text(SIDECAR, json.dumps(described) + "\n")
    return file.path


def embedded_by_file(path: Path, pictures: NDArray[np.uint8]) -> Embeddings:
    """Return (N, D) embeddings of (N, H, W, 3) crops by an ONNX file, as a run with ``--embedder`` makes them."""
    embedder = OnnxEmbedder(path, device="cpu", engine="onnx")
    if not len(pictures):
        return np.zeros((0, embedder.length), np.float32)
    height, width = pictures.shape[1:3]
    whole = np.array([[0.0, 0.0, width, height]])
    return np.concatenate([embedder(np.ascontiguousarray(one), whole) for one in pictures])


def _write(network: Any, size: tuple[int, int], path: Path) -> None:
    torch = import_torch()

    class Embedding(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pictures: Any) -> Any:
            return torch.nn.functional.normalize(self.network(pictures)[1], dim=1)

    try:
        with warnings.catch_warnings():  # torch's other converter needs a package more
            warnings.simplefilter("ignore")
            torch.onnx.export(
                Embedding().eval(),
                (torch.zeros(2, 3, *size),),
                str(path),
                input_names=["pictures"],
                output_names=["embedding"],
                dynamic_axes={"pictures": {0: "n"}, "embedding": {0: "n"}},
                opset_version=_OPSET,
                dynamo=False,
            )
    except Exception as error:  # an operation without a counterpart raises what its converter does
        raise SportstrackError(
            f"the network cannot be exported to ONNX ({first_line(error)}); last.pt has it; try another backbone"
        ) from error
