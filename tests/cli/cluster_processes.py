"""A Dask cluster on the loopback, of real processes, each in a group of its own and killed at the end for sure."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

from bnlab import fast
from bnlab.bench.cluster import IDLE

START = 60
"""Seconds in which a process of the cluster must be there."""


class Processes:
    """A scheduler and workers. folder: for logs, and where they run. address: HOST:PORT of the scheduler."""

    def __init__(self, folder):
        self.folder, self.all, self.scheduler, self.address = folder, [], None, None

    def start_scheduler(self, **environment):
        file = self.folder / f"scheduler-{len(self.all)}.json"
        arguments = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file)]
        self.scheduler = self._start("scheduler", arguments, environment)
        self._until(lambda: file.exists() and file.read_text().endswith("}"), self.scheduler)
        self.address = json.loads(file.read_text())["address"].removeprefix("tcp://")
        return self

    def start_worker(self, threads=1, nanny=False, **environment):
        """A worker, as a process that leads its group; its folder, for what it is sent."""
        folder = self.folder / f"worker-{len(self.all)}"
        folder.mkdir()
        arguments = [self.address, "--nthreads", str(threads), "--local-directory", str(folder)]
        return self._start("worker", [*arguments, "--nanny" if nanny else "--no-nanny"], environment)

    def wait_for_workers(self, count):
        """Until so many have registered."""
        self._until(lambda: self.log().count("Register worker addr") >= count, self.scheduler)

    def log(self):
        """What the scheduler has logged."""
        return self.log_of(self.scheduler)

    def log_of(self, process):
        return (self.folder / f"{self.all.index(process)}.log").read_text()

    def kill(self, process, signum=signal.SIGKILL):
        """A signal to the process alone, as when it crashes; not to what it has started."""
        os.kill(process.pid, signum)

    def end(self):
        for process in self.all:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, what, arguments, environment):
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard", *arguments]
        paths = os.pathsep.join(filter(None, [environment.pop("PYTHONPATH", ""), *sys.path]))
        env = {key: value for key, value in os.environ.items() if key != "BNLAB_DATA_DIR"}
        env |= {
            **IDLE,
            fast.VARIABLE: "0",
            "XDG_CACHE_HOME": str(self.folder / "no-cache"),
            "PYTHONPATH": paths,
            **environment,
        }
        with open(self.folder / f"{len(self.all)}.log", "w") as log:
            options = {"stdout": log, "stderr": log, "stdin": subprocess.DEVNULL, "start_new_session": True}
            process = subprocess.Popen(command, cwd=self.folder, env=env, **options)
        self.all.append(process)
        return process

    def _until(self, is_so, process):
        end = time.monotonic() + START
        while not is_so():
            assert process.poll() is None, self.log_of(process)
            assert time.monotonic() < end, self.log_of(process)
            time.sleep(0.02)
