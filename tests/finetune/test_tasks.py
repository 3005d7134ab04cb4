"""What each task brings to fine-tuning, by itself."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import f1_score

from stages.common.core.messages import UserError
from stages.common.documents.spans import bio_tags
from stages.common.model.answers import chosen_labels, probabilities
from stages.common.model.loading import load_pretrained
from stages.common.tasks import TASKS
from stages.common.training.architecture import set_output_bias, trial_inputs
from stages.finetune.tasks import finetune_task, multi_label, regression, text_classification, token_classification
from tests.common.tiny_encoder import TOPICS, record, save_encoder
from tests.finetune.conftest import make_sentences, make_split

TAGS = bio_tags(["PER", "LOC"])
SPANS = record(["PER", "LOC"], 32, "token-classification")


def span_metrics(logits, targets):
    return token_classification.validation_metrics(logits, targets, SPANS)


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_every_task_has_a_file_whose_curves_hold_its_headline_metric(task):
    assert task.headline in finetune_task(task).CURVES


def test_labels_are_numbered_in_the_order_of_the_card(tmp_path):
    documents = make_split(0, 2)
    targets = text_classification.read_targets(documents, ["tech", "business", "sport"], tmp_path)
    assert targets.tolist() == [1, 1, 2, 2, 0, 0]


def test_a_label_that_the_entry_does_not_list_is_named(tmp_path):
    with pytest.raises(UserError, match=r"document 'tech/000' has the label 'tech', which the dataset's entry does"):
        text_classification.read_targets(make_split(0, 2), ["sport", "business"], tmp_path)


def test_a_document_without_label_is_named(tmp_path):
    documents = make_split(0, 2)
    documents.loc[3, "label"] = None
    with pytest.raises(UserError, match="1 documents have no label, the first is 'sport/001'"):
        text_classification.read_targets(documents, ["sport", "business", "tech"], tmp_path)


def test_a_single_class_is_refused(tmp_path):
    with pytest.raises(UserError, match="all documents have the label 'b'"):
        text_classification.check_targets(np.array([1, 1]), ["a", "b"], tmp_path)


def test_sentences_without_a_name_are_refused(tmp_path):
    with pytest.raises(UserError, match="all words have the tag 'O'"):
        token_classification.check_targets([np.array([0, 0]), np.array([0])], ["O", "B-PER", "I-PER"], tmp_path)


def test_a_tag_that_the_entry_does_not_list_is_named(tmp_path):
    with pytest.raises(UserError, match=r"document 's000' has the tag 'B-LOC', but the dataset's entry lists"):
        token_classification.read_targets(make_sentences(0, 2), ["PER"], tmp_path)


def test_a_sentence_without_tags_is_named(tmp_path):
    sentences = make_sentences(0, 2)
    sentences.at[1, "tags"] = None
    with pytest.raises(UserError, match="document 's001' has no tags"):
        token_classification.read_targets(sentences, ["PER", "LOC"], tmp_path)


def as_logits(tags, sureness=4.0):
    return np.array([[sureness * (tag == name) for name in TAGS] for tag in tags], dtype=np.float32)


def indices(tags):
    return np.array([TAGS.index(tag) for tag in tags])


def test_an_span_counts_only_if_label_and_both_ends_are_right():
    truth = [["B-PER", "I-PER", "O", "B-LOC"], ["B-LOC", "O"]]
    predicted = [["B-PER", "O", "O", "B-LOC"], ["B-PER", "O"]]
    metrics = span_metrics([as_logits(s) for s in predicted], [indices(s) for s in truth])
    assert metrics["span_precision"] == pytest.approx(1 / 3)
    assert metrics["span_recall"] == pytest.approx(1 / 3)
    assert metrics["span_f1"] == pytest.approx(1 / 3)
    assert metrics["accuracy"] == pytest.approx(4 / 6)


def test_tags_are_decoded_before_they_are_compared():
    logits = as_logits(["B-PER", "I-LOC", "O"])
    logits[1, TAGS.index("I-PER")] = 3.9  # almost as likely, and the only valid one that goes on
    metrics = span_metrics([logits], [indices(["B-PER", "I-PER", "O"])])
    assert metrics["span_f1"] == 1.0


def test_no_span_found_is_a_score_of_zero_and_no_warning(recwarn):
    metrics = span_metrics([as_logits(["O", "O"])], [indices(["B-PER", "O"])])
    assert (metrics["span_precision"], metrics["span_f1"]) == (0.0, 0.0)
    assert not recwarn.list


def test_validation_metrics_of_a_small_case():
    logits = np.log(np.array([[0.7, 0.3], [0.6, 0.4], [0.2, 0.8], [0.9, 0.1]], dtype=np.float32))
    metrics = text_classification.validation_metrics(logits, np.array([0, 1, 1, 0]), record("ab", 8))
    assert metrics["accuracy"] == 0.75
    assert metrics["macro_precision"] == pytest.approx((2 / 3 + 1) / 2)
    assert metrics["macro_recall"] == pytest.approx((1 + 1 / 2) / 2)
    assert metrics["macro_f1"] == pytest.approx((4 / 5 + 2 / 3) / 2)
    assert metrics["loss"] == pytest.approx(-np.log([0.7, 0.4, 0.8, 0.9]).mean(), rel=1e-6)


def test_a_temperature_is_fitted_to_the_validation_logits():
    random = np.random.default_rng(0)
    sure = random.normal(size=(400, 3))
    truth = np.array([random.choice(3, p=row) for row in np.exp(sure) / np.exp(sure).sum(axis=1, keepdims=True)])
    known = text_classification.calibrate((sure * 3).astype(np.float32), truth, record(TOPICS, 8))
    assert known.temperature == pytest.approx(3, rel=0.25)
    assert known.model_copy(update={"temperature": None}) == record(TOPICS, 8)


@pytest.fixture
def label_sets():
    random = np.random.default_rng(0)
    truth = (random.random((300, 4)) < [0.5, 0.3, 0.1, 0.02]).astype(np.float32)
    return truth, (3 * truth - 3 + random.normal(size=truth.shape)).astype(np.float32)


def test_thresholds_give_rare_labels_a_better_f1_than_one_half(label_sets):
    truth, logits = label_sets
    plain = record("abcd", 8, "multi-label")
    known = multi_label.calibrate(logits, truth, plain)
    scores = [
        f1_score(truth, chosen_labels(probabilities(logits, each), each), average="macro", zero_division=0.0)
        for each in (known, plain.model_copy(update={"temperature": known.temperature}))
    ]
    assert scores[0] > scores[1] + 0.05
    metrics = multi_label.validation_metrics(logits, truth, plain)
    assert metrics["macro_f1"] == pytest.approx(scores[0])
    assert 0 < metrics["subset_accuracy"] < metrics["label_ranking_average_precision"] < 1


def test_a_label_that_no_or_every_document_has_is_named(tmp_path):
    targets = np.array([[1, 0], [1, 1]], dtype=np.float32)
    with pytest.raises(UserError, match="every training document has the label 'a'"):
        multi_label.check_targets(targets, ["a", "b"], tmp_path)


def test_rare_labels_begin_with_the_probability_that_they_have(encoder):
    targets = np.array([[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1], [0, 0, 0, 0]], dtype=np.float32)
    model, _ = load_pretrained(encoder, list("abcd"), 0.0, "document")
    set_output_bias(model, multi_label.starting_bias(targets))
    begins = torch.sigmoid(model.classifier.bias).tolist()
    assert begins == pytest.approx([0.25, 0.25, 0.25, 0.75])


@pytest.mark.parametrize("architecture", ["roberta", "distilbert", "electra", "modernbert"])
def test_the_outputs_of_any_architecture_can_begin_somewhere(tmp_path, architecture):
    settings = {"roberta": {"max_position_embeddings": 66}, "electra": {"embedding_size": 16}}.get(architecture, {})
    if architecture == "modernbert":
        settings = {"cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3}
    if architecture == "distilbert":
        settings = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}
    model, _ = load_pretrained(
        save_encoder(tmp_path / "encoder", architecture, **settings), list("abc"), 0.0, "document"
    )
    inputs = trial_inputs(model)
    model.train(False)
    before = model(**inputs).logits.detach()
    set_output_bias(model, np.array([1.0, -2.0, 3.0], dtype=np.float32))
    after = model(**inputs).logits.detach()
    assert (after - before).flatten().tolist() == pytest.approx([1.0, -2.0, 3.0], abs=1e-5)


def test_sets_of_labels_are_read(tmp_path):
    documents = make_split(0, 1).drop(columns=["tokens", "tags"]).assign(labels=[["b", "a"], [], ["a"]])
    assert multi_label.read_targets(documents, ["a", "b"], tmp_path).tolist() == [[1, 1], [0, 0], [1, 0]]
    with pytest.raises(UserError, match="document 'business/000' has the label 'b', which the dataset's entry"):
        multi_label.read_targets(documents, ["a"], tmp_path)


def test_numbers_are_predicted_in_their_own_unit():
    truth = np.array([10.0, 20.0, 40.0, 30.0])
    known = regression.plan_inference(record([], 8, "regression"), truth)
    assert (known.centre, known.scale) == (25.0, truth.std())
    predicted = np.array([12.0, 18.0, 44.0, 50.0])
    logits = ((predicted - known.centre) / known.scale).astype(np.float32)[:, None]
    metrics = regression.validation_metrics(logits, truth, known)
    assert metrics["mae"] == pytest.approx(7.0, rel=1e-5)
    assert metrics["rmse"] == pytest.approx(np.sqrt((4 + 4 + 16 + 400) / 4), rel=1e-5)
    assert metrics["pearson"] == pytest.approx(pearsonr(predicted, truth).statistic, rel=1e-5)
    assert metrics["spearman"] == pytest.approx(spearmanr(predicted, truth).statistic)


def test_equal_numbers_are_refused(tmp_path):
    with pytest.raises(UserError, match="all documents have the number 3"):
        regression.check_targets(np.array([3.0, 3.0]), ["value"], tmp_path)


def consensus(rows):
    """The table of consensus: id, label and probabilities of each document."""
    return pd.DataFrame(rows, columns=["id", "label", "probabilities"])


def test_soft_labels_are_what_answers_make_likely(make_documents):
    documents = make_documents(["one", "two", "three", "four", "five"], label=["a", "b", "a", "b", "a"])
    documents.at[2, "derived_from"] = ["d0"]  # a variant counts as its origin does
    documents.at[3, "derived_from"] = ["d0", "d1"]  # a mixture has its one label
    known = consensus([("d0", "a", [0.75, 0.25]), ("d1", "a", [0.9, 0.1]), ("d4", "a", None)])
    targets = text_classification.read_targets(documents, ["a", "b"], "here")
    shares = text_classification.soften(targets, documents, known)
    # d1 was relabelled since, and nobody answered about d4
    assert shares.tolist() == [[0.75, 0.25], [0, 1], [0.75, 0.25], [0, 1], [1, 0]]


def test_soft_labels_need_answers(make_documents):
    documents = make_documents(["one", "two"], label=["a", "b"])
    with pytest.raises(UserError, match="soft_labels is true, but nobody's answers are known"):
        text_classification.soften(np.array([0, 1]), documents, consensus([]))


@pytest.mark.parametrize("task", [multi_label, regression, token_classification])
def test_soft_labels_go_with_one_label_a_document(task):
    with pytest.raises(UserError, match="soft_labels goes with one label a document"):
        task.soften(None, None, None)


def test_the_loss_of_soft_labels_is_the_cross_entropy_with_them(parameters):
    shares = np.array([[0.75, 0.25], [0.0, 1.0]], dtype=np.float32)
    objective = text_classification.make_objective(parameters(), shares, ["a", "b"], None)
    logits = torch.tensor([[1.0, -1.0], [0.5, 0.0]])
    loss = objective(lambda **_: SimpleNamespace(logits=logits), {}, torch.from_numpy(shares))
    expected = -(torch.from_numpy(shares) * logits.log_softmax(-1)).sum(-1).mean()
    assert loss.item() == pytest.approx(expected.item())
    with pytest.raises(UserError, match=r"label_smoothing does not go with finetune\.soft_labels"):
        text_classification.make_objective(parameters(label_smoothing=0.1), shares, ["a", "b"], None)
