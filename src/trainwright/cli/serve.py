"""`trainwright serve`: the web page, the REST interface and the training workers in one command."""

from __future__ import annotations

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option

SIZES = {"K": 1e3, "M": 1e6, "G": 1e9}


@click.command(
    "serve",
    help="Serve the web page, the REST interface and training workers. Only this machine can reach it unless --host "
    "says otherwise; the address that is printed signs in.",
    epilog="Examples: trainwright serve; trainwright serve --port 0 --workers 4; trainwright serve --host 0.0.0.0 "
    "--allow-host models.example.com --tls-cert cert.pem --tls-key key.pem",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 takes a free one.")
@click.option("--workers", type=click.IntRange(0, 64), default=2, show_default=True, help="Training processes.")
@click.option("--slots", metavar="LIST", default="cpu=1", show_default=True, help="Of each: cpu=2,gpu=1,memory=8GB.")
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME", help="A further name that browsers may use.")
@click.option("--no-login", is_flag=True, help="Let everybody on this machine in, without a token.")
@click.option("--max-upload", default="1G", show_default=True, metavar="SIZE", help="The largest upload: 500M, 2G.")
@click.option("--tls-cert", type=click.Path(exists=True, dir_okay=False), help="A certificate (PEM), for HTTPS.")
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False), help="Its key (PEM).")
@click.option("--behind-https", is_flag=True, help="A proxy speaks HTTPS for it: cookies are kept to HTTPS.")
@click.option("--second-approver", is_flag=True, help="A version answers only once two people activated it.")
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser.")
@workspace_option
@json_option
def COMMAND(
    host: str,
    port: int,
    workers: int,
    slots: str,
    hosts: tuple[str, ...],
    no_login: bool,
    max_upload: str,
    tls_cert: str | None,
    tls_key: str | None,
    behind_https: bool,
    second_approver: bool,
    opens: bool,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Serves."""
    import sys
    from pathlib import Path

    from trainwright.errors import UserError
    from trainwright.jobs.slots import parse_slots
    from trainwright.store.workspace import open_workspace
    from trainwright.web.server import Tls, serve
    from trainwright.web.settings import WebSettings

    if (tls_cert is None) != (tls_key is None):
        raise UserError("--tls-cert and --tls-key go together", remedy="give both files")
    tls = None if tls_cert is None or tls_key is None else Tls(Path(tls_cert), Path(tls_key))
    settings = WebSettings(
        host,
        port,
        hosts,
        login=not no_login,
        https=behind_https,
        upload_bytes=size(max_upload),
        second_approver=second_approver,
    ).checked()
    amount = parse_slots(slots)
    space = open_workspace(workspace)

    def started(address: str) -> None:
        if as_json:
            output.print_json({"address": address, "workspace": str(space.path), "workers": workers})
        else:
            output.say(f"Trainwright serves the workspace {space.path}")
            output.say(f"  {address}")
            if settings.public and not settings.https and tls is None:
                output.say("  what is sent there can be read on the way: use --tls-cert, or a proxy with HTTPS")
            output.say("Ctrl-C ends it; a training that runs is given back to the queue and goes on at the next start")
        sys.stdout.flush()
        if opens:
            import webbrowser

            webbrowser.open(address)

    serve(space, settings, workers=workers, slots=amount, tls=tls, started=started)


def size(text: str) -> int:
    """Bytes of a size such as 500M.

    Example:
        >>> size("2G"), size("1500")
        (2000000000, 1500)
    """
    from trainwright.errors import UserError

    number, unit = (text[:-1], text[-1:].upper()) if text[-1:].upper() in SIZES else (text, "")
    try:
        found = float(number) * SIZES.get(unit, 1)
    except ValueError:
        found = 0
    if not 1 <= found < 1e15:
        raise UserError(f"--max-upload {text!r} is no size", remedy="write 500M or 2G")
    return int(found)
