"""What a person types is checked before anything large is imported."""

import pytest

from tests.corpus import run
from tests.imports import ROOT


@pytest.mark.parametrize("command", ["describe", "datasets", "predict", "trace", "annotate"])
def test_help_does_not_wait_for_large_packages(command):
    done = run(ROOT, "python", "-X", "importtime", "-m", f"commands.{command}", "--help")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "argparse" in imported
    assert not imported & {"torch", "transformers", "pandas", "sklearn"}
