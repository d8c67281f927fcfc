"""File names made of strings from elsewhere."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportstrack.files.names import file_name, file_names

ODD = st.text() | st.text(st.sampled_from("./\\:\0 ~-aAçÇ̧\u202e\ud800")) | st.sampled_from(["CON", "nul.txt", "LPT1 "])


@pytest.mark.parametrize(
    "text", ["match", "Köln 1-0", "v_00HR_c001", "試合", "a.b", "-x", "jugador ñ", "CONSTANT", "x" * 190]
)
def test_harmless_names_stay(text: str) -> None:
    assert file_name(text) == text


@pytest.mark.parametrize(
    "text",
    ["../../victim/notes", "/etc/passwd", "..\\..\\notes", "C:\\x", "a:stream", "..", ".", "", " ", "x.", "x ",
     ".hidden", "CON", "con.txt", "Lpt9", "COM1 .a", "a\nb", "a\0", "\u202egpj", "x" * 300, "é" * 150, "\udcff"],
)  # fmt: skip
def test_any_other_becomes_one_harmless_name(text: str) -> None:
    name = file_name(text)
    assert name != text
    assert PurePosixPath(name).parts == PureWindowsPath(name).parts == (name,)
    assert not (set(name) & set('/\\:*?"<>|\0\n'))
    assert not name.startswith((".", " "))
    assert not name.endswith((".", " "))
    assert name.split(".")[0].upper() not in ("CON", "LPT9", "COM1")
    assert len(name.encode()) <= 190


@given(ODD)
def test_a_name_of_a_name_is_itself(text: str) -> None:
    name = file_name(text)
    assert name
    assert file_name(name) == name


@given(st.lists(ODD, max_size=8))
def test_different_texts_get_names_that_differ_without_case(texts: list[str]) -> None:
    names = file_names(texts)
    pairs = {(unicodedata.normalize("NFC", text), name.casefold()) for text, name in zip(texts, names, strict=True)}
    assert len({name for _, name in pairs}) == len(pairs)


def test_composed_and_decomposed_letters_are_one_name() -> None:
    assert file_name("Köln") == file_name(unicodedata.normalize("NFD", "Köln")) == "Köln"
    assert file_names(["Cam", "cam"])[0].startswith("Cam-")
