"""Data sets that come as archives."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from painted import make_set
from serving import Served

from sportstrack.errors import SportstrackError
from sportstrack.serve.jobs.task import Reporter, Task
from sportstrack.serve.jobs.unpack import _inside, data_set


def zipped(folder: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder.parent))
    return out.getvalue()


def unpack(tmp_path: Path, data: bytes, most: int = 10_000_000) -> str:
    (tmp_path / "job").mkdir(exist_ok=True)
    (tmp_path / "set.zip").write_bytes(data)
    task = Task("a", "mine", str(tmp_path / "set.zip"), False, {}, {}, str(tmp_path / "job"), {"upload_bytes": most})
    return data_set(task, Reporter(lambda _: None))


def archive_of(files: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_a_data_set_is_mined_from_an_archive(server: Served, tmp_path: Path) -> None:
    data = zipped(make_set(tmp_path / "football", count=2))
    job = json.dumps({"kind": "mine", "settings": {"top": 2, "augment": [], "weights": "toy:find"}})
    answer = server.client.post("/v1/jobs", files={"file": ("football.zip", data)}, data={"job": job})
    ended = server.ended(answer.json()["id"])
    assert (ended["state"], ended["error"]) == ("done", None)
    assert ended["summary"]["pictures"] == 4


@pytest.mark.parametrize(
    "files",
    [
        {"../data.yaml": "x"},
        {"/data.yaml": "x"},
        {"a/../../data.yaml": "x"},
        {"C:/data.yaml": "x"},
        {"a\\..\\..\\data.yaml": "x"},
        {"a.txt": "no data.yaml"},
        {"data.yaml": "train: /etc\nnames: [a]\n"},
        {"data.yaml": "path: ..\ntrain: x\nnames: [a]\n"},
        {"data.yaml": "train: [images, ../../x]\nnames: [a]\n"},
        {"data.yaml": "train: list.txt\nnames: [a]\n", "list.txt": "images/a.jpg\n/etc/passwd\n"},
        {"data.yaml": "train: list.txt\nnames: [a]\n", "list.txt": "../../secret.jpg\n"},
        {"data.yaml": "train: 5\nnames: [a]\n"},
        {"data.yaml": "- a list\n"},
    ],
)
def test_an_archive_names_nothing_outside_of_it(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(SportstrackError):
        unpack(tmp_path, archive_of(files))
    assert {path.name for path in tmp_path.iterdir()} == {"job", "set.zip"}


def test_links_bombs_and_damage_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("data.yaml")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    bomb = archive_of({"data.yaml": "train: x", "zeros": bytes(20_000_000)})
    for data in (out.getvalue(), bomb, b"no archive", bomb[: len(bomb) // 2]):
        with pytest.raises(SportstrackError):
            unpack(tmp_path, data)
        assert not list((tmp_path / "job").rglob("*"))


@given(st.text(max_size=40))
def test_no_name_leads_out(text: str) -> None:
    try:
        name = _inside(text, "x")
    except SportstrackError:
        return
    root = Path("/srv/set")
    joined = Path(__import__("os").path.normpath(root / name))
    assert joined == root or root in joined.parents
