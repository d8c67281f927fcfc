"""What load does the service carry on this machine? Client and service share its cores.

    python benchmarks/service.py --sessions            # 64 sessions × 25 boxes × 25 frames/s
    python benchmarks/service.py --stream match.mp4    # one live 720p stream
    python benchmarks/service.py --queue match.mp4     # 200 jobs in the queue

Sessions: latency counts from the moment when a frame is due to its whole answer; a frame that must wait because the one
before it has not been answered waits at its own cost. The stream: the clip is scaled to 720p and sent over UDP as a
camera would (sportstrack send --loop); latency counts from when a picture came out of the decoder to its result, and to
its arrival at a client of server-sent events. The queue: how long 200 jobs take to be accepted and how fast the service
answers meanwhile.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from service_server import Server, server, shares
from service_sessions import measure_sessions
from service_stream import free_port, make_clip, measure_stream


def queue_lines(running: Server, clip: Path, jobs: int) -> str:
    """Put jobs into the queue and look how the service answers while they wait; then cancel them."""
    accepted, answered, made = [], [], []
    asked = {"kind": "track", "source": {"path": str(clip)}, "settings": {"quality": "fast", "formats": ["mot"]}}
    for _ in range(jobs):
        began = time.perf_counter()
        made.append(running.ask("POST", "/v1/jobs", asked)["id"])
        accepted.append(time.perf_counter() - began)
    for _ in range(50):
        for path in ("/v1/jobs?limit=50", f"/v1/jobs/{made[-1]}", "/healthz"):
            began = time.perf_counter()
            running.ask("GET", path)
            answered.append(time.perf_counter() - began)
    done = sum(running.ask("GET", f"/v1/jobs/{name}")["state"] == "done" for name in made)
    cancelled = []
    for name in reversed(made):
        began = time.perf_counter()
        running.ask("POST", f"/v1/jobs/{name}/cancel")
        cancelled.append(time.perf_counter() - began)
    return (
        f"{jobs} jobs: accepted {shares(accepted)}\n  answers meanwhile {shares(answered)}\n"
        f"  cancelled {shares(cancelled)}; {done} were done before, memory {running.memory():.0f} MiB"
    )


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--sessions", action="store_true", help="measure sessions")
    add("--trackers", default="bytetrack,sports", help="of the sessions (bytetrack,sports)")
    add("--number", type=int, default=64, help="of sessions (64)")
    add("--boxes", type=int, default=25, help="in each frame (25)")
    add("--rate", type=float, default=25.0, help="frames per second (25)")
    add("--seconds", type=float, default=20.0, help="of each tracker (20)")
    add("--stream", type=Path, metavar="VIDEO", help="measure a live stream")
    add("--minutes", type=float, default=30.0, help="of the stream (30)")
    add("--weights", default="yolov8n.pt", help="of the stream's detector (yolov8n.pt)")
    add("--record", action="store_true", help="record the stream, too")
    add("--queue", type=Path, metavar="VIDEO", help="measure the queue of jobs")
    add("--jobs", type=int, default=200, help="in the queue (200)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        if options.sessions:
            for tracker in options.trackers.split(","):
                with server(data / tracker) as running:
                    values = (options.number, options.boxes, options.rate, options.seconds)
                    print(measure_sessions(running, tracker, *values), flush=True)
        if options.stream:
            port, clip = free_port(), make_clip(options.stream, data / "camera.mp4")
            allowed = ("--streams", f"udp://127.0.0.1:{port}", "--weights", options.weights)
            with server(data / "stream", *allowed) as running:
                settings = {"quality": "fast", "weights": Path(options.weights).name}
                print(measure_stream(running, clip, port, options.minutes, settings, options.record), flush=True)
        if options.queue:
            clip = options.queue.resolve()
            with server(data / "queue", "--folders", str(clip.parent), "--weights", options.weights) as running:
                print(queue_lines(running, clip, options.jobs), flush=True)


if __name__ == "__main__":
    main()
