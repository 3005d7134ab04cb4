"""Answers texts with the model in this folder: python predict.py [FILE]. Needs onnxruntime, tokenizers and numpy.

One text a line, from stdin without FILE. In a .jsonl file, and always where the model reads pairs, a line is JSON:
{"text": ..., "text_pair": ...}. The answers are JSON lines in the order of the texts.
"""

import json
import re
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import onnxruntime
import tokenizers
from clean_text import HOW, clean

HERE = Path(__file__).resolve().parent
RECORD = json.loads((HERE / "inference.json").read_text("utf-8"))
TOKENIZER = tokenizers.Tokenizer.from_file(str(HERE / "tokenizer.json"))
ROOM = RECORD["max_length"] - len(HOW["before"]) - len(HOW["after"])  # tokens of a text in a window


def windows(texts):
    """What the model reads of a text, or of a pair: token ids and types of each window."""
    how = RECORD["truncation"]
    if len(texts) == 2:
        side = {"head": "right", "tail": "left"}[how]
        TOKENIZER.enable_truncation(RECORD["max_length"], strategy="longest_first", direction=side)
        both = TOKENIZER.encode(*texts)
        return [(both.ids, both.type_ids)]
    ids = TOKENIZER.encode(texts[0], add_special_tokens=False).ids
    head = {"head": ROOM, "head+tail": -(-ROOM // 4)}.get(how, 0)
    cuts = [ids[:head] + ids[len(ids) - ROOM + head :]] if len(ids) > ROOM else [ids]
    if len(ids) > ROOM and how == "windows":
        step = max(1, ROOM - round(RECORD["window_overlap"] * ROOM))
        cuts = [ids[at : at + ROOM] for at in [*range(0, len(ids) - ROOM, step), len(ids) - ROOM]]
    return [(each, [0] * len(each)) for each in (HOW["before"] + cut + HOW["after"] for cut in cuts)]


def score(session, texts):
    """The logits of each text, the mean over its windows, in batches of about one length."""
    made = sorted(((at, *each) for at, text in enumerate(texts) for each in windows(text)), key=lambda it: len(it[1]))
    logits, counts = np.zeros((len(texts), len(HOW["outputs"]))), np.zeros((len(texts), 1))
    while made:
        longest = [len(ids) for _, ids, _ in made]
        size = next((n for n in range(len(made), 1, -1) if n * longest[n - 1] <= RECORD["batch_tokens"]), 1)
        batch, made = made[:size], made[size:]
        ids, types, mask = np.full((size, longest[size - 1]), HOW["pad"]), *np.zeros((2, size, longest[size - 1]), int)
        for row, (_, own, kinds) in enumerate(batch):
            place = slice(-len(own), None) if HOW["pads_left"] else slice(len(own))
            ids[row, place], types[row, place], mask[row, place] = own, kinds, 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
        owners = [at for at, _, _ in batch]
        np.add.at(logits, owners, session.run(["logits"], {name: given[name] for name in HOW["inputs"]})[0])
        np.add.at(counts, owners, 1)
    return logits / counts


def answer(logits):
    """The answer to a text: a number, its labels, or its label, with the probability of each label."""
    if HOW["answer"] == "value":
        return {"value": RECORD["centre"] + RECORD["scale"] * logits[0]}
    scaled = logits / (RECORD["temperature"] or 1)
    if HOW["answer"] == "labels":
        chances = 1 / (1 + np.exp(-scaled))
        chosen = chances >= np.array(RECORD["thresholds"] or 0.5)
        named = {"labels": [label for label, given in zip(RECORD["labels"], chosen) if given]}
    else:
        chances = np.exp(scaled - scaled.max()) / np.exp(scaled - scaled.max()).sum()
        named = {"label": RECORD["labels"][int(chances.argmax())], "probability": chances.max()}
    return named | {f"p:{label}": chance for label, chance in zip(RECORD["labels"], chances)}


def main(path=0):
    if HOW["left_out"]:
        print(f"rules that are not applied, since they take packages: {', '.join(HOW['left_out'])}", file=sys.stderr)
    session = onnxruntime.InferenceSession(HERE / "model.onnx", providers=["CPUExecutionProvider"])
    in_json = str(path).endswith(".jsonl") or len(HOW["columns"]) == 2
    with open(path, encoding="utf-8", errors="replace") as lines:
        while given := [json.loads(line) if in_json else {"text": line} for line in islice(lines, 2_000)]:
            texts = [[clean(each[name].rstrip("\n")) for name in HOW["columns"]] for each in given]
            for text, logits in zip(texts, score(session, texts)):
                said = answer(logits)
                if not re.search(r"\w", " ".join(text)):  # nothing to answer
                    said[next(iter(said))] = None
                print(json.dumps(said, ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
