"""Settings that come from a client: the same keys as everywhere, except that no value may name a file of the server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainwright.config.settings import Settings
from trainwright.config.source import load_settings
from trainwright.errors import UserError

# A name of the gallery, of the hub, or of a version: no path of this machine.
BASE_MODEL = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?(@v\d+)?")
SEARCHES = ("first", "wide")


def client_settings(yaml: str | None, values: Mapping[str, Any], *, test_file: str | None = None) -> Settings:
    """The settings that a client asks for.

    Args:
        yaml: of a run's configuration; None for none.
        values: by key, as `tw.train(settings=...)` takes them; they win over the YAML.
        test_file: the server's own path of an upload with the sealed test; None for none.

    The rows come with the request, so a `data.train_file` of the YAML is passed over.

    Raises:
        UserError: a key or value is wrong, or a value names a file.

    Example:
        >>> client_settings("epochs: 20", {"data.target": "income"}).data.target
        'income'
        >>> client_settings(None, {"data.test_file": "/etc/passwd"})
        Traceback (most recent call last):
            ...
        trainwright.errors.UserError: data.test_file names a file of the server; upload the file and name the upload
    """
    settings = load_settings(text=yaml, overrides=dict(values), flags=False)
    if settings.data.test_file is not None and test_file is None:
        raise _names_file("data.test_file")
    if settings.track.mlflow is not None or settings.track.tensorboard is not None:
        raise UserError(
            "track names a place that the server would write to, which no client may choose",
            remedy="whoever runs the workers sets MLFLOW_TRACKING_URI or TRAINWRIGHT_TENSORBOARD there",
        )
    space = settings.search.space if settings.search is not None else None
    if isinstance(space, str) and space not in SEARCHES:
        raise UserError(
            f"search.space {space!r} names a file of the server",
            remedy=f"write {' or '.join(SEARCHES)}, or the space itself",
        )
    given = {"training": {"base_model": settings.training.base_model}, **settings.training.family_settings}
    refuse_paths(given)
    refuse_paths(space, "search.space.")
    changed: dict[str, Any] = {"data.train_file": None}
    if test_file is not None:
        changed["data.test_file"] = test_file
    return with_files(settings, changed)


def with_files(settings: Settings, files: Mapping[str, Any]) -> Settings:
    """The settings with our own paths in place of what the client wrote."""
    data = settings.data.model_copy(update={key.removeprefix("data."): value for key, value in files.items()})
    changed = settings.model_copy(update={"data": data})
    changed._origins.update(dict.fromkeys(files, "the upload"))
    return changed


def refuse_paths(given: Any, key: str = "") -> None:
    """Refuses a base model that is a path, anywhere inside settings of families or a search space.

    Raises:
        UserError: there is one.
    """
    for where, name in base_models(given, key):
        if not is_base_model(name):
            raise UserError(
                f"{where} {name!r} is a path", remedy="name a model of the gallery, of the hub, or a version"
            )


def base_models(given: Any, key: str = "") -> list[tuple[str, str]]:
    """Every base model that is named anywhere inside settings of families or a search space, with its key.

    Example:
        >>> base_models({"text_transformer": {"base_model": ["minilm", "bert"], "epochs": 3}})
        [('text_transformer.base_model', 'minilm'), ('text_transformer.base_model', 'bert')]
    """
    if isinstance(given, Mapping):
        return [found for name, inner in given.items() for found in base_models(inner, f"{key}{name}.")]
    if isinstance(given, list | tuple):
        return [found for inner in given for found in base_models(inner, key)]
    return [(key[:-1], str(given))] if ".base_model." in f".{key}" and given is not None else []


def is_base_model(name: str) -> bool:
    """Whether the name of a base model can be no path.

    Example:
        >>> is_base_model("minilm"), is_base_model("org/model"), is_base_model("adult@v2"), is_base_model("../../etc")
        (True, True, True, False)
    """
    return BASE_MODEL.fullmatch(name) is not None and not Path(name).exists()


def _names_file(key: str) -> UserError:
    return UserError(f"{key} names a file of the server", remedy="upload the file and name the upload")
