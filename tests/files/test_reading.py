"""Text, JSON and YAML of any encoding are read, hostile ones refused; what systems leave in folders is not data."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_prep.formats.motfolders import read_mot_folders
from sportstrack.detect.common import class_ids
from sportstrack.errors import FormatError, SportstrackError
from sportstrack.files.reading import decode, existing, list_files, parse_json, parse_yaml, read_bytes
from sportstrack.limits import MAX_MESSAGE
from sportstrack.mot import parse_mot, read_mot
from sportstrack.score.run import make_jobs
from sportstrack.score.sources import find_trackers, find_truth
from sportstrack.seqinfo import parse_sequence_info
from sportstrack.sot.evaluate.layouts import find_sequences
from sportstrack.val.truth import Classes
from sportstrack.video import probe

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
ROWS = "1,1,10,20,30,40,1,1,1\r\n2,1,11,20,30,40,1,1,1\r\n"
INFO = "[Sequence]\nname=s\nimDir=img1\nframeRate=25\nseqLength=2\nimWidth=320\nimHeight=240\n"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_of_every_encoding_reads_alike(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(ROWS.encode(encoding))
    assert read_mot(tmp_path / "a.txt").frame.tolist() == [0, 1]
    assert parse_json('{"name": "Köln"}'.encode(encoding), "a.json") == {"name": "Köln"}
    assert parse_sequence_info(INFO.encode(encoding), "seqinfo.ini").frames == 2


def test_bytes_of_windows_are_read_where_letters_do_not_matter() -> None:
    assert decode("M\u00fcnchen".encode("cp1252"), "a.ini") == "München"
    with pytest.raises(FormatError, match=r"a\.json, line 1: is no UTF-8 text"):
        parse_json('{"name": "M\u00fcnchen"}'.encode("cp1252"), "a.json")


@given(
    st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=300),
    st.sampled_from(["utf-8-sig", "utf-16", "utf-32"]),
)
def test_a_marked_text_comes_back_whole(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding), "a") == text


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (decode, parse_json, parse_sequence_info, lambda d, name: parse_mot(d, name=name)):
        message = ""
        try:
            read(data, "a.txt")
        except SportstrackError as error:
            message = str(error)
        assert not message or message.startswith("a.txt")


@given(st.text(alphabet="&*a: [],{}-\n\t!<?|>'\"#%@`x1.2_", max_size=60))
def test_any_yaml_is_read_or_refused(text: str) -> None:
    message = ""
    try:
        parse_yaml(text, "a.yaml")
    except FormatError as error:
        message = str(error)
    assert not message or message.startswith("a.yaml")


TEN = ",".join(["*a{0}"] * 10)
BOMBS = {
    "aliases": "a0: &a0 [x]\n" + "\n".join(f"a{i}: &a{i} [{TEN.format(i - 1)}]" for i in range(1, 9)),
    "merges": "a0: &a0 {k: x}\n" + "\n".join(f"a{i}: &a{i} {{<<: [{TEN.format(i - 1)}]}}" for i in range(1, 9)),
    "depth": "[" * 5000,
    "itself": "a: &a [*a]",
    "object": "a: !!python/object/apply:os.system [true]",
    "date": "a: 2001-99-99",
    "number": f"a: {'9' * 5000}",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_hostile_yaml_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match=r"^a\.yaml"):
        parse_yaml(text, "a.yaml")


@pytest.mark.parametrize("text", ["[" * 100_000, "[" * 100 + "]" * 100, "9" * 5000, '{"a": ', ""])
def test_hostile_json_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match=r"^a\.json"):
        parse_json(text, "a.json")


def test_brackets_in_strings_are_no_depth() -> None:
    assert parse_json(json.dumps(["[" * 500]), "a.json") == ["[" * 500]


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    assert read_bytes(tmp_path / "a", 5) == b"12345"
    with pytest.raises(FormatError, match="larger than the 4 bytes"):
        read_bytes(tmp_path / "a", 4)


@given(st.text(max_size=50))
def test_a_message_is_one_line_that_a_terminal_can_show(text: str) -> None:
    assert str(SportstrackError(f"a{text}b")).isprintable()
    assert len(str(SportstrackError(text * 1000))) <= MAX_MESSAGE + 3


def test_files_of_systems_are_not_listed(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "._a.txt", ".DS_Store", "Thumbs.db", "c.jpg", "__MACOSX/d.txt", "e/f.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [file.name for file in list_files(tmp_path, {".txt"})] == ["a.txt", "b.txt"]
    assert [file.name for file in list_files(tmp_path, deep=True)] == ["a.txt", "b.txt", "c.jpg", "f.txt"]
    assert list_files(tmp_path / "nowhere") == []


# --- one reader of seqinfo.ini ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[Sequence]\n", ""),
        ("[Sequence]", "[SEQUENCE]"),
        ("seqLength=2", "seqLength=2.0"),
        ("frameRate=25", "frameRate="),
        ("frameRate=25", "FRAMERATE = 30000/1001"),
        ("name=s", "name=s\ncomment=M\u00fcnchen"),
        ("[Sequence]", "\ufeff[Sequence]"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_every_command_reads_the_same_seqinfo(old: str, new: str, encoding: str, tmp_path: Path) -> None:
    folder = sequence(tmp_path / "s", INFO.replace(old, new).encode(encoding, "ignore"))
    assert probe(folder).frame_count == 2
    assert read_mot_folders(folder).sequences[0].length == 2
    truth = find_truth(folder)
    assert make_jobs(truth, {"s": folder / "gt" / "gt.txt"})[0].frames == 2


@pytest.mark.parametrize("value", ["10000000000", "1e400", "nan", "-1", "2.5", "0", "x", "9" * 5000])
def test_an_absurd_number_of_frames_is_refused_everywhere(value: str, tmp_path: Path) -> None:
    folder = sequence(tmp_path / "s", INFO.replace("seqLength=2", f"seqLength={value}").encode())
    calls: list[Any] = [probe, read_mot_folders, lambda f: make_jobs(find_truth(f), {"s": f / "gt" / "gt.txt"})]
    for call in calls:
        with pytest.raises(SportstrackError, match=r"seqinfo\.ini, line 5: seqLength: expected a whole number"):
            call(folder)


@pytest.mark.parametrize("folder", ["/etc", "C:\\pictures", "\\\\server\\share", "img\0"])
def test_the_picture_folder_of_a_sequence_is_no_absolute_path(folder: str) -> None:
    with pytest.raises(FormatError, match="imDir: expected a folder beside this file"):
        parse_sequence_info(INFO.replace("img1", folder), "seqinfo.ini")


def sequence(folder: Path, info: bytes) -> Path:
    import cv2
    import numpy as np

    (folder / "img1").mkdir(parents=True)
    (folder / "gt").mkdir()
    for i in (1, 2):
        cv2.imwrite(str(folder / "img1" / f"{i:06d}.jpg"), np.zeros((240, 320, 3), np.uint8))
    (folder / "gt" / "gt.txt").write_text(ROWS, encoding="utf-8", newline="")
    (folder / "seqinfo.ini").write_bytes(info)
    return folder


# --- names -----------------------------------------------------------------------------------------------------------


def test_results_of_a_mac_belong_to_their_truth(tmp_path: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "Köln") for form in ("NFC", "NFD"))
    assert composed != apart
    (tmp_path / "truth" / composed / "gt").mkdir(parents=True)
    (tmp_path / "truth" / composed / "gt" / "gt.txt").write_text(ROWS, encoding="utf-8")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / f"{apart}.txt").write_text(ROWS, encoding="utf-8")
    (tmp_path / "results" / f"._{apart}.txt").write_bytes(b"\0\5\26\7mac")
    truth = find_truth(tmp_path / "truth")
    (results,) = find_trackers(tmp_path / "results", truth).values()
    assert [job.name for job in make_jobs(truth, results)] == [composed]


def test_a_file_is_found_whatever_form_its_name_has(tmp_path: Path) -> None:
    composed, apart = (unicodedata.normalize(form, "Köln.txt") for form in ("NFC", "NFD"))
    (tmp_path / apart).touch()
    assert existing(str(tmp_path / composed)) == str(tmp_path / apart)
    assert existing(str(tmp_path / "Bonn.txt")) == str(tmp_path / "Bonn.txt")


def test_class_names_are_found_whatever_form_they_have() -> None:
    composed, apart = (unicodedata.normalize(form, "Tänzer") for form in ("NFC", "NFD"))
    assert class_ids([apart], {0: "Ball", 1: composed}) == [1]
    assert Classes().common(apart) == Classes().common(composed)


def test_an_absurd_resolution_of_got10k_is_refused(tmp_path: Path) -> None:
    (tmp_path / "groundtruth.txt").write_text("1,2,10,10\n" * 3, encoding="utf-8")
    (tmp_path / "cover.label").write_text("8\n8\n8\n", encoding="utf-8")
    for digits, message in (("9" * 5000, "resolution: expected two numbers"), ("9" * 9, "resolution: expected")):
        (tmp_path / "meta_info.ini").write_text(f"[METAINFO]\nresolution: ({digits}, 5)\n", encoding="utf-8")
        with pytest.raises(FormatError, match=message):
            find_sequences(tmp_path)
