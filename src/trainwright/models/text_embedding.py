"""The family `text_embedding`, as data: sentence embeddings of a base model, and a linear model on them."""

from __future__ import annotations

from trainwright.models.spec import Setting, Spec
from trainwright.models.text.base import PATTERN, WORDS

SPEC = Spec(
    name="text_embedding",
    title="Sentence embeddings and a linear model",
    estimator="trainwright.models.text.embedded:TextEmbedding",
    tasks=("classes", "number"),
    complexity=15,
    explainability="medium",
    explanation="Each column adds or takes a fixed amount; a text counts as a whole, its words are not told apart.",
    upkeep="The base model's package must stay installed; predictions need torch, a few milliseconds for a row.",
    page=(
        "A trained model of language turns each text into a few hundred numbers, so that texts of like meaning lie "
        "close together, and a linear model tells the classes apart. Strong with few examples, where word counts know "
        "too few words: it has read the words before. Training takes seconds, because the language model itself stays "
        "as it is. Every other column of the table takes part as in the family linear."
    ),
    preparation=(
        "Each text column becomes the numbers of its embedding (the mean over its tokens), scaled to mean 0 and spread "
        "1; all other columns are prepared as for the family linear."
    ),
    settings=(
        Setting(
            "base_model", "minilm", pattern=PATTERN, words=WORDS, guidance="`trainwright gallery list` names some."
        ),
        Setting(
            "max_tokens",
            256,
            8,
            8192,
            log=True,
            guidance="Tokens read of each text, up to what the base model can; raise it where long texts are cut.",
        ),
        Setting(
            "label_descriptions",
            "auto",
            choices=("auto", "names", "none"),
            pattern=r"(?s)[^:]+:.+",
            words="texts such as NAME: words; NAME: words",
            guidance="What a class is about, as a further example of it. auto takes the classes' names where a class "
            "has ten rows or fewer and texts are the only columns.",
            tasks=("classes",),
        ),
        Setting("penalty", "l2", choices=("l2", "l1", "elasticnet"), guidance="l2 predicts best."),
        Setting(
            "C",
            None,
            1e-6,
            1e6,
            log=True,
            guidance="Classes: inverse strength; lower it to simplify.",
            tasks=("classes",),
        ),
        Setting(
            "alpha",
            None,
            1e-6,
            1e6,
            log=True,
            guidance="Numbers: strength; raise it to simplify.",
            tasks=("number",),
        ),
        Setting(
            "l1_ratio",
            0.5,
            0.0,
            1.0,
            guidance="elasticnet only: 1 is l1, 0 is l2.",
            only_with=("penalty", "elasticnet"),
        ),
        Setting("device", "auto", choices=("auto", "cpu", "gpu"), guidance="Where texts are embedded."),
        Setting(
            "precision",
            "auto",
            choices=("auto", "fp32", "bf16", "fp16"),
            guidance="bf16 is twice as fast where the processor multiplies it; fp16 is for older GPUs.",
        ),
    ),
    cost=2.0,
    extra="neural",
)
