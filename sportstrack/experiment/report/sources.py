"""What the report cites, and how it describes each tracker."""

from __future__ import annotations

from sportstrack.experiment.report.document import ReportSource

SOURCES = {
    "sort": ReportSource(
        "A. Bewley, Z. Ge, L. Ott, F. Ramos, B. Upcroft: Simple online and realtime tracking. ICIP 2016.",
        "https://arxiv.org/abs/1602.00763",
    ),
    "deepsort": ReportSource(
        "N. Wojke, A. Bewley, D. Paulus: Simple online and realtime tracking with a deep association metric. ICIP "
        "2017.",
        "https://arxiv.org/abs/1703.07402",
    ),
    "bytetrack": ReportSource(
        "Y. Zhang et al.: ByteTrack: multi-object tracking by associating every detection box. ECCV 2022.",
        "https://arxiv.org/abs/2110.06864",
    ),
    "ocsort": ReportSource(
        "J. Cao, J. Pang, X. Weng, R. Khirodkar, K. Kitani: Observation-centric SORT: rethinking SORT for robust "
        "multi-object tracking. CVPR 2023.",
        "https://arxiv.org/abs/2203.14360",
    ),
    "botsort": ReportSource(
        "N. Aharon, R. Orfaig, B.-Z. Bobrovsky: BoT-SORT: robust associations multi-pedestrian tracking. 2022.",
        "https://arxiv.org/abs/2206.14651",
    ),
    "cbiou": ReportSource(
        "F. Yang, S. Odashima, S. Masui, S. Jiang: Hard to track objects with irregular motions and similar "
        "appearances? "
        "Make it easier by buffering the matching space. WACV 2023.",
        "https://arxiv.org/abs/2211.14317",
    ),
    "deepeiou": ReportSource(
        "H.-W. Huang et al.: Iterative scale-up ExpansionIoU and deep features association for multi-object tracking "
        "in "
        "sports. WACV workshops 2024.",
        "https://arxiv.org/abs/2306.13074",
    ),
    "jde": ReportSource(
        "Y. Zhang, C. Wang, X. Wang, W. Zeng, W. Liu: FairMOT: on the fairness of detection and re-identification in "
        "multiple object tracking. IJCV 2021.",
        "https://arxiv.org/abs/2004.01888",
    ),
    "hota": ReportSource(
        "J. Luiten et al.: HOTA: a higher order metric for evaluating multi-object tracking. IJCV 2021.",
        "https://arxiv.org/abs/2009.07736",
    ),
    "clear": ReportSource(
        "K. Bernardin, R. Stiefelhagen: Evaluating multiple object tracking performance: the CLEAR MOT metrics. "
        "EURASIP "
        "Journal on Image and Video Processing 2008.",
        "https://doi.org/10.1155/2008/246309",
    ),
    "idf1": ReportSource(
        "E. Ristani, F. Solera, R. Zou, R. Cucchiara, C. Tomasi: Performance measures and a data set for multi-target, "
        "multi-camera tracking. ECCV workshops 2016.",
        "https://arxiv.org/abs/1609.01775",
    ),
    "coco": ReportSource(
        "T.-Y. Lin et al.: Microsoft COCO: common objects in context. ECCV 2014.", "https://arxiv.org/abs/1405.0312"
    ),
    "yolo": ReportSource(
        "G. Jocher, A. Chaurasia, J. Qiu: Ultralytics YOLO. Software, 2023.",
        "https://github.com/ultralytics/ultralytics",
    ),
    "kalman": ReportSource(
        "R. E. Kalman: A new approach to linear filtering and prediction problems. Journal of Basic Engineering 82, "
        "1960.",
        "https://doi.org/10.1115/1.3662552",
    ),
    "hungarian": ReportSource(
        "H. W. Kuhn: The Hungarian method for the assignment problem. Naval Research Logistics Quarterly 2, 1955.",
        "https://doi.org/10.1002/nav.3800020109",
    ),
    "bootstrap": ReportSource(
        "B. Efron: Bootstrap methods: another look at the jackknife. Annals of Statistics 7, 1979.",
        "https://doi.org/10.1214/aos/1176344552",
    ),
    "sportsmot": ReportSource(
        "Y. Cui et al.: SportsMOT: a large multi-object tracking dataset in multiple sports scenes. ICCV 2023.",
        "https://arxiv.org/abs/2304.05170",
    ),
    "osnet": ReportSource(
        "K. Zhou, Y. Yang, A. Cavallaro, T. Xiang: Omni-scale feature learning for person re-identification. ICCV "
        "2019.",
        "https://arxiv.org/abs/1905.00953",
    ),
}
"""Key → what is cited."""

TRACKERS = {
    "sort": "predicts each box with a Kalman filter and joins predictions and detections by their overlap (IoU)",
    "bytetrack": "joins the high-score detections first, and then the low-score ones to the tracks that are left over, "
    "because an occluded player gets a low score",
    "ocsort": "trusts observations more than the filter: it corrects the filter's error after a gap and adds the "
    "direction of motion to the cost",
    "botsort": "adds camera motion and appearance to ByteTrack; a pair's cost is the lesser of motion and appearance",
    "deepsort": "matches in a cascade, the tracks seen last first, by appearance within a gate of motion",
    "cbiou": "enlarges the boxes before it compares them, so that players are found again who move irregularly; it has "
    "no filter",
    "deepeiou": "compares boxes that are enlarged step by step, together with appearance; it was made for sports and "
    "has no filter",
    "jde": "is the association of FairMOT: appearance and gated motion, then overlap",
    "sports": "is the tracker of this software: camera motion from the boxes, crossings decided by motion, kits and "
    "appearance, and players who leave and come back",
    "ball": "follows one small, fast object",
}
"""Tracker → what it does, as the end of a sentence that begins with its name."""
