"""The editor's page on a long match in Chromium: memory, seeks, frames of a scrolling timeline, edits.

python benchmarks/edit_page.py --minutes 120 --players 25

The video is one rendered minute, repeated; the tracks walk at random. It needs ffmpeg, playwright and Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

RATE, WIDTH, HEIGHT = 25, 1280, 720
SEEK = """async () => {
  const times = [];
  for (let n = 0; n < 40; n += 1) {
    const frame = 1 + Math.floor(Math.random() * editor.model.frames);
    const began = performance.now();
    await Promise.all([editor.go(frame), editor.model.ready(frame)]);
    times.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return times;
}"""
SCROLL = """async (wide) => {
  const { timeline, model } = editor;
  if (wide) timeline.fit();
  else timeline.setRange(model.frames / 2, model.frames / 2 + 3000);
  const times = [];
  let last = null;
  for (let n = 0; n < 240; n += 1) {
    timeline.scroll.scrollTop += n < 120 ? 37 : -37;
    timeline.setRange(timeline.first + 40, timeline.last + 40);
    const now = await new Promise(requestAnimationFrame);
    if (last !== null) times.push(now - last);
    last = now;
  }
  const began = performance.now();
  for (let n = 0; n < 20; n += 1) timeline._draw();
  return [times, (performance.now() - began) / 20];
}"""
EDIT = """async () => {
  const times = [];
  for (let n = 0; n < 10; n += 1) {
    const row = [...editor.model.rows.values()][n];
    const began = performance.now();
    await editor.model.apply({ op: 'split', track: row.id, frame: row.spans[0][0] + 20 });
    times.push(performance.now() - began);
    await editor.model.undo();
  }
  return times;
}"""


def main() -> int:
    """Make the match, open it, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=120)
    parser.add_argument("--players", type=int, default=25)
    parser.add_argument("--key-frames", type=int, default=250, help="frames between two key frames of the video")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None or shutil.which("ffmpeg") is None:
        sys.stderr.write("needs Chromium and ffmpeg\n")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        video = make_video(Path(folder), options.minutes, options.key_frames)
        boxes = make_tracks(Path(folder) / "match.txt", options.minutes * 60 * RATE, options.players)
        print(
            f"{options.minutes} minutes, {options.players} players, {boxes:,} boxes, {video.stat().st_size >> 20} MiB"
        )
        command = [sys.executable, "-m", "sportstrack.edit", str(video), "--no-browser"]
        began = time.perf_counter()
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
            assert server.stderr is not None
            url = next(line for line in server.stderr if "http://" in line).split()[2]
            print(f"started in {time.perf_counter() - began:.1f} s")
            try:
                measure(url, chromium)
            finally:
                server.terminate()
    return 0


def make_video(folder: Path, minutes: int, keys: int) -> Path:
    """Encode one minute and repeat it."""
    piece, video = folder / "piece.mp4", folder / "match.mp4"
    ffmpeg = ["ffmpeg", "-v", "error", "-y"]
    source = ["-f", "lavfi", "-i", f"testsrc2=size={WIDTH}x{HEIGHT}:rate={RATE}", "-t", "60", "-pix_fmt", "yuv420p"]
    subprocess.run([*ffmpeg, *source, "-preset", "veryfast", "-g", str(keys), str(piece)], check=True)
    subprocess.run([*ffmpeg, "-stream_loop", str(minutes - 1), "-i", str(piece), "-c", "copy", str(video)], check=True)
    return video


def make_tracks(path: Path, frames: int, players: int) -> int:
    """Write players who walk, one box in a hundred missing, with new ids every few minutes; return how many boxes."""
    random = np.random.default_rng(1)
    time_s = np.arange(frames)[:, None] / RATE
    x = 640 + 500 * np.sin(time_s * 0.2 + np.arange(players) * 1.7)
    y = 360 + 250 * np.cos(time_s * 0.13 + np.arange(players) * 0.9)
    parts = np.cumsum(random.random((frames, players)) < 1 / 4000, axis=0)
    ids = 1 + np.arange(players) + players * parts
    kept = random.random((frames, players)) > 0.01
    with path.open("w") as stream:
        for frame in range(frames):
            stream.writelines(
                f"{frame + 1},{ids[frame, n]},{x[frame, n]:.1f},{y[frame, n]:.1f},24,60,0.9,1,-1,-1\n"
                for n in np.flatnonzero(kept[frame]).tolist()
            )
    return int(kept.sum())


def measure(url: str, chromium: str) -> None:
    """Open the page and print the figures."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        began = time.perf_counter()
        page.goto(url)
        page.wait_for_function("() => window.editor && editor.player.state === 'ready'", timeout=120_000)
        print(f"page ready in {time.perf_counter() - began:.1f} s")
        used = processor_seconds()
        times = page.evaluate(SEEK)
        show("seek to any frame, with its boxes", times)
        print(
            f"  {1000 * (processor_seconds() - used) / len(times):.0f} ms of processor time each, in all of the browser"
        )
        for wide in (False, True):
            times, drawn = page.evaluate(SCROLL, wide)
            show(f"timeline scrolled, {'all of it' if wide else 'two minutes'} in sight", times)
            print(f"  drawn in {drawn:.2f} ms")
        show("an edit, saved and shown", page.evaluate(EDIT))
        memory = max(one.memory_full_info().pss for one in browsers() if "--type=renderer" in one.cmdline())
        print(f"memory of the page: {memory / 1e6:.0f} MB")
        browser.close()


def browsers() -> list[Any]:
    """The processes of the browser that this one has started."""
    import psutil

    return [one for one in psutil.Process().children(recursive=True) if "chrom" in one.name()]


def processor_seconds() -> float:
    """Processor time of all of the browser so far; it does not count what else the machine does."""
    return float(sum(sum(one.cpu_times()[:2]) for one in browsers()))


def show(what: str, times: Any) -> None:
    """Print median, 95 % and longest of some milliseconds."""
    middle, high = np.percentile(times, (50, 95))
    print(f"{what}: median {middle:.1f} ms, 95 % below {high:.1f} ms, longest {max(times):.0f} ms")


if __name__ == "__main__":
    sys.exit(main())
