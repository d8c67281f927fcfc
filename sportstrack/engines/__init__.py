"""What runs networks besides torch: converted models, the runtimes that run them, and the cache that keeps them.

Nothing here knows what a network finds. `sportstrack.detect` and `sportstrack.embed` stand on top.

    made = find_or_convert("best.pt")                       # from the cache, or converted once
    network = open_runtime(made.path, "openvino", (384, 640))
    outputs = network.run(batch)                            # (1, 3, 384, 640) float32 in, arrays out
"""

from __future__ import annotations

from sportstrack.engines.card import ModelCard, read_card, write_card
from sportstrack.engines.names import ENGINES, PRECISIONS, EngineError
from sportstrack.engines.runtime import Runtime, open_runtime

__all__ = [
    "ENGINES",
    "PRECISIONS",
    "EngineError",
    "ModelCard",
    "Runtime",
    "open_runtime",
    "read_card",
    "write_card",
]
