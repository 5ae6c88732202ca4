"""`trainwright demo`: the whole way on a real table that ships with scikit-learn."""

from __future__ import annotations

import time
from pathlib import Path

import click

from trainwright.cli import output
from trainwright.cli.output import json_option

FOLDER = "trainwright-demo"


@click.command("demo", help="Train on a table that ships with scikit-learn (breast cancer), in ./trainwright-demo.")
@click.option("--time-limit", default="60s", help="Such as 30s or 2m.")
@json_option
def COMMAND(time_limit: str, as_json: bool) -> None:
    """Trains, predicts, and says where the report lies."""
    started = time.time()
    from sklearn.datasets import load_breast_cancer

    from trainwright.cli.progress import Screen
    from trainwright.config.source import load_settings
    from trainwright.jobs.launch import Watcher
    from trainwright.jobs.launch import train as launch
    from trainwright.packages.prediction_files import write_predictions
    from trainwright.store.workspace import open_workspace
    from trainwright.training.judge import open_version

    folder = Path(FOLDER)
    folder.mkdir(exist_ok=True)
    data = load_breast_cancer(as_frame=True)
    frame = data.frame.assign(target=[str(data.target_names[i]) for i in data.target])
    frame = frame.rename(columns={"target": "diagnosis"})
    table = folder / "breast_cancer.csv"
    frame.to_csv(table, index=False)
    frame.drop(columns="diagnosis").head(20).to_csv(folder / "new.csv", index=False)
    settings = load_settings(
        overrides={
            "project": "breast-cancer",
            "data.target": "diagnosis",
            "data.positive": "malignant",
            "training.time_limit": time_limit,
            "problem.decision": "Which samples a pathologist looks at first",
        }
    )
    space = open_workspace(folder / ".trainwright")
    screen = Screen(quiet=as_json, started=started)
    with screen:
        watcher = Watcher(stage=screen.stage, prepared=screen.prepared, event=screen.event)
        document = launch(space, table, settings, started=started, watcher=watcher)
    predictor = open_version(space, "breast-cancer").predictor
    write_predictions(predictor.predict(folder / "new.csv"), folder / "predictions.csv")
    if as_json:
        output.print_json(document)
        return
    screen.result(document)
    output.say("")
    output.say(f"report:      {document['report']}")
    output.say(f"predictions: {folder / 'predictions.csv'}")
