"""A tiny random model of each task, and what it reads."""

import pandas as pd
import pytest

from tests.evaluate.conftest import LABELS, save_tiny_model

TEXTS = ["The minister and the vote.", "The team, the cup and the match and the goal.", "phone", "", "the law " * 40]
DOCUMENTS = pd.DataFrame(
    {
        "id": [f"d{number}" for number in range(len(TEXTS))],
        "text": TEXTS,
        "text_pair": TEXTS[::-1],
        "tokens": [text.split() for text in TEXTS],
    }
)


@pytest.fixture
def make_model(tmp_path):
    """Saves a model of a task with random weights, large enough for its answers to differ."""

    def make(task, **record):
        import torch
        from safetensors.torch import load_file, save_file

        labels = [] if task == "regression" else LABELS
        folder = tmp_path / "models/finetuned"
        save_tiny_model(folder, labels, task, **record)
        weights = load_file(folder / "model.safetensors")
        torch.manual_seed(1)
        save_file({name: tensor + 0.3 * torch.randn_like(tensor) for name, tensor in weights.items()},
                  folder / "model.safetensors", {"format": "pt"})  # fmt: skip
        return folder

    return make
