"""Training: anew, and with one setting changed; what comes of it is a `Result`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainwright.packages.predictor import Predictor


@dataclass(frozen=True)
class Result:
    """A finished training.

    Args:
        document: everything, as `trainwright train --json` prints it.

    Example:
        >>> result = Result({"leaderboard": [{"name": "linear"}], "version": "v1", "project": "adult"})
        >>> result.version, result.leaderboard[0]["name"]
        ('v1', 'linear')
    """

    document: dict[str, Any]
    workspace: Path | None = None

    @property
    def leaderboard(self) -> list[dict[str, Any]]:
        """The candidates, best first."""
        return list(self.document["leaderboard"])

    @property
    def evaluation(self) -> dict[str, Any]:
        """{"validation": {metric: {value, low, high}}, "test": the same or None}."""
        return {"validation": self.document.get("validation"), "test": self.document.get("test")}

    @property
    def version(self) -> str | None:
        """The model version ("v3"), or None for a rehearsal."""
        version: str | None = self.document.get("version")
        return version

    @property
    def name(self) -> str:
        """What `load` takes: "adult@v3", or the project alone for a rehearsal."""
        project = str(self.document["project"])
        return f"{project}@{self.version}" if self.version else project

    @property
    def report(self) -> Path | None:
        """The HTML report."""
        path = self.document.get("report")
        return Path(path) if path else None

    def predictor(self) -> Predictor:
        """The packaged model, ready to predict."""
        from trainwright.evaluate.deciding.policy import Policy
        from trainwright.packages.predictor import Predictor

        package, decided = self.document["package"], self.document.get("operating_point") or {}
        opened = Predictor.open(Path(package["path"]), expected_sha=package["sha256"])
        if "policy" not in decided:
            return opened
        return opened.deciding(Policy.from_json(decided["policy"]), decided.get("label"))


def train(
    data: Any = None,
    target: str | None = None,
    *,
    project: str | None = None,
    time_limit: str | float | None = None,
    config: str | Path | None = None,
    preset: str | None = None,
    metrics: Sequence[Callable[..., float]] = (),
    families: Sequence[str | tuple[str, Any]] = (),
    incremental: bool | None = None,
    base: str | None = None,
    workspace: str | Path | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Result:
    """Trains on a labelled table and makes a model version, like `trainwright train`.

    Args:
        data: a path, or a pandas, polars, Arrow or NumPy table; None takes `data.train_file` of the config.
        target: the column to predict.
        project: the problem's name; the file's name when not given.
        time_limit: seconds, or "90s", "5m", "2h".
        config: a YAML file.
        preset: quick, balanced, production or limited-data.
        metrics: callables `metric(y_true, y_pred) -> float` that are measured beside ours; name one as
            `settings={"training.metric": ...}` to choose by it.
        families: names of families, or (name, scikit-learn estimator) pairs that join the comparison. An estimator
            of your own cannot be packaged, because a package holds no pickle; it is compared and said so.
        incremental: learn on from a version of the project instead of training anew; `data` holds the new rows.
        base: that version, such as "v3"; the active one when not given, else the newest.
        workspace: the workspace folder; by default the nearest `.trainwright`, or one made here.
        settings: any other setting by its key, such as {"data.group": "patient", "training.seed": 7}.

    Returns:
        The result, with `leaderboard`, `evaluation`, `version`, `report` and `predictor()`.

    Raises:
        UserError: about the table or the settings, with what to do.

    Example:
        >>> import trainwright as tw                                             # doctest: +SKIP
        >>> result = tw.train("adult.csv", target="income", time_limit="5m")     # doctest: +SKIP
        >>> result.version                                                       # doctest: +SKIP
        'v1'
    """
    import time

    from trainwright.config.source import load_settings
    from trainwright.errors import UserError
    from trainwright.jobs.launch import train as launch
    from trainwright.store.workspace import locate
    from trainwright.training.run import Custom

    started = time.time()
    named = tuple(family for family in families if isinstance(family, str))
    own = tuple((str(f[0]), f[1]) for f in families if not isinstance(f, str))
    given = {
        "data.target": target,
        "project": project,
        "training.time_limit": time_limit,
        "training.preset": preset,
        "training.families": named or None,
        "training.incremental": incremental,
        "training.base": base,
        **(settings or {}),
    }
    chooses = given.get("training.metric")
    if chooses in {getattr(metric, "__name__", "") for metric in metrics}:
        given["training.metric"] = None  # a function's name, which no configuration knows
    else:
        chooses = None
    overrides = {key: value for key, value in given.items() if value is not None}
    loaded = load_settings(config, overrides=overrides, flags=False)
    if data is None and loaded.data.version is None:
        data = loaded.data.train_file
    if data is None and loaded.data.version is None:
        raise UserError("no data is given", remedy="pass a table or a path, or set data.train_file in the config")
    custom = Custom(own, tuple(metrics), chooses) if own or metrics else None
    document = launch(workspace, data, loaded, started=started, custom=custom)
    return Result(document, locate(workspace))


def try_setting(
    name: str,
    settings: Mapping[str, Any],
    *,
    note: str | None = None,
    accept: str | None = None,
    together: bool = False,
    workspace: str | Path | None = None,
) -> Result:
    """Changes one setting of a version and keeps the result only where it proves better, like `trainwright try`.

    Args:
        name: "adult@v2", or "adult" for the active version (or the last one that a try kept since).
        settings: the setting by its key, such as {"training.class_weight": "balanced"} or {"catboost.depth": 4}.
        note: why; kept in the log of tries.
        accept: keep it by this rule instead, such as "recall>=0.9 and precision>=0.5".
        together: let several settings change at once.
        workspace: the workspace folder; by default the nearest `.trainwright`.

    Returns:
        The result; `document["iteration"]` says what became of the try, `document["next_tries"]` what to try next.
        A dropped try has no `version`.

    Raises:
        UserError: about the version, the setting or the rule, with what to do.

    Example:
        >>> tried = tw.try_setting("adult", {"training.class_weight": "balanced"})   # doctest: +SKIP
        >>> tried.document["iteration"]["kept"]                                      # doctest: +SKIP
        False
    """
    from trainwright.jobs.iterate import try_setting as execute
    from trainwright.store.workspace import locate, open_workspace

    space = open_workspace(workspace, create=False)
    document = execute(space, name, settings, note=note, accept=accept, together=together)
    return Result(document, locate(workspace))
