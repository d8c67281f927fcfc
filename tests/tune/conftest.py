"""A small benchmark: players walk and cross, a detector misses some of them; four matches of one or two clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

FRAMES, PLAYERS = 60, 6
CLIPS = ("v_aa_c001", "v_aa_c002", "v_bb_c001", "v_cc_c001", "v_dd_c001")


def make_clip(folder: Path, seed: int, frames: int = FRAMES) -> None:
    generator = np.random.default_rng(seed)
    place = generator.uniform((100, 150), (1100, 550), (PLAYERS, 2))
    speed = generator.normal(0, 6, (PLAYERS, 2))
    height = generator.uniform(60, 140, PLAYERS)
    truth, found = [], []
    for frame in range(1, frames + 1):
        speed += generator.normal(0, 1.0, speed.shape)
        place = np.clip(place + speed, (60, 160), (1200, 700))
        for i, ((x, foot), h) in enumerate(zip(place, height, strict=True)):
            truth.append(f"{frame}, {i}, {x - h / 5:.2f}, {foot - h:.2f}, {h / 2.5:.2f}, {h:.2f}, 1, 1, 1")
            if generator.random() < 0.85:
                dx, dy, dw, dh = generator.normal(0, 0.03, 4) * h
                box = f"{x - h / 5 + dx:.2f},{foot - h + dy:.2f},{h / 2.5 + dw:.2f},{h + dh:.2f}"
                found.append(f"{frame},-1,{box},{generator.uniform(0.1, 0.95):.3f},-1,-1,-1")
    for name, rows in (("gt/gt.txt", truth), ("det/det.txt", found)):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("\n".join(rows) + "\n")
    (folder / "seqinfo.ini").write_text(
        f"[Sequence]\nname={folder.name}\nframeRate=25\nseqLength={frames}\nimWidth=1280\nimHeight=720\n"
    )


@pytest.fixture(scope="session")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tune") / "benchmark"
    for seed, name in enumerate(CLIPS):
        make_clip(root / name, seed)
    return root
