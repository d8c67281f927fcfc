"""From sequences to an embedder: crops, training, judgement, and the files that are left."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sportstrack.cli.progress import Bars
from sportstrack.errors import FormatError, OutputError, SettingError, unknown
from sportstrack.files.claim import Claim
from sportstrack.models.devices import choose_device
from sportstrack.reid.cut import FOLDER, CutCrops, crops_key, cut_crops, remove_crops
from sportstrack.reid.judge import HeldOut, figures
from sportstrack.reid.mates import find_mates
from sportstrack.reid.network import embed
from sportstrack.reid.people import PersonCrops, choose_crops, divide
from sportstrack.reid.result import BOTH, KIT, NEW, NONE, TrainedReid, epochs_table
from sportstrack.reid.settings import RESUMABLE, ReidSettings
from sportstrack.reid.sources import read_sources
from sportstrack.reid.training import CHECKPOINT, LearntCrops, ReidEpoch, ReidTraining, read_checkpoint
from sportstrack.types import BoolArray, IntArray

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from data_prep.table import Table
    from sportstrack.keywords import ReidKeywords
    from sportstrack.score.scores import Scores

PROGRAM = "sportstrack train-reid"
RESULTS = ("scores.txt", "scores.json", "training.png", "rankings.png")
FILES = ("reid.onnx", "reid.json", CHECKPOINT, "results.csv", "settings.yaml", *RESULTS)

Progress = Callable[[str, int, int], None]
"""Called with what is being done (reading, training, tracking), units done and all of them."""


@dataclass
class _Told:
    """What a run tells while it works."""

    progress: Progress
    report: Callable[[ReidEpoch], None]
    note: Callable[[str], None]
    notes: list[str]

    def add(self, texts: Sequence[str]) -> None:
        for text in texts:
            self.notes.append(text)
            self.note(text)


def train_reid(
    sources: str | Path | Sequence[str | Path],
    output: str | Path = "runs/reid",
    *,
    corrected: Sequence[tuple[str | Path, str | Path]] = (),
    resume: bool = False,
    overwrite: bool = False,
    report: Callable[[ReidEpoch], None] | None = None,
    progress: Progress | bool | None = None,
    note: Callable[[str], None] | None = None,
    **settings: Unpack[ReidKeywords],
) -> TrainedReid:
    """Train an embedder on people with identities, and judge it on matches that took no part.

    Args:
        sources: folders of sequences (MOT, SportsMOT, SoccerNet) or of crops, one or several.
        output: folder of the files.
        corrected: a video and the result with its corrected tracks, each.
        resume: continue the interrupted run in `output`.
        overwrite: replace an earlier run in `output`.
        report: called after each epoch.
        progress: True shows bars; or it is called with what is done, units done and all of them.
        note: called with each note when it is made; `TrainedReid.notes` has all of them.
        **settings: the fields of `ReidSettings`.

    Raises:
        SettingError: a setting is out of range, or the data do not do: one person, one match, no pictures.
        FormatError, SourceError: a file is missing or unsound.
        WeightsError: the weights, or the checkpoint, cannot be read.
        OutputError: `output` holds a run already, or cannot be written.
        DeviceError: the device is not there, or its memory is too small.
    """
    wanted, folder = _settings(settings), Path(output)
    paths = [sources] if isinstance(sources, (str, Path)) else list(sources)
    state = read_checkpoint(folder / CHECKPOINT) if resume and (folder / CHECKPOINT).is_file() else None
    if (folder / CHECKPOINT).is_file() and not resume and not overwrite:
        raise OutputError(
            f"{folder}: holds a run already; --resume continues it, --overwrite replaces it, or choose another folder "
            "with -o"
        )
    with Bars("step", quiet=progress is not True) as bars:
        told = _Told(progress if callable(progress) else bars, report or _nothing, note or _nothing, [])
        how = wanted if state is None else _resumed(wanted, settings, state, told)
        if resume and state is None:
            told.add(["there is no checkpoint to resume; the training starts from the beginning"])
        device = choose_device(how.device)
        inputs = [*map(Path, paths), *(Path(one) for pair in corrected for one in pair)]
        with Claim(folder, FILES, command=PROGRAM, inputs=inputs, overwrite=overwrite, stem="reid") as claim:
            return _Run(how, device, claim, told).carry_out(paths, corrected, state)


def _nothing(*_: Any) -> None:
    pass


def _settings(values: Mapping[str, Any]) -> ReidSettings:
    known = [field.name for field in fields(ReidSettings)]
    for name in values:
        if name not in known:
            raise SettingError(unknown("setting of a training of embeddings", name, known))
    return ReidSettings(**values)


def _resumed(wanted: ReidSettings, given: Mapping[str, Any], state: dict[str, Any], told: _Told) -> ReidSettings:
    """Return the settings that a run was started with, apart from those that may differ."""
    try:
        recorded = ReidSettings(**state["settings"])
    except TypeError as error:
        raise SettingError(f"the checkpoint is of another version ({error}); start anew with --overwrite") from error
    if left := [n for n in given if n not in RESUMABLE and given[n] != getattr(recorded, n)]:
        told.add([f"a resumed run keeps its own settings; ignored: {', '.join(left)}"])
    return replace(recorded, **{name: getattr(wanted, name) for name in RESUMABLE if name in given})


class _Run:
    def __init__(self, settings: ReidSettings, device: str, claim: Claim, told: _Told) -> None:
        self._settings, self._device, self._claim, self._told = settings, device, claim, told

    def carry_out(
        self, sources: Sequence[Any], corrected: Sequence[tuple[Any, Any]], state: dict[str, Any] | None
    ) -> TrainedReid:
        """Do everything, from reading the sources to writing the scores."""
        settings, told = self._settings, self._told
        table = read_sources(sources, corrected, skip_missing=settings.skip_missing)
        crops, notes = choose_crops(table, settings)
        told.add(notes)
        held, notes = divide(crops, settings)
        told.add(notes)
        _check_pictures(crops)
        key = crops_key(crops, settings.input_size)
        if state is not None and state["key"] != key:
            raise SettingError(
                f"{self._claim.folder / CHECKPOINT}: was started with other crops; give the same sources and settings, "
                "or start anew with --overwrite"
            )
        place = self._claim.folder / FOLDER
        cut = cut_crops(crops, settings.input_size, place, lambda d, n: told.progress("reading", d, n))
        group, notes = find_mates(crops, cut.colours)
        told.add(notes)
        judging = HeldOut.of(crops, held, group, settings.apart)
        if judging.left_out:
            told.add([f"{judging.left_out} held-out sequences have one person alone, and do not judge"])
        learner = ReidTraining(settings, _learnt(crops, cut, held, group, key), self._device, self._claim, state)
        self._write_settings(sources, corrected, crops, held)
        self._train(learner, judging, cut)
        return self._finish(learner, table, crops, held, judging, cut, place)

    def _train(self, learner: ReidTraining, judging: HeldOut, cut: CutCrops) -> None:
        told, settings = self._told, self._settings
        if learner.finished:
            told.add(["the training is finished; its judgement is made again"])
        elif learner.history:
            told.add([f"continuing after epoch {len(learner.history)} of {settings.epochs}"])

        def judge(network: Any) -> Mapping[str, float]:
            if not judging.query.any():
                return {}
            return figures(judging.scores(embed(network, cut.pictures, settings, self._device, judging.rows)))

        def report(epoch: ReidEpoch) -> None:
            self._claim.write_text("results.csv", epochs_table(learner.history))
            told.report(epoch)

        learner.run(judge, report, lambda done, total: told.progress("training", done, total))

    def _finish(
        self, learner: ReidTraining, table: Table, crops: PersonCrops, held: BoolArray, judging: HeldOut, cut: CutCrops,
        place: Path,
    ) -> TrainedReid:  # fmt: skip
        from sportstrack.draw.figures import save_figure
        from sportstrack.reid.charts import curves, rankings
        from sportstrack.reid.export import export_onnx

        claim, settings = self._claim, self._settings
        onnx = export_onnx(learner.network, settings, np.asarray(cut.pictures[:64]), claim)
        retrieval, history = {}, tuple(learner.history)
        vectors = None
        if judging.query.any():
            vectors = embed(learner.network, cut.pictures, settings, "cpu", judging.rows)
            retrieval = {KIT: judging.scores(cut.kit[judging.rows]), NEW: judging.scores(vectors)}
        sequences, boxes = self._replay(table, np.unique(crops.sequence[held]), onnx)
        pooled = {name: _pooled(one) for name, one in sequences.items()}
        result = TrainedReid(
            claim.folder, onnx, claim.folder / CHECKPOINT, history, retrieval, pooled, sequences, boxes,
            tuple(self._told.notes),
        )  # fmt: skip
        claim.write_text("results.csv", epochs_table(history))
        claim.write_text("scores.txt", result.as_text() + "\n")
        claim.write_text("scores.json", json.dumps(result.as_dict(), indent=1) + "\n")
        save_figure(curves(history, retrieval.get(KIT, {}), pooled), claim.folder / "training.png", claim)
        if vectors is not None:
            figure = rankings(judging, vectors, cut.pictures, crops.names, settings.seed)
            save_figure(figure, claim.folder / "rankings.png", claim)
        del cut
        remove_crops(place)
        return result

    def _replay(self, table: Table, clips: IntArray, onnx: Path) -> tuple[dict[str, dict[str, Scores]], str]:
        """Return embedder → sequence → scores, and which boxes were tracked."""
        from sportstrack.embed import load_embedder
        from sportstrack.embed.fuse import Combined, weight_of
        from sportstrack.reid.replay import OncePerFrame, replay, replayed_sequences

        found = replayed_sequences(table, clips) if self._settings.replay else []
        if not found:
            return {}, ""
        kit, new = (OncePerFrame(load_embedder(spec, device=self._device)) for spec in (KIT, str(onnx)))
        both = Combined([(kit, weight_of(kit)), (new, weight_of(new))])
        embedders = {NONE: None, KIT: kit, NEW: new, BOTH: both}
        total, before = sum(len(one.table.images) for one in found), 0
        scores: dict[str, dict[str, Scores]] = {name: {} for name in embedders}
        for one in found:

            def tell(done: int, _: int, before: int = before) -> None:
                self._told.progress("tracking", before + done, total)

            for name, score in replay(one, embedders, self._settings.tracker, tell).items():
                scores[name][one.name] = score
            before += len(one.table.images)
        kinds = {"true" if one.detections is None else "recorded" for one in found}
        return scores, " and ".join(sorted(kinds))

    def _write_settings(
        self, sources: Sequence[Any], corrected: Sequence[tuple[Any, Any]], crops: PersonCrops, held: BoolArray
    ) -> None:
        import yaml

        def matches(of: BoolArray) -> list[str]:
            return sorted({crops.matches[i] for i in crops.match[of].tolist()})

        described = {
            "sources": [str(one) for one in sources],
            "corrected": [[str(video), str(result)] for video, result in corrected],
            "settings": asdict(self._settings),
            "matches": {"trained": matches(~held), "held_out": matches(held)},
        }
        text = yaml.safe_dump(described, allow_unicode=True, sort_keys=False)
        self._claim.write_text("settings.yaml", text)


def _check_pictures(crops: PersonCrops) -> None:
    """Refuse labels without pictures before anything is read; FormatError names the sequence."""
    for row, file in enumerate(crops.images.file.tolist()):
        if file is None:
            clip = crops.clips[int(crops.images.sequence[row])]
            raise FormatError(
                f"{clip.source or clip.name}: has labels and no pictures; put the frames into img1/, or give the video "
                "and the labels with --corrected VIDEO RESULT"
            )


def _learnt(crops: PersonCrops, cut: CutCrops, held: BoolArray, group: IntArray, key: str) -> LearntCrops:
    number = np.cumsum(~held) - 1
    rows = np.flatnonzero(~held[crops.person])
    match, sequence = crops.match[~held], crops.sequence[~held]
    unsure = (match[:, None] == match) & (sequence[:, None] != sequence)
    return LearntCrops(cut.pictures, rows, number[crops.person[rows]], group[~held], ~unsure, key)


def _pooled(scores: Mapping[str, Scores]) -> Scores:
    from sportstrack.score.scores import Scores

    return Scores.pool(scores.values())
