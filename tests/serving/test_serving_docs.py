"""What docs/serving.md shows is what happens."""

import json
import re
import shlex

import pytest

from tests.imports import ROOT
from tests.serving.conftest import SHOWN, served

PAGE = (ROOT / "docs/serving.md").read_text()


@pytest.mark.slow
def test_the_commands_of_the_page_work_as_it_says(texts_run):
    (sent,) = re.findall(r"curl --json '(.*?)' http://127\.0\.0\.1:8000/predict", PAGE)
    shown = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
    with served(texts_run, *SHOWN) as service:
        answered = service.client.post("/predict", json=json.loads(sent)).json()
        assert answered.keys() == shown.keys()
        for one, other in zip(answered["answers"], shown["answers"], strict=True):
            assert one.keys() == other.keys()
            assert one["abstained"] in (None, "unsure")
            assert (one["label"] is None) == (one["probability"] < 0.6)
        assert service.client.get("/ready").status_code == 200
        assert service.stop()[0] == 0
        assert "POST /predict 200 2 texts" in service.log.read_text()


def test_the_page_names_each_option_and_each_status_that_there_is():
    from commands.serve import WHAT
    from commands.serving.description import REFUSALS

    options = {f"--{name.replace('_', '-')}" for name in WHAT}
    assert {option for option in options if f"`{option}`" in PAGE} == options
    assert set(re.findall(r"^\| (\d{3}) \|", PAGE, re.MULTILINE)) == {str(status) for status in (*REFUSALS, 403)}
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL):
        known = {"--host", "--port", "--threads", "--abstain-below", "--log", "--json", "-m"}
        lines = [line for line in block.splitlines() if "commands.predict" not in line]  # another test runs those
        assert {word for word in shlex.split("\n".join(lines)) if word.startswith("-")} <= known
