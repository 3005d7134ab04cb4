"""predict answers from an exported model as from torch's weights, and refuses one that is not as export left it."""

import json
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
import torch

from commands.predict import main, parser
from commands.prediction import Predictor
from stages.common.core.messages import UserError
from stages.common.core.outputs import write_json
from stages.common.model.exported import SUMS, TEXT_RULES, write_sums
from stages.common.model.inference import Inference, write_inference
from stages.common.model.loading import load_pretrained
from stages.common.model.scorer import Scorer
from stages.export.__main__ import example_batch
from stages.export.conversion import convert
from stages.export.folder import copy_all_but_weights
from tests.commands.recorded import record_model
from tests.common.tiny_encoder import TOPICS, article, save_encoder

LONG = [article(topic, number, words=3 + 9 * number) for number in range(8) for topic in TOPICS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """models/finetuned, untrained, with the records of its run, and models/exported."""
    folder = tmp_path_factory.mktemp("run")
    record = {"task": "text-classification", "labels": list(TOPICS), "truncation": "head", "window_overlap": 0.25}
    inference = Inference.model_validate({**record, "max_length": 14, "batch_tokens": 4_096, "temperature": 1.7})
    torch.manual_seed(1)
    encoder, tokenizer = load_pretrained(save_encoder(folder / "encoder"), inference.outputs, 0.0, "document")
    torch.nn.init.normal_(encoder.classifier.weight, std=1.0)
    known = Scorer(encoder, tokenizer, inference).logits(pd.DataFrame({"text": LONG}), "balancing")
    encoder.classifier.bias.data -= torch.from_numpy(known.mean(axis=0))  # so that it does not answer all alike

    def save(place):
        encoder.save_pretrained(place)
        tokenizer.save_pretrained(place)
        write_inference(inference, place)

    record_model(folder, save, {"lowercase": True})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        predictor = Predictor.load(Path("models/finetuned"), "cpu")
        exported = Path("models/exported")
        copy_all_but_weights(Path("models/finetuned"), exported)
        write_json(exported / TEXT_RULES, predictor.rules.model_dump())
        batch = example_batch(predictor.scorer, pd.DataFrame({"text": LONG}))
        convert(predictor.scorer, batch, exported / "model.onnx")
        write_sums(exported)
    return folder


@pytest.fixture
def place(folder, tmp_path, monkeypatch):
    copied = Path(shutil.copytree(folder, tmp_path / "run"))
    monkeypatch.chdir(copied)
    Path("in.txt").write_text("".join(f"{text}\n" for text in LONG))
    return copied


def predict(*arguments):
    main(parser().parse_args(["in.txt", "--threads", "1", *arguments]))


def test_an_exported_model_is_the_default_and_answers_as_torch_does(place):
    predict("--out", "exported.jsonl")
    predict("--out", "torch.jsonl", "--model", "models/finetuned")
    one, other = (pd.read_json(f"{name}.jsonl", lines=True) for name in ("exported", "torch"))
    assert one["label"].tolist() == other["label"].tolist() and one["label"].nunique() > 1
    numbers = ["probability", *(f"p:{topic}" for topic in TOPICS)]
    pd.testing.assert_frame_equal(one[numbers], other[numbers], rtol=0, atol=1e-5)
    assert (one["id"] == range(1, 1 + len(LONG))).all()


def remove(path):
    path.unlink()


def empty(path):
    path.write_bytes(b"")


def halve(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [remove, empty, halve, flip])
@pytest.mark.parametrize("name", ["model.onnx", "config.json", "inference.json", "tokenizer.json", TEXT_RULES])
def test_a_damaged_folder_is_one_line(place, damage, name):
    damage(Path("models/exported") / name)
    what = "there is no such file" if damage is remove else f"is not the file that {SUMS} names"
    with pytest.raises(
        UserError, match=rf"^models/exported/{name}: {what}\. Get the whole folder again: `dvc checkout`"
    ):
        predict("--out", "out.csv")
    assert not list(Path().glob("*out.csv*"))


def test_labels_that_were_exchanged_are_noticed(place):
    """The weights fit, the labels are known, and every answer would be wrong."""
    record = Path("models/exported/inference.json")
    content = json.loads(record.read_text())
    record.write_text(json.dumps(content | {"labels": content["labels"][::-1]}))
    with pytest.raises(UserError, match=r"inference.json: is not the file that SHA256SUMS names"):
        predict()


def test_a_rule_that_this_code_does_not_have_is_one_line(place):
    path = Path("models/exported") / TEXT_RULES
    path.write_text(json.dumps(json.loads(path.read_text()) | {"a_rule_of_tomorrow": True}))
    write_sums(Path("models/exported"))
    with pytest.raises(UserError, match=r"text_rules.json.a_rule_of_tomorrow: there is no such key"):
        predict()


@pytest.mark.parametrize("damage", [remove, empty, halve])
def test_a_damaged_list_of_files_is_one_line(place, damage):
    damage(Path("models/exported") / SUMS)
    with pytest.raises(UserError, match=r"^models/exported/\S+: (there is no such|is not the) file"):
        predict()


def test_sha256sum_reads_the_list(place):
    subprocess.run(["sha256sum", "--check", "--strict", SUMS], cwd="models/exported", check=True, capture_output=True)
    assert {line.split("  ")[1] for line in (Path("models/exported") / SUMS).read_text().splitlines()} == {
        path.name for path in Path("models/exported").iterdir()
    } - {SUMS}


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_an_exported_model_computes_on_the_processor_only(place, device):
    with pytest.raises(UserError, match=f"computes on the processor, not on {device}"):
        predict("--device", device)


def test_no_model_at_all_is_one_line(place):
    shutil.rmtree("models/exported")
    with pytest.raises(UserError, match=r"^models/exported/config.json: there is no such file. Run `dvc repro`"):
        predict()
