"""How the server is set up: addresses, limits, and whether a login is needed; checked before anything is opened."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from trainwright.errors import UserError

WILDCARDS = frozenset({"0.0.0.0", "::", ""})
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class WebSettings:
    """What `create_app` needs to know.

    Args:
        host, port: where the server listens.
        hosts: further names by which browsers may call it; a request under any other name is refused.
        login: whether callers must show who they are. Without it only loopback is served.
        https: whether browsers reach it over TLS; session cookies are then kept to it.
        token: SHA-256 of a token with all rights that lives as long as this process; None for no such token.
        upload_bytes: largest upload.
        body_bytes: largest body of any other request.
        session_hours: how long a browser stays signed in.
        helpers: child processes that examine, predict and prepare at the same time.
        helper_seconds: longest time for one such piece of work.
        second_approver: whether a version answers only once two people have asked for it.

    Example:
        >>> WebSettings().checked().allowed_hosts
        ('localhost', '127.0.0.1', '::1')
    """

    host: str = "127.0.0.1"
    port: int = 8080
    hosts: tuple[str, ...] = ()
    login: bool = True
    https: bool = False
    token: str | None = None
    upload_bytes: int = 1_000_000_000
    body_bytes: int = 4_000_000
    session_hours: float = 12.0
    helpers: int = 2
    helper_seconds: float = 600.0
    second_approver: bool = False

    @property
    def public(self) -> bool:
        """Whether other machines can reach the address."""
        return not is_loopback(self.host)

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """The names under which the server answers."""
        own = () if self.host in WILDCARDS else (self.host.lower(),)
        loopback = LOOPBACK_NAMES if not self.public or self.host in WILDCARDS else ()
        return tuple(dict.fromkeys((*loopback, *own, *(name.lower() for name in self.hosts))))

    def checked(self) -> WebSettings:
        """The settings themselves.

        Raises:
            UserError: a public address without a login, or one whose names are not known.
        """
        if self.public and not self.login:
            raise UserError(
                f"--no-login together with the public address {self.host} would let anybody in",
                remedy="leave --no-login out, or listen on 127.0.0.1",
            )
        if self.second_approver and not self.login:
            raise UserError(
                "--second-approver needs to know who asks, and --no-login lets everybody in unnamed",
                remedy="leave one of them out",
            )
        if self.host in WILDCARDS and not self.hosts:
            raise UserError(
                f"{self.host or 'an empty host'} listens on every address, so the names to answer to must be given",
                remedy="add --allow-host for every name that browsers use, such as --allow-host models.example.com",
            )
        return self


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
