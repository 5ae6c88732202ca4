"""Stores of the real MLflow for tests: fresh ones, a server that can be killed and started again, and one that takes
every call and never answers."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from trainwright.packages.export.mlflow_model import QUIET


def fresh(folder: Path, made: Path) -> str:
    """The address of a store with the tables of MLflow and no rows, copied from one that was made once."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(made, folder / "mlflow.db")
    return f"sqlite:///{folder / 'mlflow.db'}"


class Server:
    """`mlflow server` on a free port of this machine, with its store in a folder."""

    def __init__(self, folder: Path, store: str):
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._folder, self._store = folder, store
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", self._store]
            + ["--artifacts-destination", str(self._folder / "artifacts"), "--workers", "1"]
            + ["--host", "127.0.0.1", "--port", str(self.port)],
            env={**os.environ, **QUIET, "OMP_NUM_THREADS": "1", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for _ in range(1200):
            try:
                urllib.request.urlopen(f"{self.address}/health", timeout=5).close()
                return
            except (urllib.error.URLError, OSError):
                assert self._process.poll() is None, "mlflow server has ended"
                time.sleep(0.1)
        raise AssertionError("mlflow server does not answer")

    def kill(self) -> None:
        """Kills it and its workers at once."""
        if self._process is not None:
            import signal

            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


class Silent:
    """A server that takes every call and never answers, for the length of a `with`.

    `address` is where it listens, `asked` is set once a request has come, `requests` counts them.
    """

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.asked, self.requests = threading.Event(), 0
        self._calls: list[socket.socket] = []

    def __enter__(self) -> Silent:
        threading.Thread(target=self._take, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._listening, *self._calls):
            one.close()

    def _take(self) -> None:
        while True:
            try:
                call, _ = self._listening.accept()
            except OSError:
                return  # closed
            self._calls.append(call)
            # One that only looks whether somebody listens says nothing and hangs up.
            threading.Thread(target=self._read, args=(call,), daemon=True).start()

    def _read(self, call: socket.socket) -> None:
        if call.recv(65_536):
            self.requests += 1
            self.asked.set()
