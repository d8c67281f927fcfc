"""The page in a real browser: sign in, upload, watch the queue, cancel, delete."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paged import Clip, ended, opened, sent
from serving import TOKEN, Served


def test_a_wrong_token_is_told_and_the_right_one_opens_the_page(browser: Any, server: Served, pictures: Path) -> None:
    page = browser.new_context().new_page()
    page.goto(server.url)
    page.fill("#token", "not the right one")
    page.click("text=Sign in >> nth=-1")
    problem = page.locator("#token-problem")
    problem.wait_for()
    assert "wrong" in problem.inner_text()
    page.screenshot(path=pictures / "wrong_token.png")
    page.fill("#token", TOKEN)
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Drop a video here")
    assert page.locator("dialog").count() == 0
    assert not page.evaluate("document.cookie"), "scripts can read the cookie"
    page.context.close()


def test_a_video_is_uploaded_and_tracked(page: Any, server: Served, clip: Clip) -> None:
    page.goto(server.url)
    page.set_input_files("#file", clip.video)
    page.click("summary")
    page.set_input_files("#setting-track-detections", clip.detections)
    page.click("button:has-text('Start')")
    row = page.locator(".job", has_text="match.mp4").first
    row.locator("text=Done").wait_for(timeout=60_000)
    row.locator("a").click()
    page.wait_for_selector(".tracks .pick")
    assert page.locator("h1").inner_text() == "match.mp4"
    job = server.client.get("/v1/jobs").json()["jobs"][0]
    assert job["summary"]["tracks"] == page.locator(".tracks tbody tr").count()


def test_an_upload_that_breaks_off_goes_on(page: Any, server: Served, clip: Clip) -> None:
    """Of two chunks the second is lost once: no byte is missing, none is sent twice."""
    size = clip.video.stat().st_size
    offsets: list[int] = []

    def begin(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json=answer.json() | {"chunk_bytes": size // 2 + 1})

    def chunk(route: Any) -> None:
        if route.request.method != "PATCH":
            route.continue_()
            return
        offsets.append(int(route.request.headers["upload-offset"]))
        if len(offsets) == 2:
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/v1/uploads", begin)
    page.route("**/v1/uploads/*", chunk)
    page.goto(server.url)
    page.set_input_files("#file", {"name": "broken.mp4", "mimeType": "video/mp4", "buffer": clip.video.read_bytes()})
    page.click("button:has-text('Start')")
    page.locator(".job a", has_text="broken.mp4").wait_for()
    assert offsets == [0, size // 2 + 1, size // 2 + 1]
    job = server.client.get("/v1/jobs").json()["jobs"][0]
    server.client.post(f"/v1/jobs/{job['id']}/cancel")
    page.errors = [text for text in page.errors if "ERR_CONNECTION_RESET" not in text]


def test_a_refused_setting_is_shown_at_its_field(page: Any, server: Served, clip: Clip) -> None:
    page.goto(server.url)
    page.set_input_files("#file", clip.video)
    page.click("summary")
    page.fill("#setting-track-slices", "many")
    page.click("button:has-text('Start')")
    problem = page.locator("#setting-track-slices-problem")
    problem.wait_for()
    assert problem.inner_text().startswith("slices:")
    assert page.locator("#setting-track-slices").get_attribute("aria-invalid") == "true"
    page.errors = [text for text in page.errors if "400" not in text]


def test_a_reload_in_mid_job_goes_on_and_cancel_ends_it(page: Any, server: Served, long_clip: Clip) -> None:
    job = sent(server, long_clip, "long one")
    page.goto(f"{server.url}/#/jobs/{job}")
    moving = "() => /^[1-9]\\d? %$/.test(document.querySelector('.share')?.textContent ?? '')"
    page.wait_for_function(moving, timeout=40_000)
    before = int(page.inner_text(".share").split()[0])
    page.reload()
    page.wait_for_function(moving)
    assert int(page.inner_text(".share").split()[0]) >= before
    page.wait_for_function(f"() => parseInt(document.querySelector('.share')?.textContent) > {before}")
    page.click("button:has-text('Cancel')")
    page.wait_for_selector("text=This job was cancelled", timeout=20_000)
    kept = ended(server, job)
    assert kept["state"] == "cancelled"
    page.wait_for_selector(".files li")
    assert page.locator(".files li").count() == len(kept["files"]) > 0
    page.click("text=Show what was tracked")
    page.wait_for_selector(".tracks .pick")


def test_the_newest_frame_is_shown_while_a_job_runs(page: Any, server: Served, long_clip: Clip) -> None:
    job = sent(server, long_clip, "watched")
    page.goto(f"{server.url}/#/jobs/{job}")
    page.wait_for_function("() => document.querySelector('.preview:not([hidden])')?.naturalWidth > 0", timeout=40_000)
    server.client.post(f"/v1/jobs/{job}/cancel")  # it may be done by now
    ended(server, job)
    assert server.client.get(f"/v1/jobs/{job}/preview.jpg").headers["content-type"] == "image/jpeg"


def test_an_address_that_is_no_page_says_so(page: Any, server: Served) -> None:
    page.goto(f"{server.url}/#/alerts")
    page.wait_for_function("() => document.title === 'Alerts · sportstrack'")
    page.goto(f"{server.url}/#/jbos/1")
    page.wait_for_selector("text=There is no such page")
    assert page.title() == "Not found · sportstrack"
    assert page.locator("#nav [aria-current]").count() == 0


def test_a_job_is_deleted_after_a_question(page: Any, server: Served, clip: Clip) -> None:
    job = sent(server, clip, "to be deleted")
    ended(server, job)
    page.goto(server.url)
    row = page.locator(".job", has_text="to be deleted")
    row.locator("[aria-label='Delete to be deleted']").click()
    page.click("dialog >> text=Keep")
    assert row.count() == 1
    row.locator("[aria-label='Delete to be deleted']").click()
    page.click("dialog button:has-text('Delete')")
    row.wait_for(state="detached")
    assert server.client.get(f"/v1/jobs/{job}").status_code == 404


def test_names_are_text_wherever_they_stand(page: Any, server: Served, clip: Clip) -> None:
    evil = "<img src=x onerror=alert(1)>'\"&.mp4"
    page.goto(server.url)
    page.set_input_files("#file", {"name": evil, "mimeType": "video/mp4", "buffer": clip.video.read_bytes()})
    assert page.locator(".setup h2").inner_text() == evil
    page.set_input_files("#setting-track-detections", clip.detections)
    page.click("button:has-text('Start')")
    row = page.locator(".job", has_text="onerror")
    row.locator("text=Done").wait_for(timeout=60_000)
    row.locator("a").click()
    page.wait_for_selector(".tracks .pick")
    assert page.locator("h1").inner_text() == evil
    assert page.locator("img[src=x]").count() == 0


def test_jobs_are_found_by_state_and_name(page: Any, server: Served, done: dict[str, Any]) -> None:
    page.goto(server.url)
    page.wait_for_selector(".job")
    page.click(".segments >> text=Active")
    page.wait_for_selector("text=No job matches")
    page.click(".segments >> text=Done")
    page.fill("[aria-label='Find a video']", "cup <b>")
    page.wait_for_function("() => document.querySelectorAll('.job').length === 1")
    assert page.locator(".job a").inner_text() == done["name"]


def test_a_stream_address_leads_to_the_live_view(browser: Any, server: Served) -> None:
    page = opened(browser, server)
    page.goto(server.url)
    page.fill("#address", "rtsp://camera.example/one")
    page.click("button:text-is('Add')")
    page.wait_for_selector("#stream-url")
    assert page.input_value("#stream-url") == "rtsp://camera.example/one"
    page.context.close()


def test_tracks_are_scored_from_the_page(page: Any, server: Served, done: dict[str, Any], tmp_path: Path) -> None:
    text = next(one["href"] for one in done["files"] if one["name"].endswith(".txt"))
    rows = server.client.get(text).text.splitlines()
    truth = tmp_path / "truth.txt"
    truth.write_text("\n".join(",".join([*row.split(",")[:6], "1", "1", "1"]) for row in rows))
    page.goto(f"{server.url}/#/jobs/{done['id']}")
    page.click("button:has-text('Score')")
    page.set_input_files("#setting-evaluate-truth", truth)
    page.select_option("#setting-evaluate-plots", "yes")
    page.click("dialog button:has-text('Start')")
    page.wait_for_selector(".scores", timeout=60_000)
    assert page.locator(".scores tbody td").first.inner_text() == "100.0"
    page.wait_for_function("() => document.querySelector('.pictures img').naturalWidth > 0")


def test_one_person_is_followed_from_a_box_that_is_drawn(page: Any, server: Served, clip: Clip) -> None:
    left, top, wide, tall = map(float, clip.detections.read_text().splitlines()[0].split(",")[2:6])
    page.goto(server.url)
    page.set_input_files("#file", {"name": "one.mp4", "mimeType": "video/mp4", "buffer": clip.video.read_bytes()})
    page.click("text=Follow one object")
    page.wait_for_function("() => document.querySelector('.picker video')?.readyState >= 2")
    stage, width = (
        page.locator(".picker canvas").bounding_box(),
        page.evaluate("document.querySelector('.picker video').videoWidth"),
    )
    scale = stage["width"] / width
    for x, y, act in ((left, top, page.mouse.down), (left + wide, top + tall, page.mouse.up)):
        page.mouse.move(stage["x"] + x * scale, stage["y"] + y * scale)
        act()
    drawn = [float(one) for one in page.input_value("#setting-sot-init").split(",")]
    assert max(abs(one - other) for one, other in zip(drawn, (left, top, wide, tall), strict=True)) < 3
    page.select_option("#setting-sot-method", "kcf")
    page.click("button:has-text('Start')")
    row = page.locator(".job", has_text="one.mp4")
    row.locator("text=Done").wait_for(timeout=60_000)
    row.locator("a").click()
    page.wait_for_selector(".tracks .pick")
    assert page.locator(".filters [role=status]").inner_text() == "1 track"
