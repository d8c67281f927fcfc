"""All alerts of a service: the rules in force, what they see, and what was raised."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from sportstrack.errors import SportstrackError
from sportstrack.files.claim import ensure_folder
from sportstrack.serve.addresses import check_address
from sportstrack.serve.alerts.notify import WebhookPoster, secret_of
from sportstrack.serve.alerts.rules import AlertRule, parse_rules
from sportstrack.serve.alerts.trigger import AlertVerdict, Trigger, matching
from sportstrack.serve.refusal import not_found
from sportstrack.serve.service import Service
from sportstrack.serve.streams.manager import StreamManager
from sportstrack.serve.streams.stream import LiveStream
from sportstrack.serve.streams.targets import connector

_TABLE = """CREATE TABLE alerts (
    id TEXT PRIMARY KEY, rule TEXT NOT NULL, kind TEXT NOT NULL, stream TEXT NOT NULL, stream_name TEXT NOT NULL,
    message TEXT NOT NULL, time REAL NOT NULL, cleared REAL, value REAL, picture INTEGER NOT NULL);
    CREATE INDEX alerts_by_time ON alerts (time)"""
TICK = 1.0  # seconds between looks at states
MOST = 5000  # alerts that are kept
log = logging.getLogger("sportstrack.alerts")


class AlertCenter:
    """Looks at all streams with all rules; used in the server's loop alone.

    Args:
        service: whose alerts these are.
        streams: that are looked at.

    Raises:
        FormatError: the rules in the data folder are not as they should be; the message names the line.
    """

    def __init__(self, service: Service, streams: StreamManager) -> None:
        self._service, self._streams = service, streams
        self.folder = ensure_folder(service.settings.data / "alerts")
        self._file = self.folder / "rules.yaml"
        self.text = self._file.read_text(encoding="utf-8") if self._file.is_file() else ""
        self.rules = parse_rules(self.text, str(self._file))
        service.store.migrate("alerts", [_TABLE])
        self._triggers: dict[tuple[str, str], Trigger] = {}
        self._open: dict[tuple[str, str], str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._show_rules()
        self._poster = WebhookPoster(secret_of(self.folder), connector(service.settings.targets))
        streams.hearers.append(self._hear)
        service.at_start.append(lambda: service.bell.call(self._begin))
        service.at_end.append(lambda: service.bell.call(self._end))

    def put_rules(self, text: str) -> list[AlertRule]:
        """Take other rules, which are in force at once.

        Raises:
            FormatError: they are not as they should be; those before stay.
            RefusedError: a webhook that is not on the list of the service.
        """
        rules = parse_rules(text)
        for rule in rules:
            if rule.webhook:
                targets = self._service.settings.targets
                check_address(rule.webhook, targets, schemes=("http", "https"), what="--targets")
        part = self._file.with_suffix(".part.yaml")
        part.write_text(text, encoding="utf-8")
        part.replace(self._file)
        kept = {rule.name: rule for rule in rules if rule in self.rules}
        self._triggers = {key: one for key, one in self._triggers.items() if key[1] in kept}
        for key in [key for key in self._open if key[1] not in kept]:
            self._clear(key, time.time())
        for gone in {rule.name for rule in self.rules} - {rule.name for rule in rules}:
            self._service.figures.alerts_open.remove(gone)
        self.text, self.rules = text, rules
        self._show_rules()
        return rules

    def _show_rules(self) -> None:
        """Give each rule its figures before its first alert: Prometheus sees an increase only where it saw a 0."""
        for rule in self.rules:
            self._service.figures.alerts.labels(rule.name)
            self._count(rule.name)

    def _count(self, rule: str) -> None:
        self._service.figures.alerts_open.labels(rule).set(sum(key[1] == rule for key in self._open))

    def alerts(self, since: float, limit: int) -> list[dict[str, Any]]:
        """Return the newest alerts that are not older than a time, the newest first."""
        found = self._service.store.all("SELECT * FROM alerts WHERE time >= ? ORDER BY time DESC LIMIT ?", since, limit)
        return [_shown(dict(row)) for row in found]

    def picture(self, name: str) -> Path:
        """Return the file of an alert's picture; RefusedError where there is none."""
        row = self._service.store.one("SELECT id FROM alerts WHERE id = ? AND picture = 1", name)
        if row is None or not (path := self.folder / f"{row['id']}.jpg").is_file():
            raise not_found("picture of the alert", name[:40])
        return path

    async def _begin(self) -> None:
        self._service.store.run("UPDATE alerts SET cleared = ? WHERE cleared IS NULL", time.time())
        self._spawn(self._tick())

    async def _end(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self._poster.close)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tick(self) -> None:
        while not self._service.stopping.is_set():
            await asyncio.sleep(TICK)
            self._triggers = {key: one for key, one in self._triggers.items() if key[0] in self._streams.streams}
            for stream in list(self._streams.streams.values()):
                self._hear(stream, None)

    def _hear(self, stream: LiveStream, record: dict[str, Any] | None) -> None:
        if self._service.stopping.is_set():
            return
        for rule in matching(self.rules, stream.spec.id, stream.spec.name):
            key = (stream.spec.id, rule.name)
            if not stream.is_active and rule.when != "down":  # nothing more is seen of it
                self._triggers.pop(key, None)
                self._clear(key, time.time())
                continue
            trigger = self._triggers.setdefault(key, Trigger(rule))
            if record is None:
                verdict = trigger.on_state(stream.state, stream.counters, time.time())
            else:
                size = (stream.info.get("width", 1), stream.info.get("height", 1))
                verdict = trigger.on_frame(record, size)
            if verdict is not None:
                self._tell(key, stream, rule, verdict)

    def _tell(self, key: tuple[str, str], stream: LiveStream, rule: AlertRule, verdict: AlertVerdict) -> None:
        now = time.time()
        if verdict.state == "cleared":
            self._clear(key, now)
            return
        name = secrets.token_hex(8)
        values: dict[str, Any] = {
            "rule": rule.name,
            "kind": rule.when,
            "stream": stream.spec.id,
            "stream_name": stream.spec.name,
        }
        values |= {"message": verdict.message, "time": now, "value": verdict.value, "picture": 0}
        moment = rule.when in ("enter", "leave")
        with suppress(SportstrackError):  # the disk is full
            self._service.store.insert("alerts", id=name, cleared=now if moment else None, **values)
        if not moment:
            self._open[key] = name
            self._count(rule.name)
        self._service.figures.alerts.labels(rule.name).inc()
        log.warning("%s: %s: %s", stream.spec.name, rule.name, verdict.message)
        self._spawn(self._complete(name, stream, rule))

    async def _complete(self, name: str, stream: LiveStream, rule: AlertRule) -> None:
        """Add the picture, tell the webhook, and forget the oldest."""
        picture = await stream.snapshot() or stream.seen
        if picture:
            with suppress(OSError):
                await asyncio.to_thread((self.folder / f"{name}.jpg").write_bytes, picture)
                self._service.store.update("alerts", name, picture=1)
        self._post(rule, name)
        old = self._service.store.all("SELECT id FROM alerts ORDER BY time DESC LIMIT -1 OFFSET ?", MOST)
        for row in old:
            self._service.store.run("DELETE FROM alerts WHERE id = ?", row["id"])
            (self.folder / f"{row['id']}.jpg").unlink(missing_ok=True)

    def _clear(self, key: tuple[str, str], now: float) -> None:
        name = self._open.pop(key, None)
        if name is None:
            return
        self._service.store.update("alerts", name, cleared=now)
        rule = next((one for one in self.rules if one.name == key[1]), None)
        if rule is not None:
            self._count(rule.name)
            self._post(rule, name)

    def _post(self, rule: AlertRule, name: str) -> None:
        row = self._service.store.one("SELECT * FROM alerts WHERE id = ?", name)
        if rule.webhook and row is not None:
            self._poster.put(rule.webhook, _shown(dict(row)))


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    picture = f"/v1/alerts/{row['id']}/picture.jpg" if row["picture"] else None
    return {
        "id": row["id"],
        "rule": row["rule"],
        "kind": row["kind"],
        "stream": row["stream_name"],
        "stream_id": row["stream"],
        "message": row["message"],
        "state": "raised" if row["cleared"] is None or row["kind"] in ("enter", "leave") else "cleared",
        "time": row["time"],
        "cleared": row["cleared"],
        "value": row["value"],
        "picture": picture,
    }
