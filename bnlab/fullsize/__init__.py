"""One net trained at full size: its settings file, its checkpoints, its results, and its evaluation on test images."""
