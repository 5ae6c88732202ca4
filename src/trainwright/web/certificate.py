"""The certificate of a server that speaks HTTPS itself, looked at before anything starts."""

from __future__ import annotations

from pathlib import Path

from trainwright.errors import EnvironmentProblem, UserError


def check_certificate(certificate: Path, key: Path) -> None:
    """Refuses files that are no certificate and its key.

    Args:
        certificate: PEM, with those of its issuers behind it.
        key: PEM, without a password.

    Raises:
        UserError: one of them is something else, they do not belong together, or the key asks for a password.
        EnvironmentProblem: one of them cannot be read.
    """
    import ssl

    def locked() -> str:  # else the terminal of whoever starts the server would be asked
        raise UserError(f"the key {key} asks for a password", remedy=f"write it without: openssl pkey -in {key}")

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=locked)
    except ssl.SSLError as error:
        why = "they do not belong together" if error.reason == "KEY_VALUES_MISMATCH" else "one of them is no PEM"
        raise UserError(
            f"{certificate} and {key} are no certificate and its key: {why}",
            remedy="give the two PEM files that were made together: --tls-cert fullchain.pem --tls-key privkey.pem",
        ) from None
    except OSError as error:
        raise EnvironmentProblem(f"{certificate} or {key} cannot be read: {error.strerror}") from error
