import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from stages.common.core.messages import UserError
from stages.common.fetching import transfer as transfer_module
from stages.common.fetching.package_index import find_package_file, package_finder, pip_settings
from stages.common.fetching.sources import PinnedFile, Source, fetch
from stages.common.fetching.transfer import transfer

CONTENT = bytes(range(256)) * 4000


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT; how, the path says: /whole, /breaks (after a third each time), /stubborn (never sends
    it all), /restarts (breaks once, then ignores the range)."""

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range")))
        start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")) if "Range" in self.headers else 0
        if self.path.startswith("/missing"):
            return self.send_error(404)
        if self.path == "/away":
            return self.send_error(503)
        if self.path == "/stubborn":
            start = 0
        if self.path == "/restarts" and start:
            return self.answer(CONTENT)
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/whole")
            return self.end_headers()
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        stop = len(CONTENT) if self.path == "/whole" else start + len(CONTENT) // 3
        self.wfile.write(CONTENT[start:stop])

    def answer(self, content):
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(transfer_module, "BACKOFF_SECONDS", 0.001)
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.asked = []
    running.url = f"http://127.0.0.1:{running.server_port}"
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield running
    running.shutdown()


def pinned(**said):
    said = {"name": "file.bin", "sha256": hashlib.sha256(CONTENT).hexdigest(), "sources": [], **said}
    return PinnedFile.model_validate(said)


def test_a_broken_transfer_goes_on_where_it_stopped(server, tmp_path):
    transfer(f"{server.url}/breaks", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    third = len(CONTENT) // 3
    assert [asked for _, asked in server.asked][:3] == [None, f"bytes={third}-", f"bytes={2 * third}-"]


def test_a_redirect_is_followed(server, tmp_path):
    transfer(f"{server.url}/moved", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("path", "said", "times"),
    [
        ("/missing", "the server answered 404 Not Found", 1),
        ("/away", "broke off 5 times .*503", 5),
        ("/stubborn", "broke off 5 times", 5),
    ],
)
def test_a_server_that_does_not_deliver_is_named(server, tmp_path, path, said, times):
    with pytest.raises(UserError, match=said):
        transfer(server.url + path, tmp_path / "file")
    assert len(server.asked) == times


def test_a_file_longer_than_pinned_is_not_fetched_to_its_end(server, tmp_path):
    with pytest.raises(UserError, match="is 1024000 bytes long, not 10"):
        transfer(f"{server.url}/whole", tmp_path / "file", most_bytes=10)


def test_the_first_source_with_the_right_bytes_is_taken(server, tmp_path, monkeypatch):
    monkeypatch.delenv("DATA_MIRROR", raising=False)
    sources = [Source(url=f"{server.url}/missing"), Source(url=f"{server.url}/whole")]
    assert fetch(pinned(sources=sources), "entry", tmp_path).read_bytes() == CONTENT


def test_the_mirror_comes_first_and_is_checked_too(server, tmp_path, monkeypatch):
    mirror = tmp_path / "mirror"
    (mirror / "entry").mkdir(parents=True)
    monkeypatch.setenv("DATA_MIRROR", str(mirror))
    file = pinned(sources=[Source(url=f"{server.url}/whole")])

    (mirror / "entry" / "file.bin").write_bytes(CONTENT)
    assert fetch(file, "entry", tmp_path).read_bytes() == CONTENT
    assert server.asked == []

    (mirror / "entry" / "file.bin").write_bytes(b"damaged")
    assert fetch(file, "entry", tmp_path).read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_a_wrong_hash_names_both_and_removes_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "entry").mkdir()
    (tmp_path / "entry" / "file.bin").write_bytes(b"damaged")
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "other").touch()
    monkeypatch.setenv("DATA_MIRROR", str(tmp_path))
    with pytest.raises(UserError) as caught:
        fetch(pinned(), "entry", tmp_path / "target")
    assert hashlib.sha256(b"damaged").hexdigest() in str(caught.value)
    assert hashlib.sha256(CONTENT).hexdigest() in str(caught.value)
    assert [path.name for path in (tmp_path / "target").iterdir()] == ["other"]


def test_a_missing_source_says_what_was_tried(tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_MIRROR", str(tmp_path))
    sources = [Source(url=str(tmp_path / "nowhere")), Source(url="nosuchscheme://x/y")]
    with pytest.raises(UserError) as caught:
        fetch(pinned(sources=sources), "entry", tmp_path)
    said = str(caught.value)
    assert said.startswith("entry: cannot get file.bin: mirror $DATA_MIRROR:")
    assert "there is no such file" in said
    assert "nosuchscheme" in said


def test_secrets_in_an_address_are_not_shown(server, tmp_path):
    with pytest.raises(UserError) as caught:
        transfer(f"http://user:secret@127.0.0.1:{server.server_port}/missing?token=secret", tmp_path / "file")
    assert "secret" not in str(caught.value)


def test_package_files_are_found_through_pips_own_settings(tmp_path, monkeypatch):
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "plumbline_example-1.0-py3-none-any.whl").touch()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "index").as_uri())
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    caches = (pip_settings, package_finder)
    for cached in caches:
        cached.cache_clear()
    try:
        name = "plumbline_example-1.0-py3-none-any.whl"
        assert find_package_file("plumbline-example==1.0", name) == (tmp_path / "links" / name).as_uri()
        with pytest.raises(UserError, match=r"has no file other.whl of plumbline-example==1.0"):
            find_package_file("plumbline-example==1.0", "other.whl")
    finally:
        for cached in caches:
            cached.cache_clear()


def test_size_and_both_hashes_are_checked_and_md5_alone_is_enough(server, tmp_path, monkeypatch):
    monkeypatch.delenv("DATA_MIRROR", raising=False)
    sources, md5 = [Source(url=f"{server.url}/whole")], hashlib.md5(CONTENT).hexdigest()
    for said in ({"sha256": None, "md5": md5}, {"md5": md5}, {"size": len(CONTENT)}):
        assert fetch(pinned(sources=sources, **said), "entry", tmp_path).read_bytes() == CONTENT
    wrong = {
        "its md5 is": {"md5": "0" * 32},
        "is 1,024,000 bytes long, but 2,000,000 are pinned": {"size": 2_000_000},
        "is 1024000 bytes long, not 10": {"size": 10},
    }
    for message, said in wrong.items():
        with pytest.raises(UserError, match=message):
            fetch(pinned(sources=sources, **said), "entry", tmp_path)
        assert not (tmp_path / "file.bin").exists()


def test_what_is_missing_from_the_mirror_is_named_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_MIRROR", str(tmp_path))
    with pytest.raises(UserError) as caught:
        fetch(pinned(mirror="other"), "entry", tmp_path)
    said = str(caught.value)
    assert f"mirror $DATA_MIRROR: {tmp_path}/other/file.bin: there is no such file." in said
    assert "Get file.bin elsewhere, put it into the folder other of a mirror and set DATA_MIRROR to it" in said


def test_a_server_that_starts_over_is_followed(server, tmp_path):
    """One that answers a range with the whole file: what came before is dropped, not doubled."""
    transfer(f"{server.url}/restarts", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, f"bytes={len(CONTENT) // 3}-"]
