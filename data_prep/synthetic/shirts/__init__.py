"""Pictures of single players with known shirt numbers: what the number reader is trained and judged on.

Everything is drawn here: bodies, kits, digits, wear of the picture. Digits come from free fonts of the machine where
there are any, from OpenCV's own and from strokes drawn here, so the pictures can be made anywhere.
"""

from __future__ import annotations

from data_prep.synthetic.shirts.crops import NumberCrop as NumberCrop
from data_prep.synthetic.shirts.crops import RenderedPlayer as RenderedPlayer
from data_prep.synthetic.shirts.crops import new_player as new_player
from data_prep.synthetic.shirts.crops import render_crop as render_crop
from data_prep.synthetic.shirts.digits import Typefaces as Typefaces
