"""Checkpoints: a training that was killed goes on from the newest one, and ends as if nothing had happened."""

import errno
import fcntl
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from threading import Thread
from typing import Any

import torch
from accelerate import Accelerator
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from tqdm import tqdm
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from stages.common.core.messages import Interrupted, UserError, one_line
from stages.common.training.snapshots import Snapshot

KEPT = 2  # the newest one, and one more should it turn out to be damaged
LONGEST = 60.0  # seconds of training that a kill may cost, where steps are slow
PATIENCE = 10.0  # seconds that an orphan of a killed run is given to end
SOURCES = Path(__file__).parent.parent


def training_key(facts: Mapping[str, Any], inputs: Sequence[Path]) -> str:
    """A name that two trainings share only if they end with the same bytes.

    Args:
        facts: Parameters, versions of packages, device: whatever JSON can hold.
        inputs: Files and folders that the training reads. The stage's own code counts as well.
    """
    digest = blake2b(json.dumps(facts, sort_keys=True).encode(), digest_size=16)
    code = [path for part in ("common", "finetune") for path in sorted((SOURCES / part).rglob("*.py"))]
    for path in [*(file for place in inputs for file in _files(place)), *code]:
        content = blake2b(digest_size=16)
        with path.open("rb") as file:
            while block := file.read(2**20):
                content.update(block)
        digest.update(path.name.encode() + content.digest())
    return digest.hexdigest()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Lets one process at a time into a folder; the system lets go of the lock whichever way the process ends.

    Raises:
        UserError: If another process is still in there after some seconds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    deadline = time.monotonic() + PATIENCE
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise UserError(
                        f"{folder}: another process is fine-tuning into it.", "Wait until it has ended, or end it."
                    ) from None
                time.sleep(0.1)
            except OSError as error:
                if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.EBADF):
                    raise
                break  # a network file system without locks
            else:
                break
        yield
    finally:
        os.close(handle)


@contextmanager
def open_checkpoints(
    key: str, every: int, accelerator: Accelerator, outputs: Path | None = None
) -> Iterator["Checkpoints"]:
    """The checkpoints of one training, which are removed when it has ended well.

    Queued experiments run in copies of the checkout, so the checkpoints of all lie in the main one.

    Args:
        key: The training's key.
        every: Steps between two checkpoints, which are a minute apart at most; 0 means none.
        accelerator: Says which process writes.
        outputs: The folder in which the training leaves its results, and no other one may meanwhile; None where the
            training is part of another one, which has it.

    Raises:
        UserError: If another process is at the same training, or writes into the same outputs.
        Interrupted: On Ctrl-C; says where the next run goes on.
    """
    folder = Path(os.environ.get("DVC_ROOT", ".")) / ".checkpoints" / key
    checkpoints = Checkpoints(folder, every, accelerator.is_main_process)
    with ExitStack() as locks:
        if accelerator.is_main_process:
            for place in (outputs, folder) if outputs else (folder,):
                locks.enter_context(alone(place))
        accelerator.wait_for_everyone()
        try:
            yield checkpoints
        except KeyboardInterrupt:
            checkpoints.wait()
            raise Interrupted(checkpoints.next_run()) from None
        finally:
            checkpoints.wait()
            with suppress(OSError):  # not empty: there are checkpoints
                folder.rmdir()
                folder.parent.rmdir()
        checkpoints.remove()


class Checkpoints:
    """The checkpoints of one training: written in the background, whole or not at all, the newest few kept.

    Args:
        folder: Where they are, for this training alone.
        every: Steps between two of them, which are a minute apart at most; 0 means none.
        writing: Whether this process writes them; one of them does, all may read.
    """

    def __init__(self, folder: Path, every: int, writing: bool = True) -> None:
        self.folder = folder
        self._every = every
        self._last = time.monotonic()
        self._writing = writing
        self._buffers: dict[str, torch.Tensor] = {}
        self._thread: Thread | None = None

    def due(self, step: int) -> bool:
        """Whether there should be one after this step; the processes of a training may differ in it by the time."""
        return self._every > 0 and (step % self._every == 0 or self.overdue())

    def overdue(self) -> bool:
        """Whether a minute has passed since the last one, or since the training began."""
        return self._every > 0 and time.monotonic() - self._last >= LONGEST

    def write(self, snapshot: Snapshot) -> None:
        """Copies a snapshot and starts to write it; does nothing while the one before is still being written."""
        if self._thread and self._thread.is_alive():
            return
        self._last = time.monotonic()
        if not self._writing:
            return
        for name, tensor in snapshot.tensors.items():
            if name not in self._buffers or self._buffers[name].shape != tensor.shape:
                self._buffers[name] = torch.empty_like(tensor, device="cpu", memory_format=torch.contiguous_format)
            self._buffers[name].copy_(tensor)
        self._thread = Thread(target=self._write, args=(snapshot.facts,), daemon=True)
        self._thread.start()

    def newest(self) -> Snapshot | None:
        """The newest checkpoint that can be read, if there is one; damaged ones are named and removed."""
        if self._writing:
            for left in self.folder.glob("*"):  # what a killed run was just writing
                if left.is_file() and left.suffix != ".safetensors":
                    left.unlink()
        for path in reversed(self._written()):
            try:
                with safe_open(path, "pt") as file:
                    facts = json.loads(file.metadata()["facts"])
                    return Snapshot({name: file.get_tensor(name).clone() for name in file.keys()}, facts)  # noqa: SIM118  # no dict
            except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
                if self._writing:
                    say(f"{path} is cut off or damaged ({one_line(str(error))[:80]}), so the one before it is used")
                    path.unlink()
        return None

    def next_run(self) -> str:
        """What the next run of this training does, for someone who stops this one."""
        if not self._every:
            return "Call it again: the training starts anew, since execution.yaml asks for no checkpoints."
        if not (written := self._written()):
            return "Call it again: the training starts anew, since it had no checkpoint yet."
        step = int(written[-1].stem.removeprefix("step-"))
        return f"Call it again: the training goes on after step {step}, its last checkpoint."

    def keep(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, weights: dict[str, torch.Tensor]
    ) -> Path | None:
        """Saves the last good weights of a training that went wrong; gives their folder, or None without weights."""
        if not weights:
            return None
        folder = self.folder / "last_good"
        if self._writing:
            model.save_pretrained(folder, state_dict=weights)
            tokenizer.save_pretrained(folder)
        return folder

    def wait(self) -> None:
        """Waits until no checkpoint is being written."""
        if self._thread:
            self._thread.join()

    def remove(self) -> None:
        """Removes the checkpoints of a training that has ended well."""
        self.wait()
        if self._writing:
            shutil.rmtree(self.folder, ignore_errors=True)
            with suppress(OSError):  # others still have checkpoints there
                self.folder.parent.rmdir()

    def _written(self) -> list[Path]:
        return sorted(self.folder.glob("step-*.safetensors"))

    def _write(self, facts: Mapping[str, Any]) -> None:
        step = facts["progress"]["step"]
        path = self.folder / f"step-{step:08}.safetensors"
        partial = path.with_suffix(".partial")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            said = json.dumps(facts, default=lambda array: array.tolist())
            save_file(self._buffers, partial, metadata={"facts": said})
            _flush(partial)
            partial.replace(path)
            _flush(self.folder)
            for old in self._written()[:-KEPT]:
                old.unlink()
        except (OSError, SafetensorError) as error:
            partial.unlink(missing_ok=True)
            say(f"no checkpoint of step {step} could be written ({one_line(str(error))}); the training goes on")


def say(text: str) -> None:
    """Tells something on the terminal without disturbing the progress bar."""
    tqdm.write(f"finetune: {text}.", file=sys.stderr)


def _files(place: Path) -> list[Path]:
    return [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())


def _flush(path: Path) -> None:
    """Puts a file, or a folder's list of names, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
