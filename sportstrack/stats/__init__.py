"""What follows from knowing where everyone stands: distances, speeds, teams' shapes, possession."""
