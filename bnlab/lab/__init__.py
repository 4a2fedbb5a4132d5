"""From a RunSpec to a stored History: where a run is trained, how it ends, and where it is kept."""
