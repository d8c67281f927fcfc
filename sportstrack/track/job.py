"""What is to be done with one source, and how it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from sportstrack.errors import SportstrackError
from sportstrack.files.claim import Claim
from sportstrack.identities.roster import Roster
from sportstrack.pitch.file import PitchTrack
from sportstrack.track.frames import TrackedFrame
from sportstrack.track.outputs import Outputs
from sportstrack.track.pipeline import Progress, Run
from sportstrack.track.resume import Origin
from sportstrack.track.settings import TrackSettings
from sportstrack.track.summary import Summary, peak_memory_mb


@dataclass
class TrackJob:
    """What is to be done with one source.

    Attributes:
        settings: how to track.
        summary: what is known so far; it is complete when the job is done.
        claim: the files to write, or None to write nothing.
        origin: the files that the result is made of.
        pitch: where the frames see the pitch, if that is known.
        roster: who may be seen, if that is known.
    """

    settings: TrackSettings
    summary: Summary
    claim: Claim | None
    origin: Origin
    pitch: PitchTrack | None = None
    roster: Roster | None = None

    @property
    def first_pass_folder(self) -> Path | None:
        """The folder of an offline run's first pass, or None if nothing is written."""
        return None if self.claim is None else self.claim.folder / f"{self.summary.name}.first-pass"

    def carry_out(
        self,
        run: Run,
        outputs: Outputs,
        describe: Callable[[Summary], None],
        progress: Progress | None,
    ) -> Generator[TrackedFrame, None, None]:
        """Run all stages, yield the frames, close the files, and give them their names if all went well.

        Args:
            run: the stages.
            outputs: the files that they write.
            describe: adds to the summary what the run knows of its parts.
            progress: called after each frame with (done, expected or None).

        Raises:
            SportstrackError: with the unfinished files that are there to read in ``kept``.
            KeyboardInterrupt: after Ctrl-C, with the summary as its argument.
        """
        summary, tally, started = self.summary, run.tally, time.perf_counter()
        expected = summary.expected_frames
        try:
            failure = yield from run.go(None if progress is None else lambda done: progress(done, expected))
        except GeneratorExit as left:  # the caller wants no more frames
            failure = left
        try:
            outputs.close(complete=failure is None)
        except SportstrackError as error:
            failure = failure or error
        summary.frames, summary.boxes, summary.tracks = tally.frames, tally.boxes, tally.tracks
        summary.names = {str(i): outputs.names[i] for i in sorted(tally.classes) if i in outputs.names}
        summary.cuts = tally.cuts if self.settings.shots else 0
        summary.field_frames, summary.bystanders = tally.fields, tally.bystanders
        summary.mean_score = tally.mean_score
        if tally.frames and not tally.masks and self.settings.tracker_settings.get("overlap") == "mask":
            summary.warnings.append("overlap=mask changed nothing: the detections have no masks")
        summary.seconds = round(time.perf_counter() - started, 3)
        describe(summary)
        summary.peak_memory_mb = peak_memory_mb()
        failure = failure or self._write_summary(outputs)
        if failure is not None:
            raise self._with_what_is_kept(failure, outputs)

    def _write_summary(self, outputs: Outputs) -> BaseException | None:
        """Give the files their names, write the summary, and return what went wrong, if anything."""
        try:
            if self.claim is not None:
                self.summary.inputs = self.origin.stamps(self.summary.warnings)
            outputs.write_summary()
        except BaseException as error:
            self.summary.complete = False
            return error
        return None

    def _with_what_is_kept(self, failure: BaseException, outputs: Outputs) -> BaseException:
        """Return the failure with the unfinished files that are there to read."""
        kept = outputs.kept()
        if isinstance(failure, KeyboardInterrupt):
            self.summary.outputs = kept
            return KeyboardInterrupt(self.summary)
        if isinstance(failure, SportstrackError):
            failure.kept = list(kept.values())
        return failure
