"""``sportstrack edit``: a local page on which a person corrects tracks, and what serves it."""
