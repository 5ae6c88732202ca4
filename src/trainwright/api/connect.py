"""A server of Trainwright from Python, with the verbs of the library; calling it takes nothing but Python itself."""

from __future__ import annotations

import os
from dataclasses import dataclass

from trainwright.api.remote import Caller, split_address
from trainwright.api.remote_further import Further

TOKEN = "TRAINWRIGHT_TOKEN"


def connect(url: str, token: str | None = None, *, timeout: float = 600.0) -> Server:
    """A server that `trainwright serve` runs, with the verbs of the library.

    Args:
        url: such as "http://127.0.0.1:8080"; the link that the server printed, with its token, does too.
        token: made under Settings, or by the server at its start; $TRAINWRIGHT_TOKEN when not given.
        timeout: seconds to wait for one answer.

    Returns:
        The server; its `train`, `load`, `versions`, `decide`, `export` and the rest are those of `trainwright`.

    Raises:
        UserError: the address is none, or the token is not valid.
        EnvironmentProblem: the server cannot be reached.

    Example:
        >>> server = tw.connect("http://127.0.0.1:8080", token="tw_...")             # doctest: +SKIP
        >>> server.train("adult.csv", target="income", time_limit="5m").version      # doctest: +SKIP
        'v1'
        >>> server.load("adult").predict(frame)                                      # doctest: +SKIP
    """
    base, found = split_address(url)
    server = Server(Caller(base, token or found or os.environ.get(TOKEN), timeout))
    server.call("GET", "/me")
    return server


@dataclass(frozen=True)
class Server(Further):
    """A server, with the verbs of the library; made by `connect`."""
