"""The child process that opens a package from elsewhere: `python -m trainwright.packages.sandbox FOLDER`.

FOLDER holds job.json and the arrays of the rows; the child leaves result.npy and answer.json there. Limits
are in force before NumPy is imported. See `elsewhere.py` for the side that starts it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainwright.packages import limits_posix

if TYPE_CHECKING:
    from trainwright.data.columns import Columns
    from trainwright.packages.verify import Checked

# Families of this release that read JSON, arrays without objects, or a booster's own format; never code, never pickle.
# Written out by hand and not taken from `models.families`: a new family is let in here by somebody who has looked at
# what its files can do.
ALLOWED = frozenset(
    {
        "baseline",
        "linear",
        "decision_tree",
        "forest",
        "extra_trees",
        "lightgbm",
        "catboost",
        "hist_gradient_boosting",
        "adaboost",
        "svm",
        "ebm",
        "xgboost",
        "text_embedding",
        "text_transformer",
        "neural_network",
        "tabular_net",
    }
)


def main(folder: Path) -> int:
    """Does the job; the exit status is 0 whenever answer.json was written."""
    job = json.loads((folder / "job.json").read_text("utf-8"))
    limits_posix.apply(limits_posix.Limits(**job["limits"]))
    # Python finds out a place for temporary files by removing one, and torch makes a folder for its compiler when it is
    # imported: the guard forbids both, so the places are named.
    tempfile.tempdir = os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder)
    limits_posix.guard(str(folder))
    from trainwright.errors import TrainwrightError

    try:
        answer = _work(job, folder)
    except TrainwrightError as error:
        answer = {"error": type(error).__name__, "problem": error.problem, "remedy": error.remedy}
    except MemoryError:
        answer = {"error": "UserError", "problem": "it needs more memory than a package from elsewhere gets"}
    (folder / "answer.json").write_text(json.dumps(answer), "utf-8")
    return 0


def _work(job: dict[str, Any], folder: Path) -> dict[str, Any]:
    import numpy as np

    from trainwright.packages.ensemble import Ensemble
    from trainwright.packages.verify import MAX_SIZE_ELSEWHERE, check_package

    checked = check_package(Path(job["package"]), job["sha"], max_size=MAX_SIZE_ELSEWHERE)
    model = Ensemble(checked, ALLOWED)
    if job["what"] == "open":
        return {}
    columns = _read_columns(folder, checked)
    if job["what"] == "predict":
        np.save(folder / "result.npy", model.predict(columns), allow_pickle=False)
        return {}
    if job["what"] == "parts":
        np.save(folder / "result.npy", model.parts(columns), allow_pickle=False)
        return {}
    pushes = model.pushes(columns)
    np.save(folder / "result.npy", np.column_stack([pushes.values, pushes.towards]), allow_pickle=False)
    return {"exact": pushes.exact}


def _read_columns(folder: Path, checked: Checked) -> Columns:
    """The rows that the parent wrote; both sides have the layout from the same checked package."""
    import numpy as np

    from trainwright.data.columns import Columns

    blocks = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("numbers", "codes", "times")}
    texts = np.empty((len(blocks["numbers"]), len(checked.layout.texts)), dtype=object)
    for i, row in enumerate(json.loads((folder / "texts.json").read_text("utf-8"))):
        texts[i] = row
    return Columns(blocks["numbers"], blocks["codes"], blocks["times"], texts, checked.layout)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
