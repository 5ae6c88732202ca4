"""Using a version: predicting with it, deciding by it, taking it elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainwright.packages.predictor import Predictor


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


def export(
    name: str,
    format: str = "onnx",
    to: str | Path | None = None,
    *,
    decision: str | None = None,
    int8: bool = False,
    workspace: str | Path | None = None,
) -> dict[str, Any]:
    """Writes a version for other programs and compares their answers with its own, like `trainwright export`.

    Args:
        name: "adult" for the active version, "adult@v2" for a certain one.
        format: "onnx", "folder" (a script that needs no trainwright) or "mlflow".
        to: a new or empty folder; for ONNX also a new file ending in .onnx.
        decision: "d1" for a certain decision of the version, "none" for its own threshold; by default the one in force.
        int8: networks are written in eight bits; "int8" says what that costs.
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

    return export_version(open_workspace(workspace, create=False), name, format, to, decision=decision, int8=int8)
