import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.common.text_rules.private_data import count_private, find_private, mask_private

REAL = {
    "4111 1111 1111 1111": "card",
    "5500-0055-5555-5559": "card",
    "378282246310005": "card",
    "GB82 WEST 1234 5698 7654 32": "iban",
    "DE89370400440532013000": "iban",
    "192.168.17.203": "ip",
    "2001:db8::ff00:42:8329": "ip",
    "john.o'neil+x@mail.example.org": "email",
    "+44 20 7946 0958": "phone",
    "+1 (650) 253-0000": "phone",
}
NEARLY = [
    "4111 1111 1111 1112",  # fails Luhn's check
    "1234 5678 9012 3452",  # passes it, but no issuer has it
    "GB82 WEST 1234 5698 7654 33",  # fails mod 97
    "256.1.1.1",
    "1.2.3.4.5",
    "12:30:45",
    "std::vector",
    "at 10:20:30:40 sharp",
    "john@localhost",
    "@someone",
    "+1 23",
    "ISBN 978-3-16-148410-0",
    "it rose to 1,234,567,890,123 in 2004",
]


def listed(values):
    return [value.strip() for value in values.split("|")]


# What other people's texts hold that is nobody's address or number.
VERSIONS = [
    f"{word} {number}"
    for word in ("version", "v.", "Release", "build", "firmware:", "Chrome", "Windows", "driver", "§", "Section")
    for number in ("1.2.3.4", "3.11.0.1", "10.0.2.15", "91.0.44.124", "4.250.3.17", "2.4.1.12", "120.0.60.99")
]
NUMBERS = [f"{a}.{b}.{c}.{d}" for a in (1, 2, 7, 12) for b in (0, 3) for c in (1, 14) for d in (2, 31)]
RATIOS = listed("""
    1:2:3:4:5:6:7:8 | 10:20:30:40:50:60:70:80 | 00:1A:2B:3C:4D:5E:6F:70 | 100:200:300:400:500:600:700:800 |
    2019:2020:2021:2022:2023:2024:2025:2026 | a::b:c | 12::34:56 | 1::2:3 | ab::cd:ef | 3:16-18 |
    00:11:22:33:44:55 | 12:30:45:10 | 5:4:3:2:1 | face::add:1 | x[1:2:3] | 16:9 | 1:1:1:1:1:1:1:1 |
    0:0:0:0:0:0:0:1
""")
ROWS = listed("""
    +12 +14 +9 +11 +13 +15 | +21 +23 +19 +22 +25 +18 | +12 14 15 16 17 18 | +49 50 51 52 53 54 55 |
    +12.5 +13.1 +9.8 | +44 45 46 47 48 49 50 51 | +31 32 33 34 35 36 | +30 31 32 33 34 35 | +33 32 31 30 29 28 27 |
    +20, +21, +22, +23 | +39 40 41 42 43 44 | +48 49 50 51 52 53 | +61 62 63 64 65 66 67 |
    +12°C +14°C +16°C +17°C | +1 +2 +3 +4 +5 +6 +7 | +25-30-28-27-31 | +32/+33/+34/+35/+36 | +1-2-3-4-5-6-7-8 |
    -3 -2 +1 +4 +6 +5 +2 | +45 12 14 13 15 16 14 | +47 21 22 24 23 22 20 | +33 12 13 14 15 16 |
    41 42 43 44 45 46 47 48 | 51 52 53 54 55 56 57 58 | +7 8 9 10 11 12 13
""")
DATES = listed("""
    12.11.2004 | 2004-11-12 10:30:45 | 1999/12/31 | 20041112T103045 | 31.12.1999, 23:59:59 | 2004.11.12.01 |
    1914-1918 | 2001-2002-2003-2004 | 12/11/04-13/11/04 | 10.30-11.45 | 1.1.2004-31.12.2004 | 1-2-3-4-5-6-7-8-9
""")
BOOKS = listed("""
    ISBN 978-3-16-148410-0 | ISBN 0-306-40615-2 | 978 0 306 40615 7 | 9780306406157 | ISSN 0317-8471 |
    doi:10.1000/182 | 10.1038/s41586-020-2649-2 | arXiv:2004.10964 | PMID 31452104 | ISBN-13: 978-1-56619-909-4
""")
PLACES = listed("""
    52.520008, 13.404954 | +52.5200 +13.4050 | -33.8688 151.2093 | N 48° 51' 24" E 2° 21' 3" | 51°28'38"N 0°0'0" |
    +48.8577+002.295/ | 40.7128,-74.0060 | 33U 389880 5820110 | +37.7749, -122.4194 | UTM 10S 0551731 4180998
""")
SCORES = listed("""
    6-4 3-6 7-6 6-2 | 3:2 (1:1, 2:1) | 21-19 18-21 21-15 | 101-99 | 4-6, 6-3, 7-5 | 0-0-0-0 | 1-0 2-0 3-0 4-0 |
    45+2 | 90+3 | 10-2-1-34 | 12-3-0 | 15-15 30-15 40-15 | 5.5-4.5 | +1 -2 +3 | 87/100 92/100
""")
OTHERS = listed("""
    OID 1.3.6.1.4.1 | EC 3.4.21.4 | 1.2.3.4.5 | 256.1.1.1 | 01.02.03.04 | $1.250.100.200 | Rp 1.250.100.200 |
    1,234,567,890 | lib-2.40.77.99 | Mozilla/4.50.60.70 | 1.40.50.60-beta | 2.50.60.70-rc1 | 3.141592653589793 |
    0x1A2B3C4D | #1234-5678-9012 | order 1234567890123456 | @home | me@localhost | a @ b | GB82 | DE12 3456 |
    SKU 4000-1234-5678 | 1e+10 | C++11 +14 +17 | from 1.2.30.4 to 2.0.0.1 | versions 4.50.60.70 and 4.50.60.71 |
    x+1234567 | +1 23 | +0 0 0 0 0 0 0 | room 101.102.103
""")
ALIKE = [*VERSIONS, *NUMBERS, *RATIOS, *ROWS, *DATES, *BOOKS, *PLACES, *SCORES, *OTHERS]
ADDRESSES = listed("""
    10.0.0.1 | 127.0.0.1 | 172.16.254.1 | 8.8.4.200 | 83.12.9.11 | DNS 8.8.8.8 | server at 1.1.1.1 | ping 9.9.9.9 |
    http://1.2.3.4/x | version 192.168.1.1 | fe80::1ff:fe23:4567:890a | 2001:db8::1 | fd12:3456:789a::1 |
    8a3f:1c2:9b1:77:a21f:3:42aa:901c
""")
PIECES = [*REAL, *NEARLY, "and", "1", "+", ":", "@", "x" * 9, "\n"]


@pytest.mark.parametrize(("value", "kind"), REAL.items())
def test_each_kind_is_found_where_it_stands(value, kind):
    text = f"Before ({value}), and after."
    assert [(text[span.start : span.end], span.kind) for span in find_private(text, None)] == [(value, kind)]


@pytest.mark.parametrize("text", NEARLY)
def test_what_only_looks_like_it_stays(text):
    assert find_private(f"Here is {text} for you", None) == []


def test_national_phone_numbers_count_where_a_region_is_given():
    assert find_private("call 020 7946 0958 now", None) == []
    assert [span.kind for span in find_private("call 020 7946 0958 now", "GB")] == ["phone"]


def test_an_account_number_ends_where_its_country_says():
    text = "Pay to GB82 WEST 1234 5698 7654 32 TODAY or DE89 3704 0044 0532 0130 00 NOW"
    assert mask_private(pd.Series([text]), None).tolist() == ["Pay to [IBAN] TODAY or [IBAN] NOW"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=8), st.sampled_from([None, "GB"]))
def test_what_is_masked_is_what_was_counted(parts, region):
    texts = pd.Series([" ".join(parts)], dtype="str")
    masked = mask_private(texts, region)[0]
    placeholders = {kind: masked.count(f"[{kind.upper()}]") for kind in ("card", "email", "iban", "ip", "phone")}
    counted = [dict(kinds) for kinds in count_private(texts, region)]
    assert [{kind: count for kind, count in placeholders.items() if count}] == (counted or [{}])


def test_there_are_two_hundred_look_alikes_and_none_is_found():
    assert len(set(ALIKE)) >= 200
    texts = [text for value in ALIKE for text in (f"It was {value} there.", value)]
    assert [(text, found) for text in texts if (found := find_private(text, None))] == []


@pytest.mark.parametrize("text", ADDRESSES)
def test_addresses_are_still_found_where_they_are_meant(text):
    assert [span.kind for span in find_private(text, None)] == ["ip"]


def test_phone_numbers_in_groups_of_two_digits_are_still_found():
    numbers = ["+33 6 12 34 56 78", "+45 32 12 34 56", "+47 22 84 50 10", "+32 2 555 12 12"]
    assert [[span.kind for span in find_private(f"call {number} now", None)] for number in numbers] == [["phone"]] * 4
