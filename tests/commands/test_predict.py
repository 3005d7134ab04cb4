"""New texts get the answers that evaluate gives them, whatever the task, after the cleaning of the model's own run."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
import yaml

from commands import trace
from commands.predict import main, parser
from commands.texts import Row, format_of, read_rows, windows
from stages.clean.parameters import CleanParameters
from stages.clean.repair import repair
from stages.common.core.messages import UserError
from stages.common.model.answers import answer
from stages.common.model.inference import Inference, write_inference
from stages.common.model.loading import load_pretrained
from stages.common.model.scorer import Scorer
from stages.common.tasks import task_named
from stages.common.text_rules.settings import TextRules
from stages.common.training.methods import prepare
from stages.finetune.parameters import Finetune
from tests.commands.recorded import record_model
from tests.common.tiny_encoder import TOPICS, article, save_encoder, save_tagger
from tests.corpus import run
from tests.finetune.conftest import PARAMETERS
from tests.imports import ROOT

TEXTS = ["the oven bakes dough &amp; bread", "boat <b>anchor</b> sail", "plain words, nothing else", ""]
LONG = [article(topic, number, words=3 + 9 * number) for number in range(8) for topic in TOPICS]
READING = {"max_length": 14, "batch_tokens": 100, "truncation": "head", "window_overlap": 0.25}
TASKS = {
    "text-classification": list(TOPICS),
    "token-classification": ["PER", "ORG"],
    "pairs": ["entailment", "neutral"],
    "multi-label": list(TOPICS),
    "regression": [],
}


@pytest.fixture(scope="session")
def encoder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("pretrained") / "encoder")


@pytest.fixture
def make_model(encoder, tmp_path, monkeypatch):
    """Makes models/finetuned, untrained, in a folder with the records of its run; gives what it answers by itself."""

    def make(task="text-classification", method="full", clean=None, **record):
        inference = Inference.model_validate({"task": task, "labels": TASKS[task], **READING, **record})
        torch.manual_seed(1)
        head = task_named(task).head
        model, tokenizer = load_pretrained(encoder, inference.outputs, 0.0, head)
        documents = pd.DataFrame({name: sample(name) for name in task_named(task).inputs})
        torch.nn.init.normal_(model.classifier.weight, std=1.0)
        logits = Scorer(model, tokenizer, inference).logits(documents, "balancing")
        mean = np.concatenate(logits if head == "word" else [logits]).mean(axis=0)
        model.classifier.bias.data -= torch.from_numpy(mean)  # so that it does not answer all alike
        prepared = prepare(model, Finetune.model_validate({**PARAMETERS, "method": method}), head, 24)
        shuffle_adapter(prepared.model)

        def save(folder):
            prepared.save(folder, prepared.model.state_dict())
            tokenizer.save_pretrained(folder)
            write_inference(inference, folder)

        scorer = Scorer(prepared.model, tokenizer, inference)
        (tmp_path / "run").mkdir()
        monkeypatch.chdir(tmp_path / "run")
        known = answer(scorer, documents, "expected")
        record_model(tmp_path / "run", save, clean or {})
        return known

    return make


def shuffle_adapter(model):
    """Gives an adapter weights that change answers: fresh ones of LoRA change none."""
    for name, parameter in model.named_parameters():
        if "lora_B" in name or "prompt" in name:
            torch.nn.init.normal_(parameter.data, std=0.5)


def sample(column):
    if column == "tokens":
        return pd.Series([text.rstrip(".").split() for text in LONG], dtype=object)
    return pd.Series(LONG if column == "text" else LONG[::-1], dtype="str")


@pytest.fixture
def predict(monkeypatch, capsys):
    """Runs the command in this process; gives what it printed."""

    def run_command(*arguments, stdin=""):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        main(parser().parse_args(["--threads", "1", "--device", "cpu", "--model", "models/finetuned", *arguments]))
        return capsys.readouterr().out

    return run_command


def answers(printed):
    return [json.loads(line) for line in printed.splitlines()]


def write_sample(*names):
    rows = [dict(zip(names, values, strict=True)) for values in zip(*(sample(name) for name in names), strict=True)]
    Path("in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize("method", ["full", "frozen", "lora", "prefix"])
@pytest.mark.parametrize("truncation", ["head", "tail", "head+tail", "windows"])
def test_predict_answers_as_evaluate_does_for_every_truncation_and_method(make_model, predict, truncation, method):
    known = make_model(method=method, truncation=truncation, temperature=1.7)
    write_sample("text")
    rows = answers(predict("in.jsonl"))
    assert [row["label"] for row in rows] == known["label"]
    assert len(set(known["label"])) > 1
    for name in ("probability", *(f"p:{topic}" for topic in TOPICS)):
        assert [row[name] for row in rows] == pytest.approx(known[name], abs=1e-5)


def test_what_is_kept_of_a_text_changes_answers(make_model, tmp_path):
    known = []
    for truncation in ("head", "tail", "windows"):
        known.append(make_model(truncation=truncation)["label"])
        shutil.rmtree(tmp_path / "run")
    heads, tails, windows = known
    assert heads != tails and heads != windows and tails != windows


@pytest.mark.parametrize("method", ["full", "frozen", "lora", "prefix"])
@pytest.mark.parametrize("overlap", [0.0, 0.5])
def test_words_are_tagged_as_evaluate_tags_them(make_model, predict, method, overlap):
    known = make_model("token-classification", method, truncation="windows", window_overlap=overlap)
    write_sample("tokens")
    rows = answers(predict("in.jsonl", "--tokens", "tokens"))
    assert [row["tags"] for row in rows] == known["tags"]
    assert any(row["spans"] for row in rows)
    for row, spans in zip(rows, known["spans"], strict=True):
        for span, wanted in zip(row["spans"], spans, strict=True):
            assert (span["label"], span["start"], span["end"]) == (wanted["label"], wanted["start"], wanted["end"])
            assert span["probability"] == pytest.approx(wanted["probability"], abs=1e-5)
            assert span["text"] == " ".join(row["tokens"][span["start"] : span["end"]])


@pytest.mark.parametrize(
    ("task", "record", "columns"),
    [
        ("pairs", {"truncation": "tail", "temperature": 2.0}, ["text", "text_pair"]),
        ("multi-label", {"thresholds": [0.3, 0.6, 0.9], "temperature": 2.0}, ["text"]),
        ("regression", {"centre": 40.0, "scale": 12.0}, ["text"]),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_every_kind_of_answer_is_written_in_every_format(make_model, predict, task, record, columns, suffix):
    known = make_model(task, **record)
    write_sample(*columns)
    closing = predict("in.jsonl", "--out", f"out.{suffix}")
    assert f"{len(LONG)} texts in out.{suffix}, 0 of them empty" in closing
    assert ("temperature" in closing) == ("temperature" in record)
    assert read_answers(f"out.{suffix}", known) == {name: approx(values) for name, values in known.items()}


def approx(values):
    return pytest.approx(values, abs=1e-4) if isinstance(values[0], float) else values


def read_answers(path, known):
    if path.endswith("parquet"):
        table = pq.read_table(path)
    elif path.endswith("jsonl"):
        rows = answers(Path(path).read_text())
        return {name: [row[name] for row in rows] for name in rows[0] if name != "id"}
    else:
        table = pd.read_csv(path)
        for name, values in known.items():
            if isinstance(values[0], list):
                table[name] = table[name].map(json.loads)
        return {name: table[name].tolist() for name in known}
    return {name: values for name, values in table.to_pydict().items() if name != "id"}


@pytest.fixture
def tagger(tmp_path, monkeypatch):
    """A model that knows a few names, with no records: words are never cleaned, so it needs none."""
    monkeypatch.chdir(tmp_path)
    every = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG")
    folder = save_tagger(tmp_path / "tagger", {"ann": "B-PER", "lee": "I-PER", "acme": "B-ORG"}, every)
    known = {"task": "token-classification", "labels": ["PER", "ORG"], "truncation": "windows"}
    write_inference(Inference.model_validate({**READING, **known}), folder)
    return folder


def test_entities_are_found_in_plain_text_with_the_characters_that_they_take(tagger, predict):
    text = "(Ann Lee), of &amp; Acme."
    (row,) = answers(predict("--model", "tagger", stdin=text))
    assert row["tokens"] == ["(", "Ann", "Lee", ")", ",", "of", "&", "amp", ";", "Acme", "."]
    assert row["tags"] == ["O", "B-PER", "I-PER", "O", "O", "O", "O", "O", "O", "B-ORG", "O"]
    person, company = row["spans"]
    assert (person["label"], person["start"], person["end"], person["text"]) == ("PER", 1, 3, "Ann Lee")
    assert text[person["first_character"] : person["end_character"]] == "Ann Lee"
    assert text[company["first_character"] : company["end_character"]] == company["text"] == "Acme"


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_entities_are_written_to_files_too(tagger, predict, suffix):
    rows = pd.DataFrame({"words": [["Ann", "met", "Acme"], [], ["nobody"]]})
    rows.to_parquet("in.parquet")
    assert "3 texts in out" in predict("in.parquet", "--model", "tagger", "--tokens", "words", "--out", f"out.{suffix}")
    if suffix == "parquet":
        written = pq.read_table("out.parquet").to_pydict()
    else:
        written = {name: pd.read_csv("out.csv")[name].map(json.loads).tolist() for name in ("tokens", "tags", "spans")}
    assert written["tags"] == [["B-PER", "O", "B-ORG"], [], ["O"]]
    assert [[span["text"] for span in spans] for spans in written["spans"]] == [["Ann", "Acme"], [], []]


def test_a_long_sentence_is_tagged_to_its_end(tagger, predict):
    (row,) = answers(predict("--model", "tagger", stdin="nobody " * 60 + "Ann"))
    assert row["tags"] == ["O"] * 60 + ["B-PER"]


def test_every_format_gives_the_same_answers(make_model, predict):
    make_model()
    table = pd.DataFrame({"number": range(1, 5), "body": TEXTS})
    table.to_csv("in.csv", index=False)
    table.to_parquet("in.parquet")
    table.to_json("in.jsonl", orient="records", lines=True)
    expected = answers(predict(stdin="\n".join(TEXTS) + "\n"))
    assert [row["id"] for row in expected] == ["1", "2", "3", "4"]
    assert expected[3]["label"] is None
    for row in expected[:3]:
        of_labels = {name.removeprefix("p:"): value for name, value in row.items() if name.startswith("p:")}
        assert sum(of_labels.values()) == pytest.approx(1)
        assert of_labels[row["label"]] == row["probability"] == max(of_labels.values())
    for source, target in (("csv", "jsonl"), ("parquet", "csv"), ("jsonl", "parquet")):
        printed = predict(f"in.{source}", "--out", f"out.{target}", "--text", "body", "--id", "number")
        assert "4 texts in out" in printed and "1 of them empty" in printed
    assert answers(Path("out.jsonl").read_text()) == expected
    assert pq.read_table("out.parquet").to_pylist() == expected
    with Path("out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == [row["label"] or "" for row in expected]


def test_texts_are_cleaned_by_the_models_own_run_not_by_todays_parameters(make_model, predict):
    dirty, clean = "THE bank  match &lt;b&gt;phone&lt;/b&gt;\n", "THE bank match phone\n"
    make_model(clean={"entities": True, "tags": True, "whitespace": True})
    Path("params.yaml").write_text("clean: {stop_words: true}\n")
    assert answers(predict(stdin=dirty)) == answers(predict(stdin=clean))
    assert answers(predict(stdin="match THE bank\n")) != answers(predict(stdin="match bank\n"))


def test_a_record_that_lacks_the_newest_rules_loads_and_they_are_off(make_model, predict):
    section = yaml.safe_load((ROOT / "params.yaml").read_text())["clean"]
    old = {name: value for name, value in section.items() if name not in ("backslash_breaks", "private_data", "markup")}
    make_model(clean=old | {"unicode_form": {"enabled": True}, "a_rule_that_was_removed": True})
    assert answers(predict(stdin="bank\\nmatch\n")) != answers(predict(stdin="bank match\n"))
    assert answers(predict(stdin="bank &amp; match\n")) == answers(predict(stdin="bank & match\n"))


def test_escaped_tags_stay_or_go_as_cleaning_decided_for_the_models_corpus(make_model, predict):
    make_model(clean={"entities": True, "tags": True, "markup": "evidence"})
    escaped, shown, gone = "bank &lt;div&gt; match\n", "bank < div > match\n", "bank match\n"
    with pytest.raises(UserError, match=r"reports/clean/summary.json .*: is missing"):
        predict(stdin=escaped)
    Path("reports/clean").mkdir(parents=True)
    for decided, same in (("keep", shown), ("remove", gone)):
        Path("reports/clean/summary.json").write_text(json.dumps({"markup": {"decided": decided}}))
        assert answers(predict(stdin=escaped)) == answers(predict(stdin=same))
    assert answers(predict(stdin=shown)) != answers(predict(stdin=gone))


def test_records_of_different_runs_are_refused(make_model, predict):
    make_model()
    lock = yaml.safe_load(Path("dvc.lock").read_text())
    lock["stages"]["clean"]["outs"][0]["md5"] = "0" * 32
    Path("dvc.lock").write_text(yaml.safe_dump(lock))
    with pytest.raises(UserError, match="joins different runs: augment read data/clean"):
        predict(stdin="bank\n")


def test_prediction_cleans_as_the_clean_stage_does():
    section = yaml.safe_load((ROOT / "params.yaml").read_text())["clean"] | {"lowercase": True, "urls": "mask"}
    texts = [
        "<<b>b>X &amp;amp; Y",
        "NEW YORK (Reuters) - Shares  rose!!!!!!",
        "see HTTP://a.org/b?c=1&amp;copy=2 now",
        "a\\b",
    ]
    documents = pd.DataFrame({"text": texts, "tokens": None})
    cleaned = repair(documents, CleanParameters.model_validate(section))["text"].tolist()
    rules = TextRules.model_validate({name: section[name] for name in TextRules.model_fields})
    assert rules.apply(pd.Series(texts, dtype="str")).tolist() == cleaned
    assert cleaned != texts


def test_prediction_masks_names_as_the_clean_stage_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    section = yaml.safe_load((ROOT / "params.yaml").read_text())["clean"] | {"emails": "drop", "lowercase": True}
    section["private_data"] |= {"names": True, "action": "mask"}
    rules = TextRules.model_validate({name: section[name] for name in TextRules.model_fields})
    texts = ["&lt;b&gt;Ann&lt;/b&gt; said!!!!!! write to ann@example.org", "nobody", ""]
    with pytest.raises(UserError, match="models/fetched/names"):
        rules.apply(pd.Series(texts, dtype="str"))
    save_tagger(tmp_path / "models/fetched/names", {"ann": "B-PER", "name": "B-PER"})
    cleaned = repair(pd.DataFrame({"text": texts, "tokens": None}), CleanParameters.model_validate(section))["text"]
    assert rules.apply(pd.Series(texts, dtype="str")).tolist() == cleaned.tolist()
    assert cleaned.tolist() == ["[name] said!!! write to", "nobody", ""]


def test_a_copied_model_is_calibrated_and_a_packed_one_needs_no_repository(make_model, predict, tmp_path, monkeypatch):
    make_model(temperature=3.0, clean={"lowercase": True})
    here = predict(stdin="BANK\n")
    shutil.copytree("models/finetuned", "copy")
    assert predict("--model", "copy", stdin="BANK\n") == here
    trace.main(Path("copy"), tmp_path / "packed")
    shutil.copytree("models/finetuned", tmp_path / "bare")
    monkeypatch.chdir(tmp_path)
    shutil.rmtree("run")
    packed = predict("--model", "packed", stdin="BANK\n").splitlines()[-1]
    assert packed + "\n" == here
    (sharper,) = answers(predict("--model", "packed", "--temperature", "0.5", stdin="BANK\n"))
    assert sharper["probability"] > answers(here)[0]["probability"]
    with pytest.raises(UserError, match=r"no dvc.lock of this repository, at any revision, names these bytes"):
        predict("--model", "bare", stdin="BANK\n")


def test_low_probabilities_leave_the_label_open_and_a_temperature_softens_them(make_model, predict):
    make_model(temperature=2.0)
    sure, soft = (answers(predict(*given, stdin=LONG[0] + "\n"))[0] for given in ((), ("--temperature", "9")))
    assert soft["label"] == sure["label"] and soft["probability"] < sure["probability"] < 0.999
    row = answers(predict("--abstain-below", str(sure["probability"] + 1e-6), stdin=LONG[0] + "\n"))[0]
    assert row["label"] is None and row["probability"] == sure["probability"]


@pytest.mark.parametrize(
    ("task", "arguments", "message"),
    [
        ("regression", ["--abstain-below", "0.5"], "the model does not give one label a text"),
        ("text-classification", ["--tokens", "words"], "the model reads texts, not lists of words"),
        ("pairs", [], "plain lines have no column 'text_pair'"),
        ("text-classification", ["--temperature", "0"], "out of range"),
    ],
)
def test_what_does_not_go_with_a_model_is_one_line(make_model, predict, task, arguments, message):
    make_model(task)
    with pytest.raises(UserError, match=message):
        predict(*arguments, stdin="bank\n")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("in.csv", "body,x\na,b\n", "in.csv: there is no column 'text'"),
        ("in.csv", "text,x\na,b\nc\n", "in.csv:3: the row that ends here has 1 fields, not 2"),
        ("in.csv", 'text,x\n"a,b\n', "in.csv:2: not CSV (unexpected end of data)"),
        ("in.csv", b"text\n\xff\xfe\n", "in.csv: not UTF-8"),
        ("in.jsonl", '{"text": "a"}\nb\n', "in.jsonl:2: not JSON"),
        ("in.jsonl", '{"txt": "a"}\n', "in.jsonl:1: there is no key 'text'. Did you mean 'txt'?"),
        ("in.jsonl", '{"text": 5}\n', "in.jsonl, text 1: 'text' is 5. It must be a string."),
        ("in.jsonl", '{"text": ["a"]}\n', "in.jsonl, text 1: 'text' is ['a']. It must be a string."),
        ("in.jsonl", '{"text": "\\ud83d"}\n', "in.jsonl:1: holds half of a surrogate pair"),
        ("in.jsonl", "[" * 100_000 + "\n", "in.jsonl:1: not JSON"),
        ("in.jsonl", f'{{"text": {[7] * 9_999}}}\n', "'text' is [7, 7, 7, 7, 7, 7, ...]. It must be a string."),
        ("in.jsonl", "[]\n", "in.jsonl:1: no JSON object"),
        ("in.csv", "", "in.csv: there is no column 'text'"),
        ("in.csv", "text,text\na,b\n", "in.csv: there is more than one column 'text'"),
        ("in.csv", "text\n".encode("utf-16"), "in.csv: not UTF-8"),
        ("in.parquet", "no", "in.parquet: not a parquet file"),
        ("in.parquet", "", "in.parquet: not a parquet file"),
        ("in.doc", "no", "in.doc: cannot tell its format"),
        ("absent.csv", None, "absent.csv: there is no such file"),
    ],
)
def test_bad_input_is_one_line(tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as error:
        list(read_rows(path, format_of(path, None), ["text"], None, words=False))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


ODD = {
    "nul": "bank\x00match",
    "emoji": "match \U0001f600\U0001f468\u200d\U0001f469 bank",
    "right to left": "\u05d1\u05e0\u05e7 \u0645\u0628\u0627\u0631\u0627\u0629 bank",
    "Chinese": "\u94f6\u884c\u548c\u6bd4\u8d5b",
    "quoted": 'said "bank,\nmatch"\r\n"phone"',
    "of spaces": " \t ",
    "long": "bank match phone " * 60_000,  # a megabyte
}


@pytest.mark.parametrize("suffix", ["csv", "tsv", "jsonl", "parquet"])
def test_odd_texts_are_answered_alike_in_every_format(make_model, predict, suffix):
    make_model()
    table = pd.DataFrame({"name": [*ODD, "nul"], "text": [*ODD.values(), ODD["nul"]]})
    expected = table.to_dict("records")
    path = Path(f"in.{suffix}")
    if suffix == "parquet":
        table.to_parquet(path, row_group_size=3)
    elif suffix == "jsonl":
        path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(map(json.dumps, expected)).encode() + b"\r\n")
    else:
        with path.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.DictWriter(file, ["name", "text"], delimiter="," if suffix == "csv" else "\t")
            writer.writeheader()  # with CRLF
            writer.writerows(expected)
    assert "8 texts in out.jsonl, 1 of them empty" in predict(str(path), "--id", "name", "--out", "out.jsonl")
    rows = answers(Path("out.jsonl").read_text())
    assert [row["id"] for row in rows] == [*ODD, "nul"]  # an id that occurs twice is that of two texts
    assert [row["label"] is None for row in rows] == [name == "of spaces" for name in [*ODD, "nul"]]
    assert rows[0] == rows[-1]
    alone = [answers(predict(stdin="bank match phone " * 60_000))[0], rows[6]]
    assert alone[0]["probability"] == pytest.approx(alone[1]["probability"], abs=1e-5)
    for form in ("csv", "parquet"):
        predict(str(path), "--id", "name", "--out", f"out.{form}")
    assert pq.read_table("out.parquet").to_pylist() == rows
    with Path("out.csv").open(newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == [row["id"] for row in rows]


@pytest.mark.parametrize(
    ("name", "content"), [("in.txt", b""), ("in.jsonl", b"\n\n"), ("in.csv", b"\xef\xbb\xbftext\r\n")]
)
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_no_texts_give_no_answers(make_model, predict, name, content, suffix):
    make_model()
    Path(name).write_bytes(content)
    assert "0 texts in out" in predict(name, "--out", f"out.{suffix}")
    columns = ["id", "label", "probability", *(f"p:{topic}" for topic in TOPICS)]
    if suffix == "parquet":
        assert pq.read_table("out.parquet").column_names == columns
    else:
        assert Path(f"out.{suffix}").read_text() == (",".join(columns) + "\n" if suffix == "csv" else "")


def test_windows_are_shorter_where_texts_are_long():
    rows = [Row(str(number), ["x" * 10**6, None]) for number in range(7)] + [Row("w", [["word"] * 10])] * 2_060
    cut = list(windows(rows))
    assert [len(window.rows) for window in cut] == [5, 2_048, 14]
    assert [window.number for window in cut] == [0, 1, 2]
    assert [row for window in cut for row in window.rows] == rows
    assert len({window.digest for window in cut}) == 3


def test_a_text_where_words_should_be_is_one_line(tagger, predict):
    Path("in.jsonl").write_text('{"words": "Ann"}\n')
    with pytest.raises(UserError, match=r"'words' is 'Ann'. It must be a list of words"):
        predict("in.jsonl", "--model", "tagger", "--tokens", "words")


def test_an_id_that_is_none_is_one_line(tmp_path):
    (tmp_path / "in.jsonl").write_text('{"text": "a", "n": 1.5}\n{"text": "a", "n": null}\n')
    rows = read_rows(tmp_path / "in.jsonl", "jsonl", ["text"], "n", words=False)
    assert next(rows).id == "1.5"
    with pytest.raises(UserError, match=r"text 2: 'n' is None. It must be a string or a number"):
        next(rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "in.csv"], r"^in.csv: is the input, too"),
        (["--out", "folder.csv"], r"^folder.csv: is a folder"),
        (["--out", "out.xlsx"], r"^out.xlsx: answers cannot be written as '.xlsx'"),
        (["--resume"], r"^--resume: answers on stdout are not kept"),
        (["--threads", "0"], r"^--threads is out of range"),
        (["--processes", "-1"], r"^--processes is out of range"),
        (["--temperature", "nan"], r"^--temperature is out of range"),
        (["--temperature", "inf"], r"^--temperature is out of range"),
        (["--abstain-below", "nan"], r"^--abstain-below is out of range"),
    ],
)
def test_slips_of_the_command_line_are_one_line_and_harm_nothing(predict, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    Path("in.csv").write_text("text\na\n")
    Path("folder.csv").mkdir()
    Path("folder.csv/kept").touch()
    with pytest.raises(UserError, match=message):
        predict("in.csv", *arguments)
    assert sorted(path.name for path in Path().rglob("*")) == ["folder.csv", "in.csv", "kept"]
    assert Path("in.csv").read_text() == "text\na\n"


def test_a_failure_leaves_no_half_written_answers(make_model, predict):
    make_model()
    Path("in.jsonl").write_text('{"text": "oven"}\nno\n')
    with pytest.raises(UserError, match=r"in.jsonl:2: not JSON"):
        predict("in.jsonl", "--out", "out.csv")
    assert not list(Path().glob("*out.csv*"))


@pytest.mark.xdist_group("commands")
def test_a_models_own_test_documents_get_the_answers_that_evaluate_wrote(repository):
    """From the exported model, which is the default, as from the weights that it was made from."""
    options = ("--text", "text", "--id", "id", "--threads", "1")
    evaluated = pd.read_parquet(repository / "data/predictions.parquet").set_index("id")
    for model, apart in (([], 1e-5), (["--model", "models/finetuned"], 1e-6)):
        command = ["python", "-m", "commands.predict", "data/splits/test.parquet", *options, *model]
        run(repository, *command, "--out", "answers.parquet")
        answered = pd.read_parquet(repository / "answers.parquet").set_index("id").loc[evaluated.index]
        assert answered["label"].tolist() == evaluated["predicted"].tolist()
        for name in evaluated.columns[evaluated.columns.str.startswith("p:")]:
            np.testing.assert_allclose(answered[name], evaluated[name], atol=apart)


@pytest.mark.parametrize("task", ["text-classification", "token-classification", "pairs", "regression"])
def test_answers_are_explained_where_that_is_asked_for(make_model, predict, task):
    make_model(task)
    rows = [{"text": "the bank and the team", "text_pair": "market share"}, {"text": "", "text_pair": ""}]
    stdin = "".join(json.dumps(row) + "\n" for row in rows)
    plain = answers(predict("--format", "jsonl", stdin=stdin))
    explained = answers(predict("--format", "jsonl", "--explain", "--explain", "auto", stdin=stdin))
    assert [{**row, "explanations": None} for row in plain] == [{**row, "explanations": None} for row in explained]
    for explanation in explained[0]["explanations"]:
        assert explanation["method"] == "integrated_gradients" and explanation["completeness_error"] <= 0.02
        expected = "the bank and the team market share" if task == "pairs" else "the bank and the team"
        assert " ".join(word["text"] for word in explanation["words"]) == expected
    if task == "text-classification":
        assert explained[0]["explanations"][0]["target"] == explained[0]["label"]
    assert all(explanation["words"] == [] for explanation in explained[1]["explanations"])


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_explanations_go_to_every_form_of_file(make_model, predict, suffix):
    make_model()
    Path("texts.txt").write_text("the bank and the team\n")
    predict("texts.txt", "--explain", "occlusion", "--out", f"out.{suffix}")
    if suffix == "parquet":
        (found,) = pq.read_table("out.parquet").to_pylist()[0]["explanations"]
    else:
        (found,) = json.loads(next(csv.DictReader(io.StringIO(Path("out.csv").read_text())))["explanations"])
    assert found["method"] == "occlusion" and len(found["words"]) == 5


@pytest.mark.parametrize("method", ["lora", "prefix"])
def test_a_model_with_an_adapter_is_explained(make_model, predict, method):
    make_model(method=method)
    (row,) = answers(predict("--explain", stdin="the bank and the team\n"))
    (found,) = row["explanations"]
    assert found["completeness_error"] <= 0.02 and any(word["score"] for word in found["words"])
