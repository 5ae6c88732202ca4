"""Three levels of models for texts, with their seconds: counted words, sentence embeddings, a fine-tuned model.

    python bench/text_levels.py --data DATA [--sets sms_spam,banking77] [--levels words,embedding,fine_tuned]

Each level is one fit of its family with default settings on the training part (`linear` on TF-IDF, `text_embedding` and
`text_transformer` on MiniLM; an eighth of the training part stops the fine-tuning), judged on the test part, at full
size and with 10 examples per class. Accuracy, balanced accuracy and macro F1; for clinc150 also the recall of its
out-of-scope class and the accuracy within its scope. Embeddings are computed anew for each fit. One row for each set,
level and size; an interrupted run goes on with the next. About 180 minutes on 2 cores, nearly all of it fine-tuning.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import markdown
import numpy as np
import polars as pl
import results
import text_tables

LEVELS = {"words": "linear", "embedding": "text_embedding", "fine_tuned": "text_transformer"}
TITLES = {"words": "TF-IDF + linear", "embedding": "embeddings + linear", "fine_tuned": "fine-tuned MiniLM"}
SIZES = {"full": None, "10 per class": 10}
STOPPING = 0.125
AIMS = {"sms_spam": 0.985, "banking77": 0.92}


def main() -> None:
    options = _options()
    result = results.Result("text_levels", options)
    for size in options.sizes:
        for name in options.sets:
            for level in options.levels:
                result.measured(f"{name}, {level}, {size}", measure, name, level, size, options)


def measure(name: str, level: str, size: str, options: argparse.Namespace) -> dict[str, Any]:
    """One level on one set."""
    from trainwright.data.columns import Layout
    from trainwright.data.dataset import build_dataset
    from trainwright.data.infer import infer_schema, infer_target
    from trainwright.data.schema import Kind
    from trainwright.data.split import Fold
    from trainwright.models.extras import is_installed
    from trainwright.models.families import families
    from trainwright.training.fitting import fit_fold
    from trainwright.training.steps import Step
    from trainwright.training.trials import Work

    family = LEVELS[level]
    if family not in families() or not is_installed(families()[family]):
        raise results.NotMeasured(f"the family {family} cannot be trained here")
    texts = text_tables.load(name, options.data)
    per_class = SIZES[size]
    learn = ~texts.test if per_class is None else text_tables.few(texts, per_class, options.seed)
    if options.most:
        learn, test = _at_most(learn, options.most), _at_most(texts.test, options.most)
    else:
        test = texts.test
    frame = pl.DataFrame({"text": texts.text, "label": texts.label}).filter(pl.Series(learn | test))
    inferred = infer_schema(frame, target="label", kinds={"text": Kind.TEXT})
    frame, target, _ = infer_target(inferred.frame, "label", task="classes")
    dataset = build_dataset(frame, inferred.schema, target, Layout.learn(frame, inferred.schema))
    tested = test[learn | test]
    rows = {side: np.flatnonzero(tested == (side == "test")) for side in ("learn", "test")}
    fold = Fold(0, 0, rows["learn"], rows["test"])
    settings: dict[str, Any] = {"epochs": options.epochs} if options.epochs and level == "fine_tuned" else {}
    step = Step(level, family, settings, inner=STOPPING if level == "fine_tuned" else 0.0)
    _forget()
    work = Work(dataset, target, (fold,), seed=options.seed, threads=options.threads, jobs=1)
    before = time.perf_counter()
    fit = fit_fold(step, 0, work, lambda event: None)
    y, said = dataset.y[rows["test"]], np.asarray(fit.prediction).argmax(1)
    return {
        "set": name, "level": level, "size": size, "split": texts.split, "n_train": len(rows["learn"]),
        "n_test": len(y), "classes": len(target.classes), **_figures(y, said, target.classes, texts.outside),
        "fit_s": fit.fit_s, "text_ms": fit.predict_ms_per_row, "all_s": time.perf_counter() - before,
        "threads": options.threads, "most": options.most,
    }  # fmt: skip


def _figures(y: np.ndarray, said: np.ndarray, classes: Any, outside: str) -> dict[str, float]:
    from sklearn.metrics import f1_score, recall_score

    found = {
        "accuracy": float((y == said).mean()),
        "balanced_accuracy": float(recall_score(y, said, labels=np.unique(y), average="macro", zero_division=0)),
        "macro_f1": float(f1_score(y, said, labels=np.unique(y), average="macro", zero_division=0)),
    }
    names = [str(name) for name in classes]
    if outside and outside in names:
        out = y == names.index(outside)
        if out.any() and not out.all():
            found |= {
                "outside_recall": float((said[out] == y[out]).mean()),
                "within_accuracy": float((said[~out] == y[~out]).mean()),
            }
    return found


def _forget() -> None:
    """Lets a fit pay for its own embeddings."""
    from trainwright.models.text import embedding

    embedding._open.clear()


def _at_most(rows: np.ndarray, most: int) -> np.ndarray:
    """The rows, or so many of them drawn by chance."""
    found = np.flatnonzero(rows)
    kept = np.zeros(len(rows), dtype=bool)
    kept[np.random.default_rng(0).permutation(found)[:most]] = True
    return kept


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    orders = (("size", list(SIZES)), ("set", list(text_tables.SETS)), ("level", list(LEVELS)))
    rows = sorted(result["rows"].values(), key=lambda row: [order.index(row[key]) for key, order in orders])
    shown = markdown.table(
        ["set", "learned from", "level", "accuracy", "balanced", "macro F1", "fit, s", "one text, ms"],
        [
            [
                row["set"],
                f"{row['size']} ({row['n_train']:,})",
                TITLES[row["level"]],
                *(f"{row[key]:.4f}" for key in ("accuracy", "balanced_accuracy", "macro_f1")),
                f"{row['fit_s']:.1f}",
                f"{row['text_ms']:.2f}",
            ]
            for row in rows
        ],
    )
    outside = [
        f"- {row['set']}, {row['size']}, {TITLES[row['level']]}: {row['outside_recall']:.3f} of the texts out of scope "
        f"are seen as such, {row['within_accuracy']:.4f} of the others are right."
        for row in rows
        if "outside_recall" in row
    ]
    splits = {row["set"]: f"- {row['set']}: {row['n_test']:,} texts, {row['split']}." for row in rows}
    aims = []
    for name, aim in AIMS.items():
        whole = (name, "fine_tuned", "full", 0)
        tuned = [r["accuracy"] for r in rows if (r["set"], r["level"], r["size"], r["most"]) == whole]
        met = tuned[0] >= aim if tuned else None
        aims.append(f"{name} {aim} accuracy, fine-tuned at full size: {markdown.aim(met)}")
    return f"""## Texts: three levels

Each family with its default settings on {rows[0]["threads"]} threads, judged on the test part. {". ".join(aims)}.

{shown}

Out of scope:
{chr(10).join(outside) or "- not measured"}

Test parts:
{chr(10).join(splits.values())}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    sets = list(text_tables.SETS)
    parser.add_argument("--sets", type=results.names, default=sets, help=f"of {', '.join(sets)}")
    parser.add_argument("--levels", type=results.names, default=list(LEVELS), help=f"of {', '.join(LEVELS)}")
    parser.add_argument("--sizes", type=results.names, default=list(SIZES), help=f"of {', '.join(SIZES)}")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=0, help="rows of each part at most, for a try")
    parser.add_argument("--epochs", type=int, default=0, help="of the fine-tuning, for a try")
    return parser.parse_args()


if __name__ == "__main__":
    main()
