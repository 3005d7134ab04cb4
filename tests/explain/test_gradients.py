"""Word scores by gradients: they equal captum's, they add up, and a padding token in a text is a word."""

import numpy as np
import pandas as pd
import pytest
import torch
from captum.attr import InputXGradient, LayerIntegratedGradients

from stages.common.core.messages import UserError
from stages.explain.explaining import explain, lay_out_targets, predicted_targets
from stages.explain.gradients import (
    embedding_of,
    gradient_times_input,
    integrated_at,
    integrated_gradients,
)


def frame(texts):
    return pd.DataFrame({"text": texts})


def laid_out(scorer, documents):
    targets = predicted_targets(scorer, documents)
    return lay_out_targets(scorer, documents, targets), targets.outputs


def by_captum(scorer, text, target, steps, baseline, method):
    encoded = scorer.tokenizer(
        text, return_tensors="pt", return_special_tokens_mask=True, truncation=True, max_length=32
    )
    ids, special = encoded["input_ids"], encoded["special_tokens_mask"].bool()
    special[0, 1:-1] = False  # a special token that is written in a text is a word
    begin = torch.where(special, ids, baseline)
    layer = LayerIntegratedGradients(lambda ids: scorer.model(input_ids=ids).logits, embedding_of(scorer))
    found = layer.attribute(ids, begin, target=int(target), n_steps=steps, method=method)
    return found.sum(dim=-1)[0].detach().numpy()


@pytest.mark.parametrize("baseline", ["padding", "mask"])
def test_integrated_gradients_equal_captums_at_the_same_steps(subword_scorer, articles, baseline):
    layout, targets = laid_out(subword_scorer, frame(articles))
    places, weights = np.polynomial.legendre.leggauss(20)
    found = integrated_at(subword_scorer, layout, targets, baseline, (places + 1) / 2, weights / 2)
    token = {"padding": subword_scorer.tokenizer.pad_token_id, "mask": subword_scorer.tokenizer.mask_token_id}
    for row, text in enumerate(articles):
        theirs = by_captum(subword_scorer, text, targets[row], 20, token[baseline], "gausslegendre")
        ours = found.tokens[layout.tokens.starts[row] : layout.tokens.starts[row + 1]]
        assert ours == pytest.approx(theirs, abs=1e-5)
    assert np.abs(found.tokens).max() > 0.01


def test_adaptive_steps_come_to_what_many_equal_steps_come_to_and_add_up(subword_scorer, articles):
    layout, targets = laid_out(subword_scorer, frame(articles))
    found = integrated_gradients(subword_scorer, layout, targets, "padding", 0.002, 512)
    for row, text in enumerate(articles):
        theirs = by_captum(subword_scorer, text, targets[row], 200, 0, "gausslegendre")
        ours = found.tokens[layout.tokens.starts[row] : layout.tokens.starts[row + 1]]
        assert ours == pytest.approx(theirs, abs=0.01 * float(np.abs(theirs).max()))
    assert (found.error(layout) <= 0.002).all()


def test_only_documents_that_need_more_steps_take_them(subword_scorer, articles):
    layout, targets = laid_out(subword_scorer, frame(articles))
    loose, strict = (
        integrated_gradients(subword_scorer, layout, targets, "padding", tolerance, 512) for tolerance in (0.5, 0.001)
    )
    assert (loose.points <= strict.points).all() and loose.points.sum() < strict.points.sum()
    few = integrated_gradients(subword_scorer, layout, targets, "padding", 1e-9, 8)
    assert (few.points <= 17).all()


def test_gradient_times_input_equals_captums(subword_scorer, articles):
    layout, targets = laid_out(subword_scorer, frame(articles))
    tokens, logits = gradient_times_input(subword_scorer, layout, targets)
    model = subword_scorer.model
    for row, text in enumerate(articles):
        ids = subword_scorer.tokenizer(text, return_tensors="pt", truncation=True, max_length=32)["input_ids"]
        embedded = embedding_of(subword_scorer)(ids).detach().requires_grad_(True)
        method = InputXGradient(lambda embeddings: model(inputs_embeds=embeddings).logits)
        theirs = method.attribute(embedded, target=int(targets[row])).sum(dim=-1)[0].detach().numpy()
        assert tokens[layout.tokens.starts[row] : layout.tokens.starts[row + 1]] == pytest.approx(theirs, abs=1e-5)
        assert logits[row] == pytest.approx(float(model(input_ids=ids).logits[0, targets[row]]), abs=1e-5)


def test_a_documents_scores_do_not_depend_on_those_beside_it(subword_scorer, articles):
    documents = [articles[0], "bank", articles[1] + " " + articles[2]]
    layout, targets = laid_out(subword_scorer, frame(documents))
    together = explain(subword_scorer, layout, targets, "integrated_gradients")
    for row, text in enumerate(documents):
        alone, target = laid_out(subword_scorer, frame([text]))
        assert explain(subword_scorer, alone, target, "integrated_gradients").scores[0] == pytest.approx(
            together.scores[row], abs=1e-5
        )


def test_a_padding_token_that_is_written_in_a_text_is_a_word(subword_scorer):
    texts = ["the bank [PAD] market", "pad the team"]
    layout, targets = laid_out(subword_scorer, frame(texts))
    rows = zip(texts, layout.words, strict=True)
    words = [[text[place.start : place.end] for place in places] for text, places in rows]
    assert words[0][:2] == ["the", "bank"] and "PAD" in "".join(words[0]) and words[1] == ["pad", "the", "team"]
    owned = layout.owners[layout.tokens.starts[0] : layout.tokens.starts[1]]
    assert (owned[1:-1] >= 0).all() and owned[0] == owned[-1] == -1
    place = next(at for at, word in enumerate(words[0]) if "PAD" in word)
    assert abs(explain(subword_scorer, layout, targets, "occlusion").scores[0][place]) > 0.001
    masked = explain(subword_scorer, layout, targets, "integrated_gradients", baseline="mask")
    assert abs(masked.scores[0][place]) > 0.001 and masked.error[0] <= 0.02


def test_windows_are_explained_as_they_are_scored(subword_scorer, articles):
    from stages.common.model.scorer import Scorer

    windowed = subword_scorer.inference.model_copy(
        update={"max_length": 12, "truncation": "windows", "window_overlap": 0.25}
    )
    scorer = Scorer(subword_scorer.model, subword_scorer.tokenizer, windowed)
    documents = frame(articles)
    layout, targets = laid_out(scorer, documents)
    assert len(layout.tokens.starts) - 1 >= 2 * len(articles)
    found = integrated_gradients(scorer, layout, targets, "padding", 0.01, 512)
    logits = scorer.logits(documents, "scoring")
    assert found.value == pytest.approx(logits[np.arange(3), targets], abs=1e-5)
    assert (found.error(layout) <= 0.01).all()
    assert [len(scores) for scores in layout.by_word(found.tokens)] == [len(words) for words in layout.words]


def test_one_tag_of_one_word_is_explained(make_scorer):
    scorer = make_scorer("token-classification", ("PER", "LOC"), max_length=12)
    sentences = [["minister", "vote", "party"], [f"{number}" for number in range(30)]]
    documents = pd.DataFrame({"tokens": pd.Series(sentences, dtype=object)})
    from stages.explain.explaining import Targets

    targets = Targets(np.array([0, 1, 1]), np.array([1, 2, 3]), np.array([2, 0, 29]))
    layout = lay_out_targets(scorer, documents, targets)
    logits = scorer.logits(documents, "scoring")
    for method in ("integrated_gradients", "gradient_times_input", "occlusion"):
        found = explain(scorer, layout, targets.outputs, method)
        rows = zip(targets.documents, targets.words, targets.outputs, strict=True)
        expected = [logits[document][word, output] for document, word, output in rows]
        assert found.logits == pytest.approx(expected, abs=1e-5)
    assert layout.words[2][-1].start == 29 and len(layout.words[2]) < 30  # the words of its window alone


def test_both_texts_of_a_pair_are_explained(make_scorer):
    scorer = make_scorer("pairs", ("yes", "no"), max_length=16)
    documents = pd.DataFrame({"text": ["the team and the cup", "vote"], "text_pair": ["goal", "party law " * 20]})
    layout, targets = laid_out(scorer, documents)
    assert [place.text for place in layout.words[0]] == [0, 0, 0, 0, 0, 1]
    found = integrated_gradients(scorer, layout, targets, "padding", 0.01, 512)
    logits = scorer.logits(documents, "scoring")
    assert found.value == pytest.approx(logits[np.arange(2), targets], abs=1e-5)
    assert (found.error(layout) <= 0.01).all()


@pytest.mark.parametrize(
    "text", ["", " \n", "bank", "\x00", "\u0645\u0631\u062d\u0628\u0627 \U0001f600", "\u4e2d\u6587"]
)
@pytest.mark.parametrize("method", ["integrated_gradients", "gradient_times_input", "occlusion"])
def test_any_text_is_explained(subword_scorer, text, method):
    layout, targets = laid_out(subword_scorer, frame([text]))
    found = explain(subword_scorer, layout, targets, method)
    assert len(found.scores[0]) == len(layout.words[0]) and np.isfinite(found.scores[0]).all()
    assert found.error is None or found.error[0] <= 0.02


def test_a_model_without_gradients_is_explained_by_occlusion_alone(subword_scorer, articles):
    from stages.common.model.scorer import Scorer

    class Exported(torch.nn.Module):
        config, device = subword_scorer.model.config, subword_scorer.model.device

        def forward(self, **batch):
            with torch.no_grad():
                return subword_scorer.model(**batch)

    scorer = Scorer(Exported(), subword_scorer.tokenizer, subword_scorer.inference)
    layout, targets = laid_out(scorer, frame(articles))
    for method in ("integrated_gradients", "gradient_times_input"):
        with pytest.raises(UserError, match="no gradients at its embeddings"):
            explain(scorer, layout, targets, method)
    ours = explain(scorer, layout, targets, "occlusion").scores
    theirs = explain(subword_scorer, layout, targets, "occlusion").scores
    assert np.concatenate(ours) == pytest.approx(np.concatenate(theirs))
    whole = subword_scorer.logits(frame([articles[0]]), "scoring")[0]
    first = layout.words[0][0]
    left = subword_scorer.logits(frame([articles[0][first.end :]]), "scoring")[0]
    assert ours[0][0] == pytest.approx(whole[targets[0]] - left[targets[0]], abs=1e-5)


def test_weights_and_their_gradients_are_left_as_they_were(subword_scorer, articles):
    model = subword_scorer.model
    before = [(weight.requires_grad, weight.detach().clone()) for weight in model.parameters()]
    layout, targets = laid_out(subword_scorer, frame(articles))
    explain(subword_scorer, layout, targets, "integrated_gradients")
    for (wanted, value), weight in zip(before, model.parameters(), strict=True):
        assert weight.requires_grad == wanted and weight.grad is None and torch.equal(weight, value)
