"""Pictures of tracks: annotated frames, heat maps, charts."""
