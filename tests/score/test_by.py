"""Scores cut by light, occlusion, scale and speed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sportstrack.errors import SettingError
from sportstrack.evaluate.command import main as evaluate
from sportstrack.mot import MotTable
from sportstrack.score.bins import BINS, BY, covered_share, scale_of
from sportstrack.score.by import BinScore, cut_scores, pooled, truth_values
from sportstrack.score.clear import count_clear
from sportstrack.score.identity import count_identity, identity_hits
from sportstrack.score.sequence import Sequence

FRAMES = 20


def table(rows: list[tuple[int, int, float, float, float, float]]) -> MotTable:
    data = np.array(rows, np.float64)
    return MotTable(
        data[:, 0].astype(int), data[:, 1].astype(int), data[:, 2:], np.ones(len(data)),
        np.full(len(data), -1), np.full(len(data), -1.0),
    )  # fmt: skip


def world() -> tuple[MotTable, MotTable]:
    """A small slow player, two that cover half of each other, one that runs; the result lacks the small one."""
    truth, result = [], []
    for f in range(FRAMES):
        boxes = {
            1: (10 + 0.01 * f, 10, 22, 34),
            2: (100, 60, 140, 180),
            3: (120, 60, 160, 180),
            4: (200 + 12 * f, 20, 240 + 12 * f, 100),
        }
        truth += [(f, i, *map(float, box)) for i, box in boxes.items()]
        result += [(f, i + 10 * (f > 9 and i == 4), *map(float, box)) for i, box in boxes.items() if i != 1]
    return table(truth), table(result)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_the_counts_of_all_bins_add_up_to_those_of_the_whole(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 60))
    corner = rng.uniform(0, 300, (count, 2))
    frame, track = np.divmod(rng.choice(12 * 6, count, replace=False) if count <= 72 else np.arange(count), 6)
    size = rng.uniform(5, 120, (count, 2))
    truth = table(np.column_stack([frame, track, corner, corner + size]).tolist())
    moved = corner + rng.normal(0, 8, corner.shape)
    result = table(np.column_stack([frame, rng.permutation(6)[track], moved, moved + size]).tolist())
    seq = Sequence.of("x", truth, result, 12)
    clear, identity = count_clear(seq), count_identity(seq)
    assert int(identity_hits(seq).sum()) == identity["IDTP"]
    cut = cut_scores(seq, ("occlusion", "scale"), frame_rate=25)
    for bins in cut.values():
        total = sum(bins.values(), BinScore())
        assert total.boxes == len(seq.truth)
        assert (total.found, total.switches, total.kept) == (clear["CLR_TP"], clear["IDSW"], identity["IDTP"])
        assert total.overlap == pytest.approx(clear["MOTP_sum"])


def test_each_box_is_in_the_bin_that_its_circumstances_say() -> None:
    truth, result = world()
    seq = Sequence.of("x", truth, result, FRAMES)
    cut = cut_scores(seq, ("occlusion", "scale", "speed"), frame_rate=25, size=(640, 240))
    assert cut["scale"]["small"].boxes == FRAMES
    assert cut["scale"]["small"].figures()["recall"] == 0.0
    assert cut["scale"]["medium"].figures()["recall"] == 1.0
    assert cut["occlusion"]["mostly"].boxes == 2 * FRAMES  # both cover half of each other
    fast = cut["speed"]["fast"]  # 12 pixels a frame of a height of 80: 3.75 heights per second
    assert fast.boxes == FRAMES - 1
    assert fast.switches == 1
    assert cut["speed"]["slow"].boxes == 3 * (FRAMES - 1)
    assert truth_values(seq, ("speed",), frame_rate=25)["speed"][seq.truth.identity == 3][1:] == pytest.approx(
        3.75, rel=1e-3
    )


def test_light_is_that_of_the_boxes_pictures() -> None:
    truth, result = world()
    seq = Sequence.of("x", truth, result, FRAMES)
    cut = cut_scores(
        seq, ("light",), frame_rate=25, light=lambda frame, boxes: np.full(len(boxes), 20.0) if frame < 5 else None
    )
    assert {label: score.boxes for label, score in cut["light"].items()} == {
        "dark": 20, "dim": 0, "medium": 0, "bright": 0,
    }  # fmt: skip
    assert pooled([cut, cut])["light"]["dark"].boxes == 40
    assert np.isnan(cut["light"]["dim"].figures()["recall"])


def test_limits_belong_to_the_upper_bin_and_nan_to_none() -> None:
    for name in BY:
        bins = BINS[name]
        assert len(bins.labels) == len(bins.limits) + 1
        values = np.array([np.nan, -1e9, *bins.limits, 1e9])
        assert bins.of(values).tolist() == [-1, 0, *range(1, len(bins.labels)), len(bins.limits)]
    boxes = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [50, 50, 51, 51.0]])
    assert covered_share(boxes).tolist() == [0.5, 0.5, 0.0]
    assert scale_of(boxes).tolist() == [10.0, 10.0, 1.0]
    assert covered_share(np.empty((0, 4))).shape == (0,)


def test_the_command_writes_table_json_and_chart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth, result = world()
    folder = tmp_path / "data" / "one"
    (folder / "gt").mkdir(parents=True)
    (folder / "img1").mkdir()
    lines = [
        f"{f + 1},{i},{x1},{y1},{x2 - x1},{y2 - y1},1,1,1"
        for f, i, (x1, y1, x2, y2) in zip(truth.frame, truth.track_id, truth.xyxy, strict=True)
    ]
    (folder / "gt" / "gt.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "seqinfo.ini").write_text("[Sequence]\nframeRate=25\nseqLength=20\nimWidth=640\nimHeight=240\n")
    picture = np.full((240, 640, 3), 150, np.uint8)
    picture[:60, :60] = 10
    for f in range(FRAMES):
        cv2.imwrite(str(folder / "img1" / f"{f + 1:06}.png"), picture)
    mine = tmp_path / "mine"
    mine.mkdir()
    found = [
        f"{f + 1},{i},{x1},{y1},{x2 - x1},{y2 - y1},1,-1,-1,-1"
        for f, i, (x1, y1, x2, y2) in zip(result.frame, result.track_id, result.xyxy, strict=True)
    ]
    (mine / "one.txt").write_text("\n".join(found) + "\n", encoding="utf-8")
    common = ["--truth", str(tmp_path / "data"), str(mine), "-o", str(tmp_path / "out"), "--quiet"]
    assert evaluate([*common, "--by", "light,scale"]) == 0
    printed = capsys.readouterr().out
    assert "light: dark" in printed
    row = next(line for line in printed.splitlines() if "light: dark" in line)
    assert [cell.strip() for cell in row.split("|")][3:5] == ["20", "0.0"]
    assert {path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")} >= {
        "by.json", "by-mine.png",
    }  # fmt: skip
    for path in (folder / "img1").iterdir():
        path.unlink()
    assert evaluate([*common, "--by", "light", "--overwrite"]) == 2
    assert "--images" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        evaluate([*common, "--by", "lihgt"])
    assert "did you mean 'light'" in capsys.readouterr().err


def test_speed_of_single_pictures_is_refused() -> None:
    from sportstrack.val.by import check_by

    with pytest.raises(SettingError, match="speed cannot be told of single pictures"):
        check_by(("light", "speed"))
