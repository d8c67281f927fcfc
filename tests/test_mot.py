"""MOT text: forgiving where the field is sloppy, strict where a score would be falsified."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sportstrack.errors import FormatError
from sportstrack.mot import MotTable, class_ids, format_mot_rows, parse_mot, read_mot
from sportstrack.seqinfo import read_sequence_info
from sportstrack.types import Tracks

PLAIN = "1,7,10,20,30,40,0.9,-1,-1,-1\n2,7,11,20,30,40,0.8,-1,-1,-1\n"


def same(a: MotTable, b: MotTable) -> bool:
    return all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in ("frame", "track_id", "xyxy", "score", "class_id", "visibility")
    )


def test_reads_rows() -> None:
    table = parse_mot(PLAIN)
    assert table.frame.tolist() == [0, 1]
    assert table.track_id.tolist() == [7, 7]
    assert table.xyxy.tolist() == [[10, 20, 40, 60], [11, 20, 41, 60]]
    assert table.score.tolist() == [0.9, 0.8]
    assert table.class_id.tolist() == [-1, -1]
    assert table.frame.dtype == table.track_id.dtype == table.class_id.dtype == np.int64


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace(",", ", "),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "  "),
        PLAIN.replace(",", " ,\t"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.replace("\n", ",\n"),
        PLAIN.replace("\n", " \n"),
        "\ufeff" + PLAIN,
        "\n \n" + PLAIN.replace("\n", "\n\n") + "\n\n",
        PLAIN.strip(),
        PLAIN.replace("1,7,", "1.0,7.00,").replace("-1,-1,-1", "-1.0,-1,-1"),
        PLAIN.replace("10,20", "1e1,2.0E+1"),
    ],
    ids=["space", "tab", "spaces", "mixed", "crlf", "cr", "comma", "trailing", "bom", "blank", "end", "floats", "e"],
)
def test_forgives(text: str) -> None:
    assert same(parse_mot(text), parse_mot(PLAIN))


@pytest.mark.parametrize("columns", [6, 7, 8, 9, 10])
def test_reads_six_to_ten_columns(columns: int) -> None:
    row = ["1", "2", "3", "4", "5", "6", "0.5", "3", "0.25", "9"][:columns]
    table = parse_mot(",".join(row))
    assert table.xyxy.tolist() == [[3, 4, 8, 10]]
    assert table.score[0] == (0.5 if columns > 6 else 1)
    assert table.class_id[0] == (3 if columns > 7 else -1)
    assert table.visibility[0] == (0.25 if columns > 8 else -1)


def test_reads_rows_of_unequal_length() -> None:
    table = parse_mot("1,1,0,0,5,5\n2,1,0,0,5,5,0.5,2\n")
    assert table.score.tolist() == [1, 0.5]
    assert table.class_id.tolist() == [-1, 2]


@pytest.mark.parametrize("text", ["", "\n\n", " ", "\ufeff"])
def test_an_empty_file_is_an_empty_table(text: str) -> None:
    assert len(parse_mot(text)) == 0


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("3,x,1,2,3,4,1", "'x' in column 2 (id) is not a number"),
        ("3,1_0,1,2,3,4,1", "'1_0' in column 2 (id) is not a number"),
        ("3,,1,2,3,4,1", "'' in column 2 (id) is not a number"),
        ("3,1,1,2,3", "5 columns"),
        ("3,1,1,2,3,4,1,1,1,1,1", "11 columns"),
        ("3,1,nan,2,3,4,1", "NaN or infinity"),
        ("3,1,1,2,inf,4,1", "NaN or infinity"),
        ("3,1,1,2,0,4,1", "width and height must be above 0"),
        ("3,1,1,2,3,-4,1", "width and height must be above 0"),
        ("0,1,1,2,3,4,1", "the frame is below 1; MOT text counts frames from 1"),
        ("3.5,1,1,2,3,4,1", "whole numbers"),
        ("3,1e300,1,2,3,4,1", "beyond 2^53"),
        ("11,1,1,2,3,4,1", "beyond the sequence's 10 frames"),
        ("1700000000,1,1,2,3,4,1", "is it a time stamp?"),
        ("2,7,1,2,3,4,1", "this id stands a second time in this frame"),
    ],
)
def test_refuses_with_file_line_and_reason(tmp_path, row: str, reason: str) -> None:
    file = tmp_path / "seq.txt"
    file.write_text("1,7,1,2,3,4,1\n\n2,7,1,2,3,4,1\n" + row + "\n5,7,1,2,3,4,1\n")
    with pytest.raises(FormatError) as error:
        read_mot(file, frames=10)
    assert str(error.value).startswith(f"{file}, line 4: ")
    assert reason in str(error.value)


def test_names_the_first_of_several_errors() -> None:
    with pytest.raises(FormatError, match=r"line 1: width"):
        parse_mot("1,1,0,0,0,5\n1,2,nan,0,5,5\n")


def test_the_unreadable_file_is_named(tmp_path) -> None:
    with pytest.raises(FormatError, match=r"none\.txt: cannot be read"):
        read_mot(tmp_path / "none.txt")


def test_world_coordinates_are_no_classes() -> None:
    table = parse_mot("1,1,88,99,61,218,1,4.4852,5.5016,0\n2,1,88,99,61,218,1,3,5.5,0\n")
    assert table.class_id.tolist() == [-1, -1]
    assert table.visibility.tolist() == [-1, -1]


def test_detections_may_repeat_their_id() -> None:
    text = "1,-1,0,0,5,5,0.5\n1,-1,9,0,5,5,0.5\n"
    assert len(parse_mot(text, identities=False)) == 2
    with pytest.raises(FormatError, match="without identity"):
        parse_mot(text)


def test_frames_from_zero_on_request() -> None:
    assert parse_mot("0,1,0,0,5,5\n1,1,0,0,5,5\n", zero_based=True, frames=2).frame.tolist() == [0, 1]
    with pytest.raises(FormatError, match="beyond"):
        parse_mot("2,1,0,0,5,5\n", zero_based=True, frames=2)


def test_huge_ids_stay_exact() -> None:
    assert parse_mot(f"1,{2**53 - 1},0,0,5,5").track_id[0] == 2**53 - 1


cells = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
sizes = st.floats(0.01, 1e5).map(lambda x: round(x, 3) or 0.01)
rows = st.lists(
    st.tuples(st.integers(1, 10**6), st.integers(-1, 2**53 - 1), cells, cells, sizes, sizes),
    unique_by=lambda row: row[:2],
    min_size=1,
    max_size=20,
)


@given(rows=rows, separator=st.sampled_from([",", ", ", "\t", " ", "  "]), end=st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_any_separator_reads_the_same_numbers(rows: list, separator: str, end: str) -> None:
    table = parse_mot(end.join(separator.join(str(cell) for cell in row) for row in rows))
    assert table.frame.tolist() == [row[0] - 1 for row in rows]
    assert table.track_id.tolist() == [row[1] for row in rows]
    np.testing.assert_array_equal(table.xyxy[:, :2], [row[2:4] for row in rows])
    np.testing.assert_array_equal(table.xyxy[:, 2], [row[2] + row[4] for row in rows])


@given(st.binary(max_size=200))
def test_any_bytes_give_a_table_or_a_format_error(data: bytes) -> None:
    try:
        table = parse_mot(data)
    except FormatError:
        return
    assert np.isfinite(table.xyxy).all()


def test_rows_written_are_rows_read() -> None:
    rng = np.random.default_rng(0)
    corner = rng.uniform(-50, 1280, (5, 2))
    tracks = Tracks(
        np.hstack([corner, corner + rng.uniform(1, 200, (5, 2))]),
        rng.uniform(0, 1, 5),
        np.array([0, 1, 2, 0, 1]),
        np.array([3, 1, 40, 5, 2**40]),
        np.arange(5),
    )
    text = format_mot_rows(41, tracks)
    assert [line.split(",", 7)[7] for line in text.splitlines()] == [f"{kind},-1,-1" for kind in (1, 2, 3, 1, 2)]
    assert all(line.startswith("42,") for line in text.splitlines())
    table = parse_mot(text)
    assert table.track_id.tolist() == tracks.track_id.tolist()
    np.testing.assert_allclose(table.xyxy, tracks.xyxy, atol=0.0101)
    np.testing.assert_allclose(table.score, tracks.score, atol=1e-4)
    assert class_ids(table.class_id).tolist() == tracks.class_id.tolist()
    assert MotTable.from_tracks([tracks]).class_id.tolist() == table.class_id.tolist()
    without = format_mot_rows(41, tracks, with_class=False)
    assert all(line.endswith(",-1,-1,-1") for line in without.splitlines())
    assert class_ids(parse_mot(without).class_id).tolist() == [-1] * 5
    assert format_mot_rows(0, Tracks.empty()) == ""


def test_a_hair_thin_box_stays_readable() -> None:
    one = np.ones(1, np.int64)
    tracks = Tracks(np.array([[5.0, 5.0, 5.001, 9.0]]), np.ones(1), one, one, one)
    assert len(parse_mot(format_mot_rows(0, tracks))) == 1


def test_a_table_from_tracks() -> None:
    one = np.ones(1, np.int64)
    tracks = Tracks(np.array([[0.0, 0, 5, 9]]), np.ones(1), one, one, one)
    table = MotTable.from_tracks([tracks, Tracks.empty(), tracks])
    assert table.frame.tolist() == [0, 2]
    assert len(MotTable.from_tracks([])) == 0


def test_a_table_takes_the_smoothed_boxes_or_those_detected() -> None:
    one = np.ones(1, np.int64)
    own, smoothed = np.array([[0.0, 0, 5, 9]]), np.array([[1.0, 0, 5, 9]])
    both, plain = Tracks(own, np.ones(1), one, one, one, smoothed), Tracks(own, np.ones(1), one, one, one)
    assert MotTable.from_tracks([both, plain]).xyxy.tolist() == [[1, 0, 5, 9], [0, 0, 5, 9]]
    assert MotTable.from_tracks([both, plain], boxes="detected").xyxy.tolist() == [[0, 0, 5, 9]] * 2


def test_sequence_info(tmp_path) -> None:
    assert read_sequence_info(tmp_path).frames is None
    text = "\ufeff[Sequence]\r\nname=a%b\r\nseqLength=825\r\nframeRate=25\r\nimWidth=1280"
    (tmp_path / "seqinfo.ini").write_text(text)
    info = read_sequence_info(tmp_path)
    assert (info.name, info.frames, info.frame_rate, info.width, info.height) == ("a%b", 825, 25.0, 1280, None)
    (tmp_path / "seqinfo.ini").write_text("[Sequence]\nseqLength=many")
    with pytest.raises(FormatError, match=r"seqinfo\.ini"):
        read_sequence_info(tmp_path)


def test_real_truth_reads(shared_data) -> None:
    files = sorted((shared_data / "sportsmot" / "train").glob("*/gt/gt.txt"))
    assert sum(len(read_mot(file, frames=read_sequence_info(file.parents[1]).frames)) for file in files) == 312_579
    for file in [*shared_data.glob("mot1*/*/gt/gt.txt"), *shared_data.glob("trackeval-oracle/*/*/gt/gt.txt")]:
        assert len(read_mot(file, frames=read_sequence_info(file.parents[1]).frames)) > 100
