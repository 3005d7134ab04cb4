import json
import random

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml

from stages.clean.__main__ import main
from stages.common.core.messages import UserError
from stages.common.core.validation import read_yaml
from stages.common.documents.card import Card, write_card
from stages.common.documents.table import read_documents, read_flags, write_documents
from tests.common.tiny_encoder import save_tagger
from tests.imports import ROOT

WORDS = [f"word{number}" for number in range(2000)]


def story(seed):
    return " ".join(["The committee said on Friday that it would", *random.Random(seed).sample(WORDS, 80)])


@pytest.fixture
def clean(tmp_path, monkeypatch, make_documents):
    """Runs the stage on some documents and gives the folder in which it did."""
    monkeypatch.chdir(tmp_path)

    def run(texts, section=None, task="text-classification", card_says=None, **columns):
        (tmp_path / "data/annotated").mkdir(parents=True, exist_ok=True)
        documents = make_documents(texts, **columns)
        if task != "text-classification":
            documents = documents.drop(columns=["tokens", "tags"])
        write_documents(documents, tmp_path / "data/annotated/documents.parquet")
        fields = dict.fromkeys(("name", "title", "licence", "citation"), "x")
        card = {"task": task, "language": "en", "known_faults": [], "labels": [], "sources": []}
        write_card(
            Card.model_validate({**card, **fields, "rows": len(texts), **(card_says or {})}),
            tmp_path / "data/annotated",
        )
        params = read_yaml(ROOT / "params.yaml")["clean"] | {"most_dropped": 1.0} | (section or {})
        (tmp_path / "params.yaml").write_text(yaml.safe_dump({"clean": params}))
        main()
        return tmp_path

    return run


def summary(folder):
    return json.loads((folder / "reports/clean/summary.json").read_text())


def test_leaks_private_data_and_changes_are_told(clean):
    texts = [story(1), story(1) + " more", story(2), story(2), "Write to me@example.org &amp; +44 20 7946 0958 today"]
    folder = clean(texts, published_split=["train", "test", "train", "test", "train"])
    said = summary(folder)
    assert said["leaks"] == {"train and test": 2}
    assert said["rejected"] == {"duplicates": 1, "near_duplicates": 1}
    assert said["private_data"] == {"email": 1, "phone": 1}
    leaks = pd.read_csv(folder / "reports/clean/leaks.csv")
    assert leaks[["id", "other_id"]].to_numpy().tolist() == [["d0", "d1"], ["d2", "d3"]]
    flags = read_flags(folder / "data/clean/flags.parquet")
    assert flags[["id", "rule", "reason"]].to_numpy().tolist() == [["d4", "private_data", "holds 1 email, 1 phone"]]
    changes = pd.read_parquet(folder / "data/clean/changes.parquet")
    assert changes[["id", "rule"]].to_numpy().tolist() == [["d4", "entities"]]
    kept = read_documents(folder / "data/clean/documents.parquet").set_index("id")
    assert list(kept.index) == ["d1", "d3", "d4"]
    everything = b"".join(path.read_bytes() for path in (folder / "reports").rglob("*.*"))
    assert b"me@example.org" not in everything


@pytest.mark.parametrize(("action", "written"), [("report", "Ann Lee"), ("mask", "[NAME]"), ("drop", None)])
def test_names_are_reported_masked_or_dropped_and_never_written_down(clean, tmp_path, action, written):
    save_tagger(tmp_path / "models/fetched/names", {"ann": "B-PER", "lee": "I-PER"})
    private_data = {"enabled": True, "action": action, "phone_region": None, "names": True}
    folder = clean([story(1) + " Ask Ann Lee or ann@example.org, says Ann.", story(2)], {"private_data": private_data})
    said = summary(folder)
    assert (said["private_data"], said["documents_with_private_data"]) == ({"email": 1, "name": 2}, 1)
    assert said["rejected"] == ({"private_data": 1} if action == "drop" else {})
    assert said["changed"] == ({"names": 1, "private_data": 1} if action == "mask" else {})
    kept = read_documents(folder / "data/clean/documents.parquet")["text"]
    assert kept.str.contains(f"Ask {written} or", regex=False).sum() == (written is not None)
    flags = read_flags(folder / "data/clean/flags.parquet")
    assert flags["reason"].tolist() == (["holds 1 email, 2 name"] if action == "report" else [])
    assert not any(b"Ann" in path.read_bytes() for path in (folder / "reports").rglob("*.*"))


def test_a_model_for_names_that_is_missing_is_one_clear_line_and_writes_nothing(clean, tmp_path):
    section = {"private_data": {"enabled": True, "action": "mask", "phone_region": None, "names": True}}
    with pytest.raises(UserError, match=r"models/fetched/names: names of people are looked for, but .* no model"):
        clean([story(1)], section)
    assert not (tmp_path / "data/clean").exists()


def test_a_leak_is_listed_even_if_its_labels_contradict(clean):
    folder = clean([story(1), story(1), story(2)], label=["a", "b", "a"], published_split=["train", "test", "train"])
    assert summary(folder)["leaks"] == {"train and test": 1}
    assert summary(folder)["rejected"] == {"contradictions": 1}


def test_the_same_rows_in_another_order_give_the_same_bytes(clean):
    texts = [story(n // 2) + " x" * (n % 2) for n in range(60)]
    folder = clean(texts)
    paths = [path for place in ("data/clean", "reports/clean") for path in (folder / place).iterdir()]
    before = {path: path.read_bytes() for path in paths}
    raw = folder / "data/annotated/documents.parquet"
    pq.write_table(pq.read_table(raw).take(random.Random(1).sample(range(60), 60)), raw)
    main()
    assert {path: path.read_bytes() for path in paths} == before


def test_cleaning_what_is_clean_changes_and_drops_nothing(clean):
    folder = clean([story(1), story(1) + " more", story(2) + " &amp;  x", story(3)])
    once = read_documents(folder / "data/clean/documents.parquet")
    clean(once["text"].tolist(), id=once["id"].tolist())
    assert read_documents(folder / "data/clean/documents.parquet")["text"].tolist() == once["text"].tolist()
    assert summary(folder)["changed"] == {}
    assert summary(folder)["rejected"] == {}


def test_a_corpus_of_which_nothing_is_left_is_one_clear_line_and_writes_nothing(clean, tmp_path):
    with pytest.raises(UserError, match="all 2 documents were rejected, most of them by the rule 'too_short'"):
        clean(["x", "y"])
    assert not (tmp_path / "data/clean").exists()


GERMAN = (
    "Der Ausschuss teilte am Freitag mit, er werde sich vor dem Ende des Monats mit der Sache {} befassen, heißt es."
)


def foreign(count):
    return [GERMAN.format(story(seed)[44:90]) for seed in range(count)]


def test_a_rule_that_drops_more_than_a_fifth_stops_the_run_and_says_how_to_allow_it(clean, tmp_path):
    texts = [*foreign(3), *(story(seed) for seed in range(10, 18))]
    with pytest.raises(UserError) as error:
        clean(texts, {"most_dropped": 0.2})
    said = str(error.value)
    assert "the rule 'language' dropped 3 of 11 documents (27%), more than clean.most_dropped allows (20%)" in said
    assert all(f"d{number} “Der Ausschuss teilte" in said for number in range(3))
    assert "is in 'de' with a probability of" in said
    assert "-S clean.language.enabled=false" in said
    assert "-S clean.most_dropped=0.28" in said
    assert "`most_dropped: 0.28` in catalog/datasets/x.yaml" in said
    assert not (tmp_path / "data/clean").exists()


@pytest.mark.parametrize(
    ("section", "card_says"),
    [
        ({"most_dropped": 0.28}, {}),
        ({"most_dropped": 0.2}, {"most_dropped": 0.3}),
        ({"most_dropped": 0.2}, {"language": "de"}),
    ],
)
def test_a_run_goes_on_where_the_parameter_or_the_entry_allows_it(clean, section, card_says):
    others = [story(seed) for seed in range(10, 18)]
    texts = foreign(11) if "language" in card_says else [*foreign(3), *others]
    assert summary(clean(texts, section, card_says=card_says))["documents_in"] == 11


def test_only_documents_that_may_be_dropped_count_towards_the_share(clean):
    texts = [*foreign(2), *(story(seed) for seed in range(10, 30))]
    with pytest.raises(UserError, match="dropped 2 of 6 documents"):
        clean(texts, {"most_dropped": 0.2}, published_split=["train"] * 6 + ["test"] * 16)


def test_the_closing_line_shows_what_was_dropped_and_how_to_keep_it(clean, capsys):
    clean(["Too short.", story(1), story(2)])
    assert capsys.readouterr().out == (
        "clean: 3 documents in, 2 out, 1 rejected: too_short 1, such as d0 “Too short.” "
        "(keep: -S clean.too_short.enabled=false)\n"
    )


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("Great soup, rated 5!!!! by us", "Great soup, rated 5!!!!! by us", ", which repeated_punctuation made equal,"),
        ("Is Polish easy to learn", "is polish easy to learn", ", once upper and lower case are taken for the same,"),
        (
            "A film with a fine ﬁnish",
            "A film with a fine finish",
            ", once compatible characters are taken for the same,",
        ),
        ("Fish &amp; chips today", "Fish & chips today", ", which entities made equal,"),
        ("The very same text", "The very same text", ""),
    ],
)
def test_a_contradiction_names_what_made_the_texts_equal(clean, one, other, said):
    folder = clean([one, other, story(1)], label=["a", "b", "a"])
    rejected = pd.read_parquet(folder / "data/clean/rejected.parquet")
    assert rejected["rule"].tolist() == ["contradictions"] * 2
    assert rejected["reason"].tolist() == [f"the same text{said} is labelled a and b"] * 2


def test_raised_figures_are_no_plain_ones(clean):
    folder = clean(
        ["What is x² plus one", "What is x2 plus one", "1½ cups of it", "11/2 cups of it"], label=list("abab")
    )
    assert summary(folder)["rejected"] == {}


LINK = '&lt;A HREF="http://a.example/q?t=I"&gt;&lt;B&gt;I Inc.&lt;/B&gt;&lt;/A&gt; {}'
MARKUP = [
    ([f"{LINK.format(story(seed))} &lt;br&gt; more" for seed in range(6)], "remove", "I Inc. The committee"),
    (
        [f"How do I put a &lt;div&gt; inside a &lt;form&gt; {story(seed)}" for seed in range(6)],
        "keep",
        "How do I put a <div> inside a <form> The committee",
    ),
    (
        [f"My method returns List&lt;Option&gt; and Map&lt;String&gt; {story(seed)}" for seed in range(6)],
        "keep",
        "My method returns List<Option> and Map<String> The committee",
    ),
    (
        [f"<p>Use <code>&lt;div&gt;</code> or <b>&amp;lt;a&amp;gt;</b> &amp; {story(seed)}</p>" for seed in range(6)],
        "keep_escaped",
        "Use &lt;div&gt; or &lt;a&gt; & The committee",
    ),
    (
        [*(LINK.format(story(seed)) for seed in range(6)), f"An odd &lt;title&gt; {story(9)}"],
        "remove",
        "I Inc. The committee",
    ),
]


@pytest.mark.parametrize(("texts", "decided", "begins"), MARKUP)
def test_escaped_tags_go_where_the_corpus_uses_them_and_stay_where_it_speaks_of_them(clean, texts, decided, begins):
    folder = clean(texts)
    said = summary(folder)["markup"]
    assert said["decided"] == decided
    assert said["escaped_used"] + said["escaped_mentioned"] > 0
    kept = read_documents(folder / "data/clean/documents.parquet")["text"]
    assert len(kept) == len(texts)
    assert kept[0].startswith(begins)
    clean(kept.tolist(), {"markup": decided})  # with what was decided, cleaning what is clean changes nothing
    assert read_documents(folder / "data/clean/documents.parquet")["text"].tolist() == kept.tolist()


def test_what_becomes_of_escaped_tags_can_be_set(clean):
    texts = [f"How do I put a &lt;div&gt; inside {story(seed)}" for seed in range(3)]
    folder = clean(texts, {"markup": "remove"})
    assert summary(folder)["markup"] == {"decided": "remove"}
    assert "div" not in read_documents(folder / "data/clean/documents.parquet")["text"][0]
