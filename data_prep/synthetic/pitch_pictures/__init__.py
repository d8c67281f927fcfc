"""Pictures of football pitches with exact cameras, to train and test what finds the pitch by itself.

from data_prep.synthetic.pitch_pictures import render_picture
picture = render_picture(seed=3, index=0)      # a stadium, and a picture of it
picture.view.camera                            # sportstrack.Camera
"""

from data_prep.synthetic.pitch_pictures.clip import render_clip
from data_prep.synthetic.pitch_pictures.picture import PitchPicture, render_picture
from data_prep.synthetic.pitch_pictures.views import PitchView

__all__ = ["PitchPicture", "PitchView", "render_clip", "render_picture"]
