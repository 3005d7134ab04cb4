"""Cleans a text as those were that the model in this folder learnt from, but for the rules that take a package."""

import html
import json
import re
import unicodedata
from pathlib import Path

HOW = json.loads(Path(__file__).with_name("predict.json").read_text("utf-8"))


def clean(text):
    """Applies the rules in their order, again and again until they change nothing."""
    for steps in (HOW["repairs"], HOW["all"]):
        before = None
        while text != before:
            before = text
            for step in steps:
                parts = re.split(f"({step['keep']})", text) if "keep" in step else [text]
                if not re.search(step.get("unless", "(?!)"), text):
                    text = "".join(part if at % 2 else change(part, step) for at, part in enumerate(parts))
    return text


def change(text, step):
    if step["call"] == "put":
        return re.sub(step["find"], step["put"], text)
    if step["call"] == "unescape":
        return re.sub(step["find"], lambda found: unescape(found[0], step["but"]), text)
    return text.lower() if step["call"] == "lower" else unicodedata.normalize(step["call"], text)


def unescape(entity, but):
    said = html.unescape(f"&{entity.lstrip(' &')}")
    return entity if "\ufffd" in said or said[1:].endswith(";") or said in list(but) else said
