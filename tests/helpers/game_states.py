"""Game states as SoccerNet writes them, made up, and a tiny reference of GS-HOTA straight from its definition."""

from __future__ import annotations

import copy
from itertools import permutations
from typing import Any

import numpy as np

ROLES = {"player": 1, "goalkeeper": 2, "referee": 3, "ball": 4, "other": 7}


def labels(seed: int = 0, frames: int = 12, name: str = "SNGS-021") -> dict[str, Any]:
    """Labels of a sequence: eight people and the ball, wandering; frame 4 has no labelled pitch."""
    rng = np.random.default_rng(seed)
    people = [("player", "left", "7"), ("player", "left", None), ("player", "right", "7"), ("player", "right", "10"),
              ("goalkeeper", "left", "1"), ("referee", None, None), ("other", None, None), ("player", "left", "9"),
              ("ball", None, None)]  # fmt: skip
    at = rng.uniform([-40, -25], [40, 25], (len(people), 2))
    images, annotations = [], []
    for frame in range(1, frames + 1):
        image = f"2021{frame:06d}"
        images.append({"image_id": image, "file_name": f"{frame:06d}.jpg", "has_labeled_person": True,
                       "has_labeled_pitch": frame != 4, "has_labeled_camera": True})  # fmt: skip
        annotations.append(
            {"id": f"p{image}", "image_id": image, "supercategory": "pitch", "category_id": 5, "lines": {}}
        )
        at = at + rng.normal(0, 0.4, at.shape)
        for k, (role, team, jersey) in enumerate(people):
            if rng.random() < 0.9:
                annotations.append(annotation(image, k + 1, role, team, jersey, at[k]))
                if frame == 4:
                    annotations[-1]["bbox_pitch"] = None
    order = rng.permutation(len(images))
    return {"info": {"version": "1.3", "name": name}, "images": [images[k] for k in order], "annotations": annotations}


def annotation(image: str, track: int, role: str, team: str | None, jersey: str | None, xy: Any) -> dict[str, Any]:
    x, y = map(float, xy)
    return {
        "id": f"{image}{track:02d}", "image_id": image, "track_id": track, "supercategory": "object",
        "category_id": ROLES[role], "attributes": {"role": role, "team": team, "jersey": jersey},
        "bbox_image": {"x": 10.0 * track, "y": 20.0, "x_center": 0.0, "y_center": 0.0, "w": 8.0, "h": 25.0},
        "bbox_pitch": {"x_bottom_left": x - 0.4, "y_bottom_left": y, "x_bottom_middle": x, "y_bottom_middle": y,
                       "x_bottom_right": x + 0.4, "y_bottom_right": y},
    }  # fmt: skip


def predictions(truth: dict[str, Any], seed: int = 1, error: float = 1.5) -> dict[str, Any]:
    """A tracker's predictions: noisy, with misses, switched ids, wrong teams and numbers, and false persons."""
    rng = np.random.default_rng(seed)
    made = []
    for one in truth["annotations"]:
        if one["supercategory"] != "object" or one["bbox_pitch"] is None or rng.random() < 0.1:
            continue
        new = copy.deepcopy(one)
        move = rng.normal(0, error, 2)
        for key in new["bbox_pitch"]:
            new["bbox_pitch"][key] += move["xy".index(key[0])]
        if int(one["image_id"][-2:]) > 7 and one["track_id"] < 3:
            new["track_id"] = 20 + 3 - one["track_id"]
        attributes = new["attributes"]
        if rng.random() < 0.1 and attributes["role"] == "player":
            attributes["jersey"] = "4"
        if rng.random() < 0.1 and attributes["team"]:
            attributes["team"] = "right" if attributes["team"] == "left" else "left"
        if rng.random() < 0.05 and attributes["role"] != "ball":
            attributes["role"] = "referee"
        made.append(new)
        if rng.random() < 0.1:
            made.append(annotation(one["image_id"], 50 + len(made), "player", "left", "7", rng.uniform(-30, 30, 2)))
    return {"predictions": made}


def similarity_matrices(truth: dict, result: dict, team: bool = True, number: bool = True) -> list[tuple]:
    """(truth ids, result ids, similarity) of each scored frame, box by box from the definition."""
    flags = ("has_labeled_pitch", "has_labeled_camera", "has_labeled_person")
    scored = sorted(image["image_id"] for image in truth["images"] if all(image[flag] for flag in flags))
    found = []
    for image in scored:
        a, b = (
            [o for o in side if o["supercategory"] == "object" and o["image_id"] == image
             and o["attributes"]["role"] != "ball"]
            for side in (truth["annotations"], result["predictions"])
        )  # fmt: skip
        matrix = np.array([[_similarity(t, r, team, number) for r in b] for t in a]).reshape(len(a), len(b))
        found.append(([o["track_id"] for o in a], [o["track_id"] for o in b], matrix))
    return found


def _similarity(t: dict, r: dict, team: bool, number: bool) -> float:
    a, b = t["attributes"], r["attributes"]
    if a["role"] != b["role"]:
        return 0.0
    if team and a["role"] in ("player", "goalkeeper") and a["team"] != b["team"]:
        return 0.0
    if number and a["role"] == "player" and a["jersey"] != b["jersey"]:
        return 0.0
    (x, y), (u, v) = ((o["bbox_pitch"]["x_bottom_middle"], o["bbox_pitch"]["y_bottom_middle"]) for o in (t, r))
    return float(np.exp(np.log(0.05) * ((x - u) ** 2 + (y - v) ** 2) / 25))


def hota(frames: list[tuple]) -> float:
    """HOTA of similarity matrices as Luiten et al. define it, by trying every matching of small frames."""
    total: dict[tuple, float] = {}
    for truth, result, s in frames:
        for i, t in enumerate(truth):
            for j, r in enumerate(result):
                union = s[i].sum() + s[:, j].sum() - s[i, j]
                total[t, r] = total.get((t, r), 0.0) + (s[i, j] / union if union > 1e-16 else 0.0)
    n_truth, n_result = ({}, {})
    for truth, result, _ in frames:
        for ids, count in ((truth, n_truth), (result, n_result)):
            for one in ids:
                count[one] = count.get(one, 0) + 1
    align = {(t, r): c / (n_truth[t] + n_result[r] - c) for (t, r), c in total.items()}
    matched = [[(t, r, s) for t, r, s in _best(*frame, align)] for frame in frames]
    values = []
    for alpha in np.arange(0.05, 0.96, 0.05):
        pairs = [(t, r) for frame in matched for t, r, s in frame if s >= alpha - 1e-12]
        tp, truths, results = len(pairs), sum(n_truth.values()), sum(n_result.values())
        det = tp / (truths + results - tp)
        ass = [pairs.count(p) / (n_truth[p[0]] + n_result[p[1]] - pairs.count(p)) for p in pairs]
        values.append(np.sqrt(det * np.mean(ass)) if ass else 0.0)
    return float(np.mean(values))


def _best(truth: list, result: list, s: Any, align: dict) -> list[tuple]:
    swap = len(truth) > len(result)
    few, many = (result, truth) if swap else (truth, result)
    best, chosen = -1.0, []
    for order in permutations(range(len(many)), len(few)):
        pairs = [(j, i) if swap else (i, j) for i, j in enumerate(order)]
        value = sum(align[truth[i], result[j]] * s[i, j] for i, j in pairs)
        if value > best:
            best, chosen = value, [(truth[i], result[j], s[i, j]) for i, j in pairs]
    return chosen
