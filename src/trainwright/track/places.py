"""Where a mirror writes: the address that was noted with a run, as this process can use it."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from trainwright.errors import EnvironmentProblem
from trainwright.store.outbox import MLFLOW
from trainwright.store.workspace import Workspace

# Seconds for which a server may be silent before it counts as away.
PATIENCE = 3.0


def resolve(workspace: Workspace, topic: str, address: str, environment: Mapping[str, str] | None = None) -> str:
    """The address with variables filled in and relative places taken from the folder that holds the workspace.

    Args:
        workspace: whose run is mirrored.
        topic: "mlflow" or "tensorboard".
        address: as noted; "$NAME" stands for a variable of the environment.
        environment: its variables; this process's when not given.

    Raises:
        EnvironmentProblem: the variable is not set here.
    """
    if address.startswith("$"):
        found = (os.environ if environment is None else environment).get(address[1:])
        if not found:
            raise EnvironmentProblem(
                f"the run is mirrored to the address in {address[1:]}, which is not set here",
                remedy=f"set {address[1:]}, or give the address in the YAML under `track:`",
            )
        address = found
    folder = workspace.path.parent
    if topic != MLFLOW:
        return str(folder / Path(address).expanduser())
    if match := re.match(r"sqlite:///(?!/)(.+)", address):
        path = match[1] if re.match(r"[A-Za-z]:", match[1]) else (folder / match[1]).as_posix()
        return f"sqlite:///{path}"
    if "://" in address or address.startswith(("file:", "databricks")):
        return address
    return (folder / Path(address).expanduser()).as_uri()


def shown(address: str) -> str:
    """The address without what is secret in it.

    Example:
        >>> shown("https://ann:secret@mlflow.example:5000/x")
        'https://mlflow.example:5000/x'
    """
    parts = urlsplit(address)
    if "@" not in parts.netloc:
        return address
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def local_file(address: str) -> Path | None:
    """The file of a store on this machine that is made when it is first opened; None for a server."""
    match = re.match(r"sqlite:///(.+)", address)
    return None if match is None else Path(match[1])


def check_reachable(address: str) -> None:
    """Asks in a moment whether a server listens at all, before a library that tries for minutes is let near it.

    Raises:
        EnvironmentProblem: nobody answers.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or parts.hostname is None:
        return
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname, port), timeout=PATIENCE).close()
    except OSError as error:
        raise EnvironmentProblem(
            f"nobody answers at {shown(address)}: {error}",
            remedy="start the server; `trainwright track sync` then catches up",
        ) from None
