"""A body that says which GPUs it sees, and ends once as many as MEETS are at work together.

Run as `python -m device_body WORKSPACE RUN ATTEMPT STARTED`; each leaves a file in the folder MEETS_IN.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from effect_body import begin, mark

from trainwright.jobs.process import watch_parent
from trainwright.store.workspace import open_workspace

if __name__ == "__main__":
    path, run, number, _ = sys.argv[1:]
    watch_parent(lambda _: None)
    workspace = open_workspace(Path(path), create=False)
    begin(workspace, int(run), int(number))
    (Path(os.environ["MEETS_IN"]) / run).write_text(os.environ.get("CUDA_VISIBLE_DEVICES", "not told"), "utf-8")
    while len(list(Path(os.environ["MEETS_IN"]).iterdir())) < int(os.environ["MEETS"]):
        time.sleep(0.02)
    mark(workspace, int(run), int(number))
