"""Loads an encoder with a head for its task and its tokenizer: a folder, no pickle, no network, no remote code."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import torch
import transformers
from safetensors import SafetensorError
from transformers import AutoConfig, AutoTokenizer, PretrainedConfig, PreTrainedTokenizerBase

from stages.common.core.messages import UserError, one_line
from stages.common.model.device import choose_device

if TYPE_CHECKING:  # transformers' models take two seconds to import, and an exported model is none
    from transformers import PreTrainedModel

CONFIG = "config.json"
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
Head = Literal["document", "word"]  # what one row of a model's outputs is about
ADAPTER = "adapter"  # beside a model's weights: those of its adapter alone
PREFIX = "PREFIX_TUNING"
HEAD_OF_WORDS = "ForTokenClassification"  # how transformers ends the names of models that classify tokens
FAULTS = (OSError, ValueError, KeyError, RuntimeError, AttributeError, TypeError, SafetensorError)

logging.getLogger("transformers").setLevel(logging.ERROR)  # what it would warn of is checked here, and told in one line
transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # transformers has no types there


def load_pretrained(
    folder: Path, outputs: Sequence[str], dropout: float, head: Head
) -> tuple["PreTrainedModel", PreTrainedTokenizerBase]:
    """Loads an encoder to be fine-tuned; its classification head is drawn from torch's random numbers.

    A head of the same shape that the folder already holds is kept instead.

    Args:
        folder: Such as ``models/fetched/pretrained``: the model and the tokenizer in transformers' form.
        outputs: The names of the model's outputs in their order: labels, or tags of words.
        dropout: The share of values dropped in training, wherever the architecture drops any.
        head: Whether it has one row of outputs a document, or one a word.

    Returns:
        The model in float32 on the processor, and its tokenizer.

    Raises:
        UserError: If the folder lacks a file, its weights are a pickle or do not fit its config, or the tokenizer
            cannot pad.
    """
    config = _load_config(folder)
    config.id2label = dict(enumerate(outputs))
    config.label2id = {label: index for index, label in enumerate(outputs)}
    for setting, value in config.to_dict().items():
        if "dropout" in setting and (value is None or type(value) in (int, float)):
            setattr(config, setting, float(dropout))
    return _load_model(folder, config, head), _load_tokenizer(folder, head)


def load_finetuned(folder: Path, device: str) -> tuple["PreTrainedModel", PreTrainedTokenizerBase]:
    """Loads what the finetune stage made, ready for :mod:`stages.common.model.scorer`.

    A prefix, which has no place among the model's weights, is put before each text.

    Args:
        folder: Such as ``models/finetuned``.
        device: ``auto`` (CUDA where there is one, else MPS, else the processor), ``cpu``, ``cuda`` or ``mps``.

    Returns:
        The model in evaluation mode, float32, on the device (``model.config.id2label`` holds the labels' names in the
        card's order), and its tokenizer.

    Raises:
        UserError: If the folder lacks a file, its weights are a pickle or lack a part, or there is no such device.
    """
    place = choose_device(device)
    config, tokenizer = load_all_but_weights(folder)
    model = _load_model(folder, config, _head_of(config), with_head=True)
    if _adapter_kind(folder) == PREFIX:
        from peft import PeftModel  # here, because it takes a second and most models need none of it

        model = cast("PreTrainedModel", PeftModel.from_pretrained(model, str(folder / ADAPTER)))
    model.to(place)  # type: ignore[arg-type]  # transformers wraps Module.to and loses its overloads
    model.train(False)
    return model, tokenizer


def load_all_but_weights(folder: Path) -> tuple[PretrainedConfig, PreTrainedTokenizerBase]:
    """The config of a fine-tuned model (``id2label`` holds the labels' names in the card's order), and its tokenizer.

    Raises:
        UserError: If the folder lacks one of them, or it is damaged.
    """
    config = _load_config(folder)
    return config, _load_tokenizer(folder, _head_of(config))


def _head_of(config: PretrainedConfig) -> Head:
    """What one row of a fine-tuned model's outputs is about."""
    return "word" if any(name.endswith(HEAD_OF_WORDS) for name in config.architectures or []) else "document"


def _adapter_kind(folder: Path) -> str | None:
    """What peft calls the kind of adapter that lies beside the weights; None where there is none."""
    path = folder / ADAPTER / "adapter_config.json"
    return json.loads(path.read_text(encoding="utf-8"))["peft_type"] if path.exists() else None


def _load_config(folder: Path) -> PretrainedConfig:
    if not (folder / CONFIG).is_file():
        raise UserError(f"{folder / CONFIG}: there is no such file.", "Run `dvc repro`, which makes it.")
    try:
        config: PretrainedConfig = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except FAULTS as error:
        raise _unusable(folder / CONFIG, "no config of a model that transformers knows", error) from None
    return config


def _load_model(folder: Path, config: PretrainedConfig, head: Head, with_head: bool = False) -> "PreTrainedModel":
    if not any((folder / name).is_file() for name in WEIGHTS):
        pickles = sorted(path.name for pattern in PICKLES for path in folder.glob(pattern))
        if pickles:
            raise UserError(
                f"{folder / pickles[0]}: weights in a pickle are not loaded, since opening one can run code.",
                f"Convert them to {WEIGHTS[0]}.",
            )
        raise UserError(f"{folder / WEIGHTS[0]}: there is no such file.", "Run `dvc repro`, which makes it.")
    from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification  # here: see above

    auto: Any = AutoModelForTokenClassification if head == "word" else AutoModelForSequenceClassification
    try:
        model: PreTrainedModel
        model, loaded = auto.from_pretrained(
            folder,
            config=config,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,  # a head for other labels; everything else is checked below
            output_loading_info=True,
        )
    except FAULTS as error:
        raise _unusable(folder, f"a model with one row of outputs a {head} cannot be loaded", error) from None
    _check_weights(folder, model, loaded, with_head)
    return model


def _check_weights(folder: Path, model: "PreTrainedModel", loaded: dict[str, Any], with_head: bool) -> None:
    """Refuses weights of which a part was missing and would be random now: all but a new head and its pooler."""
    missing = {*loaded["missing_keys"], *(name for name, *_ in loaded["mismatched_keys"])}
    encoder = f"{model.base_model_prefix}."
    wanted = sorted(n for n in missing if with_head or (n.startswith(encoder) and "pooler" not in n))
    if wanted:
        raise UserError(
            f"{folder}: the weights lack {wanted[0]!r} ({len(wanted)} missing in all) or hold it in another size.",
            "Use weights and config.json of one and the same model.",
        )


def _load_tokenizer(folder: Path, head: Head) -> PreTrainedTokenizerBase:
    if not any(any(folder.glob(pattern)) for pattern in TOKENIZERS):
        raise UserError(
            f"{folder}: the model's tokenizer is missing (none of {', '.join(TOKENIZERS)}).",
            "Put the tokenizer's files beside the weights.",
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        if head == "word" and getattr(tokenizer, "add_prefix_space", None) is False:
            tokenizer = AutoTokenizer.from_pretrained(  # a word then begins as it does after a space (GPT-2's BPE)
                folder, local_files_only=True, trust_remote_code=False, add_prefix_space=True
            )
    except (*FAULTS, ImportError) as error:
        raise _unusable(folder, "the tokenizer cannot be loaded", error) from None
    if tokenizer.pad_token_id is None:
        raise UserError(f"{folder}: the tokenizer has no padding token.", "Name one in tokenizer_config.json.")
    return tokenizer


def _unusable(place: Path, what: str, error: Exception) -> UserError:
    said = one_line(str(error))
    return UserError(
        f"{place}: {what} ({type(error).__name__}: {said[:160]}{'...' * (len(said) > 160)}).",
        "Check that the folder holds all files of one model.",
    )
