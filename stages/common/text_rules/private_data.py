"""Finds data that tells who a person is, checks it where it can be checked, and masks it."""

import ipaddress
import re
from collections import Counter
from typing import NamedTuple

import pandas as pd
import phonenumbers

from stages.common.text_rules.addresses import EMAIL
from stages.common.text_rules.columns import change_where, holding, matching

IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\w)")
IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?!\w)")
# What stands before a number of a version, a section, an object or an amount, and what stands before an address.
NUMBERED = re.compile(
    r"(?:(?<![^\W_])(?:v|ver|versions?|releases?|rel|builds?|revisions?|rev|updates?|patch|firmware|drivers?|kernel|"
    r"sections?|sect?|"
    r"chapters?|ch|clauses?|paragraphs?|para|articles?|art|figures?|fig|appendix|annex|exercises?|requirements?|oid|ec|"
    r"ip[ -]?core|windows|macos|mac os x|os x|ios|android|chrome|chromium|firefox|edge|opera|"
    r"safari|java|jdk|jre|python|oracle|mysql|db2|flash|acrobat|itunes|skype|rp|usd|eur|idr)\.?|[\u00a7#$\u20ac\u00a3\u00a5])"
    r"[\s:=(\"']{0,3}(?:(?:\d+\.)+\d+(?:\s*(?:,|and|or|to|through|-|\u2013|/|und|et|y)\s*)+){0,5}$|[^\W\d_][-/_]$",
    re.IGNORECASE,
)
ADDRESSED = re.compile(
    r"\b(?:ips?|ipv4|dns|address(?:es)?|hosts?|servers?|gateway|router|ping|subnet|proxy|://)\W{0,3}(?:\w+\W{1,2})?$",
    re.I,
)
PRERELEASE = re.compile(
    r"[-+~](?:alpha|beta|rc|dev|pre|snapshot|final|ga|release|build|deb|ubuntu|el\d|r\d|b\d)", re.IGNORECASE
)
SMALL = (
    31  # numbers of sections and versions are seldom greater; all four parts of an address are this small once in 4,000
)
NETWORKS = tuple(map(ipaddress.IPv6Network, ("2000::/3", "fc00::/7", "fe80::/10")))
LOOKED_BACK = 100  # characters
ROW_SPREAD = 12  # so near each other are the numbers of a row of measurements
# Issuers and the lengths of their numbers (ISO/IEC 7812 as the networks publish it).
ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}|6(?:011|4[4-9]\d|5\d\d)\d{12}|62\d{14,17}"
)
# Length of an IBAN by country (SWIFT's IBAN registry).
IBAN_LENGTHS = {
    country: int(length)
    for length, countries in {
        "15": "NO", "16": "BE", "18": "DK FI FO GL NL",
        "19": "MK SI", "20": "AT BA EE KZ LT LU XK", "21": "CH HR LI LV",
        "22": "BG BH CR DE GB GE IE ME RS VA", "23": "AE GI IL IQ TL", "24": "AD CZ ES MD PK SA SE SK TN VG",
        "25": "LY PT ST", "26": "IS TR", "27": "FR GR IT MC MR SM", "28": "AL AZ BY CY DO GT HU LB PL SV",
        "29": "BR EG PS QA UA", "30": "JO KW MU", "31": "MT SC", "32": "LC",
    }.items()
    for country in countries.split()
}  # fmt: skip
KINDS = ("iban", "card", "ip", "email", "phone")  # where two overlap, the first one counts


class Span(NamedTuple):
    """Where in a text a datum stands, and of which kind it is."""

    start: int
    end: int
    kind: str


def find_private(text: str, phone_region: str | None) -> list[Span]:
    """Finds e-mail and IP addresses, and numbers of phones, cards and bank accounts.

    Card numbers must be of a known issuer and pass Luhn's check (ISO/IEC 7812-1), account numbers have their country's
    length and pass ISO 7064's mod 97-10; phone numbers are those that libphonenumber calls valid.

    Args:
        text: A text.
        phone_region: The country (ISO 3166) whose numbers count without ``+``; None for none.

    Returns:
        The spans in the order of the text, none inside another.
    """
    found = [Span(m.start(), m.start() + _iban(m[0]), "iban") for m in IBAN.finditer(text) if _iban(m[0])]
    found += [Span(*match.span(), "card") for match in CARD.finditer(text) if _is_card(match[0])]
    found += [Span(*match.span(), "ip") for match in IPV4.finditer(text) if _is_ipv4(match)]
    found += [Span(*match.span(), "ip") for match in IPV6.finditer(text) if _is_ipv6(match[0])]
    found += [Span(*match.span(), "email") for match in EMAIL.finditer(text)]
    if phone_region or "+" in text or "\uff0b" in text:
        for number in phonenumbers.PhoneNumberMatcher(text, phone_region):
            opened = number.raw_string.startswith("(") and number.raw_string.count("(") > number.raw_string.count(")")
            if not _is_row(text, number):
                found.append(Span(number.start + opened, number.end, "phone"))  # a bracket around it is no part of it
    kept: list[Span] = []
    for span in sorted(found, key=lambda span: (KINDS.index(span.kind), span.start)):
        if all(span.end <= other.start or span.start >= other.end for other in kept):
            kept.append(span)
    return sorted(kept)


def count_private(texts: pd.Series, phone_region: str | None) -> pd.Series:
    """Counts what :func:`find_private` finds.

    Args:
        texts: One text a row.
        phone_region: As above.

    Returns:
        For each row with a find, how many of each kind; the index is that of those rows.
    """
    suspect = texts[_suspect(texts, phone_region)]
    counts = {row: Counter(s.kind for s in find_private(text, phone_region)) for row, text in suspect.items()}
    return pd.Series({row: dict(sorted(count.items())) for row, count in counts.items() if count}, dtype=object)


def mask_private(texts: pd.Series, phone_region: str | None) -> pd.Series:
    """Puts a placeholder of its kind, such as ``[PHONE]``, in the place of each find.

    Args:
        texts: One text a row.
        phone_region: As above.

    Returns:
        The texts in the same order.
    """
    return change_where(texts, _suspect(texts, phone_region), lambda text: _masked(text, phone_region))


def _masked(text: str, phone_region: str | None) -> str:
    for start, end, kind in reversed(find_private(text, phone_region)):
        text = f"{text[:start]}[{kind.upper()}]{text[end:]}"
    return text


def _suspect(texts: pd.Series, phone_region: str | None) -> "pd.Series[bool]":
    numbers = r"[A-Z]{2}\d{2} ?[A-Z0-9]{3}|\d(?:[ -]?\d){12}|\d\.\d{1,3}\.\d{1,3}\.\d|[0-9A-Fa-f]?:[0-9A-Fa-f]{0,4}:"
    phones = r"\d\D{0,3}\d\D{0,3}\d\D{0,3}\d" if phone_region else r"[+\x{ff0b}]\D{0,3}\d"
    return holding(texts, "@") | matching(texts, f"{numbers}|{phones}")


def _is_card(written: str) -> bool:
    digits = re.sub(r"\D", "", written)
    if max(map(len, re.split(r"\D", written))) < 3:  # a row of numbers
        return False
    if not ISSUERS.fullmatch(digits) or len(set(re.findall(r"\D", written))) > 1:
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0


def _iban(written: str) -> int:
    """How many characters of what was written are an IBAN, from its start; 0 if none are."""
    wanted = IBAN_LENGTHS.get(written[:2])
    if wanted is None:
        return 0
    places = [place for place, character in enumerate(written) if character != " "]
    if len(places) < wanted or (len(places) > wanted and written[places[wanted - 1] + 1] != " "):
        return 0
    end = places[wanted - 1] + 1
    account = written[:end].replace(" ", "")
    number = "".join(str(int(character, 36)) for character in account[4:] + account[:4])
    return end if int(number) % 97 == 1 else 0


def _is_ipv4(found: re.Match[str]) -> bool:
    """Whether four numbers are an address, and not those of a version, a section or an amount."""
    try:
        address = ipaddress.IPv4Address(found[0])
    except ValueError:
        return False
    before = found.string[max(found.start() - LOOKED_BACK, 0) : found.start()]
    if found[0].startswith("192.168."):
        return True
    if NUMBERED.search(before) or PRERELEASE.match(found.string, found.end()):
        return False
    return (
        address.is_loopback
        or found[0].startswith("10.")
        or max(address.packed) > SMALL
        or ADDRESSED.search(before) is not None
    )


def _is_ipv6(written: str) -> bool:
    """Whether groups of digits are an address: of a range in use (RFC 4291, RFC 4193), or long ones with letters."""
    try:
        address = ipaddress.IPv6Address(written)
    except ValueError:
        return False
    groups = [group for group in written.split(":") if group]
    if len(groups) < 3 or not ("::" in written or re.search("[A-Fa-f]", written)):
        return False
    in_use = written[0] != ":" and any(address in network for network in NETWORKS)
    return (in_use and len(groups[0]) == 4) or sum(len(group) >= 3 for group in groups) >= 3


def _is_row(text: str, number: phonenumbers.PhoneNumberMatch) -> bool:
    """Whether what libphonenumber took for a number is a row of numbers of two digits, such as temperatures."""
    groups = re.findall(r"\d+", number.raw_string)
    if len(groups) < 4 or max(map(len, groups)) > 2:
        return False
    values = [int(group) for group in groups[1:]]
    longer = re.match(r"[ ,;/]{1,2}[+-]?\d{1,2}(?!\d)", text[number.end :])
    return bool(longer) or max(values) - min(values) <= ROW_SPREAD
