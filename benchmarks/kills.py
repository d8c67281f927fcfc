"""Does a kill at any moment lose an output, or leave half of one under its final name?

    python benchmarks/kills.py                         # 200 kills over all commands that write
    python benchmarks/kills.py --kills 20 --only track,convert
    python benchmarks/kills.py --strace --kills 0      # a kill at each rename, by strace

Each command of kills_cases.py runs on small rendered inputs, first undisturbed, then again and again with SIGKILL,
SIGTERM, SIGINT or SIGHUP at a random moment. After each kill every file under a final name must be a whole one: what
was there before, or what the undisturbed run writes (files that hold times must be whole JSON). Then the same command,
with --resume where it has one, must end well and leave what the undisturbed run left. Folders that are replaced must be
the old or the new one as a whole. Tracebacks in messages are counted. The exit status is 1 if anything was lost or half
there.

Commands run in forked processes, which have all modules loaded, so that kills hit the work and not the imports; with
--strace, in processes of their own.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kills_cases import CASES, FINDER, Case

HERE = Path(__file__).resolve().parent
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
RENAMES = "rename,renameat,renameat2"
Files = dict[str, str]  # name, relative with "/" → SHA-256


@dataclass
class Count:
    """What was seen of one command."""

    kills: int = 0
    repeats: int = 0
    lost: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    left: set[str] = field(default_factory=set)


class Runner:
    """Runs one command in a place of its own, disturbed or not."""

    def __init__(self, place: Path, case: Case, seed: str) -> None:
        self.case, self.count = case, Count()
        self._place, self._out, self._random = place, place / "out", random.Random(seed)
        self._messages = place / "messages.txt"
        self._old = self._prepare()
        self._must_end_well(case.words)
        self._new = files_in(self._out)
        self._prepare()
        begin = time.monotonic()
        self._must_end_well(case.words)
        self.seconds = time.monotonic() - begin
        again = files_in(self._out)
        self._volatile = {name for name in self._new if self._new[name] != again.get(name)}  # they hold times
        # x264 does not write the same bytes each time, so the frames of videos are counted
        self._frames = {name: count_frames(self._out / name) for name in self._new if name.endswith(".mp4")}
        if self._frames and "convert" in case.words:
            self._volatile.add("set/manifest.json")

    def kill_at_random(self) -> None:
        """Kill once, twice or three times, then let the command end."""
        self._prepare()
        words, self._had = self.case.words, self._old
        while True:
            late = self._random.random() < 0.3
            moment = self._random.uniform(0.7 if late else 0.0, 1.1) * self.seconds
            sign = self._random.choice(SIGNALS)
            if not self._fork(words, moment, sign):  # it had ended before
                self.seconds *= 0.95
                if words == self.case.words:
                    return
                break
            self.count.kills += 1
            self._check_after_kill(f"{sign.name} after {moment:.3f} s", polite=sign != signal.SIGKILL)
            words, self._had = f"{self.case.words} {self.case.again}", files_in(self._out)
            if self._random.random() < 0.6:
                break
        self._finish(words)

    def kill_at_each_rename(self) -> None:
        """Kill at the first rename, the second, and so on, by strace."""
        for number in range(1, 1000):
            self._had = self._prepare()
            inject = f"inject={RENAMES}:signal=KILL:when={number}"
            trace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={RENAMES}", "-e", inject]
            done = subprocess.run(
                [*trace, *self._command(self.case.words)], env=environment(), capture_output=True, check=False
            )
            if done.returncode == self.case.status:
                return
            self.count.kills += 1
            self._check_after_kill(f"SIGKILL at rename {number}")
            self._finish(f"{self.case.words} {self.case.again}")

    def _is_whole(self, name: str) -> bool:
        """Return whether a file that need not be equal is whole, as far as its form shows it."""
        path = self._out / name
        if name in self._frames:
            return count_frames(path) == self._frames[name]
        if name not in self._volatile or not path.stat().st_size:
            return False
        return path.suffix != ".json" or read_json(path) is not None

    def _prepare(self) -> Files:
        shutil.rmtree(self._out, ignore_errors=True)
        self._out.mkdir()
        if self.case.before:
            self._must_end_well(self.case.before)
        return files_in(self._out)

    def _argv(self, words: str) -> list[str]:
        place = {"IN": str(self._place.parent / "in"), "OUT": str(self._out)}
        return [
            place.get(word.partition("/")[0], "") + word[len(word.partition("/")[0]) :]
            if word.partition("/")[0] in place
            else word
            for word in words.split()
        ]

    def _command(self, words: str) -> list[str]:
        return [sys.executable, "-m", "sportstrack", *self._argv(words)]

    def _must_end_well(self, words: str) -> None:
        status = self._fork(words)
        if status != (0 if words == self.case.before else self.case.status):
            raise SystemExit(f"{words}: exit status {status}\n{self._messages.read_text(errors='replace')}")

    def _fork(self, words: str, moment: float | None = None, sign: int = 0) -> int:
        """Run a command in a forked process; return its exit status, or if it is killed, whether that was in time."""
        child = os.fork()
        if not child:
            run_here(self._argv(words), self._messages)
        if moment is not None:
            time.sleep(moment)
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                self._look_at_messages()
                return 0
            os.kill(child, sign)
            _, status = os.waitpid(child, 0)
            self._look_at_messages()
            return 1 if status else 0
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)

    def _look_at_messages(self) -> None:
        text = self._messages.read_text(encoding="utf-8", errors="replace")
        if "Traceback (most recent" in text:
            self.count.tracebacks.append(text)

    def _check_after_kill(self, how: str, polite: bool = False) -> None:
        """Find files under a final name that are neither the old nor the new ones."""
        from sportstrack.files.folders import settled

        settled(self._out / "set")
        if polite and self.case.polite and any(map(says_unfinished, self._out.glob("*.json"))):
            return
        found = files_in(self._out)
        for name, digest in found.items():
            whole = {self._old.get(name), self._new.get(name), self._had.get(name)}
            if digest not in whole and not self._is_whole(name):
                self.count.half.append(f"{how}: {name}")
        sets = [{n: d for n, d in files.items() if n.startswith("set/")} for files in (found, self._old, self._new)]
        one_by_one = "sequences" in self.case.words or "video" in self.case.words  # not one folder
        if sets[0] not in sets[1:] and not one_by_one:
            self.count.half.append(f"{how}: set/ is neither the old nor the new one")
        if sets[1] and not sets[0]:
            self.count.lost.append(f"{how}: the old set is gone")

    def _finish(self, words: str) -> None:
        """Repeat the command undisturbed and compare what it leaves."""
        self.count.repeats += 1
        status = self._fork(words)
        self._look_at_messages()
        if status != self.case.status:
            text = self._messages.read_text(encoding="utf-8", errors="replace")
            self.count.lost.append(f"repeated: exit status {status}: {text.strip()[-300:]}")
            return
        found = files_in(self._out)
        for name in sorted({*found, *self._new}):
            same = found.get(name) == self._new.get(name)
            if not same and not (name in found and self._is_whole(name)):
                self.count.lost.append(f"after the repeat: {name} {'differs' if name in found else 'is missing'}")
        self.count.left |= {path.name for path in self._out.rglob("*") if ".part" in path.name or ".old" in path.name}


def run_here(words: list[str], messages: Path) -> None:
    """Run a command in this forked process and end it."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        file = os.open(messages, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        from sportstrack.cli import main

        status = main(words)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def files_in(folder: Path) -> Files:
    """Return name → hash of the files that have their final name; hidden ones and parts have not."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in name.split("/"))
        if path.is_file() and not hidden and ".part" not in path.name and "first-pass" not in name:
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def read_json(path: Path) -> Any:
    """Return what a JSON file holds; None if it is not whole."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None


def says_unfinished(path: Path) -> bool:
    """Return whether a file is the summary of a run that did not reach the end."""
    found = read_json(path)
    return isinstance(found, dict) and found.get("complete") is False


def count_frames(path: Path) -> int:
    """Return how many frames a video holds; -1 if it cannot be read."""
    import av

    try:
        with av.open(str(path)) as video:
            return sum(1 for _ in video.demux(video=0)) - 1
    except (av.FFmpegError, OSError):
        return -1


def environment() -> dict[str, str]:
    """Return the environment in which a command finds this file's detector."""
    return os.environ | {"PYTHONPATH": os.pathsep.join((str(HERE.parent), str(HERE)))}


def make_inputs(folder: Path) -> None:
    """Render a clip with its truth, sequences and a YOLO data set; record detections."""
    sizes = {"video": "--frames 24 --size 320x180 --seed 3", "mot": "--frames 8 --size 480x270 --view close --seed 5"}
    sizes |= {"yolo": "--frames 12 --every 3 --size 320x180 --seed 7 --sequences 2"}
    for layout, size in sizes.items():
        prepare(["synthetic", str(folder / layout), "--layout", layout, *size.split()], folder)
    shutil.copy(folder / "video/synthetic-00003.mp4", folder / "clip.mp4")
    shutil.copy(folder / "video/synthetic-00003.txt", folder / "truth.txt")
    recorded = ["track", str(folder / "clip.mp4"), "--weights", FINDER, "--formats", "mot", "--save-detections"]
    prepare([*recorded, "-o", str(folder / "recorded")], folder)
    shutil.copy(folder / "recorded/clip.npz", folder / "clip.npz")


def prepare(words: list[str], folder: Path) -> None:
    """Run a command that makes inputs; end where it fails."""
    child = os.fork()
    if not child:
        run_here([*words, "--quiet"], folder / "messages.txt")
    if os.waitpid(child, 0)[1]:
        raise SystemExit((folder / "messages.txt").read_text())


def load_modules(heavy: bool) -> None:
    """Load what commands load, so that forked processes have it."""
    cli = importlib.import_module("sportstrack.cli")
    names = ["av", "scipy.optimize", "sportstrack.track.run", "sportstrack.evaluate.plots"]
    names += [module for module, _ in cli.COMMANDS.values()]
    names += ["data_prep.output", "data_prep.audit.fix"]
    names += [f"data_prep.formats.{name}" for name in ("yolo", "coco", "crops", "videos", "motfolders")]
    for name in names:
        importlib.import_module(name)
    importlib.import_module("cv2").setNumThreads(0)  # threads do not survive a fork
    if heavy:
        importlib.import_module("torch").set_num_threads(1)


def each_turn(runners: dict[str, Runner], kills: int) -> Iterator[Runner]:
    """Give the commands in turn until there were enough kills; each gets about the same time."""
    while (done := sum(runner.count.kills for runner in runners.values())) < kills:
        sys.stderr.write(f"\r{done} of {kills} kills")
        yield min(runners.values(), key=lambda runner: (runner.count.kills + 1) * max(runner.seconds, 0.3))
    sys.stderr.write("\n")


def report(counts: dict[str, Count], say: Callable[[str], object]) -> int:
    """Print a table and what went wrong; return the exit status."""
    say("| command | kills | repeated | lost | half under a final name | tracebacks |")
    say("|---|--:|--:|--:|--:|--:|")
    total = Count()
    for name, count in counts.items():
        say(_row(name, count))
        total.kills, total.repeats = total.kills + count.kills, total.repeats + count.repeats
        for kind in ("lost", "half", "tracebacks"):
            getattr(total, kind).extend(f"{name}: {text}" for text in getattr(count, kind))
        total.left |= count.left
    say(_row("all", total))
    for text in [*total.lost[:20], *total.half[:20], *total.tracebacks[:5]]:
        say(text)
    if total.left:
        say(f"left over after the repeats: {', '.join(sorted(total.left)[:20])}")
    return int(bool(total.lost or total.half or total.tracebacks))


def _row(name: str, c: Count) -> str:
    return f"| {name} | {c.kills} | {c.repeats} | {len(c.lost)} | {len(c.half)} | {len(c.tracebacks)} |"


def main() -> int:
    """Kill as the command line asks and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--kills", type=int, default=200, help="kills at random moments in all (200)")
    add("--only", type=lambda text: text.split(","), default=list(CASES), metavar="NAME,…", help="these commands alone")
    add("--light", action="store_true", help="leave out the commands that load torch")
    add("--strace", action="store_true", help="also kill at each rename (needs strace)")
    add("--seed", type=int, default=0, help="of the moments (0)")
    options = parser.parse_args()
    sys.path[:1] = [str(HERE.parent), str(HERE)]  # data_prep is the package there, not the benchmark here
    chosen = {name: CASES[name] for name in options.only if not (options.light and CASES[name].heavy)}
    load_modules(any(case.heavy for case in chosen.values()))
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        (Path(folder) / "in").mkdir()
        make_inputs(Path(folder) / "in")
        runners = {}
        for number, (name, case) in enumerate(chosen.items()):
            (place := Path(folder) / str(number)).mkdir()
            runners[name] = Runner(place, case, f"{options.seed} {name}")
            sys.stderr.write(f"{name}: undisturbed {runners[name].seconds:.2f} s\n")
        for runner in each_turn(runners, options.kills):
            runner.kill_at_random()
        if options.strace:
            for runner in runners.values():
                runner.kill_at_each_rename()
        return report({name: runner.count for name, runner in runners.items()}, lambda text: print(text))


if __name__ == "__main__":
    sys.exit(main())
