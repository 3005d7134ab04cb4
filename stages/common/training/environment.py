"""What a training ran on: all that may differ between two runs of the same parameters."""

import os
import platform
import re
import resource
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from threadpoolctl import threadpool_info

from stages.common.core.execution import load_execution
from stages.common.training.instructions import instruction_set
from stages.common.training.parameters import TrainingParameters

PACKAGES = ("accelerate", "numpy", "peft", "safetensors", "scikit-learn", "tokenizers", "torch", "transformers")
# What torch.__config__.show() says of the libraries that it was built with
BUILT_WITH = {"mkl": r"Math Kernel Library Version ([0-9.]+)", "onednn": r"MKL-DNN v(\S+)"}
OUTPUTS = ("data", "models", "reports", "dvc.lock")  # what a run itself changes


def describe_training(parameters: TrainingParameters, accelerator: Accelerator, precision: str) -> dict[str, Any]:
    """All that decides a training's bytes, apart from its inputs and the stage's code."""
    return {
        "parameters": parameters.model_dump(),
        "threads": parameters.thread_count,
        "instruction_set": instruction_set(),
        "packages": {package: version(package) for package in PACKAGES},
        "device": _device_name(accelerator.device),
        "precision": precision,
        "processes": accelerator.num_processes,
        "sharing": str(accelerator.distributed_type),
    }


def describe_environment(device: torch.device, precision: str, seconds: float, tokens: int) -> dict[str, Any]:
    """Describes the run that is just ending.

    Args:
        device: Where it computed.
        precision: The number format of the matrix products.
        seconds: Time spent in training steps, and in computing a frozen part once.
        tokens: Tokens of documents that were computed in it, without padding.

    Returns:
        What ``environment.json`` holds: versions, machine, git revision, execution settings, speed, peak memory.
    """
    return {
        "python": platform.python_version(),
        "packages": {package: version(package) for package in PACKAGES},
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "instruction_set": instruction_set(),
        "math_libraries": math_libraries(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "device": _device_name(device),
        "precision": precision,
        "git": _git_state(),
        "execution": load_execution().model_dump(
            exclude={"scheduler", "tls"}
        ),  # addresses and paths are nobody's business
        "training_seconds": round(seconds, 2),
        "tokens_per_second": round(tokens / seconds, 1),
        "peak_memory_mib": _peak_memory(),
        "peak_device_memory_mib": torch.cuda.max_memory_allocated(device) // 2**20 if device.type == "cuda" else None,
    }


def math_libraries() -> dict[str, str]:
    """What sums and multiplies for torch, numpy and scipy: versions, and the code path where a library tells it."""
    built = torch.__config__.show()
    named = {name: re.search(pattern, built) for name, pattern in BUILT_WITH.items()}
    libraries = {name: match[1] for name, match in named.items() if match}
    for loaded in threadpool_info():
        if loaded["internal_api"] == "openblas":
            package = Path(loaded["filepath"]).parent.name.partition(".")[0]  # such as numpy.libs
            libraries[f"openblas of {package}"] = f"{loaded['version']}, {loaded['architecture']}"
    return libraries


def _device_name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        names = [line.partition(":")[2].strip() for line in listing.read_text().splitlines() if "model name" in line]
        if names:
            return names[0]
    return platform.processor() or platform.machine()


def _peak_memory() -> int:
    """The most main memory that this process held, in MiB (macOS counts bytes, Linux KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (2**20 if sys.platform == "darwin" else 2**10)


def _git_state() -> dict[str, Any]:
    """The revision that was checked out, and whether a file other than outputs was changed since."""
    revision = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--", ".", *(f":(exclude){path}" for path in OUTPUTS))
    return {"revision": revision, "dirty": None if changes is None else bool(changes)}


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
