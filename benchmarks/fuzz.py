"""What becomes of damaged files? Every reader gets thousands of them, each in a process with limits.

A reader must return or raise a `SportstrackError` whose message is one line. Counted besides: other exceptions
(traceback), processes that died (killed), that ran out of memory, and that ran too long (hang). The same seed makes
the same inputs; ``--case READER:NUMBER`` repeats one of them here, with its traceback.

    python benchmarks/fuzz.py --inputs 20000
    python benchmarks/fuzz.py --readers coco,voc --inputs 2000 --save failed
    python benchmarks/fuzz.py --case coco:123
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from multiprocessing.connection import Connection, Pipe, wait
from pathlib import Path
from typing import Any

from fuzz_mutations import mutate
from fuzz_readers import SPORTSTRACK
from fuzz_sets import DATA_PREP

READERS = SPORTSTRACK | DATA_PREP
OUTCOMES = ("read", "refused", "unclear", "traceback", "memory", "killed", "hang")
CLEAN = ("read", "refused")
_MEMORY = 1 << 30  # bytes that a reader may take besides what the process has
_PATIENCE = 40.0  # seconds on the clock; machines are shared
_LONG = 8.0  # seconds of processor time
_TURNS = 300  # inputs per process


@dataclass
class Tally:
    """What came of a reader's inputs."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))


def main(argv: Sequence[str] | None = None) -> int:
    """Try the readers asked for; 1 if an input did not end cleanly."""
    options = _parser().parse_args(argv)
    names = options.readers.split(",") if options.readers else list(READERS)
    if unknown := [name for name in names if name not in READERS]:
        raise SystemExit(f"no reader {', '.join(unknown)}; there are: {', '.join(READERS)}")
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as temporary:
        seeds = Path(temporary) / "seeds"
        _make_seeds([options.case.partition(":")[0]] if options.case else names, seeds)
        if options.case:
            return _one_case(options, seeds, Path(temporary))
        each = -(-options.inputs // len(names))
        cases = [(name, number) for name in names for number in range(each)]
        tallies = _try_all(cases, options, seeds, Path(temporary))
    _report(tallies, sys.stdout.write)
    return int(any(set(tally.counts) - set(CLEAN) for tally in tallies.values()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=2000, help="in all, shared by the readers (2000)")
    parser.add_argument("--readers", help=f"comma-separated (all: {', '.join(READERS)})")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="processes side by side (1)")
    parser.add_argument("--save", type=Path, metavar="DIR", help="keep the inputs that did not end cleanly")
    parser.add_argument("--case", metavar="READER:NUMBER", help="repeat one input in this process")
    return parser


def _make_seeds(names: list[str], seeds: Path) -> None:
    for name in names:
        (seeds / name).mkdir(parents=True)
        with _inside(seeds / name):
            READERS[name].seed(Path())
        with (
            _inside(_copy(seeds / name, seeds.parent / "proof")),
            redirect_stdout(StringIO()),
            redirect_stderr(StringIO()),
        ):
            status = READERS[name].read(Path())
        if status == 2:
            raise SystemExit(f"{name}: its sound inputs are refused")


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _copy(seed: Path, target: Path) -> Path:
    if target.exists():
        shutil.rmtree(target)
    return Path(shutil.copytree(seed, target))


def damage(name: str, number: int, seed: int, folder: Path) -> None:
    """Damage one file of a reader's sound inputs, always the same way for a reader, number and seed."""
    rng = random.Random(f"{seed}/{name}/{number}")
    only = READERS[name].only
    files = sorted(p for p in folder.rglob("*") if p.is_file() and (not only or p.suffix in only))
    pictures = [p for p in files if p.suffix in (".jpg", ".png")]
    texts = [p for p in files if p not in pictures]
    file = rng.choice(texts if texts and (not pictures or rng.random() < 0.85) else pictures)
    how = rng.random()
    if how < 0.005:
        file.unlink()
    elif how < 0.01:
        file.unlink()
        file.mkdir()
    else:
        file.write_bytes(mutate(file.read_bytes(), file.suffix, rng))


# --- one process per some hundred inputs -----------------------------------------------------------------------------


def _serve(pipe: Connection, seed: int, seeds: Path, work: Path) -> None:
    """Try the inputs that are asked for, in a process of its own."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    # Arrays that were never touched cost nothing, but a file that asks for them may ask for more.
    limit = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE") + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MEMORY, _MEMORY))
    while True:
        name, number = pipe.recv()
        folder = _copy(seeds / name, work)
        damage(name, number, seed, folder)
        start = time.process_time()
        os.chdir(folder)  # paths in files, such as a summary's, stay the same
        outcome, detail = _outcome(name)
        os.chdir(seeds)
        if time.process_time() - start > _LONG:
            outcome, detail = "hang", f"{time.process_time() - start:.0f} s of processor time"
        pipe.send((outcome, detail))


def _outcome(name: str) -> tuple[str, str]:
    from sportstrack.errors import SportstrackError

    try:
        return ("refused" if READERS[name].read(Path()) == 2 else "read"), ""
    except SportstrackError as error:
        text = str(error)
        unclear = "\n" in text.strip() or "pickle" in text or len(text) > 2010 or not text
        return ("unclear" if unclear else "refused"), text[:200]
    except MemoryError as error:
        return "memory", _place(error)
    except BaseException as error:  # SystemExit is a failure as well
        if "alloc" in str(error):
            return "memory", _place(error)
        return "traceback", _place(error)


def _place(error: BaseException) -> str:
    """Return the exception and the line of the project that it passed last."""
    frames = [
        f
        for f in traceback.extract_tb(error.__traceback__)
        if "sportstrack/" in f.filename or "data_prep/" in f.filename
    ]
    frames = [f for f in frames if "site-packages" not in f.filename]
    where = f"{'/'.join(Path(frames[-1].filename).parts[-2:])}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} at {where}: {' '.join(str(error).split())[:90]}"


class _Worker:
    """A process that tries inputs one by one, and is replaced when it dies, hangs, or has done its turns."""

    def __init__(self, seed: int, seeds: Path, work: Path) -> None:
        self._arguments, self.case, self._turns = (seed, seeds, work), ("", 0), 0
        self._start()

    def _start(self) -> None:
        self.pipe, other = Pipe()
        self._child = os.fork()
        if self._child == 0:
            try:
                _serve(other, *self._arguments)
            finally:
                os._exit(0)
        other.close()
        self._turns = 0

    def ask(self, case: tuple[str, int]) -> None:
        if self._turns >= _TURNS:
            self.stop()
            self._start()
        self.case, self.since, self._turns = case, time.monotonic(), self._turns + 1
        self.pipe.send(case)

    def answer(self) -> tuple[str, str]:
        try:
            found: tuple[str, str] = self.pipe.recv()
            return found
        except (EOFError, ConnectionError):
            self.pipe.close()
            status = os.waitpid(self._child, 0)[1]
            self._start()
            return "killed", f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {status >> 8}"

    @property
    def late(self) -> bool:
        return time.monotonic() - self.since > _PATIENCE

    def give_up(self) -> tuple[str, str]:
        self.stop()
        self._start()
        return "hang", f"over {_PATIENCE:.0f} s"

    def stop(self) -> None:
        os.kill(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)
        self.pipe.close()


def _try_all(cases: list[tuple[str, int]], options: argparse.Namespace, seeds: Path, work: Path) -> dict[str, Tally]:
    tallies: dict[str, Tally] = defaultdict(Tally)
    for (name, number), outcome, detail in _answers(cases, options, seeds, work):
        tally = tallies[name]
        tally.counts[outcome] += 1
        if outcome not in CLEAN:
            place, _, message = detail.partition(": ")
            tally.failures[f"{outcome}: {place}"].append((number, message))
            if options.save:
                folder = _copy(seeds / name, options.save / f"{name}-{number}")
                damage(name, number, options.seed, folder)
    return dict(tallies)


def _answers(
    cases: list[tuple[str, int]], options: argparse.Namespace, seeds: Path, work: Path
) -> Iterator[tuple[tuple[str, int], str, str]]:
    """Yield (case, outcome, detail) as they come."""
    left, done = iter(cases), 0
    workers = [_Worker(options.seed, seeds, work / f"work{i}") for i in range(options.jobs)]
    busy = [worker for worker in workers if _next(worker, left)]
    while busy:
        ready: list[Any] = wait([worker.pipe for worker in busy], timeout=1.0)
        for worker in list(busy):
            if worker.pipe not in ready and not worker.late:
                continue
            case = worker.case
            yield case, *(worker.answer() if worker.pipe in ready else worker.give_up())
            done += 1
            if sys.stderr.isatty() and done % 50 == 0:
                sys.stderr.write(f"\r{done} of {len(cases)} ")
            if not _next(worker, left):
                busy.remove(worker)
    for worker in workers:
        worker.stop()


def _next(worker: _Worker, left: Iterator[tuple[str, int]]) -> bool:
    case = next(left, None)
    if case is not None:
        worker.ask(case)
    return case is not None


def _one_case(options: argparse.Namespace, seeds: Path, work: Path) -> int:
    name, _, number = options.case.partition(":")
    folder = _copy(seeds / name, options.save or work / "case")
    damage(name, int(number), options.seed, folder)
    with _inside(folder):
        status = READERS[name].read(Path())
    sys.stdout.write(f"returned {status!r}\n")
    return 0


def _report(tallies: dict[str, Tally], write: Any) -> None:
    heads = ("reader", "inputs", *OUTCOMES)
    write(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}\n")
    total: Counter[str] = Counter()
    for name, tally in tallies.items():
        total += tally.counts
        write(f"| {name} | {tally.counts.total()} | {' | '.join(str(tally.counts[o]) for o in OUTCOMES)} |\n")
    write(f"| **all** | {total.total()} | {' | '.join(str(total[o]) for o in OUTCOMES)} |\n")
    for name, tally in tallies.items():
        for text, found in sorted(tally.failures.items(), key=lambda item: -len(item[1])):
            number, message = found[0]
            write(f"\n{len(found)} × {text} (such as --case {name}:{number}: {message})")
    write("\n")


if __name__ == "__main__":
    sys.exit(main())
