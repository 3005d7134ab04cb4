"""Places the training on a device, in a number format that the device has."""

import torch
from accelerate import Accelerator

from stages.common.encoder.device import choose_device
from stages.common.messages import UserError
from stages.finetune.parameters import Device, Precision

FORMATS = {"cpu": ("fp32", "bf16"), "mps": ("fp32",), "cuda": ("fp32", "bf16", "fp16")}


def choose_precision(name: Precision, device: torch.device) -> str:
    """The number format of the matrix products; weights and optimiser stay in float32.

    Args:
        name: The parameter; ``auto`` is bf16 on a CUDA device that computes in it, fp16 on another, else fp32.
        device: Where it is computed.

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
    return name


def make_accelerator(device: Device, precision: Precision) -> tuple[Accelerator, str]:
    """An accelerator for the device and precision of params.yaml.

    Returns:
        The accelerator, and the precision that was chosen.

    Raises:
        UserError: If there is no such device, or it cannot train in this precision.
    """
    place = choose_device(device)
    chosen = choose_precision(precision, place)
    return Accelerator(cpu=place.type == "cpu", mixed_precision="no" if chosen == "fp32" else chosen), chosen
