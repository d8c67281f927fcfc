"""Making and converting data sets: the synthetic football renderer and its writers."""
