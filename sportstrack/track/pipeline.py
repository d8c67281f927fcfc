"""The flow of a run: the one place where source, detector, tracker and outputs meet.

Five stages run side by side: decode → look for shot changes → detect and track → draw → encode and write. The third one
runs in the thread that asks for the frames, the others have threads of their own. The queues between them are short, so
memory does not grow with the video, and each stage works alone, so the order of frames is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from sportstrack.track.capped import CappedIds
from sportstrack.track.frames import Observation, TrackedFrame
from sportstrack.track.outputs import Outputs
from sportstrack.track.stages import Abandoned, Channel, Stage, join_all
from sportstrack.track.tally import Tally
from sportstrack.track.who import WhoIsWho, WhoWasWho
from sportstrack.types import Tracks

Progress = Callable[[int, "int | None"], None]
"""Called with the frames done and the frames expected (None if unknown), in the calling thread."""


class Run:
    """One source on its way through the stages.

    Args:
        frames: the source's frames, or a replay's observations.
        begin: makes an `Observation` of a frame, in the stage ``shots``; None where frames are observations already.
        observe: completes a batch of observations, one after the other.
        track: returns the tracks of a complete observation.
        cap: gives the tracks ids of which there are not too many; None leaves the tracker's.
        who: adds what is known of the tracks.
        outputs: draw and write the results, and know the names of the classes.
        batch: frames that are observed together.
        waiting: frames that may wait between two stages before the tracker.

    Attributes:
        tally: what was counted so far.
    """

    def __init__(
        self,
        frames: Iterable[Any],
        *,
        begin: Callable[[Any], Observation] | None,
        observe: Callable[[Sequence[Observation]], Iterable[Observation]],
        track: Callable[[Observation], Tracks],
        who: WhoIsWho | WhoWasWho,
        outputs: Outputs,
        batch: int,
        waiting: int,
        cap: CappedIds | None = None,
    ) -> None:
        self.tally = Tally()
        self._observe, self._track, self._who, self._batch = observe, track, who, batch
        self._cap = cap
        self._names, self._pitch, self._refresh = outputs.names, outputs.pitch, outputs.refresh
        decoded: Channel[Any] = Channel(waiting)
        self._begun: Channel[Observation] = Channel(waiting)
        self._tracked: Channel[TrackedFrame] = Channel(4)
        drawn: Channel[TrackedFrame] = Channel(4)
        self._stages = [
            Stage("decode", frames, decoded),
            Stage("shots", decoded, self._begun, begin),
            Stage("draw", self._tracked, drawn, outputs.draw),
            Stage("encode", drawn, None, outputs.write),
        ]

    def go(self, progress: Callable[[int], None] | None) -> Generator[TrackedFrame, None, BaseException | None]:
        """Run all stages and yield each frame until the source ends; return what ended the run before, or None.

        What is thrown into the generator ends the run, and so does closing it.
        """
        for stage in self._stages:
            stage.start()
        failure: BaseException | None = None
        try:
            yield from self._detect_and_track(progress)
        except Abandoned:
            pass  # a later stage has failed; its own error is returned below
        except BaseException as error:
            failure = error
        return self._stop_stages(failure)

    def seconds(self, observing: dict[str, float]) -> dict[str, float]:
        """Return the seconds of work by stage, with those of the observer in their place."""
        decode, shots, draw, encode = (stage.busy for stage in self._stages)
        before = {"decode": decode, "shots": shots} | observing
        for name, seconds in self._who.seconds.items():
            before[name] = before.get(name, 0.0) + seconds
        return before | {"track": self.tally.seconds, "draw": draw, "encode": encode}

    def _detect_and_track(self, progress: Callable[[int], None] | None) -> Iterator[TrackedFrame]:
        for batch in _batches(self._begun, self._batch):
            for observation in self._observe(batch):
                observation = self._who.before(observation)
                with self.tally.tracking():
                    tracks = self._track(observation)
                    frame = TrackedFrame.of(observation, tracks, self._names, self._pitch)
                    frame = frame if self._cap is None else self._cap(frame)
                frame = self._who(frame)
                self.tally.add(frame)
                yield frame
                self._refresh()
                self._tracked.put(frame)  # from here on its image may be drawn into
                if progress is not None:
                    progress(self.tally.frames)

    def _stop_stages(self, failure: BaseException | None) -> BaseException | None:
        """Stop decoding, let the later stages finish what they have, and return the failure to raise, if any."""
        self._stages[0].halt()
        self._begun.abandon()
        with suppress(Abandoned):
            self._tracked.close()
        while True:
            try:
                join_all(self._stages)
            except KeyboardInterrupt as error:
                if all(not stage.is_alive() for stage in self._stages):
                    return failure or error
                failure = failure or error  # a few frames are still on their way: wait for them
            except BaseException as error:
                return failure or error
            else:
                return failure


def _batches(items: Iterable[Observation], size: int) -> Iterator[list[Observation]]:
    batch: list[Observation] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
