"""The page for those who do not see it: axe-core finds nothing serious, in dark and in light."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from editing import OpenEditor

SERIOUS = ("serious", "critical")


def faults(page: Any) -> list[str]:
    """What axe-core finds that is serious."""
    axe = Axe()
    found = axe.run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found if one["impact"] in SERIOUS]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_serious(browser: Any, opened: OpenEditor, theme: str) -> None:
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    page.add_init_script(f"localStorage.setItem('sportstrack.edit.theme', '{theme}')")
    page.goto(opened.url)
    page.wait_for_function("() => window.editor && editor.player.state === 'ready'")
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    page.evaluate("async () => { await editor.go(20); await editor.model.ready(20); }")
    states = {
        "start": [],
        "a track": ["ArrowDown", "i"],
        "a partner": ["s"],
        "key boxes": ["Escape", "k"],
        "a moment": ["Escape", "g"],
        "keys": ["Escape", "?"],
        "export": ["Escape", "x"],
        "history": ["Escape", "y"],
    }
    for state, keys in states.items():
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_timeout(150)
        assert faults(page) == [], f"{theme}, {state}"
    page.context.close()


def test_the_page_works_by_keyboard_alone(page: Any) -> None:
    page.keyboard.press("ArrowDown")  # the player on the left, then the next
    assert page.evaluate("editor.selected") is not None
    page.keyboard.press("t")
    assert page.evaluate("document.activeElement.id") == "field-team"
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => editor.frame === 21")
    page.keyboard.press("m")
    page.wait_for_function("() => editor.mode?.kind === 'partner'")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert page.evaluate("editor.selected") is None
