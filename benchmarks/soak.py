"""Does a tracker's memory grow with the length of the video?

    python benchmarks/soak.py                        # every tracker, 100,000 frames
    python benchmarks/soak.py --tracker sort --frames 1000000

Replays simulated players with their embeddings (see speed.py), 2,000 frames over and over, so that tracks are born and
lost all the time; the trackers that use appearance get it.
Prints at ten moments the process's resident memory and, of that, what Python and numpy have allocated (tracemalloc),
then the growth from the second moment, when caches are warm, to the last. Frames per second are measured before
tracing is switched on, because tracing halves the speed.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
import tracemalloc
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from speed import Stream, simulate

from sportstrack import TRACKERS, create_tracker

LOOP = 2000  # frames
MOMENTS = 10
MEBI = 2.0**20


def resident() -> float:
    """Return the resident memory now in MiB; where the system does not say, the peak."""
    status = Path("/proc/self/statm")
    if status.exists():
        import resource

        return int(status.read_text().split()[1]) * resource.getpagesize() / MEBI
    try:
        import psutil
    except ImportError:
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MEBI
    return float(psutil.Process().memory_info().rss / MEBI)


def frames_per_second(name: str, stream: Stream) -> float:
    """Return the speed over one loop, without tracing."""
    tracker: Any = create_tracker(name)
    for frame in stream[:10]:  # lazy imports
        tracker.update(frame)
    begin = time.perf_counter()
    for frame in stream:
        tracker.update(frame)
    return len(stream) / (time.perf_counter() - begin)


def soak(name: str, stream: Stream, frames: int) -> tuple[float, float]:
    """Print memory at intervals; return the growth of resident and allocated memory in MiB."""
    tracker: Any = create_tracker(name)
    source, moments = cycle(stream), []
    tracemalloc.start()
    for moment in range(1, MOMENTS + 1):
        last_id = 0
        for frame in islice(source, frames // MOMENTS):
            ids = tracker.update(frame).track_id
            last_id = int(ids.max(initial=last_id))
        gc.collect()
        moments.append((resident(), tracemalloc.get_traced_memory()[0] / MEBI))
        at = moment * (frames // MOMENTS)
        print(f"| {name} | {at:,} | {last_id:,} | {moments[-1][0]:.1f} | {moments[-1][1]:.3f} |", flush=True)
    tracemalloc.stop()
    return moments[-1][0] - moments[1][0], moments[-1][1] - moments[1][1]


def main() -> int:
    """Run the soak and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--objects", type=int, default=25)
    parser.add_argument("--tracker", choices=sorted(TRACKERS), nargs="+", default=sorted(TRACKERS))
    args = parser.parse_args()
    if args.frames < MOMENTS:
        parser.error(f"--frames: at least {MOMENTS}")
    stream = simulate(args.objects, LOOP)
    summary = []
    print("| tracker | frames | ids so far | resident MiB | allocated MiB |\n|---|---:|---:|---:|---:|")
    for name in args.tracker:
        speed = frames_per_second(name, stream)
        resident_growth, allocated_growth = soak(name, stream, args.frames)
        growth = f"{resident_growth:+.2f} MiB resident, {allocated_growth:+.3f} MiB allocated"
        summary.append(f"{name}: grew {growth}; {speed:,.0f} frames/s")
    print("\n" + "\n".join(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
