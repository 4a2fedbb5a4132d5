"""From a RunSpec to a stored History: what a run is, how it is trained, where it goes, where it is kept."""
