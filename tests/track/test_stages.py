"""Stages in threads: order, bounds, ends and failures."""

from __future__ import annotations

import threading
import time

import pytest

from sportstrack.track.stages import Abandoned, Channel, Stage, join_all


def chain(items: object, *work: object, size: int = 2) -> tuple[list[Stage], list[object]]:
    """Stages that pass items through each function in turn, and the list that the last one fills."""
    channels: list[Channel] = [Channel(size) for _ in work]
    out: list[object] = []
    stages = [Stage("source", items, channels[0])]
    for i, function in enumerate(work[:-1]):
        stages.append(Stage(f"work{i}", channels[i], channels[i + 1], function))
    stages.append(Stage("last", channels[-1], None, lambda item: out.append(work[-1](item))))
    for stage in stages:
        stage.start()
    return stages, out


def test_items_keep_their_order_through_all_stages() -> None:
    stages, out = chain(range(200), lambda x: x + 1, lambda x: x * 2)
    join_all(stages)
    assert out == [(x + 1) * 2 for x in range(200)]


def test_a_full_channel_stops_its_producer() -> None:
    taken: list[int] = []
    gate = threading.Event()

    def source() -> object:
        for i in range(100):
            taken.append(i)
            yield i

    def wait(item: object) -> object:
        gate.wait(10)
        return item

    stages, out = chain(source(), wait, lambda x: x, size=3)
    time.sleep(0.3)
    assert len(taken) <= 6, "the source must not run ahead of a slow stage"
    gate.set()
    join_all(stages)
    assert out == list(range(100))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_failure_anywhere_is_raised_as_itself_and_stops_all(place: int) -> None:
    class BrokenError(Exception):
        pass

    def fail_at_5(item: int) -> int:
        if item == 5:
            raise BrokenError
        return item

    def same(item: int) -> int:
        return item

    work = [same, same]
    source = iter(range(10_000))
    if place == 0:
        source = map(fail_at_5, range(10_000))
    else:
        work[place - 1] = fail_at_5
    stages, out = chain(source, *work)
    with pytest.raises(BrokenError):
        join_all(stages)
    assert out == [0, 1, 2, 3, 4], "what came before the failure is finished"
    assert not any(stage.is_alive() for stage in stages)


def test_halt_ends_an_endless_source() -> None:
    def endless() -> object:
        while True:
            yield 1

    stages, _ = chain(endless(), lambda x: x)
    time.sleep(0.05)
    stages[0].halt()
    join_all(stages)
    assert not any(stage.is_alive() for stage in stages)


def test_nothing_can_be_put_into_an_abandoned_channel() -> None:
    channel: Channel[int] = Channel(1)
    channel.abandon()
    with pytest.raises(Abandoned):
        channel.put(1)
    channel.close()  # harmless
