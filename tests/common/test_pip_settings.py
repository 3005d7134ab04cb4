"""An index that is reached by pip's own settings only: a proxy, a client certificate, trusted hosts; on loopback."""

import base64
import io
import select
import socket
import ssl
import subprocess
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from stages.common.core.messages import UserError
from stages.common.fetching import transfer as transfer_module
from stages.common.fetching.package_index import find_package_file, index_client, package_finder, pip_settings
from stages.common.fetching.transfer import transfer
from tests.common.certificates import write_certificate

HOST = "index.test"  # is nowhere in the DNS (RFC 2606): only the proxy knows it
WHEEL = "plumbline_example-1.0-py3-none-any.whl"
pytestmark = pytest.mark.slow
CACHES = (pip_settings, index_client, package_finder)


def make_wheel():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as wheel:
        folder = "plumbline_example-1.0.dist-info"
        wheel.writestr(f"{folder}/METADATA", "Metadata-Version: 2.1\nName: plumbline-example\nVersion: 1.0\n")
        wheel.writestr(f"{folder}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{folder}/RECORD", "")
    return made.getvalue()


class Index(BaseHTTPRequestHandler):
    """A package index with one wheel."""

    wheel = make_wheel()

    def do_GET(self):
        page = f'<a href="/files/{WHEEL}">{WHEEL}</a>'.encode()
        body = {"/simple/plumbline-example/": page, f"/files/{WHEEL}": self.wheel}.get(urlsplit(self.path).path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.send_header("Content-Type", "text/html" if body == page else "application/octet-stream")
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass


class Proxy(Index):
    """A proxy that reaches HOST, asks for a password, and notes what went through it."""

    def allowed(self):
        expected = "Basic " + base64.b64encode(b"user:secret").decode()
        if self.headers.get("Proxy-Authorization") == expected:
            return True
        self.send_response(407)
        self.send_header("Proxy-Authenticate", "Basic")
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def do_CONNECT(self):
        if not self.allowed():
            return
        self.server.seen.append(self.path)
        self.send_response(200)
        self.end_headers()
        with socket.create_connection(("127.0.0.1", self.server.encrypted)) as other:
            sides = {self.connection: other, other: self.connection}
            while True:
                for side in select.select(list(sides), [], [])[0]:
                    received = side.recv(1 << 16)
                    if not received:
                        return
                    sides[side].sendall(received)

    def do_GET(self):
        if self.allowed():
            self.server.seen.append(self.path)
            super().do_GET()


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):  # a handshake that is refused on purpose
        pass


def start(handler, context=None):
    server = Quiet(("127.0.0.1", 0), handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    return write_certificate(folder, HOST), write_certificate(folder, "client.test")


@pytest.fixture(scope="module")
def proxy(certificates):
    """The proxy; behind it is an index over http, and one over https that asks for the client's certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates[0])
    context.load_verify_locations(certificates[1])
    context.verify_mode = ssl.CERT_REQUIRED
    encrypted, running = start(Index, context), start(Proxy)
    running.encrypted, running.seen = encrypted.server_port, []
    running.url = f"http://user:secret@127.0.0.1:{running.server_port}"
    yield running
    for server in (running, encrypted):
        server.shutdown()


@pytest.fixture
def pip(monkeypatch, proxy):
    """Configures pip with these variables alone."""

    def configure(**settings):
        for name in ("CERT", "FIND_LINKS", "INDEX_URL", "EXTRA_INDEX_URL", "NO_INDEX", "TRUSTED_HOST", "PROXY"):
            monkeypatch.delenv(f"PIP_{name}", raising=False)
        for name in (
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "NO_PROXY",
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE",
            "SSL_CERT_FILE",
        ):
            for spelling in (name, name.lower()):
                monkeypatch.delenv(spelling, raising=False)
        for name, value in {"PIP_CONFIG_FILE": "/dev/null", **settings}.items():
            monkeypatch.setenv(name, str(value))
        for cached in CACHES:
            cached.cache_clear()
        proxy.seen.clear()

    monkeypatch.setattr(transfer_module, "BACKOFF_SECONDS", 0.001)
    yield configure
    for cached in CACHES:
        cached.cache_clear()


def fetch(folder):
    """Finds the wheel in the index and fetches it, as the stages do."""
    transfer(find_package_file("plumbline-example==1.0", WHEEL), folder / WHEEL)
    return (folder / WHEEL).read_bytes() == Index.wheel


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("said_by", ["PIP_PROXY", "SCHEME_PROXY", "without scheme"])
def test_what_pip_downloads_through_a_proxy_the_stages_fetch(pip, proxy, certificates, tmp_path, scheme, said_by):
    name = "PIP_PROXY" if said_by != "SCHEME_PROXY" else f"{scheme}_proxy"
    address = proxy.url.removeprefix("http://") if said_by == "without scheme" else proxy.url
    index = f"{scheme}://{HOST}/simple/"
    trusted = {"PIP_TRUSTED_HOST": HOST} if scheme == "http" else {"PIP_CERT": certificates[0]}
    pip(**{name: address, "PIP_INDEX_URL": index, "PIP_CLIENT_CERT": certificates[1]}, **trusted)
    assert fetch(tmp_path)
    expected = [f"{HOST}:443"] if scheme == "https" else [f"{index}plumbline-example/", f"http://{HOST}/files/{WHEEL}"]
    assert set(proxy.seen) == set(expected)
    if said_by == "PIP_PROXY":  # what pip itself does with the same settings
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--no-cache-dir",
            "plumbline-example",
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["PIP_PROXY", "https_proxy"])
def test_a_trusted_host_is_reached_through_the_proxy_without_looking_at_its_certificate(
    pip, proxy, certificates, tmp_path, name
):
    settings = {name: proxy.url, "PIP_INDEX_URL": f"https://{HOST}/simple/", "PIP_CLIENT_CERT": certificates[1]}
    pip(**settings)
    with pytest.raises(UserError, match=r"the package index did not answer|has no file"):
        fetch(tmp_path)
    pip(**settings, PIP_TRUSTED_HOST=HOST)
    assert fetch(tmp_path)
    assert set(proxy.seen) == {f"{HOST}:443"}


def test_a_server_that_asks_for_a_certificate_gets_none_but_pips(pip, proxy, certificates, tmp_path):
    pip(PIP_PROXY=proxy.url, PIP_CERT=certificates[0])
    with pytest.raises(UserError, match="broke off 5 times") as caught:
        transfer(f"https://{HOST}/files/{WHEEL}", tmp_path / WHEEL)
    assert "\n" not in str(caught.value)


def test_the_certificates_of_the_environment_are_trusted_as_pip_trusts_them(pip, proxy, certificates, tmp_path):
    pip(PIP_PROXY=proxy.url, REQUESTS_CA_BUNDLE=certificates[0], PIP_CLIENT_CERT=certificates[1])
    transfer(f"https://{HOST}/files/{WHEEL}", tmp_path / WHEEL)
    assert (tmp_path / WHEEL).read_bytes() == Index.wheel


def test_what_no_proxy_names_goes_around_it(pip, proxy, tmp_path):
    pip(http_proxy=proxy.url, NO_PROXY="127.0.0.1", PIP_TRUSTED_HOST="127.0.0.1")
    server = start(Index)
    transfer(f"http://127.0.0.1:{server.server_port}/files/{WHEEL}", tmp_path / WHEEL)
    server.shutdown()
    assert (tmp_path / WHEEL).read_bytes() == Index.wheel
    assert not proxy.seen


def test_without_the_proxys_password_there_is_one_line(pip, proxy, tmp_path):
    pip(PIP_PROXY=proxy.url.replace("user:secret@", ""))
    with pytest.raises(UserError, match="407"):
        transfer(f"http://{HOST}/files/{WHEEL}", tmp_path / WHEEL)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"PIP_CLIENT_CERT": "/nowhere/client.pem"},
            r"pip's settings \(client-cert /nowhere/client.pem\) cannot be used",
        ),
        ({"PIP_CERT": "/nowhere/ca.pem"}, r"pip's settings \(cert /nowhere/ca.pem\) cannot be used"),
        (
            {"PIP_PROXY": "gopher://user:secret@127.0.0.1"},
            r"pip's settings \(proxy gopher://127.0.0.1\) cannot be used",
        ),
        ({"PIP_NO_INDEX": "1"}, "told to use no index"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_without_its_secrets(pip, settings, said):
    pip(**settings)
    with pytest.raises(UserError, match=said) as caught:
        find_package_file("plumbline-example==1.0", WHEEL)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_where_pip_uses_no_index_none_is_asked(pip, proxy, tmp_path):
    (tmp_path / WHEEL).write_bytes(Index.wheel)
    pip(PIP_NO_INDEX="true", PIP_FIND_LINKS=tmp_path, PIP_PROXY=proxy.url)
    assert find_package_file("plumbline-example==1.0", WHEEL) == (tmp_path / WHEEL).as_uri()
    assert not proxy.seen


def test_an_environment_without_pip_ends_in_one_line(pip, tmp_path, monkeypatch):
    """Such as uv makes them."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    pip()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare/bin/python"))
    with pytest.raises(UserError, match="has no pip, whose settings say where packages come from"):
        find_package_file("plumbline-example==1.0", WHEEL)
    with pytest.raises(UserError, match="has no pip"):
        transfer("http://127.0.0.1:1/file", tmp_path / "file")


def test_a_broken_configuration_of_pip_ends_in_one_line(pip, tmp_path):
    (tmp_path / "pip.conf").write_text("[global\nindex-url = x\n")
    pip(PIP_CONFIG_FILE=tmp_path / "pip.conf")
    with pytest.raises(UserError, match="`pip config list` failed") as caught:
        find_package_file("plumbline-example==1.0", WHEEL)
    assert "\n" not in str(caught.value)
