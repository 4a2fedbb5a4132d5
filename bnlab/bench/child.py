"""What is measured in a process of its own, since NumPy's BLAS reads its settings when it is loaded.

    python -m bnlab.bench.child PART OPTIONS

OPTIONS is a JSON object; the result is printed as JSON. `bnlab bench` starts it, without what spoils timings.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

from bnlab.bench import convolution, driver, layers
from bnlab.bench.run import measure_run
from bnlab.bench.scaling import Base, measure_scaling
from bnlab.bench.turns import all_in_turn
from bnlab.lab.machine import blas, blas_threads
from bnlab.runs.spec import RunSpec

MEASURED: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "layers": lambda options: all_in_turn(layers.layer_works(), options["rounds"]),
    "steps": lambda options: all_in_turn(layers.step_works(), options["rounds"]),
    "conv": lambda options: all_in_turn(convolution.against_torch(), options["rounds"]),
    "loops": lambda options: all_in_turn(convolution.against_loops(), options["rounds"]),
    "run": lambda options: measure_run(RunSpec.from_json(options["run"]), options["folders"], options["rounds"]),
    "scaling": lambda options: measure_scaling(options["rounds"], Base(**options["base"])),
    "driver": lambda options: driver.drive(**options),
    "workers": lambda options: driver.one_and_two_workers(**options),
    "blas": lambda options: {"name": blas().name, "kernel": blas().kernel, "threads": blas_threads()},
}
"""The parts, and what each takes from OPTIONS."""

if __name__ == "__main__":
    print(json.dumps(MEASURED[sys.argv[1]](json.loads(sys.argv[2]))))
