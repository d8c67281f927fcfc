"""The service's alerts without the service: rules on the frames of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sportstrack.errors import SettingError
from sportstrack.files.reading import read_text
from sportstrack.serve.alerts.rules import AlertRule, parse_rules
from sportstrack.serve.alerts.trigger import Trigger
from sportstrack.serve.streams.results import frame_record
from sportstrack.track.frames import TrackedFrame

OF_STREAMS = ("rate", "latency", "down")  # a file has no state


@dataclass(frozen=True)
class Alert:
    """What a rule says of a frame.

    Attributes:
        rule: its name.
        state: ``raised`` or ``cleared``.
        message: for people.
        time: seconds since the first frame.
        frame: from 0.
        value: what the rule looked at, if that is a number.
    """

    rule: str
    state: str
    message: str
    time: float
    frame: int
    value: float | None


class AlertWatch:
    """Looks at tracked frames, one after the other, and tells which alerts begin and end.

    Args:
        rules: YAML text as the service takes it, or the `Path` of such a file.

    Raises:
        FormatError: a rule is not as it should be; the message names its line.
        SettingError: a rule is about the state of a live stream.

    Example:
        >>> watch = AlertWatch(Path("rules.yaml"))  # doctest: +SKIP
        >>> for frame in sportstrack.track("forest.mp4"):  # doctest: +SKIP
        ...     for alert in watch(frame):
        ...         print(alert.time, alert.message)
    """

    def __init__(self, rules: str | Path) -> None:
        given = read_text(rules) if isinstance(rules, Path) else rules
        found: Sequence[AlertRule] = parse_rules(given, str(rules) if isinstance(rules, Path) else "rules")
        for rule in found:
            if rule.when in OF_STREAMS:
                raise SettingError(
                    f"rule {rule.name!r}: {rule.when} is about a live stream of the service; leave it out"
                )
        self._triggers = [Trigger(rule) for rule in found]

    def __call__(self, frame: TrackedFrame) -> list[Alert]:
        """Return the alerts that begin or end with a frame; it needs its image, for the size."""
        if frame.image is None:
            raise SettingError("alerts: the frames have no images, so zones have no size; replay with the video")
        height, width = frame.image.shape[:2]
        record = frame_record(frame, frame.time, frame.time, with_who=bool(frame.identities))
        alerts = []
        for trigger in self._triggers:
            verdict = trigger.on_frame(record, (width, height))
            if verdict is not None:
                name, time = trigger.rule.name, frame.time
                alerts.append(Alert(name, verdict.state, verdict.message, time, frame.index, verdict.value))
        return alerts
