"""Finds the base model that a text family begins from, and refuses what is none, before any work starts.

`base_model` is a name of the gallery, a local folder, or a name on the Hugging Face hub where a network is there; a
version (PROJECT@vN) is turned into its folder by the training, which knows the workspace. Nothing heavy is imported.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from trainwright.data.notes import nearest
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.models.gallery import cached, find, gallery, how_to_get
from trainwright.models.text.whole import cut_short, unfinished_json

NONE = "none"
WEIGHTS = "model.safetensors"
# What a name of a base model may look like; blanks stand in paths only.
PATTERN = r"[\w.+-]+(@v\d+)?|.*[/\\].*"
WORDS = "a name of the gallery, a folder, PROJECT@vN, a name on the hub, or none"

# By the `model_type` of config.json: encoders of text, whose Auto classes give one vector for each token.
ENCODERS = (
    "albert", "bert", "camembert", "convbert", "deberta", "deberta-v2", "distilbert", "electra", "ernie", "mobilebert",
    "modernbert", "mpnet", "rembert", "roberta", "roberta-prelayernorm", "roformer", "squeezebert", "xlm-roberta",
    "xlm-roberta-xl",
)  # fmt: skip
OTHERS = {
    "an image model": "vit beit deit swin swinv2 resnet convnext convnextv2 dinov2 detr segformer efficientnet regnet "
    "mobilenet_v2 mobilenet_v1 poolformer dpt mask2former rt_detr rt_detr_v2 d_fine yolos",
    "a model of images and texts": "clip siglip siglip2 blip blip-2 llava vilt layoutlm layoutlmv2 layoutlmv3 git",
    "a decoder, which writes text": "gpt2 gpt_neo gpt_neox gptj llama mistral mixtral qwen2 qwen3 gemma gemma2 gemma3 "
    "phi phi3 opt bloom falcon mamba olmo stablelm codegen xglm ctrl cohere starcoder2",
    "an encoder and decoder, which writes text": "t5 mt5 bart mbart pegasus marian m2m_100 led longt5 prophetnet",
    "a model of sound": "wav2vec2 hubert whisper wavlm unispeech data2vec-audio audio-spectrogram-transformer clap",
    "a model of time series": "autoformer informer patchtst time_series_transformer timesfm",
}
NEEDED = ("config.json", WEIGHTS)
TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spiece.model")
COPY_AGAIN = "copy or fetch the model again: its files were cut short or changed"
FETCHED = ("config.json", WEIGHTS, *TOKENIZERS, "merges.txt", "tokenizer_config.json", "special_tokens_map.json")


@dataclass(frozen=True)
class Base:
    """A base model that was found and is one.

    Args:
        name: as it was asked for.
        folder: where it lies; None for none, a network from scratch.
        place: where that is, in words.
        model_type: of its configuration, such as "bert".
        width: of its vectors.
        limit: the most tokens of a text that it reads.
        gallery: its name in the gallery, where its package carries it; "" otherwise.
    """

    name: str
    folder: Path | None
    place: str
    model_type: str = ""
    width: int = 0
    limit: int = 512
    gallery: str = ""


def resolve(name: str, *, fetch: bool = True) -> Base:
    """The base model of that name, on this machine.

    Args:
        name: see the module's first lines.
        fetch: a hub name may be fetched where a network is there.

    Raises:
        UserError: there is no such model, or it is of another kind.
        EnvironmentProblem: it cannot be had here; the message says what to do.

    Example:
        >>> resolve("none").place
        'trained from scratch'
    """
    if name == NONE:
        return Base(NONE, None, "trained from scratch")
    known = gallery().get(name)
    if known is not None:
        place = find(known)
        if place is not None:
            own = name if known.package and "package" in place.words else ""
            return _checked(name, place.folder, place.words, own)
        folder = _fetched(known.hub, name, how_to_get(known)) if fetch and not known.package else None
        if folder is None:
            raise EnvironmentProblem(f"the base model {name!r} is not on this machine", remedy=how_to_get(known))
        return _checked(name, folder, "the hub", "")
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _checked(name, folder.resolve(), f"the folder {folder}", "")
    if re.fullmatch(r".+@v\d+", name):
        raise UserError(
            f"the base model {name!r} is a version, which only a training in its workspace finds",
            remedy="give the folder of its text model instead",
        )
    if re.fullmatch(r"(\.{1,2}|~[^/\\]*)?[/\\].*|[A-Za-z]:.*|.*\\.*", name) or _begins_here(name):
        raise UserError(
            f"there is no folder {name!r} ({folder.resolve()}), which base_model names",
            remedy=f"give a folder that is there, or a name of the gallery: {', '.join(gallery())}",
        )
    if re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        found = cached(name) or (_fetched(name, name, "") if fetch else None)
        if found is not None:
            return _checked(name, found, "the hub", "")
    near = nearest(name, gallery())
    hint = f"did you mean {near!r}? " if near else ""
    raise UserError(
        f"there is no base model {name!r}: it is no name of the gallery, no folder, and no name on the hub",
        remedy=f"{hint}the gallery has {', '.join(gallery())}; none trains from scratch",
    )


def _begins_here(name: str) -> bool:
    """Whether a name with a slash begins with a folder that is here: then it is a path, not a name on the hub."""
    first, slash, _ = name.partition("/")
    return bool(slash) and Path(first).is_dir() and cached(name) is None


@lru_cache(maxsize=16)
def fingerprint(folder: Path) -> str:
    """SHA-256 of the weights, the configuration and the tokenizer, so that a model and its base stay together."""
    total = hashlib.sha256()
    for name in ("config.json", WEIGHTS, "tokenizer.json"):
        path = folder / name
        if path.is_file():
            total.update(name.encode())
            with path.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


def offline() -> bool:
    """Whether the user said that no network is to be asked."""
    return any(os.environ.get(name, "").lower() in ("1", "true", "yes", "on") for name in ("HF_HUB_OFFLINE", "OFFLINE"))


def read_config(folder: Path, name: str) -> dict[str, Any]:
    """The configuration of a model's folder.

    Raises:
        UserError: it is absent or no JSON object.
    """
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except FileNotFoundError:
        config = None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(
            f"config.json of the base model {name!r} in {folder} cannot be read: {error}", remedy=COPY_AGAIN
        ) from None
    if not isinstance(config, dict):
        raise UserError(
            f"the base model {name!r} has no config.json in {folder}",
            remedy="give a folder as `save_pretrained` writes it: config.json, model.safetensors, tokenizer.json",
        )
    return config


def _checked(name: str, folder: Path, place: str, own: str) -> Base:
    """The model in a folder, if it is an encoder of text and whole."""
    config = read_config(folder, name)
    kind = str(config.get("model_type") or "")
    other = next((words for words, kinds in OTHERS.items() if kind in kinds.split()), None)
    if other is None and config.get("is_encoder_decoder"):
        other = "an encoder and decoder, which writes text"
    if other is None and config.get("is_decoder"):
        other = "a decoder, which writes text"
    if other is None and kind not in ENCODERS:
        other = f"of the kind {kind!r}, which is not known here as an encoder of text"
    if other is not None:
        raise UserError(
            f"the base model {name!r} ({kind or 'no model_type'}) is {other}; a text family needs an encoder of text",
            remedy=f"take one of the gallery ({', '.join(gallery())}), or a folder with a model such as BERT",
        )
    lacking = [file for file in NEEDED if not (folder / file).is_file()]
    if not any((folder / file).is_file() for file in TOKENIZERS):
        lacking.append("tokenizer.json")
    if lacking:
        others = [path.name for path in folder.glob("*.bin")]
        pickled = f" ({others[0]} is a pickle, which is never opened)" if WEIGHTS in lacking and others else ""
        raise UserError(
            f"the base model {name!r} lacks {' and '.join(lacking)} in {folder}{pickled}",
            remedy="save it with `save_pretrained(folder, safe_serialization=True)`, model and tokenizer",
        )
    for file, wrong in (
        (WEIGHTS, cut_short(folder / WEIGHTS)),
        ("tokenizer.json", unfinished_json(folder / "tokenizer.json")),
    ):
        if wrong:
            raise UserError(f"{file} of the base model {name!r} in {folder} is not whole: {wrong}", remedy=COPY_AGAIN)
    width = int(config.get("hidden_size") or config.get("dim") or config.get("embedding_size") or 0)
    positions = int(config.get("max_position_embeddings") or 512)
    spare = int(config.get("pad_token_id") or 0) + 1 if counts_behind_padding(kind) else 0
    return Base(name, folder, place, kind, width, positions - spare, own)


def counts_behind_padding(kind: str) -> bool:
    """Whether a kind of model counts positions behind the number of the padding token, as RoBERTa and its kin do."""
    return "roberta" in kind or kind in ("camembert", "mpnet")


def _fetched(hub: str, name: str, remedy: str) -> Path | None:
    """The model from the hub's cache or, where a network is there, from the hub; only files that hold no code.

    Raises:
        EnvironmentProblem: the hub cannot be reached or does not have it.
    """
    found = cached(hub)
    if found is not None:
        return found
    advice = remedy or "give a folder, or a name of the gallery that is here (`trainwright gallery list`)"
    if offline():
        raise EnvironmentProblem(
            f"the base model {name!r} is not on this machine, and HF_HUB_OFFLINE is set", remedy=advice
        )
    if not _reachable():
        raise EnvironmentProblem(
            f"the base model {name!r} is not on this machine, and huggingface.co cannot be reached", remedy=advice
        )
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(hub, allow_patterns=list(FETCHED), etag_timeout=10))
    except ImportError:
        raise EnvironmentProblem(
            f"the base model {name!r} is on the hub, and the library that fetches it is not installed",
            remedy='pip install "trainwright[neural]"',
        ) from None
    except Exception as error:  # noqa: BLE001 - whatever the hub's client throws, the model cannot be had
        why = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise EnvironmentProblem(
            f"the base model {name!r} cannot be fetched from the hub: {why:.200}", remedy=advice
        ) from None


def _reachable(seconds: float = 3.0) -> bool:
    """Whether the hub answers at all: its client would try for minutes."""
    import socket
    from urllib.parse import urlparse

    if os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy"):
        return True  # only the client can tell
    host = urlparse(os.environ.get("HF_ENDPOINT", "https://huggingface.co")).hostname or "huggingface.co"
    try:
        with socket.create_connection((host, 443), timeout=seconds):
            return True
    except OSError:
        return False
