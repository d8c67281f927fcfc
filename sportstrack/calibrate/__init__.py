"""The cameras of a clip from its pictures: lines and motion are looked for in each frame, then all are fitted."""
