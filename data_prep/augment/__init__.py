"""Offline augmentation with labels kept true: ``python -m data_prep.augment DATA OUT``.

from data_prep.augment import OPERATIONS, augment_image
image, boxes, classes, record = augment_image(image, boxes, classes, ["flip", "blur"], seed=7)
"""

from data_prep.augment.image import augment_image
from data_prep.augment.operations import NIGHT, OPERATIONS
from data_prep.augment.sample import Sample

__all__ = ["NIGHT", "OPERATIONS", "Sample", "augment_image"]
