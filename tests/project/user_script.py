"""What a user may write; mypy and pyright check its types. Ignored lines are mistakes that must be seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

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
    load_camera,
    load_detector,
    load_embedder,
    mine_hard_examples,
    open_source,
    read_mot,
    score_tracks,
    track,
    track_video,
    train_detector,
    write_mot,
)


def show(frame: TrackedFrame) -> None:
    for track_id, box in zip(frame.tracks.track_id.tolist(), frame.tracks.xyxy, strict=True):
        print(frame.time, track_id, box.sum())


def videos() -> Summary:
    track_video("match.mp4", settings=TrackSettings(imgsz=1280, classes=["player", 3]))
    track_video("match.mp4", imgzs=1280)  # type: ignore[call-arg]
    track_video("match.mp4", imgsz="large")  # type: ignore[arg-type]
    return track_video("match.mp4", "out", weights="best.pt", tracker="sort", every=2, formats=["mot"], on_frame=show)


def frames() -> None:
    with track("match.mp4", weights="best.pt", imgsz=1280, tracker=First(), progress=True) as run:
        for frame in run:
            print(frame.time, frame.names, frame.image, frame.camera, len(frame.detections))
            show(frame)
    print(run.summary.fps)
    track("match.mp4", imgzs=1280)  # type: ignore[call-arg]
    track("match.mp4", progress=3)  # type: ignore[arg-type]
    label_video("match.mp4", progress=True)


def tables() -> Tracks:
    tracker = create_tracker("bytetrack", frame_rate=25, track_buffer=60)
    own = SportsTrack(SportsTrackConfig("hockey", memory=2.5), frame_rate=25)
    SportsTrackConfig(memroy=2.5)  # type: ignore[call-arg]
    found = Detections(xyxy=np.array([[1.0, 2.0, 3.0, 4.0]]), score=np.array([0.9]), class_id=np.array([0]))
    for frame in Recording("match.npz"):
        own.update(frame.detections)
    return tracker.update(found)


def conversions(found: Detections) -> None:
    table = read_mot("tracks.txt")
    print(table.to_pandas(names={0: "player"}), table.to_records()[0]["x1"], table.to_supervision())
    print(Recording("match.npz").to_pandas(tracks=True), repr(found), found.to_records())
    write_mot("edited.txt", table[table.score > 0.5], zero_based=True)
    write_mot("edited.txt", [Tracks.empty()], zero="yes")  # type: ignore[call-arg]
    Detections.from_table([[0, 0, 9, 9, 0.5, 1]])


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


def green(frames: list[NDArray[np.uint8]]) -> list[Detections]:
    return [Detections.from_arrays([[0, 0, 9, 9]], score=[frame[..., 1].mean() / 255]) for frame in frames]


class Mean:
    """An embedder: the mean colour of each box."""

    def __call__(self, image: NDArray[np.uint8], boxes: NDArray[np.float64]) -> NDArray[np.float32]:
        return np.array([image[int(y1) : int(y2), int(x1) : int(x2)].mean((0, 1)) for x1, y1, x2, y2 in boxes], "f4")


class Still:
    """A camera that never moves."""

    needs_image = False

    def update(self, frame: NDArray[np.uint8] | None, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.eye(2, 3)

    def reset(self) -> None:
        pass


class First:
    """A tracker that knows the first box alone."""

    def update(self, detections: Detections, camera: NDArray[np.float64] | None = None) -> Tracks:
        one = np.zeros(1, np.int64)
        return Tracks(detections.xyxy[:1], detections.score[:1], detections.class_id[:1], one + 1, one)

    def reset(self) -> None:
        pass


def parts_of_my_own(names: Sequence[str]) -> None:
    track_video("match.mp4", detector=green, tracker=First(), embedder=Mean(), camera=Still())
    track_video("match.mp4", detector="torchvision:retinanet_resnet50_fpn", embedder="kit", camera="flow")
    track_video("match.mp4", detector=load_detector("best.pt", score=0.1, classes=names, device="cpu"))
    track_video("match.mp4", detector=3)  # type: ignore[arg-type]
    track_video("match.mp4", tracker=Still())  # type: ignore[arg-type]
    track_video("match.mp4", embedder=First())  # type: ignore[arg-type]
    track_video("match.mp4", camera=Mean())  # type: ignore[arg-type]
    label_video("match.mp4", detector=green, tracker=First(), embedder=Mean(), camera=load_camera("flow"))
    label_video("match.mp4", camera=green)  # type: ignore[arg-type]
    load_detector(green, scroe=0.5)  # type: ignore[call-arg]
    load_embedder("kit")(np.zeros((9, 9, 3), np.uint8), np.zeros((1, 4)))
    SingleTracker("csrt", detector=green)


def one_object() -> None:
    tracker = SingleTracker("csrt", bridge=25)
    SingleTracker("csrt", brigde=25)  # type: ignore[call-arg]
    tracker.init(np.zeros((90, 160, 3), np.uint8), (10, 10, 20, 30))


def scores() -> float:
    print(RefineSettings(fill_gap=2.0), heat_map(read_mot("tracks.txt").xyxy, 1280, 720).max())
    for job in find_jobs("truth", "results"):
        print([switch.cause for switch in diagnose_job(job).switches])
    return float(score_tracks("gt.txt", "tracks.txt").HOTA)
