import io
import stat
import tarfile
import zipfile

import pytest

from stages.common.core.messages import UserError
from stages.common.fetching.archives import open_members


def read_all(archive, pattern="*"):
    return {name: stream.read() for name, stream in open_members(archive, pattern)}


def make_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def make_tar(path, **member):
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo(member.pop("name", "a/one.txt"))
        content = member.pop("content", b"")
        info.size = len(content)
        for field, value in member.items():
            setattr(info, field, value)
        archive.addfile(info, io.BytesIO(content))
    return path


def test_members_are_read_by_pattern_from_zip_and_tar(tmp_path):
    archive = make_zip(tmp_path / "a.whl", [("d/one.txt", b"1"), ("d/two.csv", b"2")])
    assert read_all(archive, "d/*.txt") == {"d/one.txt": b"1"}
    assert read_all(make_tar(tmp_path / "a.tar.gz", content=b"1"), "a/*") == {"a/one.txt": b"1"}


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "..\\evil", "C:\\evil"])
def test_a_member_outside_the_archive_is_refused(tmp_path, name):
    with pytest.raises(UserError, match="leads outside"):
        read_all(make_zip(tmp_path / "a.zip", [(name, b"")]))
    with pytest.raises(UserError, match="leads outside"):
        read_all(make_tar(tmp_path / "a.tar", name=name))


def test_links_and_devices_are_refused(tmp_path):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(UserError, match="is a link or a device"):
        read_all(make_zip(tmp_path / "a.zip", [(link, "/etc/passwd")]))
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
        with pytest.raises(UserError, match="is a link or a device"):
            read_all(make_tar(tmp_path / "a.tar", type=kind, linkname="one.txt"))


def test_a_bomb_is_stopped(tmp_path):
    archive = make_zip(tmp_path / "bomb.zip", [("bomb", b"\0" * (101 * 1024**2))])
    with pytest.raises(UserError, match=r"bomb.zip: bomb: unpacks to more than 104,857,600 bytes"):
        read_all(archive)


def test_what_is_no_archive_or_cut_off_is_named(tmp_path):
    (tmp_path / "no.zip").write_bytes(b"no archive")
    with pytest.raises(UserError, match=r"no.zip: not a zip or tar archive"):
        read_all(tmp_path / "no.zip")
    whole = make_tar(tmp_path / "a.tar.gz", content=bytes(range(256)) * 100).read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"cut.tar.gz.*cannot be unpacked"):
        read_all(tmp_path / "cut.tar.gz")
