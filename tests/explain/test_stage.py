"""The stage: what it chooses, how it measures, what it names."""

import json

import numpy as np
import pandas as pd
import pytest
import yaml

from stages.common.core.messages import UserError
from stages.common.metrics.bootstrap import Bootstrap
from stages.common.model.answers import answer
from stages.common.model.scorer import Scorer
from stages.common.tasks import task_named
from stages.explain.__main__ import main
from stages.explain.classes import named_words
from stages.explain.erasing import layout_logits
from stages.explain.explaining import explain_documents, lay_out_targets, predicted_targets
from stages.explain.faithfulness import best_words, compared, faithfulness, random_faithfulness
from stages.explain.global_words import global_words
from stages.explain.parameters import ExplainParameters, ShortcutParameters
from stages.explain.randomised import rank_correlations, with_random_weights
from stages.explain.selection import choose, explained_words, without_private_data
from stages.explain.shortcuts import Candidate, Corpus, candidates, shortcuts, source_kinds
from tests.evaluate.conftest import workplace

__all__ = ["workplace"]  # a fixture

CLASSIFY = task_named("text-classification")


def predictions(rows):
    names = ["id", "label", "predicted", "p:a", "p:b", "baseline_predicted"]
    return pd.DataFrame(rows, columns=names)


def test_the_worst_errors_flips_and_right_ones_are_chosen_in_turn():
    table = predictions(
        [
            ["worst", "a", "b", 0.01, 0.99, "b"],
            ["bad", "a", "b", 0.4, 0.6, "b"],
            ["flip", "a", "a", 0.9, 0.1, "b"],
            ["right", "b", "b", 0.1, 0.9, "b"],
            ["fine", "b", "b", 0.1, 0.9, "b"],
            ["silent", "b", None, np.nan, np.nan, "b"],
        ]
    )
    chosen = choose(table, CLASSIFY, 3, 1)
    assert chosen["id"].tolist()[:2] == ["worst", "flip"] and chosen["why"].tolist()[2] == "right"
    every = choose(table, CLASSIFY, 50, 1)
    assert sorted(every["id"]) == ["bad", "fine", "flip", "right", "worst"]
    assert every["id"].tolist()[:2] == ["worst", "bad"]
    assert choose(table.sample(frac=1, random_state=1), CLASSIFY, 3, 1).equals(chosen)


def test_numbers_sets_and_tags_are_chosen_too():
    numbers = pd.DataFrame({"id": list("xyz"), "value": [1.0, 2, 3], "predicted": [1.0, 9, 3.5]})
    assert choose(numbers, task_named("regression"), 1, 1)["id"].tolist() == ["y"]
    sets = pd.DataFrame({"id": list("xy"), "labels": [["a"], []], "predicted": [["a"], ["a", "b"]]})
    assert choose(sets, task_named("multi-label"), 1, 1)["id"].tolist() == ["y"]
    tags = pd.DataFrame({"id": list("xy"), "label": [["O", "B-A"], ["O"]], "predicted": [["O", "O"], ["O"]]})
    task = task_named("token-classification")
    chosen = choose(tags, task, 2, 1)
    assert chosen["id"].tolist() == ["x", "y"]
    assert explained_words(chosen, tags, task.target) == [1, 0]


def test_texts_with_private_data_are_not_shown(make_documents):
    texts = ["plain words", "write to ann@example.org now", "flagged before"]
    documents = make_documents(texts)
    flags = pd.DataFrame({"id": ["d2", "d0"], "rule": ["private_data", "too_short"], "reason": "why"})
    assert without_private_data(documents, flags)["id"].tolist() == ["d0"]


def test_the_best_words_are_a_share_of_at_least_one():
    assert best_words(np.array([0.1, 0.9, 0.9, -2.0]), 0.01).tolist() == [False, True, False, False]
    assert best_words(np.array([0.1, 0.9, 0.9, -2.0]), 0.5).tolist() == [False, True, True, False]
    assert best_words(np.zeros(0), 0.5).tolist() == []


@pytest.fixture(scope="module")
def counting_scorer(make_scorer):
    """A model that says sport for texts with the word cup, and is sure of it; else politics."""
    import torch

    scorer = make_scorer()
    model = scorer.model
    cup = scorer.tokenizer.convert_tokens_to_ids("cup")

    class Model(torch.nn.Module):
        config, device = model.config, model.device

        def forward(self, input_ids, attention_mask, **_):
            found = ((input_ids == cup) & (attention_mask == 1)).any(dim=1).float()
            politics, sport, tech = 2 * torch.ones_like(found), 6 * found, 0 * found
            return type("Output", (), {"logits": torch.stack([politics, sport, tech], dim=1)})

    return type(scorer)(Model(), scorer.tokenizer, scorer.inference)


def laid_out(scorer, documents):
    targets = predicted_targets(scorer, documents)
    return lay_out_targets(scorer, documents, targets), targets.outputs


def test_faithful_scores_beat_a_random_order_and_random_scores_do_not(counting_scorer):
    texts = [f"the team {'and the number ' * (number % 4)} cup vote party law" for number in range(20)]
    layout, targets = laid_out(counting_scorer, pd.DataFrame({"text": texts}))
    assert set(targets) == {1}
    true = [
        np.array([float(text[place.start : place.end] == "cup") for place in places])
        for text, places in zip(texts, layout.words, strict=True)
    ]
    bootstrap = Bootstrap(np.zeros(20, dtype=np.int64), 200, 0.95, 1)
    random = random_faithfulness(counting_scorer, layout, targets, texts, 2, 1)
    best = faithfulness(counting_scorer, layout, targets, true)
    assert best.normalised_comprehensiveness == pytest.approx(1) and best.normalised_sufficiency == pytest.approx(1)
    assert best.sufficiency == pytest.approx(0) and (best.comprehensiveness > 0.8).all()
    found = compared(best, random, bootstrap)
    assert found["beats_random"] and found["difference"]["comprehensiveness"]["low"] > 0.3
    assert found["difference"]["sufficiency"]["low"] > 0.3
    worst = faithfulness(counting_scorer, layout, targets, [-scores for scores in true])
    assert not compared(worst, random, bootstrap)["beats_random"]
    assert not compared(random, random, bootstrap)["beats_random"]


def test_a_document_with_nothing_to_lose_has_no_normalised_values(counting_scorer):
    layout, targets = laid_out(counting_scorer, pd.DataFrame({"text": ["vote party law"]}))
    found = faithfulness(counting_scorer, layout, targets, [np.array([1.0, 2.0, 3.0])])
    assert np.isnan(found.normalised_comprehensiveness).all() and found.comprehensiveness == pytest.approx(0)


def test_random_weights_are_others_and_leave_the_model_alone(subword_scorer, articles):
    documents = pd.DataFrame({"text": articles})
    before = subword_scorer.logits(documents, "before")
    random = with_random_weights(subword_scorer, 1)
    assert not np.allclose(random.logits(documents, "random"), before)
    assert np.array_equal(subword_scorer.logits(documents, "after"), before)
    assert np.array_equal(with_random_weights(subword_scorer, 1).logits(documents, ""), random.logits(documents, ""))
    same = rank_correlations([np.arange(5.0), np.ones(5)], [np.arange(5.0) ** 3, np.arange(5.0)])
    assert same[0] == pytest.approx(1) and np.isnan(same[1])


def test_global_words_count_each_document_as_much():
    words = [[(0, "Cup"), (0, "the")]] * 3 + [[(0, "law")]] * 2
    scores = [np.array([8.0, 2.0]), np.array([0.8, 0.2]), np.array([0.6, -0.4]), np.ones(1), np.ones(1)]
    table = global_words(["s", "s", "s", "p", "p"], words, scores)
    assert table["word"].tolist() == ["cup", "the"]
    assert table["score"].tolist() == pytest.approx([(0.8 + 0.8 + 0.6) / 3, 0.0])
    assert table["documents"].tolist() == [3, 3]


@pytest.fixture
def corpus(counting_scorer):
    texts = [f"{'cup' if number % 2 else 'vote'} the team and number {number}" for number in range(30)]
    texts += [f"NEW LAW (Reuters) - the vote, number {number}" for number in range(4)]
    documents = pd.DataFrame({"id": [f"d{number}" for number in range(34)], "text": texts})
    layout, _ = laid_out(counting_scorer, documents)
    named = named_words(counting_scorer, documents, layout)
    return Corpus(documents, ("text",), layout, named, layout_logits(counting_scorer, layout))


def test_a_word_that_decides_alone_is_named_first_and_others_are_not(counting_scorer, corpus):
    tried = [Candidate("sport", 0, "cup"), Candidate("politics", 0, "vote"), Candidate("sport", 0, "team")]
    parameters = ExplainParameters(bootstrap_samples=100, shortcuts=ShortcutParameters(documents=10))
    table = shortcuts(counting_scorer, corpus, tried, parameters)
    assert table["word"].tolist()[0] == "cup"
    first = table.iloc[0]
    assert first["outcome"] == "decides alone" and first["turned"] == 1 and first["share"] == 1
    assert first["gained"] > 0.8 and first["lost"] > 0.8
    assert set(table["outcome"][1:]) == {"no clear effect"}
    again = shortcuts(counting_scorer, corpus, tried[::-1], parameters)
    assert again.equals(table)


def test_agencies_and_datelines_are_named_as_sources(corpus):
    kinds = source_kinds(corpus, ["Reuters"])
    assert kinds[0, "reuters"] == "agency name" and kinds[0, "new"] == "dateline"
    assert (0, "vote") not in kinds and source_kinds(corpus, []) == {}
    columns = ["label", "input", "word", "documents", "score", "total"]
    words = pd.DataFrame([["sport", 0, "cup", 9, 0.5, 0.5]], columns=columns)
    labels = ["politics"] * 34
    parameters = ExplainParameters(shortcuts=ShortcutParameters(agencies=["Reuters", "Not There"]))
    assert candidates(words, corpus, labels, parameters) == [("sport", 0, "cup"), ("politics", 0, "reuters")]


def test_explanations_for_people_name_the_prediction_and_the_words(subword_scorer, make_scorer):
    (one,) = explain_documents(subword_scorer, pd.DataFrame({"text": ["the banks, said"]}), "auto")[0]
    assert one["method"] == "integrated_gradients" and one["target"] in subword_scorer.inference.labels
    assert [word["text"] for word in one["words"]] == ["the", "banks", ",", "said"]
    assert sum(word["score"] for word in one["words"]) != 0 and one["completeness_error"] <= 0.02
    json.dumps(one, allow_nan=False)
    tagger = make_scorer("token-classification", ("PER", "LOC"), max_length=16)
    sentences = pd.DataFrame({"tokens": pd.Series([["minister", "vote"], []], dtype=object)})
    many = explain_documents(tagger, sentences, "occlusion")
    assert many[1] == [] and all(each["target"].startswith("B-") for each in many[0])


def test_gradients_of_a_model_without_them_are_refused_in_one_line(counting_scorer):
    with pytest.raises(UserError, match="Explain it by occlusion"):
        explain_documents(counting_scorer, pd.DataFrame({"text": ["cup"]}), "integrated_gradients")
    (found,) = explain_documents(counting_scorer, pd.DataFrame({"text": ["the cup"]}), "auto")[0]
    assert found["method"] == "occlusion" and [word["score"] > 0 for word in found["words"]] == [False, True]


FILES = {"summary.json", "documents.json", "words.csv", "shortcuts.csv", "cost.json"}
FEW = {"documents": 6, "occlusion": 3, "global_documents": 12, "randomised": 2, "bootstrap_samples": 100}


def run_on(workplace, **settings):
    """Runs the stage in a folder with splits and a model; gives the bytes of its files, but for the times."""
    test = pd.read_parquet(workplace / "data/splits/test.parquet")
    columns = answer(Scorer.load(workplace / "models/finetuned", "cpu"), test, "answers")
    table = pd.DataFrame({"id": test["id"], "predicted": columns.pop("label"), "label": test["label"], **columns})
    table.assign(baseline_predicted=test["label"]).to_parquet(workplace / "data/predictions.parquet")
    shortcuts_of = {"words": 2, "documents": 3, "agencies": ["Reuters"]}
    section = {**FEW, "device": "cpu", "threads": 1, "shortcuts": shortcuts_of, "integrated": {"documents": 3}}
    (workplace / "params.yaml").write_text(
        yaml.safe_dump({"explain": ExplainParameters.model_validate({**section, **settings}).model_dump()})
    )
    main()
    return {path.name: path.read_bytes() for path in (workplace / "reports/explain").iterdir()}


def test_the_stage_writes_places_and_scores_but_no_texts_and_the_same_bytes_each_time(workplace, capsys):
    files = run_on(workplace)
    assert set(files) == FILES
    again = run_on(workplace)
    assert all(files[name] == again[name] for name in FILES - {"cost.json"})
    documents = json.loads(files["documents.json"])
    assert len(documents) == 6 and len(files["documents.json"].splitlines()) == 8
    assert {document["target"] for document in documents} <= {"politics", "sport", "tech"}
    test = pd.read_parquet(workplace / "data/splits/test.parquet").set_index("id")["text"]
    for document in documents:
        assert test[document["id"]] not in files["documents.json"].decode()
        for found in document["methods"].values():
            assert len(found["scores"]) == len(document["places"])
    summary = json.loads(files["summary.json"])
    assert set(summary["methods"]) == {"integrated_gradients", "gradient_times_input", "occlusion"}
    assert summary["methods"]["integrated_gradients"]["completeness_error"] <= 0.02
    assert "explain: 6 test documents; more faithful than a random order:" in capsys.readouterr().out


def test_a_stage_that_is_off_writes_empty_files(workplace, capsys):
    files = run_on(workplace, documents=0)
    assert set(files) == FILES
    assert json.loads(files["summary.json"]) == {} and json.loads(files["documents.json"]) == []
    assert "off" in capsys.readouterr().out
