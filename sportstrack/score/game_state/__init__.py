"""Game state: who stands where on the pitch, in SoccerNet's files, and its score GS-HOTA."""
