"""What a search says: text, a table of its trials, pictures, and the settings for ``track --config``."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sportstrack.draw.figures import caption, colour_of, new_figure
from sportstrack.score.scores import Scores
from sportstrack.track.settings import TrackSettings, settings_text
from sportstrack.tune.gain import Gain
from sportstrack.tune.measure import applied
from sportstrack.tune.noise import FilterNoise
from sportstrack.tune.objective import Objective
from sportstrack.tune.store import TunedTrial


@dataclass(frozen=True)
class Tuned:
    """What `tune_tracker` has found.

    Attributes:
        tracker: its name.
        values: changes of the settings, those of the best trial.
        settings: of ``track --config``, as plain values.
        trials: all trials of the search whose result this is.
        gain: on matches that took no part; None where none were held out.
        importance: setting → its share in what decides the objective; empty where there are too few trials.
        calibration: of the Kalman filters, if that was asked for.
        noise_gain: of the calibrated noise alone, on matches that took no part.
        objective: what was made great.
        complete: whether all trials were made.
        files: name → path of what was written.
    """

    tracker: str
    values: dict[str, Any]
    settings: dict[str, Any]
    trials: tuple[TunedTrial, ...]
    gain: Gain | None
    importance: dict[str, float]
    calibration: FilterNoise | None
    noise_gain: Gain | None
    objective: Objective
    complete: bool
    files: dict[str, str]

    @property
    def best(self) -> TunedTrial:
        """The trial that was best on the matches of the search."""
        return max((one for one in self.trials if one.complete), key=lambda one: one.value)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "tracker": self.tracker,
            "objective": self.objective.text,
            "trials": len(self.trials),
            "ended_early": sum(not one.complete for one in self.trials),
            "best_trial": self.best.number,
            "searched": {"before": self.trials[0].value, "after": self.best.value},
            "held_out": None if self.gain is None else self.gain.as_dict(),
            "importance": self.importance,
            "held_out_calibrated": None if self.noise_gain is None else self.noise_gain.as_dict(),
            "calibration": None if self.calibration is None else self.calibration.as_dict(),
            "values": self.values,
            "complete": self.complete,
            "files": self.files,
        }

    def as_text(self) -> str:
        """Return what people read."""
        return "\n".join([*_summary(self), *_figures(self.gain), *_values(self), *_calibration(self.calibration)])


def settings_of(settings: TrackSettings, values: Mapping[str, Any], *, refines: bool) -> dict[str, Any]:
    """Return the settings that ``track --config`` takes: tracker and what a trial changed."""
    new = applied(settings, values).as_dict()
    kept: dict[str, Any] = {"tracker": settings.tracker}
    for name in ("tracker_settings", "refine_settings"):
        if new[name]:
            kept[name] = new[name]
    if refines:
        kept["offline"] = True
    if new["score"] is not None:
        kept["score"] = new["score"]
    return kept


def settings_file(tuned: Tuned) -> str:
    """Return the YAML that ``track --config`` takes, with what it is worth in its first lines."""
    lines = ["sportstrack tune: " + line for line in _summary(tuned)]
    return "".join(f"# {line}\n" for line in lines) + settings_text(tuned.settings)


def _summary(tuned: Tuned) -> list[str]:
    first, best, name = tuned.trials[0], tuned.best, tuned.objective.text
    ended = sum(not one.complete for one in tuned.trials)
    which = f"trial {best.number}" + (f" ({best.title})" if best.title else "")
    lines = [
        f"{tuned.tracker}: {len(tuned.trials)} trials, {ended} of them ended early, best is {which}",
        f"matches of the search: {name} {100 * first.value:.2f} -> {100 * best.value:.2f}",
    ]
    gain = tuned.gain
    if gain is None:
        return [*lines, "no matches were held out: what this is worth elsewhere is not known (--held-out, --folds)"]
    lines.append(f"matches that took no part: {_gain(gain, tuned.objective)}")
    if tuned.noise_gain is not None and tuned.best.title != "calibrated":
        lines.append(f"calibrated noise alone, the same matches: {_gain(tuned.noise_gain, tuned.objective)}")
    if tuned.values and gain.value <= 0:
        lines.append("no gain on matches that took no part: keep the defaults")
    elif tuned.values and gain.low <= 0:
        lines.append("the gain is not certain: some matches lose")
    return lines


def _gain(gain: Gain, objective: Objective) -> str:
    before, after = (100 * objective.of(one) for one in gain.totals)
    spread = f"{100 * gain.low:+.2f} to {100 * gain.high:+.2f} in 90 % of draws of {len(gain.before)} matches"
    spread = spread if len(gain.before) > 1 else "one match: no spread"
    return f"{objective.text} {before:.2f} -> {after:.2f}, {100 * gain.value:+.2f} ({spread})"


def _figures(gain: Gain | None) -> list[str]:
    if gain is None:
        return []
    lines = ["", f"{'held out':<28}" + "".join(f"{row['figure']:>16}" for row in gain.rows())]
    lines.append(f"{'all matches':<28}" + "".join(_pair(row["before"], row["after"]) for row in gain.rows()))
    for match, old in gain.before.items():
        pairs = [_pair(old[row["figure"]], gain.after[match][row["figure"]]) for row in gain.rows()]
        lines.append(f"{match[:27]:<28}" + "".join(pairs))
    return lines


def _pair(before: float, after: float) -> str:
    if isinstance(before, int) and isinstance(after, int):
        return f"{f'{before} -> {after}':>16}"
    return f"{f'{100 * before:.1f} -> {100 * after:.1f}':>16}"


def _values(tuned: Tuned) -> list[str]:
    if not tuned.values:
        return ["", "the defaults are the best that was tried"]
    shares = tuned.importance
    order = sorted(tuned.values, key=lambda name: -shares.get(name, 0.0))
    lines = ["", f"{'setting':<28}{'value':>12}{'importance':>12}"]
    for name in order:
        share = f"{100 * shares[name]:.0f} %" if name in shares else ""
        lines.append(f"{name:<28}{tuned.values[name]!s:>12}{share:>12}")
    return lines


def _calibration(calibration: FilterNoise | None) -> list[str]:
    return [] if calibration is None else ["", *calibration.as_text().splitlines()]


def trials_table(trials: Sequence[TunedTrial]) -> str:
    """Return the trials as CSV: number, value, whether it is complete, sequences, seconds, title, and each setting."""
    names = list(dict.fromkeys(name for one in trials for name in (*one.params, *one.values)))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["trial", "value", "complete", "sequences", "seconds", "title", *names])
    for one in trials:
        start = [one.number, round(one.value, 6), int(one.complete), len(one.single), round(one.seconds, 2), one.title]
        writer.writerow([*start, *(one.values.get(name, "") for name in names)])
    return out.getvalue()


def picture(tuned: Tuned) -> Any:
    """Return a figure: trials and the best so far, importance, and the gain of each match that took no part."""
    panels = 1 + bool(tuned.importance) + (tuned.gain is not None)
    figure = new_figure(5.2 * panels, 4.4)
    axes = list(np.atleast_1d(figure.subplots(1, panels)))
    for one in axes:
        one.spines[["top", "right"]].set_visible(False)
        one.set_axisbelow(True)
    _draw_trials(axes[0], tuned)
    if tuned.importance:
        _draw_importance(axes[1], tuned)
    if tuned.gain is not None:
        _draw_gain(axes[-1], tuned.gain, tuned.objective)
    return figure


def _draw_trials(axes: Any, tuned: Tuned) -> None:
    for complete, marker, label in ((True, "o", "trial"), (False, "x", "ended early")):
        some = [one for one in tuned.trials if one.complete == complete]
        if some:
            x, y = [one.number for one in some], [100 * one.value for one in some]
            axes.plot(x, y, marker, ms=4, alpha=0.6, color=colour_of(0 if complete else 7), label=label)
    done = [100 * one.value if one.complete else -np.inf for one in tuned.trials]
    axes.plot(np.maximum.accumulate(done), color=colour_of(1), lw=2, label="best so far")
    start = 100 * tuned.trials[0].value
    axes.axhline(start, color="#888888", lw=1, ls="--", label="defaults")
    span = max(max(done) - start, 0.5)
    axes.set_ylim(max(min(done[0], start) - 2 * span, 0), max(done) + 0.3 * span)
    axes.set_xlabel("trial")
    axes.set_ylabel(f"{tuned.objective.text}, per cent, matches of the search")
    axes.set_title(caption(tuned.tracker))
    axes.grid(color="#e5e5e5")
    axes.legend(frameon=False, loc="lower right")


def _draw_importance(axes: Any, tuned: Tuned) -> None:
    shares = sorted(tuned.importance.items(), key=lambda item: item[1])
    axes.barh([caption(name) for name, _ in shares], [100 * share for _, share in shares], color=colour_of(2))
    axes.set_xlabel("per cent")
    axes.set_title("importance of the settings")
    axes.tick_params(axis="y", labelsize=8)


def _draw_gain(axes: Any, gain: Gain, objective: Objective) -> None:
    names = list(gain.before)

    def of(scores: Scores) -> float:
        return 100 * objective.of(scores)

    each = [of(gain.after[name]) - of(gain.before[name]) for name in names]
    axes.barh([caption(name) for name in names], each, color=[colour_of(2 if one >= 0 else 1) for one in each])
    value, low, high = (100 * one for one in (gain.value, gain.low, gain.high))
    axes.axvspan(low, high, color=colour_of(0), alpha=0.15, lw=0)
    axes.axvline(value, color=colour_of(0), lw=2)
    axes.axvline(0, color="#444444", lw=0.8)
    axes.set_xlabel(f"gain of {objective.text} in points")
    axes.set_title(f"matches that took no part: {value:+.2f}")
    axes.tick_params(axis="y", labelsize=8)
