"""The library's verbs: train, load, and the workspace they use. Names here are what `import trainwright` offers."""

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
    loaded = load_settings(config, overrides=overrides)
    if data is None and loaded.data.version is None:
        data = loaded.data.train_file
    if data is None and loaded.data.version is None:
        raise UserError("no data is given", remedy="pass a table or a path, or set data.train_file in the config")
    custom = Custom(own, tuple(metrics), chooses) if own or metrics else None
    document = launch(workspace, data, loaded, started=started, custom=custom)
    return Result(document, locate(workspace))


def load(name: str, *, decision: str | None = None, workspace: str | Path | None = None) -> Predictor:
    """The packaged model of a project, ready to predict.

    Args:
        name: "adult" for the active version, "adult@v2" for a certain one.
        decision: by which of its decisions it answers, such as "d1"; by default the one in force; "none" for the
            version's own threshold.
        workspace: the workspace folder; by default the nearest `.trainwright`.

    Example:
        >>> tw.load("adult").predict(frame)                                      # doctest: +SKIP
    """
    from trainwright.packages.predictor import Predictor
    from trainwright.store.files import open_artifact
    from trainwright.store.names import resolve_version
    from trainwright.store.workspace import open_workspace
    from trainwright.training.deployed import policy_for

    space = open_workspace(workspace, create=False, read_only=True)
    project, version = resolve_version(space, name)
    policy, label = policy_for(space, project, version, decision)
    folder = open_artifact(space, "package", version.artifact)
    return Predictor.open(folder, expected_sha=version.manifest_sha).deciding(policy, label)


def decide(
    name: str,
    *,
    cost: Any = None,
    capacity: str | float | None = None,
    min_precision: float | None = None,
    min_recall: float | None = None,
    recall_at: float | None = None,
    beta: float | None = None,
    threshold: float | None = None,
    by: str | None = None,
    review_band: bool = False,
    max_width: str | float | None = None,
    prevalence: Any = None,
    use: bool = False,
    workspace: str | Path | None = None,
) -> dict[str, Any]:
    """From which probability on to act, like `trainwright decide`: found on held-out rows, kept beside the version.

    Args:
        name: "adult" for the active version, "adult@v2" for a certain one.
        cost: what mistakes cost: {"fp": 1, "fn": 20}, with "review" for a review band; for more classes
            {true class: {decided class: cost}}, a k x k list in the order of the classes, or a YAML file.
        capacity: the cases that people can look at: "200/1000", "20%" or 0.2.
        min_precision, min_recall: a share that the lower 95 % bound keeps.
        recall_at: a recall on the held-out rows, with the most precision there is.
        beta: of F-beta. threshold: this probability. Exactly one goal is given; a review band takes cost and capacity.
        by: a column whose values get thresholds of their own where they differ beyond chance.
        max_width: for a number, the largest distance of low and high without a person: 5, or "20%" of the prediction.
        review_band: let a person decide the cases in between.
        prevalence: the true share of the positive class, where the table holds more of it than the world.
        use: let the active version answer by it from now on.
        workspace: the workspace folder; by default the nearest `.trainwright`.

    Returns:
        The decision: "label", "text" (a paragraph for those who decide), "policy", "thresholds", "figures" with
        intervals, "against", "sweep", "reasons".

    Raises:
        UserError: the question cannot be answered, with what can be.

    Example:
        >>> tw.decide("parts", cost={"fp": 1, "fn": 20}, use=True)["text"]       # doctest: +SKIP
        'Of 1,000 cases 62 (55 to 70) are flagged as faulty, 28 (24 to 33) of them rightly. ...'
    """
    from threadpoolctl import threadpool_limits

    from trainwright.store.workspace import open_workspace
    from trainwright.training.decide import decide_version

    with threadpool_limits(1, user_api="blas"):
        return decide_version(
            open_workspace(workspace, create=False), name, use=use, cost=cost, capacity=capacity,
            min_precision=min_precision, min_recall=min_recall, recall_at=recall_at, beta=beta, threshold=threshold,
            by=by, review_band=review_band, prevalence=prevalence, max_width=max_width,
        )  # fmt: skip


def learning_curve(name: str, *, time_limit: str | float = "2m", workspace: str | Path | None = None) -> dict[str, Any]:
    """Would more rows help? Fits the version's candidate on parts of its rows, like `trainwright learning-curve`.

    Args:
        name: "adult" for the active version, "adult@v2" for a certain one.
        time_limit: for the fits, in seconds or such as "90s".
        workspace: the workspace folder; by default the nearest `.trainwright`.

    Returns:
        The `size_curve` of the result document: "text" is the answer, "gain" what twice the rows would give, "points"
        what was measured; or "skipped" with the reason. The version's result and report say it from then on.

    Example:
        >>> tw.learning_curve("adult")["text"]                                   # doctest: +SKIP
        'twice the rows would raise area under the ROC curve by about 0.3 points (0.1 to 0.6)'
    """
    from threadpoolctl import threadpool_limits

    from trainwright.config.durations import parse_duration
    from trainwright.store.workspace import open_workspace
    from trainwright.training.reopen import size_curve_of

    with threadpool_limits(1, user_api="blas"):
        return size_curve_of(open_workspace(workspace, create=False), name, seconds=parse_duration(time_limit))


def stability(
    name: str, *, seeds: int = 5, time_limit: str | float = "20m", workspace: str | Path | None = None
) -> dict[str, Any]:
    """How much is luck? Fits the version's candidate with other seeds, like `trainwright stability`.

    Args:
        name: "adult" for the active version, "adult@v2" for a certain one.
        seeds: how many in all, its own among them.
        time_limit: no further seed begins after it.
        workspace: the workspace folder; by default the nearest `.trainwright`.

    Returns:
        The `seed_stability` of the result document: "text", "std", "flips" (the share of rows that some seed decides
        differently), "warning"; or "skipped" with the reason.
    """
    from threadpoolctl import threadpool_limits

    from trainwright.config.durations import parse_duration
    from trainwright.store.workspace import open_workspace
    from trainwright.training.reopen import stability_of

    limit = parse_duration(time_limit)
    with threadpool_limits(1, user_api="blas"):
        return stability_of(open_workspace(workspace, create=False), name, seeds=seeds, seconds=limit)


@dataclass(frozen=True)
class SearchResult:
    """A finished search.

    Args:
        document: everything, as `trainwright tune --json` prints it.

    Example:
        >>> trials = [{"number": 0, "family": "linear", "settings": {}, "score": 0.7}]
        >>> found = SearchResult({"trials": trials, "best": trials[0], "version": None, "training": None})
        >>> found.best["family"], found.version
        ('linear', None)
    """

    document: dict[str, Any]
    workspace: Path | None = None

    @property
    def trials(self) -> list[dict[str, Any]]:
        """Every trial by number: family, settings, state, score, seconds, milliseconds of a prediction, size."""
        return list(self.document["trials"])

    @property
    def best(self) -> dict[str, Any] | None:
        """The trial with the best score; None when none was completed."""
        best: dict[str, Any] | None = self.document["best"]
        return best

    @property
    def gain(self) -> dict[str, Any]:
        """What the best gain over the defaults, corrected for having been chosen: value, low, high, verdict."""
        return dict(self.document.get("gain") or {})

    @property
    def version(self) -> str | None:
        """The version of the training that followed, or None."""
        version: str | None = self.document["version"]
        return version

    @property
    def training(self) -> Result | None:
        """The training that followed, or None."""
        document = self.document["training"]
        return None if document is None else Result(document, self.workspace)


def tune(
    name: str,
    *,
    method: str = "auto",
    space: str | Path | Mapping[str, Any] = "first",
    trials: int | None = None,
    time_limit: str | float | None = None,
    families: Sequence[str] = (),
    seed: int = 0,
    prune: bool = True,
    resume: bool = False,
    number: int | str | None = None,
    train: bool = True,
    workspace: str | Path | None = None,
) -> SearchResult:
    """Searches better settings for a project, then trains with the best ones, like `trainwright tune`.

    Args:
        name: "adult" for the newest run's dataset version and split, "adult@v2" for those of a version.
        method: "auto", "bayesian" (needs the extra tune), "random" or "grid".
        space: "first", "wide", a YAML file, or {family: {setting: [values] or {low, high, log, step}}}.
        trials: at most so many, the defaults among them; 50 when not given. Of a search that goes on: the new total.
        time_limit: seconds, or "90s", "5m"; 20 minutes when not given.
        families: search these alone.
        seed: of the draws; the run's own when 0.
        prune: whether a trial that is clearly worse stops before its last fold.
        resume: go on with the newest search that is not finished.
        number: go on with this search (3 for s3), or share it with another process.
        train: whether a training with the best settings follows.
        workspace: the workspace folder; by default the nearest `.trainwright`.

    Returns:
        The result, with `trials`, `best`, `gain` and `version`.

    Raises:
        UserError: no such project, nothing trained in it yet, or a search that cannot be.

    Example:
        >>> tw.tune("adult", families=["catboost"], trials=30).best["settings"]      # doctest: +SKIP
        {'iterations': 1000, 'depth': 4, 'learning_rate': 0.1}
    """
    from trainwright.jobs.tune import tune as search
    from trainwright.store.workspace import locate, open_workspace
    from trainwright.training.tuning.request import Request

    request = Request.of(method, space, trials, time_limit, families, seed=seed, prune=prune)
    space_ = open_workspace(workspace, create=False)
    document = search(space_, name, request, resume=resume, number=number, more=trials, train=train)
    return SearchResult(document, locate(workspace))


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


def compare_runs(*runs: str | int, workspace: str | Path | None = None) -> dict[str, Any]:
    """Two or three runs side by side, the later ones against the first, like `trainwright runs compare`.

    Args:
        runs: numbers of runs, or versions such as "adult@v2"; after the first one "v2" is enough.
        workspace: the workspace folder; by default the nearest `.trainwright`.

    Returns:
        {"runs", "metric", "settings": those that differ, "data", "fitted", "metrics": with "differences" paired on the
        same rows, "per_class", "costs", "curves", "verdicts", "warnings"}.

    Raises:
        UserError: runs of different projects or targets, or one that is not finished.

    Example:
        >>> tw.compare_runs("adult@v1", "v2")["verdicts"][0]["text"]                 # doctest: +SKIP
        'adult@v2 is not distinguishable from adult@v1 in ROC-AUC: ...'
    """
    from trainwright.store.workspace import open_workspace
    from trainwright.training.run_compare import compare_named

    return compare_named(open_workspace(workspace, create=False, read_only=True), [str(run) for run in runs])


def reproduce(name: str | int, *, workspace: str | Path | None = None) -> dict[str, Any]:
    """Repeats the run of a version from its record and compares every figure, like `trainwright reproduce`.

    Args:
        name: "adult@v2", or the number of a run.
        workspace: the workspace folder; by default the nearest `.trainwright`.

    Returns:
        {"same", "text", "figures": [{"figure", "then", "now", "same"}], "package", "predictions", "environment",
        "record", "run", "repetition", ...}.

    Raises:
        UserError, EnvironmentProblem: there is no such run, or its rows are gone.

    Example:
        >>> tw.reproduce("adult@v2")["same"]                                         # doctest: +SKIP
        True
    """
    from trainwright.jobs.reproduce import reproduce as execute
    from trainwright.store.workspace import open_workspace

    return execute(open_workspace(workspace, create=False), str(name))


def export(
    name: str,
    format: str = "onnx",
    to: str | Path | None = None,
    *,
    decision: str | None = None,
    workspace: str | Path | None = None,
) -> dict[str, Any]:
    """Writes a version for other programs and compares their answers with its own, like `trainwright export`.

    Args:
        name: "adult" for the active version, "adult@v2" for a certain one.
        format: "onnx", "folder" (a script that needs no trainwright) or "mlflow".
        to: a new or empty folder; for ONNX also a new file ending in .onnx.
        decision: "d1" for a certain decision of the version, "none" for its own threshold; by default the one in force.
        workspace: the workspace folder; by default the nearest `.trainwright`.

    Returns:
        "path", "format", "parity": {"rows", "worst", "tolerance", ...}, "needs", "inputs", "files", "size_mb".

    Raises:
        UserError: the place is taken, a step cannot be expressed, or the answers differ; nothing is written then.
        EnvironmentProblem: a library that the format needs is not installed.

    Example:
        >>> tw.export("adult@v2", "onnx", "adult.onnx")["parity"]["worst"]           # doctest: +SKIP
        3.3e-16
    """
    from trainwright.packages.export.export import export_version
    from trainwright.store.workspace import open_workspace

    return export_version(open_workspace(workspace, create=False), name, format, to, decision=decision)
