"""The built site: no warning, every name, command and setting, links that lead somewhere, nothing from elsewhere."""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from parsers import parser_of

import sportstrack
from sportstrack import cli

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
PUBLIC = ("sportstrack", "sportstrack.refine", "data_prep.audit", "data_prep.augment", "data_prep.synthetic")
PLACES = {"sportstrack.track.iteration.track": "sportstrack.track"}  # `sportstrack.track` is a package, too
NO_OBJECTS = {"sportstrack.__version__"}


@dataclass
class Page(HTMLParser):
    """What a page holds: targets, links, what it loads, pictures without words, and its text."""

    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.ids |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag == "img":
            self.loads.append(found["src"])
            if not found.get("alt", "").strip():
                self.silent.append(found["src"])
        elif tag == "script" and "src" in found:
            self.loads.append(found["src"])
        elif tag == "link" and found.get("rel") in ("stylesheet", "preconnect", "icon"):
            self.loads.append(found["href"])

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    built = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=280)
    assert built.returncode == 0, built.stderr
    assert not [line for line in built.stderr.splitlines() if re.match(r"(WARNING|ERROR)", line)]
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Page]:
    found = {}
    for path in sorted(site.rglob("*.html")):
        found[path.relative_to(site).as_posix()] = page = Page()
        page.feed(path.read_text("utf-8"))
    return found


def content(page: Page) -> str:
    return " ".join(" ".join(page.text).split())


def referred() -> list[str]:
    lines = [line for page in sorted(REFERENCE.glob("*.md")) for line in page.read_text("utf-8").splitlines()]
    names = [line.removeprefix("::: ") for line in lines if line.startswith("::: ")]
    return [PLACES.get(name, name) for name in names]


def test_every_public_name_is_in_the_reference_once(pages: dict[str, Page]) -> None:
    names = referred()
    assert [name for name in names if names.count(name) > 1] == []
    public = {f"{package}.{name}" for package in PUBLIC for name in import_module(package).__all__} - NO_OBJECTS
    again = {name for name in public if getattr(sportstrack, name.rpartition(".")[2], None) is resolved(name)}
    public -= {name for name in again if name.rpartition(".")[0] != "sportstrack"}  # exported by `sportstrack`
    assert public - set(names) == set()
    anchors = set().union(*(page.ids for name, page in pages.items() if name.startswith("reference/")))
    written = {next((real for real, name in PLACES.items() if name == one), one) for one in names}
    assert written - anchors == set()


def resolved(name: str) -> Any:
    module, _, last = name.rpartition(".")
    return getattr(import_module(module), last)


@pytest.mark.parametrize("word", cli.COMMANDS)
def test_every_command_has_a_page_with_all_its_options(word: str, pages: dict[str, Page]) -> None:
    text = content(pages[f"reference/commands/{word}.html"])
    parser = parser_of(word)
    for action in parser._actions:
        for name in action.option_strings:
            assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text), name
        if action.help not in (None, argparse.SUPPRESS):
            said = " ".join(parser._get_formatter()._expand_help(action).replace("`", "").split())
            assert re.sub(r"\s", "", said) in re.sub(r"\s", "", text)
    for line in (parser.epilog or "").replace("`", "").replace("exit status:", "").splitlines():
        assert line.strip() == "examples:" or re.sub(r"\s", "", line) in re.sub(r"\s", "", text)
    assert f"{word}.html" in pages["reference/commands/index.html"].links


def setting_classes() -> Iterator[tuple[str, list[str]]]:
    """All dataclasses with a field made by `option`, and the trackers' settings: name, and its fields."""
    for path in [*(ROOT / "sportstrack").rglob("*.py"), *(ROOT / "data_prep").rglob("*.py")]:
        text = path.read_text("utf-8")
        if "option(" not in text and "Config:" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                own = [one for one in node.body if isinstance(one, ast.AnnAssign)]
                made = [ast.unparse(one.value).startswith("option(") for one in own if one.value is not None]
                if any(made) or (path.parent.name in ("trackers", "sports") and node.name.endswith("Config")):
                    yield node.name, [ast.unparse(one.target) for one in own]


def test_every_setting_is_on_the_page_of_settings(pages: dict[str, Page]) -> None:
    page = pages["reference/settings.html"]
    classes = dict(setting_classes())
    assert {"TrackSettings", "SportsTrackConfig", "BallConfig", "ServeSettings", "AugmentSettings"} <= set(classes)
    names = {text.strip() for text in page.text}
    for name, fields in classes.items():
        assert name in names, f"docs/command_pages.py lacks {name}"
        assert set(fields) <= names, name


def test_links_lead_to_pages_and_places_that_exist(pages: dict[str, Page], site: Path) -> None:
    wrong = []
    for name, page in pages.items():
        for link in page.links if name != "404.html" else ():
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (site / name).parent / unquote(parts.path) if parts.path else site / name
            at = target.resolve().relative_to(site.resolve()).as_posix()
            known = pages[at].ids if at in pages else {""}
            if not target.is_file() or (parts.fragment and unquote(parts.fragment) not in known):
                wrong.append(f"{name}: {link}")
    assert wrong == []


def test_links_to_elsewhere_are_whole_addresses(pages: dict[str, Page]) -> None:
    links = {link for page in pages.values() for link in page.links if urlsplit(link).scheme or "//" in link}
    assert len(links) > 20
    for link in links:
        parts = urlsplit(link)
        assert parts.scheme in ("https", "http", "mailto"), link
        assert re.fullmatch(r"[\w-]+(\.[\w-]+)+(:\d+)?", parts.netloc) or parts.scheme == "mailto", link
        assert not re.search(r"[\s<>\"]", link), link


def test_pages_load_nothing_from_elsewhere_and_pictures_have_words(pages: dict[str, Page], site: Path) -> None:
    for name, page in pages.items():
        assert page.silent == [], name
        for place in page.loads:
            assert not urlsplit(place).netloc, f"{name} loads {place}"
            assert name == "404.html" or ((site / name).parent / unquote(place).partition("?")[0]).is_file()


def test_the_glossary_has_every_term(pages: dict[str, Page]) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("[start:glossary]")[2].partition("[end:glossary]")[0]
    terms = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(terms) > 40
    shown = {one.strip() for one in pages["glossary.html"].text}
    assert [term for term in terms if term not in shown] == []


def test_search_works_from_a_folder_on_disk_without_a_network(browser: Any, site: Path) -> None:
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((site / "index.html").as_uri())
    page.locator("input[name=query]").click(timeout=10_000)
    page.keyboard.type("--save-detections")
    found = page.locator(".md-search-result__item a").first
    found.wait_for(timeout=20_000)
    assert "save-detections" in page.locator(".md-search-result__list").inner_text()
    page.locator("input[name=query]").clear()
    page.keyboard.type("How long does it take?")  # its small words are not in the index
    page.locator(".md-search-result__item", has_text="Questions").first.wait_for(timeout=20_000)
    found.click()
    page.wait_for_load_state()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    context.close()
