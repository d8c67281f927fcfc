"""What a user may write; `test_user_script` checks its types. Ignored lines are mistakes that must be seen."""

from __future__ import annotations

import numpy as np

from sportstrack import (
    Detections,
    LabelSettings,
    MineSettings,
    Recording,
    RefineSettings,
    SingleTracker,
    SportsTrack,
    SportsTrackConfig,
    Summary,
    TrackedFrame,
    Tracks,
    TrackSettings,
    create_tracker,
    diagnose_job,
    find_jobs,
    heat_map,
    judge_detectors,
    label_video,
    load_detector,
    mine_hard_examples,
    open_source,
    read_mot,
    score_tracks,
    track_video,
    train_detector,
)


def show(frame: TrackedFrame) -> None:
    for track_id, box in zip(frame.tracks.track_id.tolist(), frame.tracks.xyxy, strict=True):
        print(frame.time, track_id, box.sum())


def videos() -> Summary:
    track_video("match.mp4", settings=TrackSettings(imgsz=1280, classes=["player", 3]))
    track_video("match.mp4", imgzs=1280)  # type: ignore[call-arg]
    track_video("match.mp4", imgsz="large")  # type: ignore[arg-type]
    return track_video("match.mp4", "out", weights="best.pt", tracker="sort", every=2, formats=["mot"], on_frame=show)


def tables() -> Tracks:
    tracker = create_tracker("bytetrack", frame_rate=25, track_buffer=60)
    own = SportsTrack(SportsTrackConfig("hockey", memory=2.5), frame_rate=25)
    SportsTrackConfig(memroy=2.5)  # type: ignore[call-arg]
    found = Detections(xyxy=np.array([[1.0, 2.0, 3.0, 4.0]]), score=np.array([0.9]), class_id=np.array([0]))
    for frame in Recording("match.npz"):
        own.update(frame.detections)
    return tracker.update(found)


def detectors() -> None:
    train_detector("football/data.yaml", epochs=10, device="0,1")
    train_detector("football/data.yaml", epoch=10)  # type: ignore[call-arg]
    print([one.accuracy for one in judge_detectors(["best.pt"], "football/data.yaml", imgsz=1280)])
    mine_hard_examples("best.pt", "football/data.yaml", "runs/mine", settings=MineSettings(top=10), half=True)
    label_video("match.mp4", weights="best.pt", settings=LabelSettings(every=25), embedder="kit")
    label_video("match.mp4", wieghts="best.pt")  # type: ignore[call-arg]
    with open_source("match.mp4") as source:
        for frame in source:
            print(load_detector("best.pt")([frame.image])[0].xyxy.shape)


def one_object() -> None:
    tracker = SingleTracker("csrt", bridge=25)
    SingleTracker("csrt", brigde=25)  # type: ignore[call-arg]
    tracker.init(np.zeros((90, 160, 3), np.uint8), (10, 10, 20, 30))


def scores() -> float:
    print(RefineSettings(fill_gap=2.0), heat_map(read_mot("tracks.txt").xyxy, 1280, 720).max())
    for job in find_jobs("truth", "results"):
        print([switch.cause for switch in diagnose_job(job).switches])
    return float(score_tracks("gt.txt", "tracks.txt").HOTA)
