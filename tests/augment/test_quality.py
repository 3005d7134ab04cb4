import pandas as pd
import pytest

from stages.augment.quality import bleu, distinct, figures, sample_documents, self_bleu


def test_bleu_is_that_of_the_papers_formula():
    text, reference = ["the", "cat", "sat", "on", "the", "mat"], ["the", "cat", "lay", "on", "the", "mat"]
    # one-grams 5/6; add-one smoothed: (3+1)/(5+1), (1+1)/(4+1), (0+1)/(3+1)
    assert bleu(text, [reference]) == pytest.approx((5 / 6 * 4 / 6 * 2 / 5 * 1 / 4) ** 0.25)
    assert bleu(text[:3], [text]) == pytest.approx(2.718281828 ** (1 - 6 / 3))
    assert bleu(["dog"], [text]) == 0.0


def test_repeats_have_a_self_bleu_of_one_and_strangers_of_none():
    assert self_bleu([["a", "b", "c", "d", "e"]] * 3) == pytest.approx(1)
    assert self_bleu([["a", "b"], ["c", "d"]]) == 0


def test_distinct_2_counts_different_pairs():
    assert distinct([["a", "b", "a", "b"], ["a", "b"]], 2) == 2 / 4
    assert distinct([["a"]], 2) is None


def test_the_same_documents_are_sampled_in_any_order():
    ids = [f"d{number}" for number in range(500)]
    assert sample_documents(ids, 1) == sample_documents(ids[::-1], 1)
    assert len(sample_documents(ids, 1)) == 200
    assert sample_documents(ids, 1) != sample_documents(ids, 2)


def test_the_figures_of_a_method_are_counted_over_what_it_kept():
    made = pd.DataFrame(
        {
            "origin": ["d0", "d0", "d1", "d2"],
            "text": ["a b x", "a b x", "a b c", None],
            "share": [0.25, 0.25, 0.0, 0.0],
            "rule": [None, "equals_variant", "equals_origin", "nothing_to_change"],
        }
    )
    assert figures(made, {"d0": "a b c d"}) == {
        "made": 3,
        "kept": 1,
        "rejected": {"equals_origin": 1, "equals_variant": 1},
        "documents_with_nothing_to_change": 1,
        "kept_share": 0.3333,
        "mean_share_of_words_changed": 0.25,
        "mean_similarity": None,
        "self_bleu": round((bleu("abx", ["abcd"]) + bleu("abcd", ["abx"])) / 2, 4),
        "distinct_2": 1.0,
    }
