"""Texts as a network reads them: base models, tokens, sentence embeddings and fine-tuned transformers."""
