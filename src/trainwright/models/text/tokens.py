"""Texts to token numbers: the tokenizer of a base model, or a vocabulary of pieces learned from the training rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trainwright.errors import UserError
from trainwright.models.text.vocabulary import learn_pieces

if TYPE_CHECKING:
    import tokenizers

FILE = "tokenizer.json"
LONGEST = 50_000  # characters read of one text
PADS = ("[PAD]", "<pad>", "<|pad|>")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


@dataclass(frozen=True)
class Encoded:
    """Texts as token numbers.

    Args:
        ids: for each text its numbers, at most `limit` of them.
        cut_texts: how many texts were longer.
        cut_tokens: how many of their tokens are not read.
    """

    ids: list[np.ndarray]
    cut_texts: int
    cut_tokens: int


class Tokens:
    """A tokenizer with a limit.

    Args:
        tokenizer: of the library tokenizers.
        limit: the most tokens of a text, those that mark its beginning and end included.
    """

    def __init__(self, tokenizer: tokenizers.Tokenizer, limit: int):
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer, self.limit = tokenizer, limit
        found = (tokenizer.token_to_id(name) for name in PADS)
        self.pad = next((number for number in found if number is not None), 0)

    @classmethod
    def of(cls, folder: Path, limit: int) -> Tokens:
        """The tokenizer in a model's folder.

        Raises:
            UserError: it cannot be read.
        """
        import tokenizers

        path = folder / FILE
        try:
            if path.is_file():
                return cls(tokenizers.Tokenizer.from_file(str(path)), limit)
            from transformers import AutoTokenizer

            slow = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, use_fast=True)
            return cls(tokenizers.Tokenizer.from_str(slow.backend_tokenizer.to_str()), limit)
        except Exception as error:  # the libraries raise plain Exception for a damaged file
            raise UserError(
                f"the tokenizer in {folder} cannot be read: {str(error).splitlines()[0]:.200}",
                remedy="save it with `save_pretrained`, or take a model of the gallery",
            ) from error

    @classmethod
    def learn(cls, texts: Sequence[str], size: int, limit: int) -> Tokens:
        """A word-piece vocabulary of at most `size` pieces, learned from these texts alone."""
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

        normalizer, parts = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
        words: Counter[str] = Counter()
        for text in texts:
            words.update(word for word, _ in parts.pre_tokenize_str(normalizer.normalize_str(text[:LONGEST])))
        pieces = [*SPECIAL, *learn_pieces(words, size - len(SPECIAL))]
        vocabulary = {piece: number for number, piece in enumerate(pieces)}
        made = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
        made.normalizer, made.pre_tokenizer = normalizer, parts
        made.add_special_tokens(list(SPECIAL))
        made.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")]
        )
        return cls(made, limit)

    @property
    def size(self) -> int:
        """Number of pieces."""
        return int(self._tokenizer.get_vocab_size())

    def encode(self, texts: Sequence[str]) -> Encoded:
        """The texts as numbers; a longer text keeps its beginning and the mark of its end."""
        ids, cut_texts, cut_tokens = [], 0, 0
        for start in range(0, len(texts), 1_000):
            part = [text[:LONGEST] for text in texts[start : start + 1_000]]
            for encoding in self._tokenizer.encode_batch(part):
                row = np.asarray(encoding.ids, dtype=np.int64)
                if len(row) > self.limit:
                    cut_texts, cut_tokens = cut_texts + 1, cut_tokens + len(row) - self.limit
                    row = np.append(row[: self.limit - 1], row[-1])
                ids.append(row if len(row) else np.array([self.pad]))
        return Encoded(ids, cut_texts, cut_tokens)

    def save(self, folder: Path) -> None:
        """Writes tokenizer.json."""
        (folder / FILE).write_text(self._tokenizer.to_str(), "utf-8")


def joined(texts: np.ndarray) -> list[str]:
    """(n, t) texts of several columns as one text for each row; empty ones are left out.

    Example:
        >>> joined(np.array([["a", "b"], ["", "c"]], dtype=object))
        ['a\\nb', 'c']
    """
    if texts.shape[1] == 1:
        return [str(text) for text in texts[:, 0]]
    return ["\n".join(str(text) for text in row if text) for row in texts]
