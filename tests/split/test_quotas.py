from hypothesis import given
from hypothesis import strategies as st

from stages.split.quotas import quotas, rounded

COUNTS = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.integers(20, 500), min_size=1)
SHARES = st.integers(1, 99).map(lambda percent: percent / 100)


def test_a_share_is_taken_as_it_is_written():
    assert [rounded(0.29, 100), rounded(0.15, 10), rounded(0.15, 30), rounded(0.05, 10)] == [29, 2, 5, 1]


def test_remainders_go_to_the_classes_that_lost_most():
    assert quotas({"a": 503, "b": 369, "c": 403, "d": 502, "e": 347}, 0.15) == {
        "a": 76,
        "b": 55,
        "c": 61,
        "d": 75,
        "e": 52,
    }


def test_a_rare_class_gets_one():
    assert quotas({"common": 100, "rare": 3}, 0.1) == {"common": 10, "rare": 1}


@given(COUNTS, SHARES)
def test_the_parts_add_up_to_the_share_and_none_is_off_by_one_or_more(counts, share):
    parts = quotas(counts, share)
    if all(count * share >= 1 for count in counts.values()):
        assert sum(parts.values()) == rounded(share, sum(counts.values()))
        assert all(abs(parts[label] - count * share) < 1 + 1e-9 for label, count in counts.items())
