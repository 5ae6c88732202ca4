"""Few examples of texts: counted words, embeddings, and embeddings that also read the names of the classes.

    python bench/text_few.py --data DATA [--sets banking77,sms_spam] [--counts 1,5,10] [--draws 3]

For each set so many examples of each class are drawn from the training part, `linear` and `text_embedding` (with
`label_descriptions` none and names) learn from them with their default settings, and the share of right answers is
taken on up to 1,000 texts of the test part, the mean over draws; balanced over classes, so that guessing the largest is
worth nothing. Prints a table; about five minutes on 2 cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import markdown
import numpy as np
import results
import text_tables

MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "counted words": ("linear", {}),
    "embeddings": ("text_embedding", {"label_descriptions": "none"}),
    "embeddings and names": ("text_embedding", {"label_descriptions": "names"}),
}
MOST = 1_000


def main() -> None:
    options = _options()
    rows = []
    for name in options.sets:
        texts = text_tables.load(name, options.data)
        for count in options.counts:
            found = shares(texts, int(count), options.draws)
            rows.append([name, str(int(count)), *(f"{share:.3f}" for share in found)])
    print(markdown.table(["set", "examples of a class", *MODELS], rows))


def shares(texts: text_tables.Texts, count: int, draws: int) -> list[float]:
    """The share of right answers of each of `MODELS`, balanced over classes, the mean over draws."""
    from trainwright.data.columns import Columns, Layout
    from trainwright.data.schema import Target
    from trainwright.models.families import families

    classes = tuple(str(label) for label in np.unique(texts.label))
    y = np.searchsorted(np.array(classes), texts.label)
    asked = np.flatnonzero(texts.test)
    asked = np.sort(np.random.default_rng(0).choice(asked, min(MOST, len(asked)), replace=False))

    def columns(rows: np.ndarray) -> Columns:
        n, layout = len(rows), Layout((), (), (), ("text",), ())
        held = np.array([str(text) for text in texts.text[rows]], dtype=object)[:, None]
        return Columns(np.zeros((n, 0)), np.zeros((n, 0), np.int32), np.zeros((n, 0)), held, layout)

    found = {model: [] for model in MODELS}
    for seed in range(draws):
        rows = np.flatnonzero(text_tables.few(texts, count, seed))
        for model, (family, settings) in MODELS.items():
            fitted = families()[family].load()(Target("label", "classes", classes), settings)
            fitted.fit(columns(rows), y[rows], seed=seed)
            right = fitted.predict(columns(asked)).argmax(axis=1) == y[asked]
            found[model].append(np.mean([right[y[asked] == k].mean() for k in np.unique(y[asked])]))
    return [float(np.mean(values)) for values in found.values()]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    sets = list(text_tables.SETS)
    parser.add_argument("--data", type=Path, required=True, help="the folder of real data")
    parser.add_argument("--sets", type=results.names, default=sets, help=f"of {', '.join(sets)}")
    parser.add_argument("--counts", type=results.numbers, default=[1, 5, 10], help="examples of each class")
    parser.add_argument("--draws", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
