"""Tests of MLflow models, with the real MLflow: loaded, asked, and served over HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from export_maker import make, opened, table

from trainwright.packages.export.mlflow_model import QUIET, run_mlflow, to_pandas, write_mlflow
from trainwright.packages.export.parity import compare
from trainwright.packages.export.trial_rows import trial_rows

pytest.importorskip("mlflow")
pandas = pytest.importorskip("pandas")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    place = tmp_path_factory.mktemp("mlflow")
    checked = make(place / "package", ["linear", "forest"], "two")
    predictor, _, rows = opened(checked, n=60)
    made_up = trial_rows(None, checked.layout, checked.manifest.schema, checked.reference, n=10, seed=1)
    write_mlflow(place / "model", checked, predictor, made_up, "demo@v1")
    return place / "model", checked, predictor, rows


def test_mlflow_answers_as_the_version_does(saved):
    folder, checked, predictor, rows = saved
    theirs, labels = run_mlflow(folder, checked, rows.frame)
    found = compare(predictor.predict_raw(rows), theirs, labels, predictor.target, predictor.threshold)
    assert found.worst < 1e-12 and found.labels == 0


def test_whole_numbers_gaps_and_dates_as_pandas_reads_them_are_taken(saved):
    import mlflow

    folder, _, predictor, _ = saved
    frame = table(6).with_columns(size=table(6)["size"].fill_null(3).round(0).cast(int)).to_pandas()
    found = mlflow.pyfunc.load_model(str(folder)).predict(frame)
    assert np.allclose(found["probability_yes"], predictor.predict(frame)["probability_yes"].to_numpy())


def test_nothing_is_pickled_and_signature_example_and_needs_are_there(saved):
    import mlflow

    folder, checked, _, _ = saved
    names = [path.name for path in folder.rglob("*") if path.is_file()]
    assert not [name for name in names if name.endswith((".pkl", ".pickle"))]
    model = mlflow.models.Model.load(str(folder))
    assert model.signature.inputs.input_names() == list(checked.layout.names)
    assert "probability_yes" in model.signature.outputs.input_names()
    assert model.saved_input_example_info is not None
    assert "trainwright==" in (folder / "requirements.txt").read_text()
    assert model.metadata["trainwright_version"] == "demo@v1"


@pytest.mark.slow
def test_mlflow_serves_it(saved):
    folder, _, predictor, rows = saved
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder), "--env-manager", "local"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    # MLflow looks for its server on the path, as in an activated environment.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **QUIET, "PATH": path}
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    try:
        body = json.dumps({"dataframe_records": json.loads(to_pandas(rows.frame).to_json(orient="records"))})
        answer = _asked(f"http://127.0.0.1:{port}/invocations", body.encode())
    finally:
        server.terminate()
        server.wait(30)
    theirs = np.array([row["probability_yes"] for row in answer["predictions"]])
    assert np.abs(theirs - predictor.predict_raw(rows)[:, 1]).max() < 1e-9


def _asked(url: str, body: bytes):
    """The server's answer, once it is up."""
    for _ in range(120):
        try:
            request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
            return json.loads(urllib.request.urlopen(request, timeout=60).read())
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()[:2000]) from error
        except OSError:
            time.sleep(0.5)
    raise AssertionError("the server did not come up within 60 seconds")
