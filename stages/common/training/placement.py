"""Places the training on a device, in a number format that the device has, and on as many processes as there are."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from accelerate.utils import FullyShardedDataParallelPlugin
from transformers import PreTrainedModel

from stages.common.core.messages import UserError, one_line
from stages.common.core.seeding import derived_seed
from stages.common.core.validation import read_yaml
from stages.common.model.device import choose_device
from stages.common.training.instructions import has_bf16, instruction_set
from stages.common.training.parameters import Device, Precision, TrainingParameters

FORMATS = {"cpu": ("fp32", "bf16"), "mps": ("fp32",), "cuda": ("fp32", "bf16", "fp16")}


def choose_precision(name: Precision, device: torch.device, emulate_bf16: bool = False) -> str:
    """The number format of the matrix products; weights and optimiser stay in float32.

    Args:
        name: The parameter; ``auto`` is bf16 on a CUDA device that computes in it, fp16 on another, else fp32.
        device: Where it is computed.
        emulate_bf16: Whether a processor without bf16 instructions may train in it, which takes many times as long.

    Raises:
        UserError: If the device cannot train in it.
    """
    if name == "auto":
        if device.type != "cuda":
            return "fp32"
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    if name not in FORMATS[device.type]:
        raise UserError(
            f"params.yaml: finetune.precision: {device.type} does not train in {name}.",
            f"Use one of {', '.join(('auto', *FORMATS[device.type]))}.",
        )
    if name == "bf16" and device.type == "cpu" and not emulate_bf16 and not has_bf16():
        raise UserError(
            f"params.yaml: finetune.precision: bf16 takes many times as long as fp32 with {instruction_set()}, "
            "which has no instructions for it.",
            "Use fp32, or set finetune.emulate_bf16 to true.",
        )
    return name


def make_accelerator(
    device: Device, precision: Precision, accelerate_config: str | None = None, emulate_bf16: bool = False
) -> tuple[Accelerator, str]:
    """An accelerator for the device and precision of params.yaml, joined with the other processes where there are any.

    Args:
        device: Where to compute.
        precision: In which number format.
        accelerate_config: What execution.yaml names: how processes share the weights.
        emulate_bf16: Whether a processor without bf16 instructions may train in it.

    Returns:
        The accelerator, and the precision that was chosen.

    Raises:
        UserError: If there is no such device, or it cannot train in this precision or way.
    """
    place = choose_device(device)
    chosen = choose_precision(precision, place, emulate_bf16)
    plugin = _sharding(Path(accelerate_config), place) if accelerate_config else None
    format_ = "no" if chosen == "fp32" else chosen
    return Accelerator(cpu=place.type == "cpu", mixed_precision=format_, fsdp_plugin=plugin), chosen


def _sharding(path: Path, device: torch.device) -> FullyShardedDataParallelPlugin:
    """FSDP as a config file of accelerate's describes it."""
    said = read_yaml(path).get("fsdp_config")
    if not isinstance(said, dict) or said.get("fsdp_version") != 2:
        raise UserError(f"{path}: has no fsdp_config with fsdp_version: 2.", "Make it with `accelerate config`.")
    if device.type != "cuda":
        raise UserError(f"{path}: FSDP needs CUDA devices, but this is {device.type}.", "Unset accelerate_config.")
    settings = {name.removeprefix("fsdp_"): value for name, value in said.items()}
    try:
        return FullyShardedDataParallelPlugin(**settings)
    except (TypeError, ValueError) as error:
        raise UserError(f"{path}: fsdp_config: {one_line(str(error))}.", "Change that setting.") from None


def prepare_model(model: PreTrainedModel, parameters: TrainingParameters, accelerator: Accelerator) -> None:
    """Readies a model for its device: number formats, memory, compilation, and random numbers for each process.

    Raises:
        UserError: If the model or the machine cannot do what params.yaml asks for.
    """
    if accelerator.device.type == "cuda":
        torch.set_float32_matmul_precision("high" if parameters.tf32 else "highest")
    if parameters.gradient_checkpointing:
        if not model.supports_gradient_checkpointing:
            raise UserError(
                f"params.yaml: finetune.gradient_checkpointing: {type(model).__name__} cannot do it.",
                "Set it to false.",
            )
        model.activation_checkpointing_enable()
    if parameters.compile:
        try:
            torch.compile(torch.square)(torch.ones(1, device=accelerator.device))
        except Exception as error:  # whatever keeps a compiler from working
            raise UserError(
                f"params.yaml: finetune.compile: torch.compile does not work here ({one_line(str(error))[:120]}).",
                "Set it to false, or install a C++ compiler.",
            ) from None
        model.compile(dynamic=True)
    if accelerator.process_index:
        torch.manual_seed(derived_seed(parameters.seed, "process", accelerator.process_index) % 2**63)


def parts_of_batch(documents: int, micro_batch: int, process: int, processes: int) -> list[npt.NDArray[np.int64]]:
    """A process's share of a batch, in parts that are computed one after the other.

    Every process has the same number of parts; where a batch is smaller than the number of processes, some are empty.

    Args:
        documents: Documents in the batch.
        micro_batch: Documents of a part, at most.
        process: Which process, from 0.
        processes: How many there are.

    Returns:
        Places in the batch, for each part; over all processes, every place occurs once.
    """
    parts = -(-documents // (processes * micro_batch))
    return np.array_split(np.arange(process, documents, processes), parts)
