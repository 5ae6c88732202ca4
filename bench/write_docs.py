"""Writes `docs/benchmarks.md` from the results that are present: `python bench/write_docs.py`.

Sections stand in a fixed order; one without a result says that it was not measured, and by which command it is.
"""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path

import results

# Each script holds `section(result)`; its docstring begins with what it shows.
SCRIPTS = {
    "poisoned_test": "Poisoned test",
    "permuted_target": "Permuted target",
    "planted_leaks": "Planted leaks",
    "check_time": "Time of the checks",
    "replay": "Replay",
    "reproduce": "Reproduced runs",
    "time_limit": "Time limit",
    "two_minutes": "Two minutes",
    "field": "The field",
    "shifted": "Later rows and new groups",
    "coverage": "Expected and sealed",
    "interval_coverage": "Low and high",
    "cost": "Cost",
    "calibration": "Calibration",
    "imbalance": "Rare classes",
    "incremental": "Learning on",
    "decisions": "Decisions",
    "ensembles": "One model or several",
    "exports": "Exports",
    "tuned": "Searched settings",
    "search_kill": "Searches that are killed",
    "million_rows": "Large tables",
    "jobs_kill": "Jobs that are killed",
    "jobs_speed": "Time of the queue",
    "track": "Mirrors",
    "web_pages": "The server",
    "neural_steps": "Time of a training step",
    "neural_resume": "Trainings that are killed",
    "neural_ddp": "Two processes",
    "neural_tables": "A network beside trees",
    "text_levels": "Texts",
    "neural_gpu": "Training on a GPU",
}
# What could not be run where the page was written, and why.
NOT_RUN = {"neural_gpu": "no GPU was at hand"}
HEAD = """# Benchmarks

Every figure here was written by a script under `bench/`, which prints and stores the machine, the versions, the
commit and the date beside it. Run one again with the command below its table, and write this page anew with
`python bench/write_docs.py`. The real tables are public (UCI and others) and are not part of the repository: `DATA` is
a folder with one folder for each table, named by `--data` or `TRAINWRIGHT_DATA`; tables that are missing are left out
by name. Times on a shared machine move by some ten per cent; the load is noted so that a busy one can be told.
"""


def page(folder: Path) -> str:
    """The whole page.

    Args:
        folder: of the result files.
    """
    return "\n".join([HEAD, *(_section(name, title, folder) for name, title in SCRIPTS.items())])


def _section(name: str, title: str, folder: Path) -> str:
    if name == "field":  # its results are lines, one for each table and system
        return str(import_module("field_summary").section(folder))
    path = folder / f"{name}.json"
    result = results.read(path) if path.exists() else {"rows": {}}
    if not result["rows"]:
        said = f"Not run: {NOT_RUN[name]}." if name in NOT_RUN else "Not measured yet:"
        return f"## {title}\n\n{said} `python bench/{name}.py`\n"
    text: str = import_module(name).section(result)
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=results.FOLDER, help="folder of result files")
    docs = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
    parser.add_argument("--output", type=Path, default=docs, help="the page (default: docs/benchmarks.md)")
    options = parser.parse_args()
    options.output.write_text(page(options.results), "utf-8")


if __name__ == "__main__":
    main()
