"""What becomes of a request whose model is slow, fails or makes no numbers; with a model that is made up."""

import asyncio
import threading
from types import SimpleNamespace

import httpx2
import numpy as np
import pytest

from commands.serving.app import application
from commands.serving.limits import Limits
from commands.serving.service import Service
from stages.common.tasks import task_named
from tests.common.tiny_encoder import record


class MadeUp:
    """Answers with a label for each text, when it is allowed to; fails on one text."""

    def __init__(self):
        self.scorer = SimpleNamespace(inference=record(["a", "b"], 64))
        self.task = task_named("text-classification")
        self.allowed, self.batches = threading.Event(), []
        self.allowed.set()

    def answer(self, rows, what):
        texts = [row.inputs[0] for row in rows]
        self.batches.append(texts)
        assert self.allowed.wait(20)
        if "poison" in texts:
            raise RuntimeError("poison")
        silent = [text == "nan" for text in texts]
        columns = {
            "label": [None if quiet else "a" for quiet in silent],
            "probability": [None if quiet else 0.75 for quiet in silent],
            "p:a": [None if quiet else 0.75 for quiet in silent],
            "p:b": [None if quiet else 0.25 for quiet in silent],
        }
        return columns, np.zeros(len(texts), dtype=bool)


def play(scene, rate=1e6, **limits):
    """Runs a scene with a service; gives the model, for what it was asked."""
    model = MadeUp()

    async def act():
        service = Service(model, "a hash", Limits(**limits), 0.0, rate)
        service.worker.start()
        transport = httpx2.ASGITransport(app=application(service, None, False))
        async with httpx2.AsyncClient(transport=transport, base_url="http://test", timeout=30) as client:

            def ask(*texts, **more):
                return asyncio.ensure_future(client.post("/predict", json={"texts": texts, **more}))

            await asyncio.wait_for(scene(ask, model, service), 30)
        service.worker.end()
        assert (service.accepted, service.worker.texts, service.gauges()["queue_bytes"][1]) == (0, 0, 0)

    asyncio.run(act())
    return model


async def until(condition):
    while not condition():
        await asyncio.sleep(0.005)


def test_what_is_not_answered_in_time_is_given_up_and_not_computed():
    async def scene(ask, model, service):
        model.allowed.clear()
        first = ask("first")
        await until(lambda: model.batches)
        response = await ask("late", timeout=0.1)
        assert (response.status_code, response.json()) == (504, {"error": "The answer was not there in time."})
        second = ask("second")
        await until(lambda: service.worker.texts)
        model.allowed.set()
        assert {(await first).status_code, (await second).status_code} == {200}

    assert play(scene).batches == [["first"], ["second"]]


def test_too_much_is_refused_with_the_seconds_to_wait():
    async def scene(ask, model, service):
        model.allowed.clear()
        first = ask("first")
        await until(lambda: model.batches)
        waiting = [ask(f"one {number}") for number in range(3)]
        await until(lambda: service.worker.texts == 3)
        full = await ask("one more", "and another")
        assert (full.status_code, full.json()["error"]) == (429, "Too many texts wait.")
        hasty = await ask("one more", timeout=1.0)
        assert (hasty.status_code, hasty.json()["error"]) == (429, "It would take too long.")
        assert int(full.headers["Retry-After"]) >= int(hasty.headers["Retry-After"]) == 1
        model.allowed.set()
        assert [response.status_code for response in await asyncio.gather(first, *waiting)] == [200] * 4

    play(scene, rate=10.0, queue_texts=4, texts=4)


def test_more_than_can_be_done_in_time_is_refused_at_once():
    async def scene(ask, model, service):
        response = await ask(*["a text"] * 500, timeout=10.0)
        assert response.status_code == 413
        assert response.json()["error"].startswith("500 texts take about 1")
        assert response.json()["error"].endswith("s, and the request waits for 10 s: send fewer at once.")

    assert play(scene, rate=10.0).batches == []


def test_a_text_on_which_the_model_fails_is_the_fault_of_its_own_request_alone(capsys):
    async def scene(ask, model, service):
        model.allowed.clear()
        first = ask("first")
        await until(lambda: model.batches)
        others = [ask("good", "better"), ask("bad", "poison"), ask("best")]
        await until(lambda: service.worker.texts == 5)
        model.allowed.set()
        assert [(await each).status_code for each in (first, *others)] == [200, 200, 500, 200]
        assert (await others[1]).json() == {"error": "The model failed on a text."}

    assert sorted(play(scene).batches[1]) == ["bad", "best", "better", "good", "poison"]
    said = capsys.readouterr().err
    assert "serve: a text could not be answered: RuntimeError at " in said
    assert "poison" not in said


def test_outputs_that_are_no_numbers_are_no_answer():
    async def scene(ask, model, service):
        one, other = (await ask("nan", "text", abstain_below=0.8)).json()["answers"]
        assert one == {
            "label": None, "probability": None, "probabilities": {"a": None, "b": None}, "abstained": "not finite",
        }  # fmt: skip
        assert (other["label"], other["abstained"]) == (None, "unsure")

    play(scene)


def test_what_was_accepted_is_answered_while_new_requests_are_refused():
    async def scene(ask, model, service):
        model.allowed.clear()
        first = ask("first")
        await until(lambda: model.batches)
        service.stopping = True
        response = await ask("second")
        assert (response.status_code, response.json()) == (503, {"error": "The service is being stopped."})
        assert response.headers["Connection"] == "close"
        model.allowed.set()
        assert (await first).status_code == 200

    assert play(scene).batches == [["first"]]


@pytest.mark.parametrize("size", [1, 7])
def test_answers_are_in_the_order_of_the_texts_however_they_were_computed(size):
    async def scene(ask, model, service):
        texts = [f"{'x' * (7 * number % 90)} nan" if number % 3 else "nan" for number in range(40)]
        answers = (await ask(*texts)).json()["answers"]
        assert [answer["label"] is None for answer in answers] == [text == "nan" for text in texts]

    model = play(scene, batch_tokens=30 * size)
    assert len(model.batches) > 1
