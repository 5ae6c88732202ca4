"""What every verb of a server rests on: a request, an upload, a long list, and the version that a name stands for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainwright.api.remote import Caller, as_upload
from trainwright.errors import UserError


@dataclass(frozen=True)
class Calls:
    """A server that answers requests."""

    caller: Caller

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """One request to `/api/v1`, for what has no verb here.

        Example:
            >>> server.call("GET", "/queue")["workers"]                              # doctest: +SKIP
            2
        """
        return self.caller.json(method, path, body, query)

    def upload(self, data: Any) -> int:
        """Sends a table and returns the number of the upload.

        Args:
            data: a path, or a frame of polars, pandas, Arrow or NumPy.
        """
        with as_upload(data) as (name, file):
            return int(self.caller.json("POST", "/uploads", file, {"name": name})["id"])

    def version_of(self, name: str) -> dict[str, Any]:
        """What the server says about a version: "adult" for the active one, "adult@v2" for a certain one.

        Raises:
            UserError: there is no such project or version, or none is active.
        """
        project, _, version = name.partition("@")
        if version:
            found: dict[str, Any] = self.call("GET", f"/projects/{project}/versions/{version}")
            return found
        self.call("GET", f"/projects/{project}")
        active = next((one for one in self.all_of(f"/projects/{project}/versions") if one["active"]), None)
        if active is None:
            raise UserError(f"project {project!r} has no active version", remedy=f"name one: {project}@v1")
        return active

    def all_of(self, path: str) -> Iterator[dict[str, Any]]:
        """The items of a long list, page after page."""
        after = None
        while True:
            page = self.call("GET", path, limit=200, after=after)
            yield from page["items"]
            after = page["next"]
            if after is None:
                return


def read_here(given: Any, files: tuple[str, ...], example: str) -> Any:
    """A value that may be named as a file of the caller's machine: the file's content, or the value as it is.

    Args:
        given: what the caller gave.
        files: how the name of a file ends.
        example: of a line of such a file, for messages.

    Raises:
        UserError: the file cannot be read, or holds no YAML.
    """
    from trainwright.config.yaml_text import read_yaml

    if not isinstance(given, os.PathLike) and not (isinstance(given, str) and given.strip().lower().endswith(files)):
        return given
    path = Path(given)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({getattr(error, 'strerror', None) or error})") from None
    return read_yaml(text, path.name, example=example, empty=f"such as `{example}`").spelled()
