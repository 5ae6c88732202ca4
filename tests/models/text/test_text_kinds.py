"""Base models of other kinds than BERT: their positions, their tokenizers, and what a saved model answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from text_rows import TWO, columns, notes

from trainwright.models.families import families
from trainwright.models.more import learn_more
from trainwright.models.text.base import resolve
from trainwright.models.text.tokens import FILE, Tokens

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
PLACES = 40  # of their position tables, which is none of the lengths that batches are padded to
# By the model_type: the class, its configuration, whether its tokenizer is that of RoBERTa, and the tokens it can read.
KINDS: dict[str, tuple[str, dict[str, Any], bool, int]] = {
    "roberta": ("Roberta", {**SIZES, "pad_token_id": 1, "type_vocab_size": 1}, True, PLACES - 2),
    "mpnet": ("MPNet", {**SIZES, "pad_token_id": 1}, True, PLACES - 2),
    "distilbert": ("DistilBert", {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}, False, PLACES),
    "modernbert": (
        "ModernBert",
        {**SIZES, "local_attention": 16, "pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3},
        False,
        PLACES,
    ),
    "squeezebert": ("SqueezeBert", {**SIZES, "embedding_size": 32}, False, PLACES),
}


def byte_pairs() -> Any:
    """A tokenizer as RoBERTa has one, learned from the notes."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    made = Tokenizer(models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    made.train_from_iterator(notes(400, 9)[0], trainer)
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return made


def base_of(kind: str, folder: Path) -> Path:
    """A model of the kind that has read nothing, saved as transformers does."""
    import transformers

    from trainwright.engine.randomness import alone
    from trainwright.models.text.encoder import quiet

    name, given, pairs, _ = KINDS[kind]
    tokens = Tokens(byte_pairs(), 64) if pairs else Tokens.learn(notes(400, 9)[0], 200, 64)
    config = getattr(transformers, f"{name}Config")(
        vocab_size=tokens.size, max_position_embeddings=PLACES, **{"pad_token_id": tokens.pad} | given
    )
    with alone(5), quiet():
        getattr(transformers, f"{name}Model")(config).float().save_pretrained(str(folder))
    tokens.save(folder)
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_a_base_of_another_kind_reads_as_far_as_it_can_and_a_saved_model_answers_alike(
    kind: str, tmp_path: Path
) -> None:
    base = base_of(kind, tmp_path / "base")
    assert resolve(str(base)).limit == KINDS[kind][3]
    texts, y = notes(40)
    texts[-1] = "the pump is broken " * 60
    given: dict[str, Any] = {"base_model": str(base), "max_tokens": 8192}
    found: Any = families()["text_transformer"].load()(TWO, given | {"epochs": 1})
    found.fit(columns(texts), y, seed=1)
    assert (found.derived["max_tokens"], found.derived["texts_cut"]) == (KINDS[kind][3], 1)
    (tmp_path / "saved").mkdir()
    found.save(tmp_path / "saved")
    again = type(found).load(tmp_path / "saved", TWO)
    assert np.array_equal(again.predict(columns(texts)), found.predict(columns(texts)))
    assert np.isfinite(learn_more(again, columns(texts), y, rounds=1).predict(columns(texts))).all()
    quick = families()["text_embedding"].load()(TWO, given).fit(columns(texts), y, seed=1)
    assert (quick.predict(columns(texts)).argmax(axis=1) == y).mean() > 0.9


def test_a_network_from_scratch_reads_any_number_of_tokens() -> None:
    texts, y = notes(40)
    texts = [f"{text} " * 9 for text in texts]
    given = {"base_model": "none", "width": 32, "vocabulary": 200, "epochs": 1, "max_tokens": 37}
    found = families()["text_transformer"].load()(TWO, given).fit(columns(texts), y, seed=1)
    assert found.derived["texts_cut"] == 40 and np.isfinite(found.predict(columns(texts))).all()


@pytest.mark.parametrize("kind", ["distilbert", "roberta"])
def test_a_base_with_a_plain_vocabulary_is_read_as_one_with_a_tokenizer_file(kind: str, tmp_path: Path) -> None:
    import json

    base = base_of(kind, tmp_path / "base")
    whole = Tokens.of(base, 30)
    document = json.loads((base / FILE).read_text("utf-8"))["model"]
    (base / FILE).unlink()
    if kind == "roberta":
        (base / "vocab.json").write_text(json.dumps(document["vocab"]), "utf-8")
        (base / "merges.txt").write_text("#version: 0.2\n" + "\n".join(" ".join(pair) for pair in document["merges"]))
    else:
        pieces = sorted(document["vocab"], key=document["vocab"].__getitem__)
        (base / "vocab.txt").write_text("\n".join(pieces) + "\n", "utf-8")
    assert resolve(str(base)).model_type == kind
    plain = Tokens.of(base, 30)
    asked = [*notes(20)[0], "the pump " * 40, "\u00e4rger mit der Pumpe"]
    for ours, theirs in zip(plain.encode(asked).ids, whole.encode(asked).ids):
        assert ours.tolist() == theirs.tolist()
    assert plain.pad == whole.pad
