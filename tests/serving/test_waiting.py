"""What waits is served in turn, in batches of about one length, and nobody waits for ever."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.serving.waiting import Job, Line, estimate_tokens
from commands.texts import Row


@pytest.fixture(scope="module")
def loop():
    made = asyncio.new_event_loop()
    yield made
    made.close()


def job(loop, *lengths, deadline=100.0):
    rows = [Row(str(place), ["x" * length]) for place, length in enumerate(lengths)]
    return Job.of(rows, lambda row: len(row.inputs[0]), deadline, loop.create_future())


def line_of(tokens, *jobs):
    line = Line(tokens)
    for each in jobs:
        line.add(each)
    return line


def taken(batch, names):
    return [(names[item.job], item.place) for item in batch]


def test_single_texts_of_one_length_are_taken_in_the_order_in_which_they_came(loop):
    jobs = [job(loop, 10) for _ in range(10)]
    line = line_of(40, *jobs)
    batches = []
    while batch := line.take(0):
        batches.append([jobs.index(item.job) for item in batch])
    assert batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_a_single_text_does_not_wait_for_a_thousand_of_another_request(loop):
    many, one = job(loop, *[50] * 1_000), job(loop, 50)
    line = line_of(500, many)
    assert len(line.take(0)) == 10
    line.add(one)
    assert one in [item.job for item in line.take(0)]
    assert line.texts == 1_000 - 10 - 9


def test_one_of_another_length_waits_for_one_batch(loop):
    many, short = job(loop, *[100] * 50), job(loop, 5)
    line = line_of(500, many, short)
    assert {item.job for item in line.take(0)} == {many}
    assert [item.job for item in line.take(0)] == [short]


def test_a_batch_is_of_about_one_length(loop):
    line = line_of(1_000, *[job(loop, length) for length in (100, 90, 5, 110, 300)])
    assert sorted(item.tokens for item in line.take(0)) == [90, 100, 110]
    assert [item.tokens for item in line.take(0)] == [5]
    assert [item.tokens for item in line.take(0)] == [300]


def test_a_text_that_is_longer_than_a_batch_is_one_of_its_own(loop):
    line = line_of(100, job(loop, 5_000), job(loop, 5_000))
    assert [len(line.take(0)) for _ in range(3)] == [1, 1, 0]


def test_what_is_past_its_deadline_is_not_computed(loop):
    late, early = job(loop, 10, 10, deadline=5.0), job(loop, 10, deadline=6.0)
    line = line_of(100, late, early)
    assert [item.job for item in line.take(5.5)] == [early]
    assert (line.texts, len(line)) == (0, 0)


def test_what_is_given_up_is_not_computed(loop):
    one, other = job(loop, 10, 10), job(loop, 10)
    line = line_of(10, one, other)
    line.take(0)
    line.remove(one)
    line.remove(one)
    assert line.texts == 1
    assert [item.job for item in line.take(0)] == [other]


def test_a_small_request_is_told_to_wait_for_its_share_only(loop):
    line = line_of(100, job(loop, *[50] * 1_000))
    assert line.ahead(50) == 150
    assert line.ahead(2_000) == 4_000


@given(st.lists(st.lists(st.integers(1, 300), min_size=1, max_size=20), min_size=1, max_size=12), st.integers(20, 400))
def test_every_text_is_taken_once_within_the_budget_and_in_time(loop, requests, budget):
    jobs = [job(loop, *lengths) for lengths in requests]
    names = {each: number for number, each in enumerate(jobs)}
    line = line_of(budget, *jobs)
    seen, last = [], dict.fromkeys(jobs, 0)
    for number in range(1, sum(map(len, requests)) + 2):
        batch = line.take(0)
        longest = max((item.tokens for item in batch), default=0)
        assert len(batch) <= 1 or longest * len(batch) <= budget
        seen += taken(batch, names)
        for each in {item.job for item in batch}:
            assert number - last[each] <= len(jobs)  # nobody waits for more batches than there are requests
            last[each] = number
    assert sorted(seen) == [(name, place) for name, lengths in enumerate(requests) for place in range(len(lengths))]
    assert line.texts == 0


def test_tokens_are_estimated_for_texts_pairs_and_words():
    assert estimate_tokens(Row("1", ["a" * 40]), None) == 12
    assert estimate_tokens(Row("1", ["a" * 40, "b" * 40]), None) == 22
    assert estimate_tokens(Row("1", [["aaaa", "bbb"]]), None) == 4
    assert estimate_tokens(Row("1", ["字" * 40]), None) == 32
    assert estimate_tokens(Row("1", ["a" * 4_000]), 128) == 128
    assert estimate_tokens(Row("1", ["\ud800"]), 128) == 2
