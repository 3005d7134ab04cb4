"""Sources on servers of their own on loopback: https, S3, the Hugging Face hub."""

import json
import os
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from stages.common.core.messages import UserError
from stages.common.fetching import transfer as transfer_module
from stages.common.fetching.package_index import index_client, pip_settings
from stages.common.fetching.transfer import transfer
from tests.common.certificates import write_certificate
from tests.imports import ROOT

pytestmark = pytest.mark.slow

CONTENT = bytes(range(256)) * 4000
REVISION = "e" * 40


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT; /to/ADDRESS redirects there; /api and /resolve are the hub's."""

    def do_GET(self):
        if self.path.startswith("/to/"):
            return self.answer(302, b"", Location=self.path.removeprefix("/to/"))
        if "/tree/" in self.path:
            listed = [{"type": "file", "path": "data/train.bin", "size": len(CONTENT), "oid": "a" * 40}]
            return self.answer(200, json.dumps(listed).encode())
        if self.path.startswith("/api/"):
            return self.answer(200, json.dumps({"id": "who/what", "sha": REVISION, "siblings": []}).encode())
        return self.answer(200, CONTENT)

    def answer(self, code, body, **headers):
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(context=None):
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        running.socket = context.wrap_socket(running.socket, server_side=True)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    running.url = f"http{'s' if context else ''}://127.0.0.1:{running.server_port}"
    return running


@pytest.fixture(scope="module")
def plain():
    running = serve()
    yield running
    running.shutdown()


@pytest.fixture
def encrypted(tmp_path, monkeypatch):
    """A server with a certificate of its own, which pip is told to trust."""
    certificate = write_certificate(tmp_path, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    running = serve(context)
    monkeypatch.setattr(transfer_module, "BACKOFF_SECONDS", 0.001)
    monkeypatch.setenv("PIP_CERT", str(certificate))
    for cached in (pip_settings, index_client):
        cached.cache_clear()
    yield running
    running.shutdown()
    for cached in (pip_settings, index_client):
        cached.cache_clear()


def test_an_encrypted_address_is_fetched_and_may_redirect_to_another(encrypted, tmp_path):
    transfer(f"{encrypted.url}/to/{encrypted.url}/whole", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_an_encrypted_address_that_redirects_to_a_plain_one_is_refused(encrypted, plain, tmp_path):
    with pytest.raises(UserError, match=rf"redirects to {plain.url}/whole, which is not encrypted"):
        transfer(f"{encrypted.url}/to/{plain.url}/whole", tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_an_unknown_certificate_is_refused(encrypted, tmp_path, monkeypatch):
    monkeypatch.delenv("PIP_CERT")
    for cached in (pip_settings, index_client):
        cached.cache_clear()
    with pytest.raises(UserError, match=r"broke off 5 times \(.*certificate"):
        transfer(f"{encrypted.url}/whole", tmp_path / "file")


def test_a_plain_address_may_not_redirect_to_a_file_of_this_machine(plain, tmp_path):
    with pytest.raises(UserError, match="which is no web address"):
        transfer(f"{plain.url}/to/file:///etc/hostname", tmp_path / "file")


@pytest.fixture(scope="module")
def bucket():
    """An S3 server with one object, s3://plumbline/data/train.bin."""
    import boto3
    from moto.server import ThreadedMotoServer

    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    url = f"http://127.0.0.1:{running.get_host_and_port()[1]}"
    said = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**said, "AWS_ENDPOINT_URL": url}.items():
            patch.setenv(name, value)
        client = boto3.client("s3")
        client.create_bucket(Bucket="plumbline")
        client.put_object(Bucket="plumbline", Key="data/train.bin", Body=CONTENT)
        yield
    running.stop()


def test_s3_takes_its_credentials_from_the_environment(bucket, tmp_path):
    transfer("s3://plumbline/data/train.bin", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize("path", ["plumbline/data/nothing", "no-such-bucket/x"])
def test_what_s3_does_not_have_is_named(bucket, tmp_path, path):
    with pytest.raises(UserError, match=f"s3://{path}: ") as caught:
        transfer(f"s3://{path}", tmp_path / "file")
    assert "\n" not in str(caught.value)


def transfer_elsewhere(url, target, environment):
    """In a process of its own, since libraries keep the settings that they found when they were imported."""
    code = (
        "import sys, pathlib, stages.common.fetching.transfer as t; t.transfer(sys.argv[1], pathlib.Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", code, url, str(target)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


def test_s3_without_credentials_ends_in_one_line(bucket, tmp_path):
    bare = {name: value for name, value in os.environ.items() if "KEY" not in name}
    done = transfer_elsewhere("s3://plumbline/data/train.bin", tmp_path / "file", bare)
    assert "UserError: s3://plumbline/data/train.bin: " in done.stderr


def test_the_hub_is_asked_for_the_revision_that_the_address_names(plain, tmp_path):
    url, target = f"hf://datasets/who/what@{REVISION}/data/train.bin", tmp_path / "file"
    hub = {**os.environ, "HF_ENDPOINT": plain.url, "HF_HOME": str(tmp_path / "home")}
    done = transfer_elsewhere(url, target, hub)
    assert done.returncode == 0, done.stderr
    assert target.read_bytes() == CONTENT
