"""A training whose weights are shared out among processes by FSDP; each of two processes on the processor runs this.

accelerate offers FSDP on accelerators only, so the part of it that shares out the weights stands here.

    python -m torch.distributed.run --standalone --nproc-per-node=2 -m tests.finetune.sharing ENCODER FOLDER
"""

import sys
from pathlib import Path

import numpy as np
from accelerate import Accelerator
from safetensors.torch import save_file
from torch.distributed.fsdp import fully_shard

from stages.common.model.device import compute_alike
from stages.common.model.loading import load_pretrained
from stages.common.model.scorer import document_logits
from stages.common.model.tokenising import tokenise
from stages.common.training.checkpoints import Checkpoints
from stages.common.training.examples import Examples
from stages.common.training.loop import log_nowhere, train
from stages.common.training.selection import Validation
from stages.finetune.objectives import of_classes
from stages.finetune.parameters import Finetune
from stages.finetune.tasks.text_classification import validation_metrics
from tests.common.tiny_encoder import TOPICS, record
from tests.finetune.conftest import PARAMETERS, make_split


class Sharing(Accelerator):
    def prepare(self, model, optimiser):
        names = {parameter: name for name, parameter in model.named_parameters()}
        groups = [[names[parameter] for parameter in group["params"]] for group in optimiser.param_groups]
        for layer in model.bert.encoder.layer:
            fully_shard(layer)
        fully_shard(model)
        shared = dict(model.named_parameters())
        for group, members in zip(optimiser.param_groups, groups, strict=True):
            group["params"] = [shared[name] for name in members]
        return model, optimiser


def train_tiny(accelerator, encoder, checkpoints, log):
    parameters = Finetune.model_validate({**PARAMETERS, "dropout": 0.0})
    compute_alike(parameters.seed, parameters.threads)
    model, tokenizer = load_pretrained(encoder, list(TOPICS), parameters.dropout, "document")
    documents = make_split(0, 11)
    texts = documents["text"].tolist()
    labels = documents["label"].map(list(TOPICS).index).to_numpy(dtype=np.int64, copy=True)

    def validate():
        logits = document_logits(model, tokenizer, texts, record(TOPICS, parameters.max_length), "validating")
        return validation_metrics(logits, labels, record(TOPICS, parameters.max_length)), logits

    examples = Examples(tokenise(tokenizer, texts, parameters.max_length, "head", 0.0), labels)
    objective = of_classes(parameters, labels, len(TOPICS), None)
    validation = Validation(validate, "macro_f1", True, ("accuracy", "macro_f1", "loss"))
    outcome = train(model, tokenizer, examples, objective, validation, parameters, accelerator, checkpoints, log)
    checkpoints.wait()
    return model, outcome


def main():
    encoder, folder = Path(sys.argv[1]), Path(sys.argv[2])
    accelerator = Sharing(cpu=True)
    for name in ("first", "resumed"):  # the second one goes on from the last checkpoint of the first
        accelerator.wait_for_everyone()
        log = log_nowhere if accelerator.process_index else lambda step, values: print(step, values.get("train/loss"))
        checkpoints = Checkpoints(folder / "checkpoints", every=4, writing=accelerator.is_main_process)
        model, outcome = train_tiny(accelerator, encoder, checkpoints, log)
        if accelerator.is_main_process:
            save_file(outcome.weights, folder / f"{name}.safetensors")
            model.save_pretrained(folder / "model", state_dict=outcome.weights)


if __name__ == "__main__":
    main()
