"""The whole page: complete, the same each time, and nothing in it that a text brought along."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import pandas as pd
import pytest

from stages.common.core.messages import UserError
from stages.common.documents.table import read_documents, read_flags, write_documents, write_flags, write_rejected
from stages.report.__main__ import main
from stages.report.page import p_value, percent, share, signed
from tests.report.conftest import HOSTILE_LABELS, HUGE, PLANTED, write_run

ELEMENTS = """
    details summary
    html head meta link title style body a p header h1 nav ul li main section h2 h3 strong span small dl div dt dd br
    table caption thead tbody tr th td figure figcaption svg defs g path use clippath rect text bdi del ins pre code
    footer script
"""
VOID = {"meta", "link", "br"}


class Outline(HTMLParser):
    """Reads a page: its elements, its attributes, its text; checks that elements are closed in order."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.open, self.text = [], [], []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert len(dict(attributes)) == len(attributes), (tag, attributes)
        self.elements.append((tag, dict(attributes), list(self.open)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), list(self.open)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    def found(self, tag):
        return [attributes for name, attributes, _ in self.elements if name == tag]

    @property
    def shown(self):
        return " ".join(" ".join(self.text).split())


def outline(page):
    return Outline(page.read_text(encoding="utf-8"))


@pytest.fixture
def hostile(make_page):
    return make_page(labels=HOSTILE_LABELS, planted=(*PLANTED, HUGE), examples=50, answered=True)


def test_the_same_run_gives_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path)
    pages = []
    for _ in range(2):
        main()
        pages.append((tmp_path / "reports/index.html").read_bytes())
    assert pages[0] == pages[1]


def test_planted_texts_show_as_text(hostile):
    page = outline(hostile)
    assert {tag for tag, _, _ in page.elements} <= set(ELEMENTS.split())
    for tag, attributes, _ in page.elements:
        assert not [name for name in attributes if name.startswith("on")], tag
    for planted in ("<script>document", '"><img src=x onerror="document', "]]><svg onload=", "{{7*7}}{% raw %}${7*7}"):
        assert planted in page.shown
    assert "[U+202E]showneht" in page.shown and "bell[U+0007]" in page.shown


def test_a_megabyte_of_text_is_shortened(hostile):
    assert hostile.stat().st_size < 400_000
    assert outline(hostile).shown.count("enormous") < 200


def test_the_page_does_not_grow_with_the_test_split(make_page):
    sizes = [make_page(test_documents=count).stat().st_size for count in (300, 9_000)]
    assert abs(sizes[1] - sizes[0]) < 5_000


def test_the_page_loads_nothing(hostile):
    for tag, attributes, _ in outline(hostile).elements:
        assert "src" not in attributes
        for name in ("href", "xlink:href"):
            assert attributes.get(name, "#").startswith("#") or (tag, attributes[name]) == ("link", "data:,")
    style = re.search(r"<style>(.*?)</style>", hostile.read_text(encoding="utf-8"), re.DOTALL)[1]
    assert "url(" not in style and "@import" not in style


def test_the_page_says_that_nothing_but_its_own_script_may_run_and_nothing_be_fetched(make_page):
    policies = [m["content"] for m in outline(make_page()).found("meta") if m.get("http-equiv")]
    (script,) = re.findall(r"<script>(.*?)</script>", make_page().read_text(encoding="utf-8"), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policies == [
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    ]


def test_ids_are_unique_and_links_lead_somewhere(make_page):
    page = outline(make_page())
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"][1:] for link in page.found("a")} <= set(ids)
    named = [a[n] for _, a, _ in page.elements for n in ("aria-labelledby",) if n in a]
    assert set(named) <= set(ids)


def test_headings_descend_by_one_level(make_page):
    levels = [int(tag[1]) for tag, _, _ in outline(make_page()).elements if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_have_captions_and_scopes_and_can_be_scrolled_by_keyboard(make_page):
    page = outline(make_page())
    assert len(page.found("table")) == len(page.found("caption")) >= 8
    assert {cell.get("scope") for cell in page.found("th")} == {"col", "row"}
    for tag, _, parents in page.elements:
        if tag == "table":
            assert parents[-1] == "div"
    regions = [attributes for attributes in page.found("div") if attributes.get("class") == "scroll"]
    assert len(regions) == len(page.found("table"))
    assert all(a["role"] == "group" and a["tabindex"] == "0" and a["aria-label"] for a in regions)


def test_pictures_have_a_text_alternative(make_page):
    pictures = outline(make_page()).found("svg")
    assert len(pictures) == 11 + 3  # plots, and a cloud for each class
    assert all(a["role"] == "img" and len(a["aria-label"]) > 20 for a in pictures)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("better", "The encoder beats the baseline."),
        ("no clear difference", "The encoder does not clearly beat the baseline."),
        ("worse", "The encoder does worse than the baseline."),
        ("unknown", "Whether the encoder beats the baseline cannot be told: no finite logits."),
    ],
)
def test_the_summary_says_whether_the_encoder_beats_the_baseline(make_page, outcome, said):
    assert said in outline(make_page(outcome=outcome)).shown


def test_the_summary_has_the_headline_metrics_with_their_intervals(make_page):
    shown = outline(make_page()).shown
    assert "Test macro F1 0.950 0.930 to 0.970 Test accuracy 0.950 0.930 to 0.970" in shown
    assert "Frozen encoder macro F1 0.800" in shown
    assert "minus that of the baseline is +0.050, with a 95 % interval from +0.040 to +0.060" in shown


def test_a_metric_that_is_not_defined_says_why(make_page):
    assert "not defined no test document is predicted as this class" in outline(make_page()).shown


def test_a_cell_that_a_list_leaves_empty_is_not_defined():
    nothing = float("nan")
    assert {share(nothing), signed(nothing), percent(nothing), p_value(nothing), p_value(None)} == {"not defined"}
    assert (p_value(0.0004), p_value(0.001)) == ("< 0.001", "0.001")


def test_every_section_shows_what_its_stage_did(make_page):
    shown = outline(make_page()).shown
    for said in (
        "127 documents came in, 120 stayed",
        "duplicates: 3 of 7 documents",
        "too short: 2 of 2 documents",
        "votes: 3 of 40 documents",
        "14 documents are in 7 clusters",
        "9 pairs in train and test are the same or nearly so",
        "Leaks: 3 of 9 pairs",
        "Counted in 1 documents",
        "The labels of 60 training documents were judged",
        "4 look wrong (6.7%)",
        "3 of 73, variants included",
        "Labels that look wrong, the worst first: 3 of 4",
        "Origin and variant: swap",
        "equals origin: 2",
        "Self-BLEU Distinct-2 swap 12 10 2 equals origin: 2 0 0.100 0.456 0.321",
        "3, of which number 2 was kept",
        "1,000 computed, 900 of them real (90.0%)",
        "C = 10.0, has the best macro F1",
        "Matthews correlation 0.950",
        "< 0.001 exact",
        "the temperature 1.250 , fitted on validation documents",
        "upper case 30 0 0.0% It changes none of these texts",
        "Fewer than 100 changed texts are too few for a claim",
        "typing errors 30 30 100.0% 0.900 0.800 +0.100 +0.050 to +0.150 95.0% 90.0% to 99.0%",
        "length : 1 to 9 words 9 0.800 0.700 to 0.900 −0.100 0.040 yes",
        "22,000,000 weights, 91 MB on disk",
        "8 1,234 1.5 ms 120 ms",
        "Test labels that may be wrong, the least likely first: 3 of",
        "packages: torch 2.0",
        "git checkout abc123",
        "changes that were not committed",
    ):
        assert said in shown, said


def test_balanced_classes_are_shown_before_and_after(make_page):
    shown = outline(make_page(balanced=True)).shown
    assert "before and after balancing (oversample)" in shown and "politics 20 25 23" in shown
    assert "Not as many as wanted: politics" in shown
    assert "balancing" not in outline(make_page()).shown


def test_a_text_with_private_data_is_not_shown(make_page):
    html = make_page().read_text(encoding="utf-8")
    region = html[html.index("<caption>private data:") :]
    region = region[: region.index("</table>")]
    assert "emails: 5 documents, none of which is shown." in outline(make_page()).shown
    assert "train-002" in region and "not shown" in region
    assert "story 2 of train" not in region


def test_a_run_without_variants_or_examples_says_so(make_page):
    shown = outline(make_page(augmented=False, examples=0, errors=0)).shown
    assert "No method of augmentation is turned on" in shown
    assert "duplicates: 0 of 7 documents" in shown


def test_a_run_on_entities_has_a_page_without_what_the_task_does_not_have(make_page):
    shown = outline(make_page(labels=("PER", "LOC", "ORG"), task="token-classification")).shown
    for said in (
        "finds entities of 3 types",
        "Test span F1 0.950",
        "Validation span F1 0.890",
        "the best validation span F1",
        "Mentions of each type",
        "Encoder: metrics of each tag, over tokens",
        "B-PER 10",
        "The most frequent tag is the one that a word has most often",
        "Encoder: by class (rows) and predicted class (columns), in tokens",
        "The encoder got 20 tokens wrong.",
    ):
        assert said in shown, said
    for absent in ("Frozen encoder", "Words that are typical", "Reliability", "Calibration", "perturbation"):
        assert absent not in shown, absent


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_repeated_sentences_of_entities_stay_and_are_shown_with_that_remark(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path, labels=("PER", "LOC", "ORG"), task="token-classification")
    flags = read_flags(tmp_path / "data/clean/flags.parquet")
    repeated = flags.assign(rule="duplicates", reason="the same text as train-000")[1:]
    write_flags(pd.concat([flags[:1], repeated]), tmp_path / "data/clean/flags.parquet")
    change(tmp_path / "reports/clean/summary.json", flagged={"duplicates": 2, "too_short": 1}, rejected={})
    main()
    shown = outline(tmp_path / "reports/index.html").shown
    assert "duplicates kept it with a remark 2" in shown and "too short kept it with a remark 1" in shown
    remarks = shown.partition("What was kept with a remark")[2].partition("Documents that are the same")[0]
    assert "duplicates: 2 of 2 documents" in remarks and remarks.count("the same text as train-000") == 2
    assert "team wins the cup after a late goal, story 1 of train." in remarks


def test_documents_without_a_label_are_counted_apart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path)
    main()
    assert "without a label" not in outline(tmp_path / "reports/index.html").shown
    data = tmp_path / "data"
    documents = read_documents(data / "annotated/documents.parquet")
    names = [f"u{number}" for number in range(4)]
    alone = documents[:4].assign(id=names, label=None, published_split="unlabelled", text=["今天", "🎉", "a", "b"])
    write_documents(pd.concat([documents, alone]), data / "annotated/documents.parquet")
    rules = ["duplicates", "empty", "near_duplicates"]
    write_rejected(alone[:3].assign(rule=rules, reason="why"), data / "clean/rejected.parquet")
    for stage in ("clean", "augmented"):
        kept = read_documents(data / f"{stage}/documents.parquet")
        write_documents(pd.concat([kept, alone[3:]]), data / f"{stage}/documents.parquet")
    main()
    shown = outline(tmp_path / "reports/index.html").shown
    assert "4 documents came without a label; cleaning dropped 3 of them, 2 as copies of others or nearly so." in shown
    assert "with a label, or unlabelled" in shown
    assert "None of them is trained on ( split.unlabelled is off)." in shown
    pool = {"originals": 1, "variants": 2, "rejected": {"equals_held_out": 5, "group_held_out": 1}}
    change(tmp_path / "reports/split/summary.json", unlabelled=pool)
    main()
    shown = outline(tmp_path / "reports/index.html").shown
    assert "1 documents and 2 variants may be trained on without a label; 6 rows may not, because they are" in shown


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [
        (0.5, 0.625, "On the test split it makes the log loss worse: 0.500 before, 0.625 after."),
        (0.5, 0.375, None),
        (0.5, 0.5, None),
    ],
)
def test_a_temperature_that_makes_the_log_loss_of_the_test_split_worse_says_so(
    tmp_path, monkeypatch, before, after, note
):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path)
    path = tmp_path / "reports/evaluate/calibration.json"
    found = json.loads(path.read_text())
    for version, value in (("before", before), ("after", after)):
        found[version]["log_loss"]["value"] = value
    change(path, **found)
    main()
    shown = outline(tmp_path / "reports/index.html").shown
    assert "Logits are divided by the temperature 1.250 , fitted on validation documents." in shown
    assert note in shown if note else "makes the log loss worse" not in shown


@pytest.mark.parametrize(("unknown", "percentage", "warned"), [(0.66, "66.0%", True), (0.0125, "1.2%", False)])
def test_the_share_of_unknown_tokens_is_shown_and_warned_of(tmp_path, monkeypatch, unknown, percentage, warned):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path)
    change(tmp_path / "reports/finetune/summary.json", unknown_share=unknown)
    main()
    shown = outline(tmp_path / "reports/index.html").shown
    assert f"Unknown tokens {percentage} of the training documents' tokens" in shown
    assert ("the model's tokenizer does not know what these texts are written in" in shown) == warned


@pytest.mark.parametrize(
    ("stopped", "said"), [(None, "by labels that a model gave"), ("round 2: it <went> down", "not kept (round 2: it")]
)
def test_what_was_learnt_without_labels_is_shown(tmp_path, monkeypatch, stopped, said):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path)
    rounds = [{"texts_learnt": 6_300}, {"texts_learnt": 6_310}]
    learnt = {"texts": 8_400, "method": "self_training", "rounds": rounds, "stopped": stopped}
    change(tmp_path / "reports/finetune/summary.json", unlabelled=learnt, keeps_last=True)
    main()
    shown = outline(tmp_path / "reports/index.html").shown
    assert "Texts without a label 8,400; self-training learnt 6,300, then 6,310 of them by labels" in shown
    assert said in shown and ("it <went> down" in shown) == bool(stopped)
    assert "the last, whatever the validation documents say" in shown


def test_a_student_is_shown_beside_its_teacher(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path)
    kept = {"layers": [1, 3, 5], "parameters": 17_400_000}
    change(tmp_path / "reports/finetune/summary.json", **kept)
    main()
    shown = outline(tmp_path / "reports/index.html").shown
    assert "Layers 1, 3, 5 of the pretrained encoder’s; 17,400,000 parameters" in shown and "Teacher" not in shown
    of_teacher = {"method": "full", "layers": 6, "parameters": 22_700_000, "validation": {"macro_f1": 0.9321}}
    distil = {"teacher": of_teacher, "rows": 10_200, "texts": 200}
    change(tmp_path / "reports/finetune/summary.json", **kept, distil=distil)
    main()
    shown = outline(tmp_path / "reports/index.html").shown
    assert "Layers 1, 3, 5 of the teacher’s; 17,400,000 parameters" in shown
    assert "6 layers, 22,700,000 parameters, trained by method full; validation macro F1 0.932." in shown
    assert "it learnt what the teacher answers for 10,200 texts, of which 200 have no label" in shown


def test_a_run_on_pairs_shows_both_texts(make_page):
    shown = outline(make_page(task="pairs", augmented=False)).shown
    for said in (
        "sorts pairs of texts into 3 classes",
        "Test macro F1 0.950",
        "Documents of each class",
        "Words that are typical of each class",
    ):
        assert said in shown, said
    assert re.search(r"story \d+ of test\. The other text of test-\d+", shown)


def test_a_run_with_several_labels_a_document_counts_labels_and_their_sets(make_page):
    shown = outline(make_page(task="multi-label")).shown
    for said in (
        "gives documents any of 3 labels",
        "Test subset accuracy 0.950",
        "Label ranking average precision 0.950",
        "Documents with exactly these labels: 3 of 4 sets",
        "politics + sport",
        "Encoder: metrics of each class",
        "Baseline F1 Threshold politics",
        "The encoder got 2 of 30 test documents wrong.",
        "True labels Predicted labels Missed Added Loss Baseline Text",
        "politics + sport politics sport (none) 0.700 tech",
        "Words that are typical of each class",
    ):
        assert said in shown, said
    for absent in ("Confusion matrix", "Classes that are confused"):
        assert absent not in shown, absent


def test_a_run_on_numbers_shows_how_far_predictions_are_from_them(make_page):
    page = outline(make_page(task="regression"))
    for said in (
        "gives documents a number",
        "Test mean absolute error 0.950",
        "what runs are compared by; less is better",
        "Test Pearson correlation",
        "The numbers of the documents of each split",
        "Predicted against true numbers",
        "15 25.000 27.000 25.000 to 29.000",
        "True number Predicted number Error Baseline Text",
        "0.000 3.000 +1.500 2.000",
        "length : 1 to 9 words 9 12.500 11.000 to 14.000 +0.200 0.040 yes",
        "has the best mean absolute error on the validation split",
    ):
        assert said in page.shown, said
    for absent in ("Classes", "Confusion matrix", "Words that are typical", "temperature", "each class,"):
        assert absent not in page.shown, absent
    assert {"scatter-figure_1", "quantiles-figure_1", "values-figure_1"} <= {a.get("id") for a in page.found("g")}


@pytest.mark.parametrize("task", ["token-classification", "pairs", "multi-label", "regression"])
def test_the_page_of_each_task_is_sound(make_page, task):
    page = outline(make_page(task=task, augmented=task != "pairs"))
    assert {tag for tag, _, _ in page.elements} <= set(ELEMENTS.split())
    ids = [attributes["id"] for _, attributes, _ in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"][1:] for link in page.found("a")} <= set(ids)
    assert "nan" not in page.shown.lower().split()


def test_the_level_of_confidence_is_the_one_that_was_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path)
    path = tmp_path / "reports/evaluate/summary.json"
    path.write_text(path.read_text().replace('"confidence": 0.95', '"confidence": 0.9'))
    main()
    shown = outline(tmp_path / "reports/index.html").shown
    assert "with a 90 % interval" in shown and "with 90 % intervals" in shown
    assert "95 % interval" not in shown


@pytest.mark.parametrize("name", ["calibration.json", "comparison.json", "roc.csv", "robustness.csv", "errors.csv"])
def test_what_evaluate_did_not_write_is_left_out(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path)
    (tmp_path / "reports/evaluate" / name).unlink()
    main()
    assert "The encoder beats the baseline." in outline(tmp_path / "reports/index.html").shown


def test_an_encoder_without_predictions_has_no_errors_to_list(make_page):
    shown = outline(make_page(outcome="unknown")).shown
    assert "There are none to list: no finite logits." in shown
    assert "Confusion matrix" not in shown


@pytest.mark.parametrize(
    "missing",
    [
        "reports/evaluate/metrics.json",
        "reports/clean/leaks.csv",
        "reports/finetune/live/plots/metrics/train/loss.tsv",
        "data/clean/flags.parquet",
    ],
)
def test_a_missing_file_is_named(tmp_path, monkeypatch, missing):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(UserError, match=f"{missing}: there is no such file. Run `dvc repro`"):
        main()
    assert not (tmp_path / "reports/index.html").exists()


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("reports/evaluate/metrics.json", "{", "not JSON"),
        ("reports/evaluate/summary.json", "[]", "no JSON object"),
        ("reports/evaluate/summary.json", '{"confidence": 0.95}', "has no 'bootstrap_samples'"),
        ("reports/clean/summary.json", '{"documents_in": 2}', "has no 'changed'"),
        ("reports/audit/summary.json", "{}", "has no 'judged'"),
        ("reports/audit/label_issues.csv", "id\n1\n", "has no column 'label'"),
        ("reports/finetune/live/plots/metrics/train/loss.tsv", "loss\n1\n", "no column 'step'"),
        ("reports/evaluate/comparison.json", "{}", "no list of JSON objects"),
        ("reports/evaluate/errors.csv", "id,label,predicted,p_label\n1,a,b,high\n", "not the list that it should be"),
        ("data/clean/changes.parquet", "text", "not a parquet file"),
    ],
)
def test_a_broken_file_is_named(tmp_path, monkeypatch, path, content, message):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path)
    (tmp_path / path).write_text(content)
    with pytest.raises(UserError, match=f"{path}: .*{message}"):
        main()


def test_people_s_answers_are_shown_where_there_are_any(make_page):
    page = make_page(answered=True).read_text(encoding="utf-8")
    assert "120 documents became labels by majority" in re.sub(r"\s+", " ", page)
    assert "Documents whose label is least sure: 3" in page
    assert "Krippendorff&#39;s alpha" in page
    assert 'href="#annotation"' in page
    assert 'href="#annotation"' not in make_page().read_text(encoding="utf-8")


def test_probes_are_shown_with_what_they_say_and_texts_that_fail_are_folded_away(make_page):
    page = outline(make_page())
    assert "Answered differently: words: She met her brother." in page.shown
    assert "not that the model is fair or unfair" in page.shown
    assert "Left out: hate : its label 'hateful' is none of this dataset's." in page.shown
    assert "no verdict: 3 of the 10 that it takes" in page.shown
    assert (
        "This is no test of the model: 9 of these texts are among the documents that it was trained on." in page.shown
    )
    assert "1 of 1 texts that fail: they hold abuse and slurs" in page.shown
    folded = [attributes for tag, attributes, parents in page.elements if tag == "table" and "details" in parents]
    assert len(folded) == len(page.found("details")) == 2
    assert all("open" not in attributes for attributes in page.found("details"))


def test_a_run_without_probes_has_no_such_section(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path)
    (tmp_path / "reports/probe/summary.json").unlink()
    main()
    assert "probe" not in {section["id"] for section in outline(tmp_path / "reports/index.html").found("section")}
