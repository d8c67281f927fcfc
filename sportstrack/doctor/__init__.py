"""``sportstrack doctor``: whether everything works that tracking needs, and the fix for what does not."""
