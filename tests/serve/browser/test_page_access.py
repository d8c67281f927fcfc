"""The page for everybody: no serious fault that axe-core finds, by keyboard, on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from paged import PHONE, Clip, opened
from serving import Served

VIEWS = ("videos", "setup", "result", "live", "new_stream", "alerts", "system")


def show(page: Any, server: Served, view: str, job: str, clip: Clip) -> None:
    """Go to a view and wait until it is there."""
    places = {"videos": "/", "setup": "/", "result": f"/#/jobs/{job}", "live": "/#/live", "new_stream": "/#/live"}
    page.goto(server.url + places.get(view, f"/#/{view}"))
    page.reload()
    if view == "setup":
        page.set_input_files("#file", clip.video)
        page.click("summary")
    if view == "new_stream":
        page.click("text=Add a stream")
    waited = {
        "videos": ".job", "setup": "#setting-track-quality", "result": ".tracks .pick", "live": "h1",
        "new_stream": "#stream-url", "alerts": "#rules", "system": "#about-title",
    }  # fmt: skip
    page.wait_for_selector(waited[view])
    page.wait_for_timeout(300)


def faults(page: Any, view: str) -> list[tuple[str, str, list[str]]]:
    """Return what axe-core finds that is serious."""
    found = []
    for fault in Axe().run(page).response["violations"]:
        if fault["impact"] in ("serious", "critical"):
            nodes = [f"{node['html'][:150]} {node['failureSummary'][:300]}" for node in fault["nodes"][:3]]
            found.append((view, fault["id"], nodes))
    return found


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_no_serious_fault(
    browser: Any, server: Served, done: dict[str, Any], clip: Clip, pictures: Path, scheme: str
) -> None:
    page = opened(browser, server, scheme=scheme, bypass_csp=True)
    found = []
    for view in VIEWS:
        show(page, server, view, done["id"], clip)
        page.screenshot(path=pictures / f"{view}_{scheme}.png", full_page=True)
        found += faults(page, view)
    page.context.close()
    assert not found


def test_a_phone_shows_all_of_the_page_without_faults(
    browser: Any, server: Served, done: dict[str, Any], clip: Clip, pictures: Path
) -> None:
    page = opened(browser, server, viewport=PHONE, has_touch=True, is_mobile=True, bypass_csp=True)
    found = []
    for view in VIEWS:
        show(page, server, view, done["id"], clip)
        page.screenshot(path=pictures / f"{view}_phone.png")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], f"{view} is {wide} pixels wide"
        found += faults(page, view)
    page.context.close()
    assert not found


def test_the_page_is_used_by_keyboard_alone(page: Any, server: Served, done: dict[str, Any]) -> None:
    page.goto(server.url)
    page.wait_for_selector(".job")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent")
        )
        if page.evaluate("document.activeElement.matches('.job a')"):
            break
    assert {"Videos", "Live", "Alerts", "System", "Find a video"} <= set(seen)
    page.keyboard.press("Enter")
    page.wait_for_selector(".page-head h1")


def test_the_theme_follows_the_system_and_the_button(page: Any, server: Served) -> None:
    page.goto(server.url)
    background = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    page.click("[aria-label='Light colours']")
    light = page.evaluate(background)
    assert dark != light
    page.reload()
    page.wait_for_selector("[aria-label='Dark colours']")
    assert page.evaluate(background) == light


def test_nothing_is_fetched_from_elsewhere(page: Any, server: Served, done: dict[str, Any]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server.url}/#/jobs/{done['id']}")
    page.wait_for_selector(".tracks .pick")
    page.goto(f"{server.url}/#/system")
    page.wait_for_selector("#about-title")
    assert [url for url in asked if not url.startswith((server.url, "blob:", "data:"))] == []
