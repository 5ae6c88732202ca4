"""Sentence embeddings as columns of numbers, and the family `linear` on them and on every other column."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from trainwright.data.columns import Columns, Dataset, Layout
from trainwright.data.schema import Target
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.models.extras import require
from trainwright.models.gallery import find, gallery, how_to_get
from trainwright.models.linear import Linear
from trainwright.models.settings import check_settings
from trainwright.models.spec import Report
from trainwright.models.storage import read_json, write_json
from trainwright.models.text.base import FETCHED, NONE, Base, fingerprint, resolve
from trainwright.models.text.labels import with_labels
from trainwright.models.text_embedding import SPEC

FILE, FOLDER = "embedding.json", "base"


class TextEmbedding(Linear):
    """A linear model whose text columns were embedded; see `SPEC`.

    A base model that a package of the index carries is named with its SHA-256 and not copied; any other one is copied
    into the model's files.
    """

    spec = SPEC
    grows = True
    base: Base | None = None  # None where no text column was there

    def fit(
        self,
        X: Columns,
        y: np.ndarray,
        *,
        sample_weight: np.ndarray | None = None,
        validation: Dataset | None = None,
        seed: int = 0,
        threads: int = 1,
        report: Report | None = None,
    ) -> Self:
        """See `Estimator.fit`."""
        self.chosen, self.threads = check_settings(SPEC, self.settings), threads
        self.base = None
        if X.layout.texts and len(X) and len(np.unique(y)) > 1:
            require([SPEC])
            self.base = resolve(str(self.chosen["base_model"]))
            if self.base.folder is None:
                raise UserError(
                    f"text_embedding.base_model: {NONE} has nothing to embed with",
                    remedy=f"name a base model ({', '.join(gallery())}), or take the family text_transformer",
                )
        options: dict[str, Any] = {"seed": seed, "threads": threads, "report": report}
        held = None if validation is None else self._dataset(validation)
        rows, labels, weight, described = X, y, sample_weight, 0
        if self.base is not None and self.target.task == "classes":
            told = str(self.chosen["label_descriptions"])
            rows, labels, weight, described = with_labels(X, y, sample_weight, told, self.target.classes)
        super().fit(self._embedded(rows), labels, sample_weight=weight, validation=held, **options)
        if self.base is not None:
            self.derived |= self._facts(X) | {"labels_as_examples": described}
            if report is not None:
                self._report_choices(report)
        return self

    def more(
        self,
        X: Columns,
        y: np.ndarray,
        *,
        rounds: int | None = None,
        sample_weight: np.ndarray | None = None,
        validation: Dataset | None = None,
        seed: int = 0,
        threads: int = 1,
        report: Report | None = None,
    ) -> TextEmbedding | None:
        """See `Estimator.more`: the head is solved again from where it ended, grown for classes of the target that it
        did not know."""
        if self.is_constant:
            return None
        start = self._grown(np.union1d(self.present, np.unique(y))) if self._n_classes else self
        self.threads = start.threads = threads
        options: dict[str, Any] = {"sample_weight": sample_weight, "seed": seed, "threads": threads}
        found = Linear.more(start, self._embedded(X), y, **options)
        return None if found is None else self._like(found)

    def predict(self, X: Columns) -> np.ndarray:
        """See `Estimator.predict`."""
        return super().predict(X if self.is_constant else self._embedded(X))

    def contributions(self, X: Columns) -> dict[str, np.ndarray] | None:
        """Those of the family linear; the numbers of a text column's embedding count together."""
        if self.is_constant or self.base is None:
            return super().contributions(X)
        account = super().contributions(self._embedded(X)) or {}
        out = {name: np.zeros(len(X)) for name in X.layout.names}
        for name, push in account.items():
            out[name if name in out else _owner(name)] += push
        return out

    def save(self, folder: Path) -> None:
        """See `Estimator.save`."""
        super().save(folder)
        base = self.base
        if base is None or self.is_constant:
            return
        assert base.folder is not None
        write_json(folder / FILE, {"gallery": base.gallery, "sha256": fingerprint(base.folder), "name": base.name})
        if not base.gallery:
            place = folder / FOLDER
            place.mkdir()
            for name in FETCHED:
                if (base.folder / name).is_file():
                    shutil.copyfile(base.folder / name, place / name)

    @classmethod
    def load(cls, folder: Path, target: Target) -> TextEmbedding:
        """See `Estimator.load`."""
        model = super().load(folder, target)
        assert isinstance(model, cls)
        model.base = _saved_base(folder) if (folder / FILE).exists() else None
        return model

    def _embedded(self, X: Columns) -> Columns:
        """The rows with each text column replaced by the numbers of its embedding."""
        if self.base is None or self.base.folder is None or not X.layout.texts:
            return X
        from trainwright.models.text.embedding import embedder

        width = self.base.width
        names = [f"{name}\u2063{j}" for name in X.layout.texts for j in range(width)]
        old = X.layout
        layout = Layout((*old.numbers, *names), old.categories, old.times, (), old.vocabulary, old.single)
        blocks = [X.numbers]
        if len(X):
            opened = embedder(self.base.folder, self._limit(), *self._where())
            for j in range(X.texts.shape[1]):
                blocks.append(opened.vectors([str(text) for text in X.texts[:, j]], threads=self.threads))
        else:
            blocks.append(np.zeros((0, len(names))))
        numbers = np.concatenate(blocks, axis=1, dtype=X.numbers.dtype)
        return Columns(numbers, X.codes, X.times, np.empty((len(X), 0), dtype=object), layout, X.units)

    def _dataset(self, rows: Dataset) -> Dataset:
        return replace(rows, columns=self._embedded(rows.columns))

    def _limit(self) -> int:
        assert self.base is not None
        return min(int(self.chosen["max_tokens"]), self.base.limit)

    def _where(self) -> tuple[str, str]:
        return str(self.chosen["precision"]), str(self.chosen["device"])

    def _facts(self, X: Columns) -> dict[str, Any]:
        """What was found out about base and texts."""
        from trainwright.models.text.embedding import embedder

        assert self.base is not None and self.base.folder is not None
        opened = embedder(self.base.folder, self._limit(), *self._where())
        encoded = [opened.tokens.encode([str(text) for text in X.texts[:, j]]) for j in range(X.texts.shape[1])]
        return {
            "base_model": self.base.place,
            "base_sha256": fingerprint(self.base.folder),
            "max_tokens": self._limit(),
            "texts_cut": sum(one.cut_texts for one in encoded),
            "tokens_cut": sum(one.cut_tokens for one in encoded),
            "precision": opened.numbers.precision,
            "precision_because": opened.numbers.choices["precision"].reason,
            "device": str(opened.numbers.device),
        }

    def _report_choices(self, report: Report) -> None:
        """Tells what was settled, as the training loop does of networks."""
        from trainwright.engine.records import Records
        from trainwright.models.text.embedding import embedder

        assert self.base is not None and self.base.folder is not None
        settled = embedder(self.base.folder, self._limit(), *self._where()).numbers.choices
        names = ("device", "precision", "attention")
        Records(report, total=0, epochs=0).choices({name: settled[name] for name in names if name in settled})

    def _grown(self, present: np.ndarray) -> TextEmbedding:
        """This model with a place for further classes, which begin with what is average."""
        if np.array_equal(present, self.present):
            return self
        wide = self._like(self)
        both = np.zeros((len(self.weights), 2))
        scores = np.zeros(2)
        if len(self.present) == 2:  # one output, the log-odds of the second class
            both[:, 1], scores[1] = self.weights[:, 0], self.intercept[0]
        else:
            both, scores = self.weights, self.intercept
        known = np.searchsorted(present, self.present)
        wide.present = present
        wide.weights = np.zeros((len(self.weights), len(present)))
        wide.weights[:, known] = both - both.mean(axis=1, keepdims=True)
        wide.intercept = np.full(len(present), (scores - scores.mean()).min())
        wide.intercept[known] = scores - scores.mean()
        return wide

    def _like(self, found: Linear) -> TextEmbedding:
        """What a linear model learned, as one of this family with this one's base."""
        made = TextEmbedding(self.target, dict(self.settings))
        for name, value in vars(found).items():
            if name not in ("target", "settings", "base"):
                setattr(made, name, value)
        made.base = self.base
        return made


def _owner(name: str) -> str:
    """The text column that a number of an embedding belongs to."""
    return name.partition("\u2063")[0]


def _saved_base(folder: Path) -> Base:
    """The base that a saved model was made with, here and unchanged.

    Raises:
        EnvironmentProblem: it is not on this machine.
        UserError: it is another one.
    """
    facts = read_json(folder / FILE)
    name = str(facts.get("gallery") or "")
    if not name:
        base = replace(resolve(str(folder / FOLDER)), name=str(facts.get("name") or ""))
    else:
        known = gallery().get(name)
        place = None if known is None else find(known)
        if known is None or place is None:
            remedy = how_to_get(known) if known is not None else "install the release that made the model"
            raise EnvironmentProblem(
                f"the model needs the base model {name!r}, which is not on this machine", remedy=remedy
            )
        base = resolve(name, fetch=False)
    assert base.folder is not None
    if fingerprint(base.folder) != facts.get("sha256"):
        raise UserError(
            f"the base model in {base.folder} is another one than the model was made with",
            remedy="install the version of its package that was there, or train again",
        )
    return base
