"""Live streams, alerts and figures on the page. The stream's answers are made here; the rest is the service's."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import numpy as np
from serving import Served

from sportstrack.images.encode import encode_image

COUNTERS = {"frames_tracked": 1234, "frames_dropped": 5, "frames_per_s": 24.8, "latency_s": 0.142, "tracks_alive": 3}
STREAM = {
    "id": "one", "name": "Main <i>camera</i>", "source": {"url": "rtsp://camera.example/one"}, "settings": {},
    "outputs": {}, "state": "running", "message": "", "error": None, "created": 1.0, "ended": None, "width": 64,
    "height": 36, "counters": COUNTERS,
}  # fmt: skip


def with_stream(page: Any, stream: dict[str, Any]) -> list[str]:
    """Let the page see a stream; returns the methods of requests that change it."""
    changed: list[str] = []
    now = time.time()
    frames = "".join(
        f"event: frame\ndata: {json.dumps({'frame': n, 'time': now + n / 25, 'tracks': [{}] * 3})}\n\n"
        for n in range(60)
    )
    picture = encode_image(np.full((36, 64, 3), 90, np.uint8), ".jpg")

    def one(route: Any) -> None:
        if route.request.method != "GET":
            changed.append(route.request.method)
            stream["state"] = "stopped"
        route.fulfill(json=stream)

    page.route("**/v1/streams", lambda route: route.fulfill(json=[stream]))
    page.route("**/v1/streams/one", one)
    page.route("**/v1/streams/one/files", lambda route: route.fulfill(json=[]))
    page.route("**/v1/streams/one/picture.mjpeg*", lambda route: route.fulfill(body=picture, content_type="image/jpeg"))
    page.route(
        "**/v1/streams/one/events",
        lambda route: route.fulfill(body="retry: 60000\n\n" + frames, content_type="text/event-stream"),
    )
    return changed


def test_a_stream_is_watched_and_stopped(page: Any, server: Served) -> None:
    changed = with_stream(page, dict(STREAM))
    page.goto(f"{server.url}/#/live")
    page.click(".stream")
    page.wait_for_function("() => document.querySelector('.live-picture')?.naturalWidth === 64")
    assert page.inner_text("h1") == STREAM["name"]
    assert "142 ms" in page.inner_text(".figures")
    page.wait_for_function("() => document.querySelector('.chart.line').getAttribute('aria-label').includes('last 3')")
    page.click("button:has-text('Stop')")
    page.click("dialog button:has-text('Stop')")
    page.wait_for_selector("button:has-text('Remove')")
    assert changed == ["DELETE"]


def test_a_stream_that_is_lost_says_why(page: Any, server: Served) -> None:
    lost = {"state": "reconnecting", "error": {"message": "the connection was lost: no data for 10 s"}}
    with_stream(page, STREAM | lost)
    page.goto(f"{server.url}/#/live/one")
    page.wait_for_selector("text=no data for 10 s")
    assert page.inner_text(".page-head .badge") == "Reconnecting"


def test_the_form_opens_also_while_the_page_still_asks_for_the_limits(page: Any, server: Served) -> None:
    page.goto(f"{server.url}/#/alerts")
    page.wait_for_selector("#rules")
    held: list[Any] = []
    page.route("**/v1/about", lambda route: held.append(route))  # a builtin cannot be marked
    page.evaluate("location.hash = '#/live'")
    page.click("text=Add a stream")
    while not held:
        page.wait_for_timeout(20)
    for one in held:
        one.continue_()
    page.wait_for_selector("#stream-url")


def test_a_stream_that_is_not_allowed_is_refused_with_the_fix(page: Any, server: Served) -> None:
    page.goto(f"{server.url}/#/live")
    page.click("text=Add a stream")
    page.fill("#stream-url", "rtsp://elsewhere.example/one")
    page.click("form button[type=submit]")
    page.wait_for_selector("[role=alert] >> text=--streams")
    page.errors = [text for text in page.errors if "403" not in text]


def test_rules_are_edited_and_a_wrong_one_names_its_line(page: Any, server: Served) -> None:
    page.goto(f"{server.url}/#/alerts")
    page.fill("#rules", "rules:\n  - name: down\n    when: no such thing\n")
    page.click("text=Save the rules")
    problem = page.locator("#rules-problem")
    problem.wait_for()
    assert "line 3" in problem.inner_text()
    page.fill("#rules", "rules:\n  - name: camera down\n    when: down\n")
    page.click("text=Save the rules")
    page.wait_for_selector("text=The rules are in force")
    assert "camera down" in server.client.get("/v1/alerts/rules").text
    page.errors = [text for text in page.errors if "400" not in text]


def test_an_alert_is_shown_with_its_picture(page: Any, server: Served) -> None:
    picture = base64.b64encode(encode_image(np.full((36, 64, 3), 90, np.uint8), ".jpg")).decode()
    alert = {
        "id": "a", "rule": "<b>ball lost</b>", "stream": "Main camera", "message": "the ball was not seen for 5 s",
        "time": time.time(), "state": "raised", "picture": f"data:image/jpeg;base64,{picture}",
    }  # fmt: skip
    page.route("**/v1/alerts?*", lambda route: route.fulfill(json=[alert]))
    page.goto(f"{server.url}/#/alerts")
    page.wait_for_function("() => document.querySelector('.alerts img')?.naturalWidth === 64")
    assert page.inner_text(".alerts strong") == "<b>ball lost</b>"


def test_figures_of_the_service_are_drawn(page: Any, server: Served) -> None:
    now = time.time()
    series = {
        "frames_total_tracked": [[now - 60 + 5 * n, 125 * n] for n in range(12)],
        "memory_bytes": [[now - 5, 4e8]],
    }
    page.route("**/v1/series?*", lambda route: route.fulfill(json={"series": series}))
    page.goto(f"{server.url}/#/system")
    page.wait_for_selector(".figure")
    said = page.get_attribute(".chart.line >> nth=0", "aria-label")
    assert said.startswith("Frames tracked per second: last 25.0"), said
