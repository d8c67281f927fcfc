"""Let a service track a video, and follow boxes of your own through a session.

sportstrack serve &
python examples/ask_a_service.py http://127.0.0.1:8765 match.mp4
"""

from __future__ import annotations

import sys

from sportstrack import Client

if len(sys.argv) < 3:
    sys.exit("give the service's address and a video, for example: http://127.0.0.1:8765 match.mp4")
address, video = sys.argv[1:3]
settings = dict(word.split("=", 1) for word in sys.argv[3:])  # such as quality=fast

with Client(address) as client:  # the token comes from the variable SPORTSTRACK_TOKEN
    job = client.track(video, **settings)
    job.wait(lambda done, expected: print(f"{done} of {expected} frames"))
    print("\n".join(map(str, job.download("runs/service"))))

    with client.session("bytetrack", frame_rate=25, size=(1280, 720)) as session:
        for frame in range(5):
            for track in session.update([[100 + 4 * frame, 200, 140 + 4 * frame, 300, 0.9]]):
                print(f"frame {frame + 1}: id {track.id} at {track.x1:.0f}, {track.y1:.0f}")
