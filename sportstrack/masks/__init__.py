"""Masks of instances as run lengths: small in memory, and compared without ever being filled.

The coding is COCO's: the lengths of runs of equal pixels, column by column, background first.
https://github.com/cocodataset/cocoapi/blob/master/common/maskApi.c
"""

from sportstrack.masks.overlap import mask_iou, mask_nms, mask_overlap
from sportstrack.masks.table import Masks

__all__ = ["Masks", "mask_iou", "mask_nms", "mask_overlap"]
