"""Is anything lost or half done when commands are killed at random moments?

    python benchmarks/kills.py --kills 200
    python benchmarks/kills.py --kills 20 --jobs track "label cvat"

Each job is first run undisturbed, and its files are hashed. Then jobs are drawn at random, started where the earlier
runs of the same job have left their files, and ended at a random moment by SIGKILL, SIGTERM, SIGINT or SIGHUP. After
each kill the same command runs to its end, and must leave the very files of the undisturbed run. Counted are those that
did not, and polite signals that ended in a traceback.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

DEMO = Path(__file__).parents[1] / "weights" / "demo.mp4"
OF_THE_RUN = (".summary.json", "_sot.json")  # these tell seconds
SIGNALS = ("SIGKILL", "SIGKILL", "SIGTERM", "SIGINT", "SIGHUP")
POLITE = 130  # exit status after one of the others


@dataclass
class Job:
    """A command that writes, and what it leaves when nothing disturbs it."""

    name: str
    words: list[str]
    out: Path
    seconds: float = 0.0
    files: dict[str, str] = field(default_factory=dict)

    def start(self) -> subprocess.Popen[str]:
        """Start the command."""
        return subprocess.Popen(
            [sys.executable, "-m", "sportstrack", *self.words], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
            text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip

    def run(self) -> str:
        """Run the command to its end; return what it says if it fails."""
        process = self.start()
        _, said = process.communicate()
        return said or f"exit status {process.returncode}" if process.returncode else ""

    def hashes(self) -> dict[str, str]:
        """Return file → SHA-256 of what is there, without hidden files and those that tell how long the run took."""
        files = (path for path in self.out.rglob("*") if path.is_file())
        return {
            str(path.relative_to(self.out)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
            if "/." not in f"/{path.relative_to(self.out)}" and not path.name.endswith(OF_THE_RUN)
        }


def make_jobs(work: Path) -> list[Job]:
    """Record the demo once, and return the jobs that start from it."""
    first = [str(DEMO), "--weights", "demo", "--imgsz", "640", "--every", "3", "--formats", "mot", "--save-detections"]
    said = Job("record", ["track", *first, "-o", str(work / "recorded"), "--quiet"], work / "recorded").run()
    if said:
        raise SystemExit(said)
    recording, text, video = str(work / "recorded" / "demo.npz"), str(work / "recorded" / "demo.txt"), str(DEMO)
    data = str(work / "data")
    Job("data", ["label", video, "--detections", recording, "--every", "15", "-o", data, "--quiet"], work).run()
    words = {
        "track": ["track", video, "--detections", recording, "--formats", "all", "--resume", "-o"],
        "track offline": ["track", recording, "--formats", "mot,csv", "--offline", "--resume", "-o"],
        "label cvat": ["label", recording, "--format", "cvat", "-o"],
        "label yolo": ["label", video, "--detections", recording, "--every", "15", "-o"],
        "label labelstudio": [
            "label",
            video,
            "--detections",
            recording,
            "--every",
            "15",
            "--format",
            "labelstudio",
            "-o",
        ],
        "sot": ["sot", video, "--init", "300,200,30,80", "--formats", "mot,otb,json", "--method", "kcf", "-o"],
        "refine": ["refine", text, "-o"],
        "convert": ["convert", data, "--from", "yolo", "--to", "coco"],
        "augment": ["augment", data],
    }
    folders = {name: work / name.replace(" ", "-") for name in words}
    return [Job(name, [*line, str(folders[name]), "--quiet"], folders[name]) for name, line in words.items()]


def disturb(job: Job, draw: random.Random) -> list[str]:
    """Kill a job once, run it again, and return what is wrong."""
    if draw.random() < 0.3:
        shutil.rmtree(job.out, ignore_errors=True)
    how, process = draw.choice(SIGNALS), job.start()
    moment = draw.uniform(0.1, 1.1 * job.seconds)
    time.sleep(moment)
    process.send_signal(getattr(signal, how))
    _, said = process.communicate()
    wrong = [said] if how != "SIGKILL" and "Traceback" in said else []
    if again := job.run():
        wrong.append(f"the next run fails: {again}")
    there = job.hashes()
    differ = sorted(name for name in {*there, *job.files} if there.get(name) != job.files.get(name))
    if differ:
        wrong.append(f"not what an undisturbed run leaves: {', '.join(differ)}")
    return [f"{job.name}, {how} after {moment:.2f} s: {text}" for text in wrong]


def main() -> int:
    """Run all; return 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--jobs", nargs="+", metavar="JOB")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw, wrong = random.Random(options.seed), []
    with tempfile.TemporaryDirectory() as folder:
        jobs = [job for job in make_jobs(Path(folder)) if not options.jobs or job.name in options.jobs]
        for job in jobs:
            begun = time.perf_counter()
            if said := job.run():
                raise SystemExit(f"{job.name} fails undisturbed: {said}")
            job.seconds, job.files = time.perf_counter() - begun, job.hashes()
            print(f"{job.name}: {job.seconds:.1f} s, {len(job.files)} files")
        for _ in range(options.kills):
            found = disturb(draw.choice(jobs), draw)
            wrong += found
            for text in found:
                print(text)
    print(f"{options.kills} kills, {len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
