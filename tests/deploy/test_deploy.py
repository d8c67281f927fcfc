"""The files of a deployment name metrics, options and files that there are, and pass their own tools."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from parsers import parse

from sportstrack.serve.metrics.figures import ServiceFigures
from sportstrack.serve.settings import ServeSettings

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "sportstrack.json").read_text("utf-8"))
RULES = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text("utf-8"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))


def served_names() -> set[str]:
    """Every name under which the service gives a figure to Prometheus."""
    figures = ServiceFigures()
    found = set()
    for metric in figures.registry.collect():
        endings = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(metric.type, [""])
        found |= {metric.name + ending for ending in endings}
    return found


def expressions(node: Any) -> Iterator[str]:
    """Every expression in a dashboard or a file of rules."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("expr", "definition") and isinstance(value, str):
                yield value
            else:
                yield from expressions(value)
    elif isinstance(node, list):
        for one in node:
            yield from expressions(one)


@pytest.mark.parametrize("content", [DASHBOARD, RULES], ids=["dashboard", "alerts"])
def test_every_metric_is_one_that_the_service_has(content: Any) -> None:
    named = {name for text in expressions(content) for name in re.findall(r"\bsportstrack_\w+", text)}
    assert len(named) > 5
    assert named <= served_names()


def test_the_dashboard_shows_every_metric() -> None:
    named = " ".join(expressions(DASHBOARD))
    missing = {name for name in served_names() if re.sub(r"_(bucket|sum|count|total)$", "", name) not in named}
    assert not missing


def test_labels_in_expressions_are_those_of_the_metrics() -> None:
    """A label that no metric has makes a panel empty for ever."""
    figures = ServiceFigures()
    known = {"le", "job"}
    for value in vars(figures).values():
        known |= set(getattr(value, "_labelnames", ()))
    for text in (*expressions(DASHBOARD), *expressions(RULES)):
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", text))
        for group in re.findall(r"\bby\s*\(([^)]*)\)", text):
            asked |= {name.strip() for name in group.split(",")}
        assert asked <= known, text


def test_panels_do_not_overlap_and_have_one_source() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert x < 24
                assert (x, y) not in taken, f"{panel['title']} lies over {taken[x, y]}"
                taken[x, y] = panel["title"]
        assert panel["type"] == "row" or panel["datasource"]["uid"] == "prometheus"
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text("utf-8"))
    assert source["datasources"][0]["uid"] == "prometheus"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no promtool")
@pytest.mark.parametrize(
    "words", ["check rules alerts.yml", "test rules alerts_test.yml", "check config --syntax-only prometheus.yml"]
)
def test_prometheus_takes_its_files(words: str) -> None:
    done = subprocess.run(
        ["promtool", *words.split()], cwd=DEPLOY / "prometheus", capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="no hadolint")
@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.gpu"])
def test_hadolint_finds_nothing(name: str) -> None:
    done = subprocess.run(["hadolint", DEPLOY / name], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["Dockerfile", "Dockerfile.gpu"])
def test_the_image_runs_as_nobody_in_particular(name: str) -> None:
    text = (DEPLOY / name).read_text("utf-8")
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"^USER (?!0\b|root\b)\S+", last, re.MULTILINE)
    assert "HEALTHCHECK" in last
    assert "STOPSIGNAL SIGTERM" in last
    assert all(":" in one.split()[1] for one in re.findall(r"^FROM .*", text, re.MULTILINE)), "no version"
    entry = json.loads(re.findall(r"^ENTRYPOINT (\[.*\])", last, re.MULTILINE)[0])
    parse(entry[1:])


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for line in re.findall(r"^COPY (?!--from)(.*)", text, re.MULTILINE):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists(), name
            assert f"!{name}" in ignored, f"{name} is left out by .dockerignore"


def test_the_image_pins_what_it_installs() -> None:
    lines = (DEPLOY / "constraints.txt").read_text("utf-8").splitlines()
    pinned = {line.partition("==")[0].lower() for line in lines if line and not line.startswith("#")}
    assert all(re.fullmatch(r"[\w.-]+==[\w.!+-]+", line) for line in lines if line and not line.startswith("#"))
    assert {"torch", "fastapi", "uvicorn", "numpy", "onnxruntime", "ultralytics"} <= pinned
    torch = next(line for line in lines if line.startswith("torch=="))
    assert f"ARG TORCH_VERSION={torch.partition('==')[2]}+cpu" in (DEPLOY / "Dockerfile").read_text("utf-8")


def test_what_is_pinned_is_what_the_package_asks_for() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has none")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = (DEPLOY / "constraints.txt").read_text("utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    pinned = {canonicalize_name(name): version for name, version in pinned.items()}
    extras = project["optional-dependencies"]
    for text in (*project["dependencies"], *extras["serve"], *extras["parquet"]):
        wanted = Requirement(text)
        version = pinned.get(canonicalize_name(wanted.name))
        assert version is not None, f"{text} is not pinned"
        assert wanted.specifier.contains(version, prereleases=True), f"{text}, pinned is {version}"


def test_compose_runs_all_services_hardened() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert not service["image"].endswith(":latest"), name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
    service = COMPOSE["services"]["sportstrack"]
    parse(["serve", *service["command"]])
    wanted = float(service["command"][service["command"].index("--drain") + 1])
    assert float(service["stop_grace_period"].removesuffix("s")) > wanted, "Docker kills before jobs have ended"


def test_files_that_compose_mounts_are_there() -> None:
    made = {"./videos", "./token.txt", "./grafana_password.txt"}
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            assert source in COMPOSE["volumes"] or source in made or (DEPLOY / source).exists(), source


def test_the_unit_starts_the_service_with_options_that_there_are() -> None:
    text = (DEPLOY / "sportstrack.service").read_text("utf-8")
    command = shlex.split(re.findall(r"^ExecStart=(.*)", text, re.MULTILINE)[0])
    parse(command[1:])
    drain = float(command[command.index("--drain") + 1])
    assert drain > ServeSettings.drain - 1
    assert float(re.findall(r"^TimeoutStopSec=(\d+)", text, re.MULTILINE)[0]) > drain
    assert "User=sportstrack" in text
