"""Options that every command has are no settings of any of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sportstrack import cli


@pytest.mark.parametrize("words", [[], ["--verbose"]])
def test_training_takes_no_option_of_the_command_line_for_a_setting(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["train", str(tmp_path / "data.yaml"), "-o", str(tmp_path / "out"), "--quiet", *words]) == 2
    assert "data.yaml: not a YOLO data set" in capsys.readouterr().err
