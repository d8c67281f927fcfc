"""The cameras of a clip from what its frames show, as arrays: one fixed centre, and pan, tilt, roll, zoom per frame."""
