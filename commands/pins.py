"""Writes pins.yaml: the versions of the packages that shape results, taken from requirements.txt."""

import argparse
from pathlib import Path

from stages.common.core.entry import run_command

REQUIREMENTS, PINS = Path("requirements.txt"), Path("pins.yaml")

HEAD = "# Made from requirements.txt by `make pins`. Stages list theirs as params, so that an upgrade reruns them.\n"

# A package belongs here if another version of it can change the bytes of an output or the value of a figure. Those that
# fetch, check and show (pydantic, tqdm, httpx2, …) do not: what is fetched has a pinned hash.
SHAPE_RESULTS = [
    "accelerate",
    "cleanlab",
    "duckdb",
    "dvclive",
    "ftfy",
    "jinja2",
    "lemminflect",
    "matplotlib",
    "numpy",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "pandas",
    "peft",
    "phonenumbers",
    "pillow",
    "py3langid",
    "pyarrow",
    "sacremoses",
    "safetensors",
    "scikit-learn",
    "scipy",
    "sentencepiece",
    "seqeval",
    "tokenizers",
    "torch",
    "transformers",
    "wordcloud",
]


def pins(requirements: str) -> str:
    """The content of pins.yaml.

    Args:
        requirements: The content of requirements.txt.

    Returns:
        One line a package, sorted by name.
    """
    lines = (line.split("#")[0].strip() for line in requirements.splitlines())
    versions = dict(line.split("==", 1) for line in lines if "==" in line)
    return HEAD + "".join(f'{name}: "{versions[name]}"\n' for name in SHAPE_RESULTS)


def main() -> None:
    """Writes pins.yaml anew."""
    PINS.write_text(pins(REQUIREMENTS.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    run_command(lambda _: main(), argparse.ArgumentParser(description=__doc__))
