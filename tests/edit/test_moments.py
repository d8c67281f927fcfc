"""Doubtful moments on the page: played, answered by one key, counted, and found again after an edit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from editing import FRAMES, OpenEditor, box_of, editor

from sportstrack.edits import EditSession, Merge, read_edits
from sportstrack.edits.operations import AnyOperation

BROKEN = {1: (15, 8), 3: (30, 9)}  # lane → its last frame before two without a box, and its id from then on


def write_broken(path: Path) -> None:
    """Tracks of which two go on under other ids after a gap."""
    rows = []
    for frame in range(1, FRAMES + 1):
        for lane in (1, 2, 3):
            last, other = BROKEN.get(lane, (FRAMES, lane))
            if last < frame <= last + 2:
                continue
            x1, y1, x2, y2 = box_of(lane, frame)
            track = other if frame > last else lane
            rows.append(f"{frame},{track},{x1:g},{y1:g},{x2 - x1:g},{y2 - y1:g},0.9,1,-1,-1")
    path.write_text("\n".join(rows) + "\n")


@pytest.fixture
def doubtful(match: Path, tmp_path: Path) -> Iterator[OpenEditor]:
    """An editor of tracks with two errors."""
    shutil.copy(match, tmp_path / "match.mp4")
    write_broken(tmp_path / "match.txt")
    with editor(tmp_path / "match.mp4") as opened:
        yield opened


@pytest.fixture
def page(browser: Any, doubtful: OpenEditor) -> Iterator[Any]:
    window = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    window.goto(doubtful.url)
    window.wait_for_function("() => window.editor && editor.player.state === 'ready' && editor.moments.state.total > 1")
    yield window
    window.context.close()


def test_a_moment_is_played_answered_by_a_key_and_counted(page: Any, doubtful: OpenEditor) -> None:
    total = page.evaluate("editor.moments.state.total")
    page.keyboard.press("g")
    page.wait_for_selector(f"text=0 of {total} looked at")
    page.wait_for_selector(".choice >> text=It is right")
    frame = page.evaluate("editor.moments.current.frame")
    page.wait_for_function("() => !editor.player.paused")
    page.wait_for_function("n => editor.player.paused && editor.frame === n", arg=frame)  # it has played around it
    assert page.locator(".choice").first.locator("img").count() >= 1
    page.keyboard.press("1")
    page.wait_for_selector(f"text=1 of {total} looked at")
    page.wait_for_function("() => editor.moments.at === 1")  # and goes on
    edits = read_edits(doubtful.edits).edits
    assert len(edits) == 1
    assert edits[0].note.endswith(f"at frame {frame}")


def test_the_answers_mend_what_is_wrong(page: Any, doubtful: OpenEditor) -> None:
    """The track that goes on as 9 is merged by the answer that is offered for its birth."""
    for n in range(page.evaluate("editor.moments.state.total")):
        page.keyboard.press("g")
        page.wait_for_function("n => editor.moments.at === n && editor.moments.current?.answers", arg=n)
        answers = page.evaluate("editor.moments.current.answers.map((one) => one.title)")
        if "Merge 9 into 3" in answers:
            page.keyboard.press(str(answers.index("Merge 9 into 3") + 1))
            break
    page.wait_for_function("() => editor.model.edits === 1")
    assert page.evaluate("editor.model.row(9)") is None
    assert page.evaluate("editor.model.row(3).spans") == [[1, 30], [33, 60]]


def test_skipping_and_leaving_change_nothing(page: Any, doubtful: OpenEditor) -> None:
    page.keyboard.press("g")
    page.wait_for_function("() => editor.moments.at === 0")
    page.keyboard.press("g")
    page.wait_for_function("() => editor.moments.at === 1")
    page.keyboard.press("Shift+G")
    page.wait_for_function("() => editor.moments.at === 0")
    page.keyboard.press("Escape")
    page.wait_for_function("() => editor.mode === null && editor.player.paused")
    assert not doubtful.edits.exists()


def test_what_was_looked_at_is_known_after_a_new_start(doubtful: OpenEditor, tmp_path: Path) -> None:
    room = doubtful.room
    while room.doubts.state()["searching"]:
        pass
    key = room.doubts.listed()[0]["key"]
    answer = room.doubts.answers(key)["answers"][0]
    room.apply(answer["edit"], room.desk.version, key, follow=False)
    room.desk.close()
    with editor(tmp_path / "match.mp4") as again:
        while again.room.doubts.state()["searching"]:
            pass
        assert again.room.doubts.state()["looked"] == 1
        assert again.room.doubts.listed()[0]["looked"]


def test_a_moment_follows_its_players_to_other_ids(doubtful: OpenEditor) -> None:
    room = doubtful.room
    while room.doubts.state()["searching"]:
        pass
    key = next(one["key"] for one in room.doubts.listed() if "9" in one["key"].split(" at ")[0])
    assert 9 in room.doubts.answers(key)["tracks"]
    room.apply({"op": "rename", "track": 9, "new": 77}, room.desk.version, "", follow=False)
    assert 77 in room.doubts.answers(key)["tracks"]


def test_what_follows_from_an_answer_is_one_edit_with_it(doubtful: OpenEditor) -> None:
    """What would be linked otherwise already is not taken for a consequence."""
    desk = doubtful.room.desk
    asked: list[int] = []

    def follow(session: EditSession) -> tuple[AnyOperation, ...]:
        asked.append(len(session.board.tracks))
        return (Merge(1, 8),) + ((Merge(3, 9),) if 2 not in session.board.tracks else ())

    desk.follow = follow
    change = desk.apply({"op": "delete", "track": 2}, desk.version, follow=True)
    assert (change.follows, sorted(change.gone)) == (1, [2, 9])
    (edit,) = read_edits(doubtful.edits).edits
    assert [(one.a, one.b) for one in edit.then if isinstance(one, Merge)] == [(3, 9)]
    change = desk.undo(desk.version)
    assert sorted(row["id"] for row in change.rows) == [2, 3, 9]
    assert len(asked) == 2
