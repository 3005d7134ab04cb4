"""A service of its own process, with a small untrained model."""

import re
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import httpx2
import numpy as np
import pandas as pd
import pytest
import torch

from stages.common.model.inference import Inference, write_inference
from stages.common.model.loading import load_pretrained
from stages.common.model.scorer import Scorer
from stages.common.tasks import task_named
from tests.commands.recorded import record_model
from tests.common.tiny_encoder import TOPICS, article, save_encoder
from tests.corpus import environment
from tests.imports import ROOT

READING = {"max_length": 64, "batch_tokens": 4_096, "truncation": "head", "window_overlap": 0.25, "temperature": 1.5}
LABELS = {"regression": [], "token-classification": ["PER", "ORG"], "pairs": ["entailment", "neutral"]}
SHOWN = ["--host", "127.0.0.1", "--abstain-below", "0.6", "--log"]  # the options of docs/serving.md
ARTICLES = [article(topic, number, words=3 + number % 40) for number in range(120) for topic in TOPICS]


class Served:
    """A running service."""

    def __init__(self, process, url, log):
        self.process, self.url, self.log = process, url, log
        self.client = httpx2.Client(base_url=url, timeout=60)

    def ask(self, texts, **more):
        return self.client.post("/predict", json={"texts": texts, **more})

    def metrics(self):
        lines = self.client.get("/metrics").text.splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}

    def stop(self):
        """Tells it to stop; gives its exit code and what it said."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        return code, self.log.read_text()


def make_model(folder, task="text-classification", **record):
    """Makes models/finetuned in a folder, with the records of a run that never ran."""
    labels = LABELS.get(task, list(TOPICS))
    inference = Inference.model_validate({"task": task, "labels": labels, **READING, **record})
    encoder = save_encoder(folder / "pretrained", hidden_size=64, intermediate_size=256)
    torch.manual_seed(1)
    model, tokenizer = load_pretrained(encoder, inference.outputs, 0.0, task_named(task).head)
    torch.nn.init.normal_(model.classifier.weight, std=1.0)
    if task_named(task).inputs == ("text",):
        logits = Scorer(model, tokenizer, inference).logits(pd.DataFrame({"text": ARTICLES}), "balancing")
        model.classifier.bias.data -= torch.from_numpy(np.mean(logits, axis=0))  # so that it does not answer all alike

    def save(place):
        model.save_pretrained(place)
        tokenizer.save_pretrained(place)
        write_inference(inference, place)

    (folder / "run").mkdir()
    record_model(folder / "run", save, {"entities": True, "whitespace": True})
    return folder / "run"


@contextmanager
def served(run, *options):
    """Runs the service as a person starts it, on a free port."""
    log = run / f"log-{time.time_ns()}"
    command = ["python", "-m", "commands.serve", "models/finetuned", "--port", "0", "--threads", "1", *options]
    told = environment(PYTHONPATH=str(ROOT))
    with log.open("w") as file:
        process = subprocess.Popen(command, cwd=run, stdout=file, stderr=subprocess.STDOUT, env=told)
    try:
        for _ in range(600):
            if found := re.search(r"answers at (http://\S+?)[.;] ", log.read_text()):
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield Served(process, found[1], log)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def texts_run(tmp_path_factory):
    """A folder with a model that reads texts."""
    return make_model(tmp_path_factory.mktemp("serving"))


@pytest.fixture(scope="module")
def service(texts_run):
    with served(texts_run, "--patience", "1", "--body-bytes", "100000", "--deadline", "120", "--log") as running:
        yield running


@pytest.fixture
def start(texts_run):
    """Starts a service with options; it ends with the test."""
    return lambda *options: served(texts_run, *options)


def path_of(run):
    return Path(run) / "models/finetuned"
