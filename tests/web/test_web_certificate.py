"""`serve --tls-cert`: HTTPS without a proxy, cookies that are kept to it, and files that are no certificate."""

from __future__ import annotations

import datetime
import http.client
import ipaddress
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from web_client import csrf_of

from trainwright.cli.app import main
from trainwright.errors import UserError
from trainwright.web.certificate import check_certificate

x509 = pytest.importorskip("cryptography.x509", reason="cryptography, which makes certificates, is not installed")
PASSWORD = b"a sentence is a good password"


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with cert.pem for 127.0.0.1, its key.pem, that key as locked.pem with a password, and another.pem."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tmp_path_factory.mktemp("pems")
    form, pem = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
    key, another = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.datetime(2000, 1, 1))
        .not_valid_after(datetime.datetime(2100, 1, 1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    plain, locked = serialization.NoEncryption(), serialization.BestAvailableEncryption(PASSWORD)
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, plain))
    (folder / "another.pem").write_bytes(another.private_bytes(pem, form, plain))
    (folder / "locked.pem").write_bytes(key.private_bytes(pem, form, locked))
    return folder


@pytest.fixture
def address(pems: Path, tmp_path: Path) -> Iterator[str]:
    """What `trainwright serve --tls-cert --tls-key` printed to open."""
    files = ["--tls-cert", str(pems / "cert.pem"), "--tls-key", str(pems / "key.pem")]
    command = [sys.executable, "-m", "trainwright", "serve", "--port", "0", "--workers", "0", "--json", *files]
    with subprocess.Popen([*command, "--workspace", str(tmp_path / "w")], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        lines: list[str] = []
        while not lines or lines[-1] != "}\n":
            lines.append(server.stdout.readline())
            assert lines[-1], "it ended before it served"
        yield json.loads("".join(lines))["address"]
        server.terminate()
        assert server.wait() == 0


def test_the_server_speaks_https_itself(address: str, pems: Path) -> None:
    place = urlsplit(address)
    assert place.scheme == "https" and place.port is not None
    trusting = ssl.create_default_context(cafile=str(pems / "cert.pem"))
    door = http.client.HTTPSConnection("127.0.0.1", place.port, context=trusting)
    door.request("GET", f"{place.path}?{place.query}")
    answer = door.getresponse()
    answer.read()
    cookie = str(answer.getheader("set-cookie"))
    assert answer.status == 303 and "secure" in cookie.lower()
    # Its own origin begins with https: what comes from there is taken (there is no such project), another is not.
    headers = {"cookie": cookie.partition(";")[0]}
    door.request("GET", "/", headers=headers)
    headers["x-csrf-token"] = csrf_of(door.getresponse().read().decode())
    for scheme, status in (("https", 404), ("http", 403)):
        origin = {"origin": f"{scheme}://127.0.0.1:{place.port}"}
        door.request("POST", "/api/v1/projects/nothing/rollback", headers=headers | origin)
        found = door.getresponse()
        found.read()
        assert found.status == status
    door.close()
    plain = http.client.HTTPConnection("127.0.0.1", place.port)
    with pytest.raises((http.client.HTTPException, OSError)):
        plain.request("GET", "/")
        plain.getresponse()
    plain.close()


def test_a_browser_that_does_not_know_the_certificate_is_told(address: str) -> None:
    door = http.client.HTTPSConnection("127.0.0.1", urlsplit(address).port, context=ssl.create_default_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        door.request("GET", "/")


@pytest.mark.parametrize(
    ("certificate", "key", "words"),
    [
        ("cert.pem", "another.pem", "do not belong together"),
        ("key.pem", "cert.pem", "one of them is no PEM"),
        ("cert.pem", "locked.pem", "asks for a password"),
    ],
)
def test_files_that_are_no_certificate_and_its_key_are_said(pems: Path, certificate: str, key: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        check_certificate(pems / certificate, pems / key)


def test_the_command_says_so_before_it_serves(pems: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for given, words in (
        (["--tls-cert", str(pems / "cert.pem")], "go together"),
        (["--tls-cert", str(pems / "cert.pem"), "--tls-key", str(pems / "another.pem")], "do not belong together"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["serve", "--port", "0", *given, "--workspace", str(tmp_path / "w")])
        assert ended.value.code == 2 and words in capsys.readouterr().err
