"""The editor in a real browser: every operation by its key or the mouse, and what stands in the file then."""

from __future__ import annotations

import json
from typing import Any

import pytest
from editing import OpenEditor, box_of


def lines(opened: OpenEditor) -> list[dict[str, Any]]:
    """The edits on the disk."""
    return [json.loads(line) for line in opened.edits.read_text().splitlines()] if opened.edits.exists() else []


def press(page: Any, *keys: str) -> None:
    """Press keys, and wait until the page has saved what they do."""
    for key in keys:
        page.keyboard.press(key)
    page.evaluate("async () => { await new Promise(requestAnimationFrame); await editor.model._queue; }")


def choose(page: Any, track: int) -> None:
    """Click a player in the video."""
    x1, y1, x2, y2 = box_of(track, 20)
    place = page.evaluate("([x, y]) => editor.player.toWindow(x, y)", [(x1 + x2) / 2, (y1 + y2) / 2])
    page.mouse.click(place["x"], place["y"])
    assert page.evaluate("editor.selected") == track


def spans(page: Any, track: int) -> Any:
    """The spans of frames of a track, None if it is gone."""
    return page.evaluate("id => editor.model.row(id)?.spans ?? null", track)


def box(page: Any, track: int, frame: int) -> Any:
    """The box that the page has of a track in a frame."""
    return page.evaluate(
        "async ([id, n]) => { await editor.model.ready(n); return editor.model.box(id, n); }", [track, frame]
    )


def wait_for(page: Any, count: int) -> None:
    """Wait until so many edits are made."""
    page.wait_for_function("count => editor.model.edits === count && !editor.model._busy", arg=count)


def test_swap_from_here(page: Any, opened: OpenEditor) -> None:
    choose(page, 1)
    press(page, "s")
    page.wait_for_selector("text=Swap 1 from frame 20 on with")
    assert page.locator(".choice").count() == 2  # the two others that are near
    press(page, "1")
    wait_for(page, 1)
    (edit,) = lines(opened)
    assert {name: edit[name] for name in ("op", "a", "b", "frame")} == {"op": "swap", "a": 1, "b": 2, "frame": 20}
    assert box(page, 1, 19) == list(box_of(1, 19))
    assert box(page, 1, 20) == list(box_of(2, 20))
    assert spans(page, 1) == [[1, 30], [36, 60]]  # the gap is its own now


def test_split_and_merge_again(page: Any, opened: OpenEditor) -> None:
    choose(page, 3)
    press(page, "c")
    wait_for(page, 1)
    assert spans(page, 3) == [[1, 19]]
    new = page.evaluate("[...editor.model.rows.keys()].find(id => ![1, 2, 3].includes(id))")
    assert spans(page, new) == [[20, 60]]
    press(page, "m")
    page.wait_for_selector(f"text=Track {new}")
    press(page, "1")
    wait_for(page, 2)
    assert spans(page, 3) == [[1, 60]]
    assert [edit["op"] for edit in lines(opened)] == ["split", "merge"]


def test_delete_a_track_a_span_and_a_box(page: Any, opened: OpenEditor) -> None:
    choose(page, 1)
    press(page, "Shift+Delete")
    wait_for(page, 1)
    assert spans(page, 1) is None
    choose(page, 2)
    press(page, "i", *["Shift+ArrowRight"] * 2)
    page.wait_for_function("() => editor.frame === 40")
    press(page, "o", "d")
    wait_for(page, 2)
    assert spans(page, 2) == [[1, 19], [41, 60]]
    assert page.evaluate("editor.span.first") is None  # it has done its work
    page.evaluate("editor.go(10)")
    page.wait_for_function("() => editor.frame === 10")
    press(page, "Delete")
    wait_for(page, 3)
    assert spans(page, 2) == [[1, 9], [11, 19], [41, 60]]
    assert [edit["op"] for edit in lines(opened)] == ["delete", "delete", "remove"]


def test_who_it_is(page: Any, opened: OpenEditor) -> None:
    choose(page, 2)
    for key, text in (("t", "Reds"), ("n", "07"), ("p", "<b>A & B</b>")):
        press(page, key)
        page.keyboard.type(text)
        press(page, "Enter")
    wait_for(page, 3)
    press(page, "e")
    page.locator("#field-role").select_option("goalkeeper")
    wait_for(page, 4)
    row = page.evaluate("editor.model.row(2)")
    assert [row[name] for name in ("team", "number", "name", "role")] == ["Reds", "07", "<b>A & B</b>", "goalkeeper"]
    assert page.locator("#side h2").inner_text() == "Track 2 · #07 <b>A & B</b>"  # text, never markup
    assert [(edit["op"], edit["value"]) for edit in lines(opened)][:3] == [
        ("team", "Reds"), ("number", "07"), ("name", "<b>A & B</b>"),
    ]  # fmt: skip


def test_a_value_that_cannot_be_is_refused_with_words(page: Any, opened: OpenEditor) -> None:
    choose(page, 2)
    press(page, "n")
    page.keyboard.type("x")
    press(page, "Enter")
    page.wait_for_selector("#toasts >> text=one to three digits")
    assert lines(opened) == []


def test_another_id(page: Any, opened: OpenEditor) -> None:
    choose(page, 1)
    press(page, "r")
    page.keyboard.type("41")
    press(page, "Enter")
    wait_for(page, 1)
    assert spans(page, 41) == [[1, 60]]
    assert spans(page, 1) is None
    assert page.evaluate("editor.selected") == 41


@pytest.mark.parametrize(("grip", "wanted"), [("middle", (5, 4, 5, 4)), ("corner", (0, 0, 5, 4))])
def test_a_box_is_moved_and_resized_by_mouse(page: Any, opened: OpenEditor, grip: str, wanted: tuple[int, ...]) -> None:
    choose(page, 1)
    x1, y1, x2, y2 = box_of(1, 20)
    start = ((x1 + x2) / 2, (y1 + y2) / 2) if grip == "middle" else (x2, y2)
    places = [
        page.evaluate("([x, y]) => editor.player.toWindow(x, y)", [start[0] + d, start[1] + e])
        for d, e in ((0, 0), (5, 4))
    ]
    page.mouse.move(places[0]["x"], places[0]["y"])
    page.mouse.down()
    page.mouse.move(places[1]["x"], places[1]["y"], steps=4)
    page.mouse.up()
    wait_for(page, 1)
    (edit,) = lines(opened)
    assert edit["op"] == "move"
    assert edit["box"] == pytest.approx([a + b for a, b in zip((x1, y1, x2, y2), wanted, strict=True)], abs=0.6)


def test_a_box_is_moved_by_keys_as_one_edit(page: Any, opened: OpenEditor) -> None:
    choose(page, 1)
    press(page, *["Alt+ArrowRight"] * 3, "Alt+ArrowUp", "Alt+Shift+ArrowDown")
    wait_for(page, 1)
    x1, y1, x2, y2 = box_of(1, 20)
    assert lines(opened)[0]["box"] == [x1 + 3, y1 - 1, x2 + 3, y2]


def test_boxes_are_added_to_a_track_and_to_a_new_one(page: Any, opened: OpenEditor) -> None:
    choose(page, 2)
    page.evaluate("editor.go(33)")
    page.wait_for_function("() => editor.frame === 33")
    press(page, "a", "Enter")
    wait_for(page, 1)
    assert spans(page, 2) == [[1, 30], [33, 33], [36, 60]]
    press(page, "Shift+A")
    places = [page.evaluate("([x, y]) => editor.player.toWindow(x, y)", place) for place in ([200, 20], [220, 60])]
    page.mouse.move(places[0]["x"], places[0]["y"])
    page.mouse.down()
    page.mouse.move(places[1]["x"], places[1]["y"], steps=4)
    page.mouse.up()
    wait_for(page, 2)
    added = lines(opened)[1]
    assert added["op"] == "add"
    assert added["box"] == pytest.approx([200, 20, 220, 60], abs=0.6)
    assert page.evaluate("editor.selected") == added["track"]
    assert spans(page, added["track"]) == [[33, 33]]


def test_key_boxes_fill_a_gap(page: Any, opened: OpenEditor) -> None:
    choose(page, 2)
    for frame in (30, 36):
        page.evaluate("n => editor.go(n)", frame)
        page.wait_for_function("n => editor.frame === n", arg=frame)
        press(page, "k")
    press(page, "Enter")
    wait_for(page, 1)
    assert spans(page, 2) == [[1, 60]]
    assert box(page, 2, 33) == list(box_of(2, 33))  # in a straight line, as it went
    assert [key["frame"] for key in lines(opened)[0]["keys"]] == [30, 36]


def test_confirm(page: Any, opened: OpenEditor) -> None:
    choose(page, 3)
    press(page, "v")
    wait_for(page, 1)
    page.wait_for_selector("#side >> text=confirmed")
    press(page, "Shift+V")
    wait_for(page, 2)
    assert [edit["tracks"] for edit in lines(opened)] == [[3], [1, 2, 3]]


def test_undo_and_redo_without_end(page: Any, opened: OpenEditor) -> None:
    choose(page, 1)
    for _ in range(12):
        press(page, "c", "ArrowRight")
    wait_for(page, 1)  # further splits of what is gone from here on are refused
    for key in ("ArrowLeft", "t"):
        press(page, key)
    page.keyboard.type("A")
    press(page, "Enter")
    wait_for(page, 2)
    press(page, "Control+z", "Control+z", "Control+z")
    wait_for(page, 0)
    page.wait_for_selector("#toasts >> text=There is nothing to undo")
    assert lines(opened) == []
    assert spans(page, 1) == [[1, 60]]
    press(page, "Control+Shift+z", "Control+y")
    wait_for(page, 2)
    assert [edit["op"] for edit in lines(opened)] == ["split", "team"]


def test_the_keys_are_shown(page: Any) -> None:
    press(page, "?")
    shown = page.locator("dialog").inner_text()
    for words in ("Swap with another track", "Undo", "Next doubtful moment", "Key box here"):
        assert words in shown
    press(page, "Escape")
    assert page.locator("dialog").count() == 0


def test_what_was_done_is_listed_and_can_be_looked_at(page: Any) -> None:
    choose(page, 3)
    press(page, "c")
    wait_for(page, 1)
    page.evaluate("editor.go(50)")
    press(page, "y")
    page.get_by_role("button", name="Split 3 at frame 20", exact=True).click()
    page.wait_for_function("() => editor.frame === 20")
