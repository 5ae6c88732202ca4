"""The JSON schema of a configuration file, for editors that complete and check YAML while it is written."""

from __future__ import annotations

from typing import Any

from trainwright.config.settings import BLOCKS, Settings


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the file: the blocks, and every bare key of a block beside them.

    Example:
        >>> schema = json_schema()
        >>> schema["properties"]["epochs"] == schema["$defs"]["TrainingSettings"]["properties"]["epochs"]
        True
    """
    schema = Settings.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Trainwright configuration"
    for definition in schema["$defs"].values():
        for field in definition.get("properties", {}).values():
            _loosen(field)
    bare = schema["properties"]
    for block in BLOCKS.values():
        for name, field in schema["$defs"][block.__name__]["properties"].items():
            bare.setdefault(name, field)
    free_text = {"type": "string", "description": "In your own words."}
    bare["problem"] = {"anyOf": [bare["problem"], free_text]}
    bare["decision"] = {"anyOf": [bare["decision"], free_text]}
    return schema


def _loosen(field: dict[str, Any]) -> None:
    """Lets text through where the file may say `10%`, `5m` or one value for a list."""
    for name in ("concerns", "flag"):
        field.pop(name, None)
    options = field.get("anyOf", [field])
    wide = [option for option in options if option.get("type") in ("number", "array")]
    if wide and not any(option.get("type") == "string" for option in options):
        rest = {key: field.pop(key) for key in list(field) if key not in _WORDS and "anyOf" not in field}
        field["anyOf"] = [*field.get("anyOf", [rest]), {"type": "string"}]


_WORDS = frozenset({"title", "description", "examples", "default", "anyOf"})
