"""`sportstrack completion SHELL`: a shell completes words and options with it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from sportstrack import cli


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main(["completion", shell]) == 0
    return capsys.readouterr().out


def completed(script: str, *words: str) -> list[str]:
    """What bash offers for the last word of a command line."""
    line = " ".join(words)
    code = f"""{script}
COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; COMP_LINE={line!r}; COMP_POINT={len(line)}
_shtab_sportstrack
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    result = subprocess.run(["bash", "-c", code], capture_output=True, text=True, check=True)
    return result.stdout.split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_completes_words_options_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    text = script("bash", capsys)
    assert completed(text, "sportstrack", "ev") == ["evaluate"]
    assert completed(text, "sportstrack", "track", "--wei") == ["--weights"]
    assert completed(text, "sportstrack", "track", "match.mp4", "--save") == ["--save-detections"]
    assert completed(text, "sportstrack", "evaluate", "--tru") == ["--truth"]
    assert completed(text, "sportstrack", "doctor", "--tru") == []
    assert completed(text, "sportstrack", "track", "--tracker", "byte") == ["bytetrack"]
    assert completed(text, "sportstrack", "completion", "z") == ["zsh"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_every_word_and_its_options_are_in_the_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = script(shell, capsys)
    for word in cli.COMMANDS:
        assert word in text
    assert "save-detections" in text


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_the_shell_itself_reads_the_script(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    file = tmp_path / "completion"
    file.write_text(script(shell, capsys))
    subprocess.run([shell, "-n", str(file)], check=True, capture_output=True)


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["completion", "fsh"])
    assert "did you mean 'zsh'" in capsys.readouterr().err
