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
