"""Windows and servers that end, come second, or know too little; videos that are not played as they are."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from editing import BIT, FRAMES, HEIGHT, OpenEditor, box_of, coded, editor, write_coded, write_lanes

from sportstrack.edit.clip import open_clip
from sportstrack.edit.command import main
from sportstrack.edits import read_edits
from sportstrack.errors import OutputError
from sportstrack.images.encode import encode_image

READY = "() => window.editor && ['ready', 'pictures'].includes(editor.player.state)"
SEEN = """async ([n, bit, y]) => {
  await editor.go(n);
  await new Promise((resolve) => setTimeout(resolve, 120));
  const canvas = document.createElement('canvas');
  Object.assign(canvas, { width: editor.player.width, height: editor.player.height });
  const context = canvas.getContext('2d');
  const picture = editor.player.state === 'ready' ? editor.player.video : editor.player.picture;
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  let number = 0;
  for (let digit = 0; digit < 10; digit += 1) {
    const [red] = context.getImageData((digit + 0.5) * bit, y, 1, 1).data;
    if (red > 127) number += 1 << digit;
  }
  return [editor.frame, number];
}"""


def window(browser: Any, url: str) -> Any:
    """A window of its own on an editor."""
    page = browser.new_context(viewport={"width": 1200, "height": 800}).new_page()
    page.goto(url)
    page.wait_for_function(READY)
    return page


def seen(page: Any, frame: int) -> Any:
    """Go to a frame; return the number that the page says, and the one that the picture shows."""
    return page.evaluate(SEEN, [frame, BIT, HEIGHT - BIT // 2])


def lines(file: Path) -> list[dict[str, Any]]:
    """The edits in a file, which can be read."""
    read_edits(file)
    return [json.loads(line) for line in file.read_text().splitlines()]


def split(page: Any, track: int, frame: int) -> None:
    """Split a track by its key, and wait until that is saved."""
    page.evaluate("async ([id, n]) => { editor.select(id); await editor.go(n); }", [track, frame])
    page.keyboard.press("c")
    page.evaluate("async () => { await new Promise(requestAnimationFrame); await editor.model._queue; }")


def test_a_killed_browser_loses_nothing(browser: Any, own_match: Path) -> None:
    with editor(own_match) as opened:
        page = window(browser, opened.url)
        split(page, 1, 20)
        page.context.close()
        page = window(browser, opened.url)
        assert page.evaluate("editor.model.row(1).spans") == [[1, 19]]
        page.keyboard.press("Control+z")  # what another window did can be taken back
        page.wait_for_function("() => editor.model.edits === 0")
        assert read_edits(opened.edits).edits == ()
        page.context.close()


def test_a_second_window_sees_what_the_first_does_and_loses_nothing(browser: Any, own_match: Path) -> None:
    with editor(own_match) as opened:
        one, other = window(browser, opened.url), window(browser, opened.url)
        split(one, 1, 20)
        other.wait_for_function("() => editor.model.edits === 1")
        assert other.evaluate("editor.model.row(1).spans") == [[1, 19]]
        split(other, 2, 10)
        one.wait_for_function("() => editor.model.edits === 2")
        assert [one["track"] for one in lines(opened.edits)] == [1, 2]
        for page in (one, other):
            page.context.close()


def test_an_edit_of_tracks_that_have_changed_meanwhile_is_refused(own_match: Path) -> None:
    with editor(own_match) as opened:
        old = ask(opened, "project")["version"]
        ask(opened, "edits", {"version": old, "edit": {"op": "split", "track": 1, "frame": 20}})
        refused = ask(opened, "edits", {"version": old, "edit": {"op": "delete", "track": 1}})
        assert refused["error"]["kind"] == "conflict"
        assert "another window" in refused["error"]["message"]
        assert refused["version"] == ask(opened, "project")["version"]
        assert len(read_edits(opened.edits).edits) == 1


def ask(opened: OpenEditor, path: str, body: Any = None) -> Any:
    """Ask the editor without a browser."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{opened.url}/v1/edit/{path}", data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


def test_a_second_server_on_one_file_is_refused(own_match: Path) -> None:
    with editor(own_match) as opened:
        with (
            pytest.raises(OutputError, match=r"match\.edits\.jsonl: is open in process \d+ .*go on in its page"),
            editor(own_match),
        ):
            pass
        ask(opened, "edits", {"version": ask(opened, "project")["version"], "edit": {"op": "delete", "track": 1}})
    with editor(own_match) as opened:  # it has let the file go
        assert ask(opened, "project")["edits"] == 1


def test_a_file_that_another_program_has_changed_is_not_written_over(own_match: Path) -> None:
    with editor(own_match) as opened:
        ask(opened, "edits", {"version": ask(opened, "project")["version"], "edit": {"op": "delete", "track": 1}})
        text = opened.edits.read_text() + '{"op": "delete", "track": 2}\n'
        opened.edits.write_text(text)
        for path, more in (("edits", {"edit": {"op": "delete", "track": 3}}), ("undo", {})):
            refused = ask(opened, path, {"version": ask(opened, "project")["version"], **more})
            assert "was changed by another program" in refused["error"]["message"]
        assert opened.edits.read_text() == text


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
def test_a_killed_server_loses_nothing(own_match: Path) -> None:
    command = [sys.executable, "-m", "sportstrack.edit", str(own_match), "--no-browser"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = next(line for line in process.stderr if "http://" in line)
        opened = OpenEditor(said.split()[2], None, own_match.parent)
        for frame in (10, 20, 30):
            ask(
                opened,
                "edits",
                {"version": ask(opened, "project")["version"], "edit": {"op": "remove", "track": 1, "frame": frame}},
            )
        os.kill(process.pid, signal.SIGKILL)
    file = own_match.with_name("match.edits.jsonl")
    assert [one["frame"] for one in lines(file)] == [10, 20, 30]
    with file.open("a") as stream:
        stream.write('{"op": "remove", "tra')  # killed while it wrote
    with editor(own_match) as again:  # its lock has gone with it
        assert ask(again, "project")["edits"] == 3
        assert "not written to its end" in ask(again, "project")["warnings"][0]
        assert ask(again, "undo", {"version": ask(again, "project")["version"]})["edits"] == 2


def test_a_video_of_varying_rate_is_exact(browser: Any, tmp_path: Path) -> None:
    times, now = [], 0.0
    for n in range(FRAMES):
        times.append(now)
        now += (0.02, 0.04, 0.13, 0.05)[n % 4]
    write_coded(tmp_path / "match.mp4", times)
    write_lanes(tmp_path / "match.txt")
    with editor(tmp_path / "match.mp4") as opened:
        page = window(browser, opened.url)
        assert page.evaluate("editor.model.times.length") == FRAMES
        for frame in (1, 2, 3, 17, 30, 31, 59, 60):
            assert seen(page, frame) == [frame, frame]
        page.context.close()


def test_a_video_that_browsers_do_not_play_is_shown_frame_by_frame_and_copied(browser: Any, tmp_path: Path) -> None:
    import av

    write_coded(tmp_path / "match.mp4")
    write_lanes(tmp_path / "match.txt")
    with av.open(tmp_path / "match.mp4") as source, av.open(tmp_path / "match.avi", "w") as target:
        stream = target.add_stream("mpeg4", 25, options={"qscale": "2"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for frame in source.decode(video=0):
            target.mux(stream.encode(av.VideoFrame.from_ndarray(frame.to_ndarray(format="bgr24"), format="bgr24")))
        target.mux(stream.encode(None))
    with editor(tmp_path / "match.avi") as opened:
        page = window(browser, opened.url)
        assert page.evaluate("editor.player.state") == "pictures"
        for frame in (1, 40, 12, 60):
            assert seen(page, frame) == [frame, frame]
        page.get_by_role("button", name="Make an H.264 copy").click()
        page.wait_for_function("() => editor.player.state === 'ready'")
        copy = open_clip(tmp_path / "match.h264.mp4")
        assert copy.frames == FRAMES
        assert max(b - a for a, b in pairwise(copy.keys)) <= 13  # half a second: seeks are quick
        for frame in (1, 40, 12, 60):
            assert seen(page, frame) == [frame, frame]
        page.context.close()


def longer(rows: list[str]) -> list[str]:
    """Rows of a longer video."""
    return [*rows, "61,1,10,10,20,20,1,1,-1,-1"]


def larger(rows: list[str]) -> list[str]:
    """Rows of a larger video."""
    return [*rows, *(f"{n},9,900,900,20,20,1,1,-1,-1" for n in range(1, 40))]


@pytest.mark.parametrize(
    ("change", "words"), [(longer, "goes to frame 61, but"), (larger, "boxes lie outside the 320x180 picture")]
)
def test_tracks_of_another_video_are_told(
    own_match: Path, capsys: pytest.CaptureFixture[str], change: Any, words: str
) -> None:
    tracks = own_match.with_suffix(".txt")
    tracks.write_text("\n".join(change(tracks.read_text().split())) + "\n")
    assert main([str(own_match), "--no-browser"]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "--anyway" in said
    with editor(own_match, anyway=True) as opened:
        assert words in ask(opened, "project")["warnings"][0]


@pytest.mark.parametrize(
    ("name", "value", "words"), [("width", 640, "640x180"), ("frame_rate", 50.0, "50 frames per second")]
)
def test_a_summary_that_says_another_size_or_rate_is_told(
    own_match: Path, capsys: pytest.CaptureFixture[str], name: str, value: float, words: str
) -> None:
    said = {"width": 320, "height": 180, "frame_rate": 25.0} | {name: value}
    own_match.with_suffix(".summary.json").write_text(json.dumps(said))
    assert main([str(own_match), "--no-browser"]) == 2
    assert words in capsys.readouterr().err


def test_no_tracks_says_how_to_make_them(match: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = tmp_path / "alone.mp4"
    video.write_bytes(match.read_bytes())
    assert main([str(video), "--no-browser"]) == 2
    assert f"sportstrack track {video}" in capsys.readouterr().err


def test_other_machines_cannot_be_let_in(own_match: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(own_match), "--host", "0.0.0.0"]) == 2
    assert "ssh -L" in capsys.readouterr().err


def test_a_sequence_folder_of_which_every_other_frame_was_tracked(browser: Any, tmp_path: Path) -> None:
    folder, frames = tmp_path / "SEQ-1", 24
    (folder / "img1").mkdir(parents=True)
    (folder / "gt").mkdir()
    for frame in range(1, frames + 1):
        (folder / "img1" / f"{frame:06d}.png").write_bytes(encode_image(coded(frame), ".png"))
    (folder / "seqinfo.ini").write_text(
        f"[Sequence]\nname=SEQ-1\nimDir=img1\nframeRate=25\nseqLength={frames}\nimWidth=320\nimHeight=180\nimExt=.png\n"
    )
    x1, y1, x2, y2 = box_of(1, 1)
    rows = [f"{n},1,{x1 + 2 * (n - 1):g},{y1:g},{x2 - x1:g},{y2 - y1:g},1,1,-1,-1" for n in range(1, frames + 1, 2)]
    (folder / "gt" / "gt.txt").write_text("\n".join(rows) + "\n")
    with editor(folder) as opened:
        page = window(browser, opened.url)
        assert page.evaluate("[editor.player.state, editor.model.every]") == ["pictures", 2]
        assert seen(page, 8) == [8, 8]
        assert page.evaluate("editor.model.row(1).spans") == [[1, 23]]
        assert page.evaluate("editor.model.box(1, 8)") == list(box_of(1, 7))  # it stands until the next one
        page.evaluate("editor.select(1)")
        page.keyboard.press("c")
        page.wait_for_function("() => editor.model.edits === 1")
        assert lines(opened.edits)[0]["frame"] == 7
        page.context.close()
