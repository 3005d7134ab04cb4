"""Copies a file from an address to the disk: streamed, retried, continued where it broke off."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

import fsspec
import httpx2

from stages.common.core.messages import UserError, open_bar
from stages.common.fetching.package_index import index_client

ATTEMPTS = 5
BACKOFF_SECONDS = 1.0  # before the second attempt; doubled for each further one
CHUNK_BYTES = 1 << 18
REDIRECTS = 5
TRANSIENT = (408, 425, 429, 500, 502, 503, 504)  # RFC 9110 and RFC 6585: the same request may succeed later


EXPECTED = (
    ConnectionError,
    FileNotFoundError,
    ImportError,
    IsADirectoryError,
    PermissionError,
    TimeoutError,
    ValueError,
)


class PermanentError(Exception):
    """An answer that another attempt would not change."""


def transfer(url: str, target: Path, most_bytes: int | None = None) -> None:
    """Copies what stands at an address into a file.

    Args:
        url: What fsspec opens: http(s), s3, gs, hf, ssh, file, … Credentials: from the environment (.netrc, AWS_*, …).
        target: The file to write. A transfer that broke off is continued where it stopped, if the other side can.
        most_bytes: How long the file may be; a longer one is not fetched to its end.

    Raises:
        UserError: If it can't be fetched, with the last reason.
    """
    target.unlink(missing_ok=True)
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(BACKOFF_SECONDS * 2 ** (attempt - 1))
        try:
            _continue(url, target, most_bytes)
            return
        except PermanentError as error:
            raise UserError(f"{_shown(url)}: {error}.", "Check the address, and the credentials for it.") from None
        except (httpx2.HTTPError, ConnectionError, TimeoutError) as error:
            reason = f"{type(error).__name__}: {error}"
        except FileNotFoundError:
            raise UserError(f"{_shown(url)}: there is no such file.", "Check the address.") from None
        except ImportError as error:
            raise UserError(f"{_shown(url)}: cannot be opened ({error}).", "Install that package.") from None
        except (ValueError, IsADirectoryError) as error:
            raise UserError(f"{_shown(url)}: cannot be opened ({error}).", "Check the address.") from None
        except PermissionError as error:
            raise UserError(
                f"{_shown(url)}: cannot be opened ({error}).", "Put credentials for it into the environment."
            ) from None
    raise UserError(f"{_shown(url)}: broke off {ATTEMPTS} times ({reason}).", "Check the network and try again.")


def _continue(url: str, target: Path, most_bytes: int | None) -> None:
    """One attempt: goes on at the end of what is on the disk already."""
    offset = target.stat().st_size if target.exists() else 0
    with _open_at(url, offset) as (start, total, chunks), target.open("ab" if start else "wb") as file:
        if total is not None and most_bytes is not None and total > most_bytes:
            raise PermanentError(f"is {total} bytes long, not {most_bytes}")
        with open_bar(target.name, "B", total, start, scaled=True) as bar:
            for chunk in chunks:
                file.write(chunk)
                bar.update(len(chunk))
                if most_bytes is not None and file.tell() > most_bytes:
                    raise PermanentError(f"is longer than {most_bytes} bytes")
        if total is not None and file.tell() < total:
            raise ConnectionError(f"{file.tell()} of {total} bytes came")


@contextmanager
def _open_at(url: str, offset: int) -> Iterator[tuple[int, int | None, Iterator[bytes]]]:
    """Opens an address at an offset: where it really starts, the file's length where known, and its chunks."""
    if urlsplit(url).scheme not in ("http", "https"):
        with _translated():
            opened = fsspec.open(url, "rb").open()
        with opened as file:
            file.seek(offset)
            yield offset, getattr(file, "size", None), _chunks(file)
        return
    for _ in range(REDIRECTS):
        # "identity": with a compressed answer an offset would count other bytes than the file's.
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={offset}-"} if offset else {})}
        with index_client().stream("GET", url, headers=headers, follow_redirects=False) as answer:
            if answer.is_redirect:
                target = urljoin(url, answer.headers["Location"])
                if url.startswith("https:") and not target.startswith("https:"):
                    raise PermanentError(f"redirects to {_shown(target)}, which is not encrypted")
                if urlsplit(target).scheme not in ("http", "https"):
                    raise PermanentError(f"redirects to {_shown(target)}, which is no web address")
                url = target
                continue
            if answer.status_code in TRANSIENT:
                raise ConnectionError(f"the server answered {answer.status_code} {answer.reason_phrase}")
            if not answer.is_success:
                raise PermanentError(f"the server answered {answer.status_code} {answer.reason_phrase}")
            start = offset if answer.status_code == httpx2.codes.PARTIAL_CONTENT else 0
            length = answer.headers.get("Content-Length")
            yield start, start + int(length) if length else None, answer.iter_raw()
            return
    raise PermanentError(f"redirects more than {REDIRECTS} times")


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with _translated():
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


@contextmanager
def _translated() -> Iterator[None]:
    """Turns the errors of fsspec's many backends, which share no base class, into those that are expected here."""
    try:
        yield
    except EXPECTED:
        raise
    except Exception as error:
        raise PermanentError(f"{type(error).__name__}: {error}") from error


def _shown(url: str) -> str:
    """The address without user name, password and query, which may hold secrets."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
