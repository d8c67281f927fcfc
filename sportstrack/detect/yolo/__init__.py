"""What stands before and after a YOLO network, in numpy and OpenCV: letterbox, decoding of the head, NMS.

A converted model (ONNX, OpenVINO and others) needs neither torch nor Ultralytics with it. The results are those of
``YOLO.predict`` on the same outputs of the network.
"""

from __future__ import annotations

from sportstrack.detect.yolo.heads import TASKS, Head, decode
from sportstrack.detect.yolo.letterbox import Letterbox, input_size, letterbox
from sportstrack.detect.yolo.nms import nms

__all__ = ["TASKS", "Head", "Letterbox", "decode", "input_size", "letterbox", "nms"]
