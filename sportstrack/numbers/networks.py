"""The three networks of the number reader: locator and digit reader of our own, and rapidocr's text recogniser."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sportstrack.errors import SettingError, SportstrackError, WeightsError
from sportstrack.models.weights import assets_folder
from sportstrack.numbers.codes import COUNT, TEXTS
from sportstrack.numbers.windows import PERSON, TEXT_ROWS, corners_of
from sportstrack.types import FloatArray, Image

LOCATOR = "sportstrack-numbers-locator.onnx"
READER = "sportstrack-numbers-reader.onnx"
INSTALL = 'pip install "sportstrack[numbers]"'

_NO_DIGIT = 10  # class of both heads of the digit reader: unreadable, and no second digit
_STEP = 16  # pixels; texts whose widths differ by less are read together
_LOOK_ALIKES = {"0": "0OoQD", "1": "1Il|i!", "2": "2Zz", "5": "5Ss", "6": "6b", "8": "8B", "9": "9gq"}


class Network:
    """An ONNX file that takes pictures, (N, 3, H, W) float32.

    Args:
        path: the file.
        threads: that one run may use.

    Raises:
        WeightsError: the file is missing or broken.
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        try:
            onnxruntime = import_module("onnxruntime")
        except ImportError as error:
            raise SportstrackError(f"onnxruntime cannot be imported ({error}): pip install onnxruntime") from error
        if not path.is_file():
            raise WeightsError(f"{path}: no such file; it is a part of sportstrack: install it again")
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3  # errors
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has a dozen kinds of its own
            raise WeightsError(
                f"{path}: not a network that onnxruntime can run: {str(error).splitlines()[0]}"
            ) from error
        self._name = self._session.get_inputs()[0].name
        self.notes: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)

    def __call__(self, pictures: Sequence[Image]) -> NDArray[np.float32]:
        """Run (H, W, 3) BGR pictures of one size."""
        stacked = np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
        found: NDArray[np.float32] = self._session.run(None, {self._name: stacked})[0]
        return found


class Locator:
    """Finds the number on crops of people that were stretched to `PERSON`."""

    def __init__(self, *, threads: int = 1) -> None:
        self._network = Network(assets_folder() / LOCATOR, threads=threads)

    def __call__(self, pictures: Sequence[Image]) -> tuple[FloatArray, FloatArray]:
        """Return the best place on each picture.

        Args:
            pictures: N of `PERSON` pixels.

        Returns:
            (N, 4, 2) corners as shares of width and height, from the top left clockwise, and (N,) how sure it is that
            a number is there and can be read, 0 to 1.
        """
        if not len(pictures):
            return np.empty((0, 4, 2)), np.empty(0)
        out = self._network(pictures).astype(np.float64)
        rows, columns = out.shape[2:]
        flat = out.reshape(*out.shape[:2], -1)
        best = flat[:, 0].argmax(axis=1)
        there = np.take_along_axis(flat, best[:, None, None], axis=2)[..., 0]
        cell = np.stack((best % columns, best // columns), axis=1)
        centre = (there[:, 2:4] + cell) / (columns, rows)
        corners = corners_of(centre, there[:, 4:6], there[:, 6:8])
        return corners, _sigmoid(there[:, 0]) * _sigmoid(there[:, 1])


class DigitReader:
    """Reads the two digits of windows (see `sportstrack.numbers.windows.digits_input`)."""

    def __init__(self, *, threads: int = 1) -> None:
        self._network = Network(assets_folder() / READER, threads=threads)

    def __call__(self, windows: Sequence[Image]) -> FloatArray:
        """Return (N, 110) probabilities of the codes; what a row lacks to 1 is unreadable."""
        if not len(windows):
            return np.empty((0, COUNT))
        out = self._network(windows).astype(np.float64)
        first, second = _softmax(out[:, :11]), _softmax(out[:, 11:])
        ones = first[:, :_NO_DIGIT] * second[:, _NO_DIGIT:]
        twos = first[:, :_NO_DIGIT, None] * second[:, None, :_NO_DIGIT]
        return np.concatenate([ones, twos[:, 1:].reshape(len(out), 90), twos[:, 0]], axis=1)


class TextReader:
    """Reads digits with the text recogniser that the package rapidocr brings, of which only the network is used.

    Each column of the network's answer holds the probabilities of 18,710 signs. Those of the digits (and of letters
    that look like them) are kept, and the probability of each number is summed over all ways to write it: connectionist
    temporal classification, Graves et al. 2006.

    Raises:
        SettingError: rapidocr is not installed; the message says how to install it.
    """

    def __init__(self, *, threads: int = 1) -> None:
        path = recogniser_path()
        self._network = Network(path, threads=threads)
        signs = ["", *self._network.notes.get("character", "").splitlines()]
        if not set("0123456789") <= set(signs):
            raise WeightsError(f"{path}: the network does not say which signs it knows; {INSTALL} --upgrade")
        alike = [[signs.index(sign) for sign in _LOOK_ALIKES.get(d, d) if sign in signs] for d in "0123456789"]
        self._signs = alike

    def __call__(self, windows: Sequence[Image]) -> FloatArray:
        """Return (N, 110) probabilities of the codes for pictures `TEXT_ROWS` high and of any width."""
        found = np.zeros((len(windows), COUNT))
        widths = np.array([-(-window.shape[1] // _STEP) * _STEP for window in windows])
        for width in np.unique(widths):
            rows = np.flatnonzero(widths == width)
            out = self._network([_widened(windows[row], int(width)) for row in rows.tolist()])
            digits = np.stack([out[..., signs].sum(axis=2) for signs in self._signs], axis=2)
            found[rows] = number_probabilities(out[..., 0].astype(np.float64), digits.astype(np.float64))
        return found


def recogniser_path() -> Path:
    """Return the text recogniser's file in the installed package rapidocr, which is not imported.

    Raises:
        SettingError: it is not installed.
    """
    spec = find_spec("rapidocr")
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    files = [path for folder in folders for path in sorted(Path(folder, "models").glob("*rec*.onnx"))]
    if not files:
        raise SettingError(f"shirt numbers are read with rapidocr, which is not installed: {INSTALL}")
    return files[0]


def number_probabilities(blank: FloatArray, digits: FloatArray) -> FloatArray:
    """Return the probability of each number under connectionist temporal classification.

    Args:
        blank: (N, T) probability of no sign in each column.
        digits: (N, T, 10) of each digit.

    Returns:
        (N, 110), in the order of the codes; all other texts have the rest.
    """
    n, steps = blank.shape
    first = np.array([int(text[0]) for text in TEXTS])
    second = np.array([int(text[-1]) for text in TEXTS])
    two, same = np.array([len(text) == 2 for text in TEXTS]), first == second
    # Before the first digit, in it, between the digits, in the second, behind it; single digits stop at the third.
    before = np.ones((n, COUNT))
    in_first, between, in_second, behind = (np.zeros((n, COUNT)) for _ in range(4))
    for t in range(steps):
        none, one, other = blank[:, t, None], digits[:, t, first], digits[:, t, second]
        in_second, behind = (
            other * (in_second + between + np.where(same, 0.0, in_first)) * two,
            none * (behind + in_second),
        )
        in_first, between = one * (in_first + before), none * (between + in_first)
        before = before * none
    return np.where(two, in_second + behind, in_first + between)


def _widened(window: Image, width: int) -> Image:
    """Return a window of another width: grey on the right, as the network was trained with."""
    wide = np.full((TEXT_ROWS, width, 3), 127, np.uint8)
    wide[:, : window.shape[1]] = window
    return wide


def _softmax(logits: FloatArray) -> FloatArray:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _sigmoid(logits: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))))


__all__ = ["PERSON", "DigitReader", "Locator", "Network", "TextReader", "number_probabilities", "recogniser_path"]
