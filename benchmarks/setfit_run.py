"""Trains SetFit with its own defaults and predicts: run by benchmarks.few_labels in SetFit's environment."""

import json
import sys
import time
from pathlib import Path

import torch
from datasets import Dataset
from setfit import SetFitModel, Trainer, TrainingArguments


def main() -> None:
    encoder, folder, seed, max_length = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    train, scored = (json.loads((folder / name).read_text()) for name in ("train.json", "scored.json"))
    begin = time.perf_counter()
    model = SetFitModel.from_pretrained(encoder, labels=sorted({row["label"] for row in train}))
    model.model_body.max_seq_length = max_length
    arguments = TrainingArguments(seed=seed, report_to="none", save_strategy="no", output_dir=str(folder / "setfit"))
    Trainer(model=model, args=arguments, train_dataset=Dataset.from_list(train)).train()
    seconds = time.perf_counter() - begin
    texts = sorted((row["text"] for row in scored), key=len)  # SetFit's head has its own batches; these pad less
    with torch.autocast("cpu", torch.bfloat16, enabled=sys.argv[5] == "bf16"):
        predicted = dict(zip(texts, model.predict(texts, batch_size=64), strict=True))
    labels = [str(predicted[row["text"]]) for row in scored]
    (folder / "setfit.json").write_text(json.dumps({"labels": labels, "seconds": seconds}))


if __name__ == "__main__":
    main()
