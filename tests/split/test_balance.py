"""What balancing does to the classes of the training rows, and what it leaves alone."""

import csv
import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from stages.common.documents.table import OVERSAMPLED, read_documents, read_rejected
from stages.split.__main__ import main
from stages.split.balance import balance, class_sizes
from stages.split.checks import check_splits
from stages.split.dividing import divide
from stages.split.parameters import BalanceParameters
from tests.split.test_divide import build, corpora, divide_if_possible
from tests.split.test_stage import place, run_and_read_error, save, set_parameters

__all__ = ["place"]  # a fixture
METHODS = ["oversample", "undersample", "fill"]


def balanced(train, rejected, method, counts=None, seed=1):
    return balance(train, rejected, BalanceParameters(method=method, counts=counts), seed)


def uneven(make_documents, add_variants, settings, augmented=0.0, **sizes):
    """Splits of a corpus with so many training documents of each class, and two variants of each."""
    labels = [label for label, size in sizes.items() for _ in range(size)]
    published = ["train"] * len(labels) + ["validation"] * len(sizes) + ["test"] * len(sizes)
    labels += [*sizes, *sizes]
    documents = make_documents(
        [f"text number {number}" for number in range(len(labels))], label=labels, published_split=published
    )
    donors = [[f"d{number}"] for number in range(sum(sizes.values()))]
    documents = add_variants(add_variants(documents, *donors), *donors, text="other")
    repeated = documents["id"].duplicated()
    documents.loc[repeated, "id"] += "b"
    documents.loc[repeated, "text"] += documents.loc[repeated, "id"]
    return documents, *divide(documents, settings(augmented=augmented))


@hypothesis_settings(max_examples=60)
@given(
    corpora(),
    st.sampled_from(METHODS),
    st.none() | st.dictionaries(st.sampled_from("ab"), st.integers(1, 40), min_size=1),
    st.sampled_from([0.0, 0.4, 1.0]),
    st.integers(0, 3),
)
def test_balancing_leaks_nothing_loses_nothing_and_comes_as_near_as_there_are_rows(
    make_documents, add_variants, settings, corpus, method, counts, augmented, seed
):
    documents = build(corpus, make_documents, add_variants)
    divided = divide_if_possible(documents, settings(augmented=augmented, seed=seed))
    if divided is None or not len(divided[0]["train"]):
        return
    splits, rejected = divided
    done = balanced(splits["train"], rejected, method, counts, seed)
    check_splits({**splits, "train": done.train}, done.rejected, documents)  # held-out rows, groups, donors, lost rows
    assert done.train["id"].is_unique
    before, after = class_sizes(splits["train"]), class_sizes(done.train)
    target = min(before.values()) if method == "undersample" else max(before.values())
    wanted = counts or dict.fromkeys(before, target)
    assert done.wanted == wanted
    assert set(done.not_as_wanted) == {label for label, size in wanted.items() if after.get(label, 0) != size}
    documents_of = class_sizes(splits["train"].loc[splits["train"]["method"].eq("original")])
    pool = class_sizes(rejected[rejected["rule"].eq("augmented")])
    orphans = class_sizes(done.rejected[done.rejected["rule"].eq("origin_not_used")])
    for label in {*before, *wanted}:
        had, size = before.get(label, 0), wanted.get(label, before.get(label, 0))
        expected = {
            "oversample": max(had, size) if documents_of.get(label) else had,
            "fill": max(had, min(size, had + pool.get(label, 0))),
            "undersample": min(had, size),
        }[method]
        assert expected - orphans.get(label, 0) * (method == "undersample") <= after.get(label, 0) <= expected


@hypothesis_settings(max_examples=25)
@given(corpora(), st.sampled_from(METHODS), st.integers(1, 15), st.integers(0, 15), st.randoms(use_true_random=False))
def test_a_higher_count_keeps_what_a_lower_one_takes_whatever_the_order_of_the_rows(
    make_documents, add_variants, settings, corpus, method, count, more, shuffled
):
    documents = build(corpus, make_documents, add_variants)
    order = list(documents.index)
    shuffled.shuffle(order)
    taken = []
    for rows, size in ((documents, count), (documents.loc[order], count + more)):
        divided = divide_if_possible(rows, settings(augmented=0.3))
        if divided is None:
            return
        taken.append(set(balanced(divided[0]["train"], divided[1], method, {"a": size, "b": size}).train["id"]))
    assert taken[0] <= taken[1]


def test_oversampling_repeats_documents_evenly_under_ids_of_their_own(make_documents, add_variants, settings):
    documents, splits, rejected = uneven(make_documents, add_variants, settings, a=10, b=4)
    done = balanced(splits["train"], rejected, "oversample")
    copies = done.train[done.train["method"].eq(OVERSAMPLED)]
    assert class_sizes(done.train) == {"a": 10, "b": 10}
    assert set(copies["label"]) == {"b"}
    origin = documents.set_index("id").loc[copies["derived_from"].str[0]]
    for column in ("text", "label", "group", "published_split"):
        assert copies[column].tolist() == origin[column].tolist()
    assert sorted(copies["derived_from"].str[0].value_counts()) == [1, 1, 2, 2]
    assert all(i.startswith(f"{d[0]}#oversampled-") for i, d in zip(copies["id"], copies["derived_from"], strict=True))
    assert done.rejected.equals(rejected)
    assert done.not_as_wanted == []


def test_undersampling_leaves_out_variants_first_and_says_of_each_row_why(make_documents, add_variants, settings):
    documents, splits, rejected = uneven(make_documents, add_variants, settings, augmented=1.0, a=10, b=4)
    done = balanced(splits["train"], rejected, "undersample")
    assert class_sizes(done.train) == {"a": 12, "b": 12}
    of_a = done.train[done.train["label"].eq("a")]
    assert of_a["method"].eq("original").sum() == 10
    gone = done.rejected[done.rejected["rule"].eq("undersample")]
    assert set(gone["reason"]) == {"its class has 12 rows without it"}
    assert len(gone) == 18

    fewer = balanced(splits["train"], rejected, "undersample", {"a": 3})
    kept = fewer.train[fewer.train["label"].eq("a")]
    assert kept["method"].tolist() == ["original"] * 3
    limited, _ = divide(documents, settings(train_per_class=3))
    assert set(kept["id"]) == set(limited["train"].query("label == 'a' and method == 'original'")["id"])
    assert class_sizes(fewer.train)["b"] == 12


def test_undersampling_takes_along_a_variant_whose_second_donor_goes(make_documents, add_variants, settings):
    _, splits, rejected = uneven(make_documents, add_variants, settings, augmented=1.0, a=3, b=3)
    train = splits["train"]
    train.at[train.index[train["id"].eq("d3#swap-3")][0], "derived_from"] = ["d3", "d0", "d1", "d2"]
    done = balanced(train, rejected, "undersample", {"a": 1})
    assert "d3#swap-3" not in set(done.train["id"])
    assert done.rejected.set_index("id").loc["d3#swap-3", "rule"] == "origin_not_used"
    assert done.not_as_wanted == []


def test_filling_takes_variants_from_the_pool_and_says_where_it_is_too_small(make_documents, add_variants, settings):
    documents, splits, rejected = uneven(make_documents, add_variants, settings, a=10, b=4, c=2)
    done = balanced(splits["train"], rejected, "fill")
    assert class_sizes(done.train) == {"a": 10, "b": 10, "c": 6}
    assert done.not_as_wanted == ["c"]
    check_splits({**splits, "train": done.train}, done.rejected, documents)
    share, _ = divide(
        documents, settings(augmented=0.5)
    )  # of a class's variants, filling takes those that a share takes
    of_b = {*share["train"].query("label == 'b' and method == 'swap'")["id"]}
    assert of_b <= set(done.train["id"])


def test_without_balancing_nothing_changes(make_documents, add_variants, settings):
    _, splits, rejected = uneven(make_documents, add_variants, settings, a=5, b=3)
    done = balanced(splits["train"], rejected, "none")
    assert done.train is splits["train"]
    assert done.rejected is rejected


def test_the_reports_show_each_class_before_and_after(place, capsys, make_documents, add_variants):
    documents = make_documents([f"text {number}" for number in range(60)], label=["a"] * 40 + ["b"] * 20)
    save(place, add_variants(documents, *[[f"d{number}"] for number in range(60)]))
    set_parameters(place, augmented=0.0, balance={"method": "fill", "counts": {"b": 30}})
    main()
    summary = json.loads((place / "reports/split/summary.json").read_text())
    assert summary["balance"] == {
        "method": "fill",
        "copies": 0,
        "classes": {
            "a": {"before": 28, "wanted": None, "after": 28},
            "b": {"before": 14, "wanted": 30, "after": 28},
        },
        "not_as_wanted": ["b"],
    }
    assert "; not balanced as wanted: b has 28 rows of 30" in capsys.readouterr().out
    with (place / "reports/split/class_counts.csv").open() as file:
        rows = {(row["split"], row["label"]): row for row in csv.DictReader(file)}
    assert rows["train", "b"] | {"split": "", "label": ""} == {
        "split": "", "label": "", "documents": "14", "variants": "14", "copies": "0", "before": "14",
    }  # fmt: skip
    assert rows["test", "a"]["before"] == "6"


def test_copies_are_counted_apart_and_every_row_is_accounted_for(place, capsys, make_documents):
    documents = make_documents([f"text {number}" for number in range(60)], label=["a"] * 40 + ["b"] * 20)
    save(place, documents)
    set_parameters(place, balance={"method": "oversample", "counts": None})
    main()
    assert "not balanced as wanted" not in capsys.readouterr().out
    train = read_documents(place / "data/splits/train.parquet")
    assert class_sizes(train) == {"a": 28, "b": 28}
    summary = json.loads((place / "reports/split/summary.json").read_text())
    assert summary["splits"]["train"] == {"originals": 42, "variants": 0, "share": 0.7}
    assert summary["balance"]["copies"] == 14
    counts = pd.read_csv(place / "reports/split/class_counts.csv").set_index(["split", "label"])
    assert counts.loc[("train", "b"), ["documents", "variants", "copies", "before"]].tolist() == [14, 0, 14, 14]
    assert len(read_rejected(place / "data/splits/rejected.parquet")) == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"method": "smote", "counts": None}, "params.yaml: split.balance.method: input should be 'none', "),
        ({"method": "fill", "counts": {"a": 0}}, "params.yaml: split.balance.counts.a: input should be greater"),
        ({"method": "none", "counts": {"a": 5}}, "counts need a method: oversample, undersample or fill"),
        ({"method": "fill", "counts": {"A": 5}}, "split.balance.counts: the dataset has no class 'A'. "),
    ],
)
def test_wrong_settings_are_named(place, capsys, change, said):
    set_parameters(place, balance=change)
    assert said in run_and_read_error(place, capsys)
