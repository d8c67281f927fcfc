"""Which pictures stand for all."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from make_video import make_video

from sportstrack.errors import SportstrackError
from sportstrack.export.pictures import chosen_pictures, spread


@given(st.lists(st.integers(0, 40), max_size=8), st.integers(1, 60))
def test_each_group_gives_its_share_and_nothing_is_taken_twice(sizes: list[int], count: int) -> None:
    groups = {str(name): [f"{name}/{i}" for i in range(size)] for name, size in enumerate(sizes)}
    taken = spread(groups, count)
    assert len(set(taken)) == len(taken) == min(count, sum(sizes))
    of_group = {name: sum(one.startswith(f"{name}/") for one in taken) for name in groups}
    whole = [name for name in groups if of_group[name] == len(groups[name])]
    cut = [of_group[name] for name in groups if name not in whole]
    assert max(cut, default=0) - min(cut, default=0) <= 1
    assert all(of_group[name] <= min(cut) + 1 for name in whole) if cut else True


def test_pictures_of_one_group_are_taken_from_end_to_end() -> None:
    assert spread({"match": [str(i) for i in range(101)]}, 3) == ["0", "50", "100"]


def test_a_data_set_gives_training_pictures_of_all_matches(tmp_path: Path) -> None:
    from data_prep.synthetic import Settings, write_yolo

    scenes = [Settings(seed=seed, frames=frames, width=160, height=90) for seed, frames in ((1, 4), (2, 8), (3, 2))]
    data = write_yolo(scenes, tmp_path / "renders", every=1, val_share=0.34)
    with chosen_pictures(data, 6) as chosen:
        assert (len(chosen), chosen.groups, chosen.shape) == (6, 2, (90, 160))
        assert all("/train/" in Path(file).as_posix() for file in chosen.files)
        matches = {Path(file).name.rpartition("_")[0] for file in chosen.files}
        assert len(matches) == 2
        assert [picture.shape for picture in chosen.pictures()] == [(90, 160, 3)] * 6


def test_a_folder_gives_pictures_of_all_folders_below_it(tmp_path: Path) -> None:
    for name, count in (("a", 9), ("b", 2)):
        (tmp_path / name).mkdir()
        for i in range(count):
            cv2.imwrite(str(tmp_path / name / f"{i}.png"), np.zeros((48, 64, 3), np.uint8))
    with chosen_pictures(tmp_path, 4) as chosen:
        assert [str(Path(file).relative_to(tmp_path)) for file in chosen.files] == [
            str(Path(name)) for name in ("a/0.png", "a/8.png", "b/0.png", "b/1.png")
        ]
        assert chosen.groups == 2


def test_a_video_gives_frames_from_its_whole_length(tmp_path: Path) -> None:
    video = make_video(tmp_path / "match.mp4", 50)
    with chosen_pictures(video, 6) as chosen:
        numbers = [int(Path(file).stem) for file in chosen.files]
        assert len(numbers) == 6
        assert numbers[0] == 0
        assert numbers[-1] >= 40
        assert all(gap >= 4 for gap in np.diff(numbers))
    assert not Path(chosen.files[0]).exists()


def test_no_pictures_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    line = r"empty: no pictures found; expected a data\.yaml, a folder"
    with pytest.raises(SportstrackError, match=line), chosen_pictures(tmp_path / "empty", 3):
        pass
    with pytest.raises(SportstrackError, match=r"nowhere\.mp4"), chosen_pictures(tmp_path / "nowhere.mp4", 3):
        pass
