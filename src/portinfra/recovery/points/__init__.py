"""Recovery points: their capture, storage, ages and restore."""
