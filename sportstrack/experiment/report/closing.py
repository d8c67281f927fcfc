"""The report's last sections: questions for the discussion with what was measured, limits, how to do it again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sportstrack.experiment.report.document import (
    Block,
    ReportCode,
    ReportHeading,
    ReportList,
    ReportTable,
    ReportText,
)
from sportstrack.experiment.report.evidence import ReportEvidence
from sportstrack.experiment.report.words import many, per_cent, points, spread
from sportstrack.experiment.settings import RenderedData

_FEW = 8  # matches below which a spread says little


def discussion(found: ReportEvidence) -> Iterator[Block]:
    """Questions to answer, each with the figures that it is about."""
    yield ReportHeading("Discussion")
    yield ReportText(
        "Each paragraph states what was measured and asks for an explanation. Replace the questions with your answers.",
        "quiet",
    )
    for text in _questions(found):
        yield ReportText(text, "question")


def _questions(found: ReportEvidence) -> Iterator[str]:
    ranked = found.ranked
    best = ranked[0]
    if len(ranked) > 1:
        second, last = ranked[1], ranked[-1]
        gain = found.gain(second, best)
        sure = ""
        if len(gain.before) > 1:
            contains = "contains 0" if gain.low <= 0 <= gain.high else "does not contain 0"
            sure = f" The range of 90 % of the draws is {spread(gain.low, gain.high)} points, which {contains}."
        yield (
            f"{best.name} is {points(gain.value)} points of {found.experiment.objective} ahead of "
            f"{second.name}.{sure} Which "
            f"step of its method explains that, and what does {last.name}, the last, lack?"
        )
        dets, asss = ([getattr(one.scores, name) for one in ranked] for name in ("DetA", "AssA"))
        yield (
            f"DetA differs by {100 * (max(dets) - min(dets)):.1f} points between the trackers, AssA by "
            f"{100 * (max(asss) - min(asss)):.1f}. All got the same detections: why does DetA differ at all, and does "
            "detection or association limit the result here?"
        )
    switches = best.causes["switches"]
    if total := sum(switches.values()):
        cause, count = max(switches.items(), key=lambda item: item[1])
        yield (
            f"{count} of the {many(total, 'identity switch', 'identity switches')} of {best.name} are filed under "
            f"{cause}. Do the pictures of the worst moments agree, "
            "and what could a tracker know that would prevent them?"
        )
    misses = best.causes["misses"]
    if total := sum(misses.values()):
        cause, count = max(misses.items(), key=lambda item: item[1])
        yield (
            f"{best.name} misses {many(total, 'true box', 'true boxes')}, {100 * count / total:.0f} % of them filed "
            f"under {cause}. Is that the detector's fault or the tracker's, and how would you find out?"
        )
    if found.val:
        classes = {k: v["AP"] for k, v in found.val[0]["classes"].items() if v["AP"] is not None}
        if len(classes) > 1:
            low, high = min(classes, key=classes.__getitem__), max(classes, key=classes.__getitem__)
            yield (
                f"The detector's AP is {per_cent(classes[low])} for {low} and {per_cent(classes[high])} for {high}. "
                "What "
                "makes the one harder: its size, how often it is seen in training, or something else?"
            )
    yield from _of_proposals(found)


def _of_proposals(found: ReportEvidence) -> Iterator[str]:
    for pair, record in zip(found.experiment.compare, found.compared, strict=True):
        row = next(one for one in record["rows"] if one["name"] == record["best"])
        base = record["rows"][0]
        harmed = [name for name, gain in row["matches"].items() if gain < 0]
        text = (
            f"{pair.title}: the best variant, {row['name']}, changes {record['objective']} by {points(row['gain'])} "
            "points and "
            f"AssA by {points(row['figures']['AssA'] - base['figures']['AssA'])}. "
        )
        if pair.setting is not None and pair.points:
            ends = (min(pair.points), max(pair.points))
            chosen = pair.points[[one.name for one in pair.variants].index(row["name"])]
            place = "at an end of what was tried" if chosen in ends else "between the ends of what was tried"
            text += f"The best {pair.setting}, {chosen:g}, lies {place}. Why there? "
        if harmed:
            losing = many(len(harmed), "match loses", "matches lose")
            text += f"{losing} by it ({', '.join(harmed[:3])}): what is different there? "
        yield text + "Is the gain worth what it costs in time, and would it hold on another sport or camera?"


def limits(found: ReportEvidence) -> Iterator[Block]:
    """What the experiment cannot show."""
    yield ReportHeading("Limits")
    items = []
    matches = len(found.trackers[0].by_match)
    if matches < _FEW:
        items.append(
            f"The sequences come from {many(matches, 'match', 'matches')}. A spread over so few draws is itself "
            "uncertain."
        )
    if isinstance(found.experiment.data, RenderedData):
        items.append(
            "The pictures are rendered. Real footage has motion blur, compression, alike kits and crowds that renders "
            "have "
            "less of; scores on renders say how methods compare, not what they reach on real matches."
        )
    if found.experiment.train is not None:
        items.append("The detector was trained once, with one seed; another seed gives another detector.")
    if found.detect is not None:
        items.append(
            "All trackers got the detections of one detector. With a better or worse one their order may be another."
        )
    else:
        items.append("The detections were given; nothing is said of the detector.")
    if any(record["chosen"] is not None for record in found.compared):
        items.append(
            "The best variant of a comparison was picked on the matches that it is shown on; the gain with the choice "
            "made "
            "on other matches is the one to quote."
        )
    items.append("Causes of errors are inferred by fixed rules from truth and result, in a fixed order.")
    items.append("Times were measured once, on one machine, with whatever else it was doing.")
    yield ReportList(tuple(items))


def again(found: ReportEvidence, around: dict[str, Any]) -> Iterator[Block]:
    """How to make the experiment again, and what it ran on."""
    yield ReportHeading("How to reproduce")
    config = around.get("config") or "experiment.yaml"
    yield ReportText(
        "The command below makes everything from the configuration that follows it, with seed "
        f"{found.experiment.seed}. Stages "
        "whose settings, inputs and code have not changed are kept. Networks on other processors round differently, so "
        "expect figures like these, not the same to the last digit."
    )
    yield ReportCode(f"sportstrack experiment {config}")
    if found.experiment.text:
        yield ReportCode(found.experiment.text.rstrip())
    git = around["git"]
    state = "–" if git is None else git["commit"][:12] + (", with changes" if git["changed"] else "")
    memory = f", {around['memory_gb']} GB of memory" if around["memory_gb"] else ""
    device = (found.detect or {}).get("device") or "–"
    rows = [
        ("sportstrack", f"{around['sportstrack']} (git: {state})"),
        ("Python", f"{around['python']} on {around['system']}, {around['machine']}"),
        ("machine", f"{around['processor'] or 'unknown'}, {many(around['cores'] or 1, 'core')}{memory}"),
        ("device of the detector", device),
        ("packages", ", ".join(f"{name} {version}" for name, version in around["packages"].items())),
    ]
    yield ReportTable(("what", "which"), tuple(rows), "What the experiment ran on.", words=frozenset({0, 1}))
    lines = [
        (name, record.get("finished", "–"), f"{record.get('seconds', 0.0):.1f}", record.get("key", "")[:12])
        for name, record in found.records.items()
    ]
    yield ReportTable(
        ("stage", "finished", "seconds", "key"),
        tuple(lines),
        "The stages. A key stands for settings, inputs, code and versions: equal keys, equal stages.",
        words=frozenset({0, 1, 3}),
    )
