"""What a run is: its spec, its random streams, its outcome and its history. Nothing here trains or stores one."""
