"""`Predictor`: a package opened for predicting, for tables of any size and for single rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import polars as pl

from trainwright.data.columns import Columns
from trainwright.data.notes import Note
from trainwright.errors import UserError
from trainwright.evaluate.deciding.policy import Policy, segment_texts
from trainwright.packages.decided import DecidedOutputs
from trainwright.packages.ensemble import Ensemble, Model
from trainwright.packages.keep import with_kept
from trainwright.packages.number_intervals import NumberIntervals, ReviewWidth, number_columns, number_row
from trainwright.packages.outputs import Outputs
from trainwright.packages.reasons import Reason, reason_columns, strongest
from trainwright.packages.rows import RowEncoder, Unusual
from trainwright.packages.verify import MAX_SIZE, MAX_SIZE_ELSEWHERE, Checked, check_package

if TYPE_CHECKING:
    from trainwright.packages.limits_posix import Limits
    from trainwright.packages.number_intervals import IntervalState

_CHUNK_BYTES = 32 * 1024 * 1024  # encoded features held at once, so that ten million rows fit in memory
_T = TypeVar("_T")


@dataclass(frozen=True)
class Given:
    """A table brought to the types of the training table.

    Args:
        source: the table as it was given.
        frame: its feature columns with the types of the training table; same rows, same order.
        notes: what was found out, left out or could not be read.
        segment: (n,) values of the column by which a decision differs, as texts, or None.
    """

    source: pl.DataFrame
    frame: pl.DataFrame
    notes: tuple[Any, ...]
    segment: np.ndarray | None = None


class Predictor:
    """Predicts with a package. Open one with `Predictor.open`.

    Example:
        >>> predictor = Predictor.open(folder)               # doctest: +SKIP
        >>> predictor.predict("new.csv")                     # doctest: +SKIP
        >>> predictor.predict_row({"age": 41, "job": "nurse"})  # doctest: +SKIP
        {'prediction': 'yes', 'probability_no': 0.2, 'probability_yes': 0.8, 'confidence': 0.8}
    """

    def __init__(self, checked: Checked, model: Model):
        self.manifest = checked.manifest
        self.sha = checked.sha
        self.layout = checked.layout
        self.target = checked.manifest.target
        self._model = model
        self._schema = checked.manifest.schema
        self._row_encoder: RowEncoder | None = None
        self._own = Outputs(self.target, checked.manifest.threshold)
        self._outputs = self._own  # or those of a decision, see `deciding`
        self.decision: str | None = None
        self._width: ReviewWidth | None = None
        self._intervals = _intervals(checked)

    @classmethod
    def open(
        cls,
        folder: str | Path,
        expected_sha: str | None = None,
        trusted: bool = True,
        *,
        limits: Limits | None = None,
    ) -> Predictor:
        """Checks every byte of a package, then loads its members.

        Args:
            folder: the package.
            expected_sha: SHA-256 of its manifest.json as the workspace keeps it; checked first.
            trusted: False for a package from elsewhere: only families of this release, opened in a limited
                child process, each call in a fresh one.
            limits: for a package from elsewhere, what the child may use.

        Raises:
            UserError: a file was changed, is missing or extra; a family is unknown.
            EnvironmentProblem: a library or a newer release is needed.
        """
        checked = check_package(Path(folder), expected_sha, max_size=MAX_SIZE if trusted else MAX_SIZE_ELSEWHERE)
        if trusted:
            return cls(checked, Ensemble(checked))
        from trainwright.packages.elsewhere import RemoteEnsemble

        return cls(checked, RemoteEnsemble(checked, limits))

    def deciding(self, policy: Policy | ReviewWidth | None, label: str | None = None) -> Predictor:
        """The same package answering by a decision of its version; None: by its own threshold.

        Args:
            policy: how is decided; for a number the width from which a person looks.
            label: of the decision, such as "d1"; kept as `decision`.
        """
        other = copy(self)
        other._outputs = DecidedOutputs(self.target, policy) if isinstance(policy, Policy) else self._own
        other._width = policy if isinstance(policy, ReviewWidth) else None
        other.decision = None if policy is None else label
        return other

    @property
    def threshold(self) -> float:
        """The default threshold of the positive class, for two classes."""
        return self._own.threshold

    def conform(self, table: Any, options: Any = None) -> Given:
        """Brings a table to the types of the training table, and says what it found.

        Args:
            table: a path, or a frame of polars, pandas, Arrow or NumPy, or a mapping of lists.
            options: for a path, `data.read.ReadOptions`.

        Raises:
            UserError: feature columns are missing (all are named), or the file cannot be read.
        """
        from trainwright.data.infer import conform

        notes: list[Any] = []
        if isinstance(table, str | Path):
            from trainwright.data.read import ReadOptions, read_table

            source = read_table(table, options or ReadOptions())
            frame, notes = source.frame, list(source.notes)
        else:
            from trainwright.data.frames import to_polars

            frame = to_polars(table)
        typed, more = conform(frame, self._schema, required=self.layout.names)
        segment, said = self._segments(typed, frame)
        features = typed.select(self.layout.names)
        return Given(frame, features, (*notes, *more, *said, *self._empty_texts(features)), segment)

    def _empty_texts(self, features: pl.DataFrame) -> tuple[Note, ...]:
        """A note where rows hold no text, and texts are all that the model reads."""
        texts = self.layout.texts
        if not texts or set(texts) != set(self.layout.names):
            return ()
        blank = features.select(pl.all_horizontal(pl.all().fill_null("").str.strip_chars() == "")).to_series()
        n = int(blank.sum())
        if not n:
            return ()
        words = f"{n:,} of {len(blank):,} rows hold no text: all of them get the same answer, which rests on nothing"
        return (Note("empty_texts", words, texts),)

    def predict(
        self,
        table: Any,
        *,
        threshold: float | None = None,
        keep: Sequence[str] | str = (),
        explain: int = 0,
        review_width: str | float | None = None,
    ) -> pl.DataFrame:
        """Predictions in the order of the rows.

        Args:
            table: what `conform` takes or gives.
            threshold: for two classes, instead of the package's own.
            keep: columns of the table to put in front, or "all".
            explain: number of reasons to add for each row, as columns `reason_1`, ...
            review_width: for a number, mark rows whose bounds lie further apart than this for review: 5 in the unit of
                the target, or "20%" of the prediction; instead of the package's own.

        Returns:
            `prediction` in the labels' own spelling and type; for classes `probability_<class>` and `confidence`, and
            `decision` where a decision is in force and no `threshold` is given;
            for a number `low`, `high` and `width`, and `decision` (accept or review) where a width for review is set.

        Raises:
            UserError: a width for review is asked of a package that has no bounds.
        """
        given = self._given(table)
        outputs = self._outputs if threshold is None else Outputs(self.target, threshold)
        review = self._review(review_width)
        if self._intervals is None:
            out = outputs.frame(self.predict_raw(given), given.segment)
        else:
            prediction, low, high = self.predict_spans(given).T
            out = outputs.frame(prediction).with_columns(**number_columns(prediction, low, high, review))
        if explain > 0:
            out = out.hstack(reason_columns(self.explain(given, explain), explain))
        return with_kept(out, given.source, keep)

    def predict_proba(self, table: Any) -> np.ndarray:
        """(n, k) probabilities in the order of `target.classes`, for the true shares of the classes where the
        decision in force names them.

        Raises:
            UserError: the target is a number.
        """
        if self.target.task != "classes":
            raise UserError(f"{self.target.column!r} is a number and has no probabilities", remedy="use predict")
        return self._outputs.corrected(self.predict_raw(table))

    def predict_raw(self, table: Any) -> np.ndarray:
        """(n, k) probabilities or (n,) numbers; what metrics are computed from."""
        parts = list(self._in_chunks(self._given(table).frame, self._model.predict))
        if parts:
            return parts[0] if len(parts) == 1 else np.concatenate(parts)
        return np.empty((0, self.target.n_outputs) if self.target.task == "classes" else 0)

    def predict_row(
        self, row: Mapping[str, Any], *, threshold: float | None = None, review_width: str | float | None = None
    ) -> dict[str, Any]:
        """The prediction for one row, without a frame.

        Args:
            row: column name -> value; None for missing. Other columns are ignored.
            threshold: for two classes, instead of the package's own.
            review_width: as in `predict`.

        Returns:
            The columns of `predict` as a mapping.

        Raises:
            UserError: a feature column is absent.
        """
        if self._row_encoder is None:
            self._row_encoder = RowEncoder(self.layout, self._schema)
        try:
            columns = self._row_encoder.encode(row)
        except Unusual:
            frame = pl.DataFrame({name: [row[name]] for name in self.layout.names if name in row}, strict=False)
            columns = self.layout.encode(self.conform(frame).frame)
        outputs = self._outputs if threshold is None else Outputs(self.target, threshold)
        if self._intervals is None:
            self._review(review_width)
            raw = self._model.predict(columns)
            by = outputs.by
            return outputs.row(raw, None if by is None else segment_texts(pl.Series([row.get(by)], strict=False)))
        prediction, low, high = self._spans(columns)[0].tolist()
        return number_row(prediction, low, high, self._review(review_width))

    @property
    def interval(self) -> IntervalState | None:
        """What the bounds beside a number are made of; None for classes, and for a package without them."""
        return self.manifest.interval

    def predict_spans(self, table: Any) -> np.ndarray:
        """(n, 3) prediction, lower and upper bound of each row.

        Raises:
            UserError: the package has no bounds.
        """
        if self._intervals is None:
            raise _without_bounds()
        parts = list(self._in_chunks(self._given(table).frame, self._spans))
        return np.concatenate(parts) if parts else np.empty((0, 3))

    def explain(self, table: Any, top: int = 3) -> list[tuple[Reason, ...]]:
        """The strongest reasons for each row.

        Exact for two classes and numbers where every member accounts for itself (linear models, LightGBM,
        CatBoost); otherwise approximate, and then it costs one prediction per feature.

        Args:
            table: what `conform` takes or gives.
            top: how many reasons for each row at most.
        """
        out: list[tuple[Reason, ...]] = []
        frame = self._given(table).frame
        at = 0
        for pushes in self._in_chunks(frame, self._model.pushes):
            n = len(pushes.values)
            out += strongest(pushes, frame.slice(at, n), self.target, top)
            at += n
        return out

    def _spans(self, columns: Columns) -> np.ndarray:
        """(n, 3) prediction, lower and upper bound."""
        assert self._intervals is not None
        parts = self._model.parts(columns)
        prediction = self._model.combine(parts)
        return np.column_stack([prediction, *self._intervals.bounds(parts, prediction)])

    def _review(self, width: str | float | None) -> ReviewWidth | None:
        """The width for review: the one asked for, that of the decision in force, or the package's own."""
        if width is None:
            return self._width or (None if self.interval is None else self.interval.review)
        if self.interval is None:
            raise _without_bounds()
        return ReviewWidth.parse(width)

    def _segments(self, typed: pl.DataFrame, source: pl.DataFrame) -> tuple[np.ndarray | None, tuple[Note, ...]]:
        """The values by which the decision differs, and what is said where the table lacks them."""
        by = self._outputs.by
        if by is None:
            return None, ()
        if by in typed.columns or by in source.columns:
            return segment_texts(typed[by] if by in typed.columns else source[by]), ()
        words = f"the column {by!r} is not there: {self.decision or 'the decision'} uses the threshold of all rows"
        return None, (Note("no_segments", words, (by,)),)

    def _given(self, table: Any) -> Given:
        return table if isinstance(table, Given) else self.conform(table)

    def _in_chunks(self, frame: pl.DataFrame, work: Callable[[Columns], _T]) -> Iterator[_T]:
        """Encodes and works on as many rows at a time as fit in `_CHUNK_BYTES`."""
        layout = self.layout
        width = 8 * (len(layout.numbers) + len(layout.times)) + 4 * len(layout.categories) + 60 * len(layout.texts)
        step = min(max(_CHUNK_BYTES // max(width, 1), 1_000), 200_000)
        for start in range(0, frame.height, step):
            yield work(layout.encode(frame.slice(start, step)))


def _intervals(checked: Checked) -> NumberIntervals | None:
    """What turns the members' predictions into bounds, where the package has them."""
    state, members = checked.manifest.interval, checked.manifest.members
    if state is None:
        return None
    return NumberIntervals(state, [m.name for m in members], [m.fold for m in members], [m.weight for m in members])


def _without_bounds() -> UserError:
    """What is said where bounds are asked of a package that has none."""
    return UserError(
        "the package has no low and high beside its predictions, so no row has a width",
        remedy="they are made for targets that are numbers, by trainings with training.interval (0.9 by default)",
    )
