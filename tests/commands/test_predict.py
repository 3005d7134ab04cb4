"""New texts get the labels that the model gives them after the cleaning it was trained with."""

import csv
import io
import json
import shutil
import subprocess

import pandas as pd
import pyarrow.parquet as pq
import pytest
import yaml
from stages.common.core.provenance import Provenance, directory_hash, write_provenance

from commands.predict import main, parser
from commands.texts import format_of, read_texts
from stages.clean.parameters import CleanParameters
from stages.clean.repair import repair
from stages.common.core.messages import UserError
from stages.common.text_rules.settings import TextRules
from tests.common.tiny_encoder import save_tagger
from tests.corpus import environment, run
from tests.imports import ROOT

TEXTS = ["the oven bakes dough &amp; bread", "boat <b>anchor</b> sail", "plain words, nothing else", ""]


@pytest.fixture
def predict(repository, monkeypatch, capsys):
    """Runs the command in this process, in the repository; gives what it printed."""

    def run_command(*arguments, stdin=""):
        monkeypatch.chdir(repository)
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        main(parser().parse_args(["--threads", "1", *arguments]))
        return capsys.readouterr().out

    return run_command


def answers(said):
    return [json.loads(line) for line in said.splitlines()]


def test_every_format_gives_the_same_answers(repository, predict):
    table = pd.DataFrame({"number": range(1, 5), "body": TEXTS})
    table.to_csv(repository / "in.csv", index=False)
    table.to_parquet(repository / "in.parquet")
    table.to_json(repository / "in.jsonl", orient="records", lines=True)
    expected = answers(predict(stdin="\n".join(TEXTS) + "\n"))
    assert [row["id"] for row in expected] == ["1", "2", "3", "4"]
    assert expected[3]["label"] is None
    for row in expected[:3]:
        of_labels = {name.removeprefix("p:"): value for name, value in row.items() if name.startswith("p:")}
        assert sum(of_labels.values()) == pytest.approx(1)
        assert of_labels[row["label"]] == row["probability"] == max(of_labels.values())
    for source, target in (("csv", "jsonl"), ("parquet", "csv"), ("jsonl", "parquet")):
        named = ("--text", "body", "--id", "number")
        said = predict(f"in.{source}", "--out", f"out.{target}", *named)
        assert "4 texts in out" in said and "1 of them empty" in said
    assert [json.loads(line) for line in (repository / "out.jsonl").read_text().splitlines()] == expected
    assert pq.read_table(repository / "out.parquet").to_pylist() == expected
    with (repository / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == [row["label"] or "" for row in expected]


def test_texts_are_cleaned_by_the_models_record_not_by_todays_parameters(repository, predict):
    dirty = "THE OVEN  bakes &lt;b&gt;dough&lt;/b&gt;\n"
    clean = "THE OVEN bakes dough\n"
    params = yaml.safe_load((repository / "params.yaml").read_text())
    params["clean"] |= {"tags": False, "entities": False, "whitespace": False, "stop_words": True}
    (repository / "params.yaml").write_text(yaml.safe_dump(params))
    one, other = (answers(predict(stdin=text))[0] for text in (dirty, clean))
    assert one == other


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


def test_a_model_alone_in_a_folder_is_used_by_its_own_record_and_traced_by_its_bytes(repository, tmp_path, monkeypatch):
    monkeypatch.chdir(repository)
    alone = shutil.copytree(repository / "models/finetuned", tmp_path / "alone")
    assert "from the run of" in run(repository, "python", "-m", "commands.trace", str(alone)).stdout
    write_provenance(alone)
    record = Provenance.model_validate_json((alone / "provenance.json").read_text())
    assert record.parameters["clean"] == yaml.safe_load((repository / "params.yaml").read_text())["clean"]
    lock = yaml.safe_load((repository / "dvc.lock").read_text())["stages"]["finetune"]
    recorded = {dep["path"]: dep["md5"] for dep in lock["deps"]}
    assert record.inputs == {
        path: recorded[path] for path in ("data/audited", "data/splits", "models/fetched/pretrained")
    }
    before = directory_hash(alone)
    write_provenance(alone)
    assert directory_hash(alone) == before
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    command = ["python", "-m", "commands.predict", "--threads", "1", "--model", str(alone)]
    elsewhere = environment(PYTHONPATH=str(repository))
    done = subprocess.run(command, cwd=tmp_path, input="oven dough\n", capture_output=True, text=True, env=elsewhere)
    assert done.returncode == 0, done.stderr
    assert answers(done.stdout)[0]["label"] in ("kitchen", "garden", "harbour")


def test_low_probabilities_leave_the_label_open_and_a_temperature_softens_them(repository, predict):
    (repository / "reports/evaluate/calibration.json").write_text('{"temperature": null}')
    sure, soft = (answers(predict(*given, stdin=TEXTS[0] + "\n"))[0] for given in ((), ("--temperature", "9")))
    assert soft["label"] == sure["label"] and soft["probability"] < sure["probability"]
    (repository / "reports/evaluate/calibration.json").write_text('{"temperature": 9.0}')
    assert answers(predict(stdin=TEXTS[0] + "\n"))[0] == soft
    (repository / "reports/evaluate/calibration.json").write_text('{"temperature": null}')
    row = answers(predict("--abstain-below", "0.9", stdin=TEXTS[0] + "\n"))[0]
    assert row["label"] is None and row["probability"] == sure["probability"]


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
        ("in.parquet", "no", "in.parquet: not a parquet file"),
        ("in.doc", "no", "in.doc: cannot tell its format"),
        ("absent.csv", None, "absent.csv: there is no such file"),
    ],
)
def test_bad_input_is_one_line(tmp_path, name, content, said):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as error:
        list(read_texts(path, format_of(path, None), "text", None))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_failure_leaves_no_half_written_answers(repository, predict):
    (repository / "in.jsonl").write_text('{"text": "oven"}\nno\n')
    with pytest.raises(UserError, match=r"in.jsonl:2: not JSON"):
        predict("in.jsonl", "--out", "out.csv")
    assert not list(repository.glob("*out.csv*"))


def test_a_model_without_its_card_or_that_nobody_knows_is_one_line(repository, predict):
    alone = shutil.copytree(repository / "models/finetuned", repository / "alone")
    (alone / "provenance.json").unlink()
    with pytest.raises(UserError, match=r"no dvc.lock of this repository, at any revision, names these bytes"):
        predict("--model", "alone", stdin="oven\n")
    (alone / "card.json").unlink()
    with pytest.raises(UserError, match=r"^alone/card.json: there is no such file."):
        predict("--model", "alone", stdin="oven\n")
