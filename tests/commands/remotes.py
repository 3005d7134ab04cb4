"""Servers on loopback that keep DVC's cache for others: OpenSSH, S3, nginx, and one that can be full or fail."""

import contextlib
import os
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NGINX = """daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}/body; client_max_body_size 0;
  proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen 127.0.0.1:{port}; root {folder}/store; location / {{ dav_methods PUT; create_full_put_path on; }} }}
}}
"""
SSHD = """Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile {folder}/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
Subsystem sftp internal-sftp
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], port: int):
    """A server as a process of its own, from when it answers until the block ends."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise AssertionError(f"{command}: {process.stderr.read()}")
            time.sleep(0.05)
        try:
            yield
        finally:
            process.terminate()


@contextlib.contextmanager
def nginx(folder: Path):
    """Yields the address of a store that takes PUT and GET."""
    (folder / "store").mkdir()
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    with running(["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")], port):
        yield f"http://127.0.0.1:{port}/cache"


@contextlib.contextmanager
def sshd(folder: Path):
    """Yields the address of a folder behind OpenSSH, and the key that opens it."""
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    port = free_port()
    (folder / "sshd_config").write_text(SSHD.format(folder=folder, port=port))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd, started by root, confines what it does before a login
    with running(["/usr/sbin/sshd", "-D", "-e", "-f", str(folder / "sshd_config")], port):
        yield f"ssh://127.0.0.1:{port}{folder}/store", folder / "user"


class Store(BaseHTTPRequestHandler):
    """Keeps what is PUT in memory; refuses transfers of one kind after the first `server.allowed`."""

    def do_HEAD(self):
        self.answer(200 if self.path in self.server.kept else 404, b"")

    def do_GET(self):
        if self.path not in self.server.kept:
            return self.answer(404, b"")
        return self.answer(503, b"") if self.refused("GET") else self.answer(200, self.server.kept[self.path])

    def do_PUT(self):
        chunked = self.headers.get("Transfer-Encoding") == "chunked"
        content = self.chunks() if chunked else self.rfile.read(int(self.headers["Content-Length"]))
        if self.refused("PUT"):
            return self.answer(507, b"")
        self.server.kept[self.path] = content
        return self.answer(201, b"")

    def refused(self, kind):
        with self.server.lock:
            if kind != self.server.counted:
                return False
            self.server.allowed -= 1
            if self.server.allowed >= 0:
                self.server.moved.append(self.path)
            return self.server.allowed < 0

    def chunks(self):
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def answer(self, code, body):
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class CountingStore(ThreadingHTTPServer):
    """Counts the transfers of one kind, PUT or GET, and refuses those after a certain number."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Store)
        self.kept, self.lock = {}, threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_port}/cache"
        self.count("PUT", 0)

    def count(self, kind, allowed):
        self.counted, self.allowed, self.moved = kind, allowed, []


@contextlib.contextmanager
def store():
    server = CountingStore()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
