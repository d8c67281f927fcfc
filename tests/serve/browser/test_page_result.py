"""The result of a job in a real browser: player, table, timeline, layers, maps, downloads."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from make_video import make_video
from paged import FRAMES, PEOPLE, Clip, ended, sent, uploaded
from serving import Served

import sportstrack

COLOURS = (
    "[...document.querySelectorAll('.swatch')].map((one) => "
    "getComputedStyle(one).backgroundColor.match(/\\d+/g).map(Number))"
)


@pytest.fixture
def result(page: Any, server: Served, done: dict[str, Any]) -> Any:
    """The page of the job that is done, everything read and the video ready."""
    page.goto(f"{server.url}/#/jobs/{done['id']}")
    page.wait_for_selector(".tracks .pick")
    page.wait_for_function("() => document.querySelector('video').readyState >= 2")
    return page


def frame_of(page: Any) -> int:
    """The frame that the bar under the player says."""
    return int(page.inner_text(".player-bar output").split("·")[1].split("/")[0])


def painted(page: Any, selector: str = ".player-stage canvas") -> int:
    """How many pixels of a canvas are not empty."""
    count = """(selector) => {
      const canvas = document.querySelector(selector);
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let at = 3; at < data.length; at += 4) count += data[at] > 0;
      return count;
    }"""
    return int(page.evaluate(count, selector))


def test_boxes_are_drawn_over_the_original_video(result: Any, server: Served, done: dict[str, Any]) -> None:
    assert result.evaluate("document.querySelector('video').currentSrc").endswith(f"/v1/jobs/{done['id']}/source")
    assert painted(result) > 0
    for layer in ("boxes", "ids", "trails"):
        result.click(f"[data-layer={layer}]")
    assert painted(result) == 0
    result.reload()
    result.wait_for_selector(".tracks .pick")
    assert result.get_attribute("[data-layer=boxes]", "aria-pressed") == "false", "the choice is not kept"


def test_the_player_steps_by_frame_and_plays(result: Any) -> None:
    result.click("[aria-label^='One frame on']")
    result.wait_for_function("() => document.querySelector('.player-bar output').textContent.includes(' 2/')")
    result.focus(".player")
    for _ in range(3):
        result.keyboard.press("ArrowRight")
    result.wait_for_function("() => document.querySelector('.player-bar output').textContent.includes(' 5/')")
    result.keyboard.press("End")
    result.wait_for_function(f"() => document.querySelector('.player-bar output').textContent.includes(' {FRAMES}/')")
    result.keyboard.press("Home")
    result.wait_for_function("() => document.querySelector('.player-bar output').textContent.includes(' 1/')")
    result.keyboard.press("Space")
    result.wait_for_function("() => +document.querySelector('.player-bar input').value > 10")
    result.keyboard.press("Space")
    stopped = frame_of(result)
    result.wait_for_timeout(200)
    assert abs(frame_of(result) - stopped) <= 1


def test_the_table_sorts_filters_and_narrows_everything(result: Any) -> None:
    ids = "[...document.querySelectorAll('.tracks .pick')].map((one) => +one.textContent)"
    tracks = result.evaluate(ids)
    assert tracks == sorted(tracks)
    assert len(tracks) >= PEOPLE
    result.click("th button:has-text('Track')")
    assert result.evaluate(ids) == sorted(tracks, reverse=True)
    assert result.get_attribute("th:has-text('Track')", "aria-sort") == "descending"
    result.select_option("[aria-label='Team']", "home")
    of_team = result.evaluate(ids)
    assert 0 < len(of_team) < len(tracks)
    assert f"{len(of_team)} of {len(tracks)} tracks" in result.inner_text(".filters [role=status]")
    result.fill("[aria-label='Find tracks']", "no such thing")
    result.wait_for_selector("text=No track matches")
    result.wait_for_timeout(50)
    assert painted(result) == 0, "boxes of tracks that the filter hides are drawn"
    result.click("text=Clear")
    assert len(result.evaluate(ids)) == len(tracks)


def test_picking_a_track_shows_it_everywhere(result: Any) -> None:
    result.click(".tracks .pick >> nth=3")
    assert result.locator("tr.picked").count() == 1
    assert "picked" in result.get_attribute(".timeline canvas", "aria-valuetext")
    assert "track" in result.inner_text(".card:has(.heat) .filters")
    result.focus(".timeline canvas")
    result.keyboard.press("ArrowDown")
    assert result.locator("tr.picked .pick").inner_text() == result.locator(".tracks .pick").nth(4).inner_text()
    result.keyboard.press("Escape")
    assert result.locator("tr.picked").count() == 0


def test_a_box_in_the_picture_is_picked(result: Any, server: Served, done: dict[str, Any]) -> None:
    tracks = server.client.get(f"/v1/jobs/{done['id']}/tracks").json()
    row = next(row for row in tracks["rows"] if row[0] == 20)
    result.evaluate(
        "const i = document.querySelector('.player-bar input'); i.value = 20; i.dispatchEvent(new Event('input'))"
    )
    result.wait_for_function("() => document.querySelector('.player-bar output').textContent.includes(' 20/')")
    box = result.locator(".player-stage canvas").bounding_box()
    x, y = (row[2] + row[4]) / 2 / tracks["width"], (row[3] + row[5]) / 2 / tracks["height"]
    result.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    result.wait_for_selector("tr.picked")
    assert int(result.inner_text("tr.picked .pick")) in {other[1] for other in tracks["rows"] if other[0] == 20}


def test_the_timeline_seeks_and_zooms(result: Any) -> None:
    canvas = result.locator(".timeline canvas")
    box = canvas.bounding_box()
    result.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + 10)
    result.wait_for_function("() => +document.querySelector('.player-bar input').value > 20")
    assert int(canvas.get_attribute("aria-valuenow")) == frame_of(result)
    canvas.focus()
    result.keyboard.press("+")
    result.keyboard.press("0")
    result.keyboard.press("ArrowLeft")
    before = frame_of(result)
    result.keyboard.press("ArrowLeft")
    result.wait_for_function(f"() => +document.querySelector('.player-bar input').value < {before + 1}")


def test_teams_have_the_colours_of_their_kits(result: Any, done: dict[str, Any]) -> None:
    """One team wears red, the other white."""
    result.wait_for_function(f"() => {COLOURS}.some(([r, g, b]) => r > 150 && g < 110 && b < 110)")
    assert result.evaluate(f"{COLOURS}.some(([r, g, b]) => r > 200 && g > 200 && b > 200)")


def test_a_file_is_downloaded_whole(result: Any, server: Served, done: dict[str, Any]) -> None:
    name = next(file["name"] for file in done["files"] if file["name"].endswith(".csv"))
    with result.expect_download() as waiting:
        result.click(f"[aria-label='Download {name}']")
    got = Path(waiting.value.path()).read_bytes()
    assert waiting.value.suggested_filename == name
    assert got == server.client.get(f"/v1/jobs/{done['id']}/files/{name}").content


def test_heat_map_and_charts_are_drawn(result: Any) -> None:
    result.wait_for_selector(".heat canvas")
    result.wait_for_timeout(100)
    assert painted(result, ".heat canvas") > 1000
    said = result.get_attribute(".chart.line >> nth=0", "aria-label")
    assert "most" in said
    assert painted(result, ".chart.line") > 100


@pytest.mark.parametrize("begin", [0, 700])
def test_the_player_is_exact_where_the_frame_rate_varies(page: Any, server: Served, tmp_path: Path, begin: int) -> None:
    """Each frame's number is painted as black and white stripes; what is seen is compared with what was asked for."""
    count = 120
    gaps = np.random.default_rng(1).choice([20, 33, 40, 80, 200], count - 1)
    ticks = begin + np.concatenate(([0], np.cumsum(gaps)))
    pictures = []
    for number in range(1, count + 1):
        bits = np.repeat([(number >> bit & 1) * 255 for bit in range(8)], 20).astype(np.uint8)
        pictures.append(np.repeat(np.broadcast_to(bits, (90, 160))[..., None], 3, axis=2))
    video = make_video(
        tmp_path / "v.mp4", count, size=(160, 90), pictures=pictures, ticks=ticks.tolist(), time_base=Fraction(1, 1000)
    )
    page.route("**/made.mp4", lambda route: route.fulfill(body=video.read_bytes(), content_type="video/mp4"))
    page.goto(f"{server.url}/#/system")
    page.evaluate(
        """async ([times, frames]) => {
          const { Player } = await import("/static/player.js");
          const source = URL.createObjectURL(await (await fetch("/static/made.mp4")).blob());
          window.player = new Player(document.body, { source, times, frames, width: 160, height: 90 });
          await new Promise((resolve) => player.onState((state) => state === "ready" && resolve()));
        }""",
        [(ticks / 1000).tolist(), count],
    )
    last = count - 15  # the edit list of such a file, and Chromium, leave out the end of it
    wanted = [1, 2, last, *np.random.default_rng(2).integers(1, last + 1, 20).tolist()]
    seen = page.evaluate(
        """async (wanted) => {
          const canvas = new OffscreenCanvas(160, 90);
          const context = canvas.getContext("2d", { willReadFrequently: true });
          const seen = [];
          for (const frame of wanted) {
            await player.seekToFrame(frame);
            await new Promise((resolve) => setTimeout(resolve, 60));
            context.drawImage(player.video, 0, 0, 160, 90);
            const line = context.getImageData(0, 45, 160, 1).data;
            let number = 0;
            for (let bit = 0; bit < 8; bit += 1) number |= (line[(bit * 20 + 10) * 4] > 128) << bit;
            seen.push([player.frame, number]);
          }
          return seen;
        }""",
        wanted,
    )
    assert seen == [[frame, frame] for frame in wanted]


def test_a_video_that_the_browser_cannot_play_has_an_h264_copy(page: Any, server: Served, done: dict[str, Any]) -> None:
    page.route(
        f"**/v1/jobs/{done['id']}/source",
        lambda route: route.fulfill(body=b"no video at all", content_type="video/mp4"),
    )
    page.goto(f"{server.url}/#/jobs/{done['id']}")
    page.wait_for_selector("text=This browser cannot play the original video")
    page.click("text=Show the boxes alone")
    page.click("[aria-label^='One frame on']")
    assert frame_of(page) == 2
    assert painted(page) > 0
    page.reload()
    page.click("text=Play the H.264 copy")
    page.wait_for_function("() => document.querySelector('video').readyState >= 2")
    page.wait_for_timeout(100)
    assert painted(page) == 0, "the copy has its boxes drawn in already"


def test_a_pitch_brings_a_minimap(page: Any, server: Served, clip: Clip, tmp_path: Path) -> None:
    """The players of a frame stand on the map where the tracks say; another frame moves them."""
    camera = sportstrack.Camera((0.0, 60.0, 15.0), 0.0, 14.0, 0.0, 800.0, (320.0, 180.0))
    frames = {frame: sportstrack.PitchFrame(frame, "ok", "", camera, 0.5, 0.1) for frame in range(FRAMES)}
    sportstrack.write_pitch(
        tmp_path / "match.pitch.jsonl", sportstrack.PitchTrack(sportstrack.load_pitch(), (640, 360), frames)
    )
    pitch = {"upload": uploaded(server, tmp_path / "match.pitch.jsonl")}
    job = ended(server, sent(server, clip, "on the pitch", pitch=pitch, formats=["mot"]))
    assert job["state"] == "done", job["error"]
    tracks = server.client.get(f"/v1/jobs/{job['id']}/tracks").json()
    assert tracks["pitch"] == {"name": "football", "length": 105.0, "width": 68.0}
    page.goto(f"{server.url}/#/jobs/{job['id']}")
    page.wait_for_selector(".minimap canvas")
    page.wait_for_timeout(200)
    grab = "document.querySelector('.minimap canvas').toDataURL()"
    first = page.evaluate(grab)
    page.focus(".player")
    page.keyboard.press("End")
    page.wait_for_function(f"() => {grab} !== {first!r}")
    page.select_option("[aria-label='Heat map of']", "picture")
    assert painted(page, ".heat canvas") > 1000
