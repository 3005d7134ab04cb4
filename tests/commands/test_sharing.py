"""Caches that others can pull from, on real servers on loopback, as docs/sharing.md sets them up."""

import shutil
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from stages.common.core.hashes import directory_hash
from tests.commands.remotes import free_port, nginx, sshd, store
from tests.corpus import commit, run

pytestmark = pytest.mark.slow

SHARED = ("data/splits", "models/finetuned")


def add_remote(folder, url, **options):
    run(folder, "dvc", "remote", "add", "--default", "--force", "shared", url)
    for name, value in options.items():
        run(folder, "dvc", "remote", "modify", "shared", name, value)
    commit(folder, "a remote")


def clone(folder, place):
    run(place, "git", "clone", "--quiet", str(folder), "clone")
    return place / "clone"


def assert_shared(folder, other):
    for path in SHARED:
        assert directory_hash(other / path) == directory_hash(folder / path)


def test_a_reviewer_clones_pulls_and_nothing_runs(repository, tmp_path):
    add_remote(repository, str(tmp_path / "shared"))
    run(repository, "dvc", "push")
    other = clone(repository, tmp_path)
    run(other, "dvc", "pull")
    done = run(other, "dvc", "repro")
    assert "Running stage" not in done.stdout
    assert "Data and pipelines are up to date." in done.stdout
    assert run(other, "git", "status", "--porcelain").stdout == ""
    assert_shared(repository, other)
    assert "verdict the claim holds" in run(other, "python", "-m", "commands.verify").stdout


@pytest.mark.sshd
@pytest.mark.skipif(not Path("/usr/sbin/sshd").exists(), reason="needs sshd, Debian's openssh-server")
def test_a_cache_is_shared_over_ssh(repository, tmp_path):
    (tmp_path / "server").mkdir()
    with sshd(tmp_path / "server") as (url, key):
        add_remote(repository, url, user="root" if Path("/root").owner() == Path.home().owner() else Path.home().name)
        run(repository, "dvc", "remote", "modify", "--local", "shared", "keyfile", str(key))
        run(repository, "dvc", "push", "models/finetuned", "data/splits")
        other = clone(repository, tmp_path)
        run(other, "dvc", "remote", "modify", "--local", "shared", "keyfile", str(key))
        run(other, "dvc", "pull", *SHARED)
    assert_shared(repository, other)


def test_a_cache_is_shared_over_s3(repository, tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        url = f"http://127.0.0.1:{server._server.server_port}"
        import boto3

        boto3.client("s3", endpoint_url=url).create_bucket(Bucket="cache")
        add_remote(repository, "s3://cache/plumbline", endpointurl=url)
        run(repository, "dvc", "push", *SHARED)
        other = clone(repository, tmp_path)
        run(other, "dvc", "pull", *SHARED)
    finally:
        server.stop()
    assert_shared(repository, other)


@pytest.mark.nginx
@pytest.mark.skipif(shutil.which("nginx") is None, reason="needs nginx")
def test_a_cache_is_shared_over_http(repository, tmp_path):
    (tmp_path / "server").mkdir()
    with nginx(tmp_path / "server") as url:
        add_remote(repository, url, method="PUT")
        run(repository, "dvc", "push", *SHARED)
        other = clone(repository, tmp_path)
        run(other, "dvc", "pull", *SHARED)
    assert_shared(repository, other)


def test_a_push_that_a_full_remote_stops_goes_on_where_it_stopped_and_so_does_a_pull(repository, tmp_path):
    with store() as server:
        add_remote(repository, server.url, method="PUT")
        server.count("PUT", allowed=3)
        done = run(repository, "dvc", "push", "--jobs", "1", *SHARED, check=False)
        assert done.returncode != 0
        assert any(line.startswith("ERROR") for line in done.stderr.splitlines())
        first = set(server.moved)
        server.count("PUT", allowed=1000)
        run(repository, "dvc", "push", "--jobs", "1", *SHARED)
        assert len(first) == 3 and server.moved
        assert not first & set(server.moved)

        other = clone(repository, tmp_path)
        server.count("GET", allowed=12)
        assert run(other, "dvc", "pull", "--jobs", "1", *SHARED, check=False).returncode != 0
        cache = other / ".dvc/cache"
        first = {f"/cache/{p.relative_to(cache)}" for p in cache.glob("files/md5/*/*") if p.suffix != ".dir"}
        server.count("GET", allowed=1000)
        run(other, "dvc", "pull", "--jobs", "1", *SHARED)
        assert first and server.moved
        assert not first & set(server.moved)
    assert_shared(repository, other)


def test_a_remote_that_is_away_is_an_error_and_nothing_is_lost(repository):
    add_remote(repository, f"http://127.0.0.1:{free_port()}/cache", method="PUT", connect_timeout="1")
    before = {path: directory_hash(repository / path) for path in SHARED}
    done = run(repository, "dvc", "push", "models/finetuned", check=False)
    assert done.returncode != 0
    assert any(line.startswith("ERROR") for line in done.stderr.splitlines())
    assert before == {path: directory_hash(repository / path) for path in SHARED}
