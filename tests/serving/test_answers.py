"""The service answers as `commands.predict` does, and refuses in one line what it does not take."""

import json
import socket
import time

import pytest
from pydantic import ValidationError

from commands.prediction import Predictor
from commands.serving.answering import answer_rows
from commands.serving.limits import Limits
from commands.serving.messages import answer_model, request_model
from commands.texts import Row
from stages.common.model.inference import read_inference
from tests.serving.conftest import ARTICLES, make_model, path_of, served

pytestmark = pytest.mark.slow


def texts_of(answers, name):
    return [answer[name] for answer in answers]


def address(service):
    host, _, port = service.url.removeprefix("http://").partition(":")
    return host, int(port)


def exchange(service, *parts, pause=0.0):
    """Sends bytes over a socket; gives the status and the body of what comes back before the connection ends."""
    with socket.create_connection(address(service), timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        received = b""
        while part := connection.recv(65536):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


def head(length, *more):
    lines = ["POST /predict HTTP/1.1", "Host: localhost", "Content-Type: application/json", "Connection: close"]
    return "\r\n".join([*lines, f"Content-Length: {length}", *more, "", ""]).encode()


def test_answers_are_those_of_predict(service, texts_run, monkeypatch):
    monkeypatch.chdir(texts_run)
    predictor = Predictor.load(path_of(texts_run), "cpu")
    columns, _ = predictor.answer([Row("", [text]) for text in ARTICLES], "expected")
    response = service.ask(ARTICLES)
    answers = response.json()["answers"]
    assert response.status_code == 200
    assert texts_of(answers, "label") == columns["label"]
    assert len(set(columns["label"])) == 3
    assert texts_of(answers, "probability") == pytest.approx(columns["probability"], abs=1e-5)
    for label in predictor.scorer.inference.labels:
        given = [answer["probabilities"][label] for answer in answers]
        assert given == pytest.approx(columns[f"p:{label}"], abs=1e-5)
    assert response.json()["model"].endswith(".dir")
    answer_model(predictor.scorer.inference).model_validate(response.json())


def test_texts_are_cleaned_as_those_of_the_models_run(service):
    one, other = service.ask(["bank  &amp; market", "bank & market"]).json()["answers"]
    assert one == other


def test_a_text_without_words_gets_no_label(service):
    answers = service.ask(["", "   ", "\x00", "bank\x00 market", "🎉", "שלום עולם", "市场"]).json()["answers"]
    assert texts_of(answers, "abstained") == ["empty"] * 3 + [None, "empty", None, None]
    assert [answer["label"] is None for answer in answers] == [True, True, True, False, True, False, False]


def test_labels_below_a_probability_are_withheld(service):
    (sure,) = service.ask([ARTICLES[0]]).json()["answers"]
    (unsure,) = service.ask([ARTICLES[0]], abstain_below=sure["probability"] + 1e-3).json()["answers"]
    (still,) = service.ask([ARTICLES[0]], abstain_below=sure["probability"] - 1e-3).json()["answers"]
    assert (unsure["label"], unsure["abstained"]) == (None, "unsure")
    assert unsure["probability"] == pytest.approx(sure["probability"], abs=1e-5)
    assert still["label"] == sure["label"]


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b'{"texts"', 400, "The body is not JSON"),
        (b"", 400, "The body is not JSON"),
        (b'{"texts": ["\xff"]}', 400, "The body is not JSON"),
        (b'{"texts": ["\x00"]}', 400, "The body is not JSON"),
        (b'{"texts": ["\\ud800"]}', 400, "The body is not JSON"),
        (b"[" * 100_000, 400, "The body is not JSON"),
        (b'{"texts": "a text"}', 422, "texts: input should be a valid"),
        (b'{"texts": []}', 422, "texts: list should have at least 1 item"),
        (b'{"texts": [1]}', 422, "texts.0: input should be a valid string"),
        (b'{"texts": [null]}', 422, "texts.0: input should be a valid string"),
        (b'{"text": ["a"]}', 422, "texts: field required"),
        (b"[]", 422, "the body: input should be an object"),
        (b'{"texts": ["a"], "below": 1}', 422, "below: extra inputs are not permitted"),
        (b'{"texts": ["a"], "timeout": 0}', 422, "timeout: input should be greater than 0"),
        (b'{"texts": ["a"], "timeout": 1e9}', 422, "timeout: input should be less than or equal to 120"),
        (b'{"texts": ["a"], "abstain_below": NaN}', 422, "abstain_below: input should be"),
        (json.dumps({"texts": ["a" * 50_000]}).encode(), 413, "texts.0: string should have at most 20000 characters"),
        (json.dumps({"texts": ["a"] * 10_000}).encode(), 413, "texts: list should have at most 1000 items"),
        (json.dumps({"texts": ["a" * 110_000]}).encode(), 413, "The body is larger than 100,000 bytes"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_not_taken_is_refused_in_one_line(service, body, status, why):
    response = service.client.post("/predict", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == status
    assert response.json().keys() == {"error"}
    assert response.json()["error"].startswith(why)
    assert "\n" not in response.json()["error"]
    assert len(response.text) < 200


def test_a_body_must_be_said_to_be_json(service):
    response = service.client.post("/predict", content=b'{"texts": ["a"]}', headers={"Content-Type": "text/plain"})
    assert (response.status_code, response.json()["error"][:9]) == (415, "Send JSON")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/predict", 405), ("POST", "/", 405), ("GET", "/x", 404)]
)
def test_other_addresses_and_methods_are_refused_in_one_line(service, method, path, status):
    response = service.client.request(method, path)
    assert response.status_code == status
    assert response.json()["error"].endswith("See /docs.")


def test_another_sites_name_is_refused(service):
    """A page elsewhere whose name is made to lead to this machine cannot ask."""
    response = service.client.get("/ready", headers={"Host": "evil.example"})
    assert (response.status_code, response.json()) == (
        403,
        {"error": "The service is asked by a name that is not its own."},
    )
    for name in ("localhost:1234", "127.0.0.1", "[::1]:80", "LOCALHOST"):
        assert service.client.get("/ready", headers={"Host": name}).status_code == 200


def test_half_a_request_times_out(service):
    assert exchange(service, head(100) + b'{"texts"')[0] == 408
    assert exchange(service, b"POST /predict HTTP/1.1\r\nHost: loc")[0] == 408
    assert exchange(service, b"")[0] == 408


def test_a_slow_client_times_out_and_a_steady_one_does_not(service):
    body = b'{"texts": ["the bank"]}'
    slow = [head(len(body)), *(body[place : place + 1] for place in range(len(body)))]
    status, said = exchange(service, *slow[:12], pause=0.15)
    assert (status, json.loads(said)) == (408, {"error": "The request did not arrive in time."})
    assert exchange(service, *slow, pause=0.02)[0] == 200


def test_a_client_that_never_reads_is_cut_off(service):
    body = json.dumps({"texts": ["bank"] * 1_000}).encode()
    with socket.create_connection(address(service), timeout=20) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        request = head(len(body)).replace(b"Connection: close\r\n", b"") + body
        connection.sendall(request * 20)
        time.sleep(3)
        with pytest.raises(ConnectionError):
            for _ in range(100_000):
                connection.sendall(b"x" * 65_536)
    assert service.ask(["bank"]).status_code == 200
    assert service.metrics()["plumbline_accepted_requests"] == 0


def test_what_is_no_http_is_refused(service):
    assert exchange(service, b"\x16\x03\x01\x00nonsense\r\n\r\n")[0] == 400
    assert exchange(service, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000)[0] == 400


def test_a_body_without_length_is_counted_as_it_comes(service):
    chunked = head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    part = b"2710\r\n" + b"x" * 10_000 + b"\r\n"
    status, said = exchange(service, chunked, *[part] * 20, b"0\r\n\r\n")
    assert (status, json.loads(said)["error"]) == (413, "The body is larger than 100,000 bytes.")


def test_health_readiness_and_metrics(service):
    before = service.metrics()
    assert service.client.get("/health").json() == {"alive": True}
    assert service.client.get("/ready").json()["ready"] is True
    service.ask(["the bank", "the market"])
    service.client.post("/predict", content=b"{", headers={"Content-Type": "application/json"})
    after = service.metrics()
    grown = {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}
    assert grown['plumbline_requests_total{path="/predict",status="200"}'] == 1
    assert grown['plumbline_requests_total{path="/predict",status="400"}'] == 1
    assert grown["plumbline_texts_total"] == 2
    assert grown["plumbline_batch_texts_sum"] == 2
    assert grown["plumbline_request_seconds_count"] == 2
    assert after["plumbline_queue_texts"] == after["plumbline_queue_bytes"] == after["plumbline_accepted_requests"] == 0
    model = service.client.get("/ready").json()["model"]
    assert after[f'plumbline_model_info{{hash="{model}",task="text-classification"}}'] == 1
    assert after['plumbline_request_seconds_bucket{le="+Inf"}'] == after["plumbline_request_seconds_count"]


def test_no_text_is_in_the_log(service):
    service.ask(["a secret word of the bank"])
    service.client.post("/predict", content=b'{"texts": ["a secret word', headers={"Content-Type": "application/json"})
    service.client.get("/predict?a=secret")
    service.client.get("/secret/secret")
    log = service.log.read_text()
    assert "POST /predict 200 1 texts" in log
    assert "secret" not in log


def test_openapi_describes_what_is_taken_and_answered(service):
    described = service.client.get("/openapi.json").json()
    assert described["openapi"] == "3.1.0"
    assert set(described["paths"]) == {"/predict", "/health", "/ready", "/metrics"}
    request = described["components"]["schemas"]["Request"]
    assert request["properties"]["texts"]["maxItems"] == 1_000
    assert request["properties"]["texts"]["items"]["maxLength"] == 20_000
    assert request["required"] == ["texts"]
    assert set(described["paths"]["/predict"]["post"]["responses"]) >= {"200", "400", "413", "422", "429", "503", "504"}
    answer = described["components"]["schemas"]["Answer"]["properties"]
    assert set(answer) == {"label", "probability", "probabilities", "abstained"}
    example = described["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert service.client.post("/predict", json=example).status_code == 200
    references = {part.split('"')[0] for part in json.dumps(described).split("#/components/schemas/")[1:]}
    assert references <= set(described["components"]["schemas"])


@pytest.mark.parametrize(
    ("task", "sent", "wrong", "why"),
    [
        (
            "pairs",
            [["the bank", "the market"], ["a", ""]],
            [["a", "b", "c"]],
            "texts.0: tuple should have at most 2 items",
        ),
        ("pairs", [["the bank", "the market"]], ["a"], "texts.0: input should be a valid array"),
        ("token-classification", ["Ann met Bob.", ["Ann", "met"], "", []], [["Ann", 1]], "texts.0"),
        ("multi-label", ["the bank", "market"], [["a"]], "texts.0: input should be a valid string"),
        ("regression", ["the bank"], [{}], "texts.0: input should be a valid string"),
    ],
)
def test_each_task_takes_what_its_model_reads(tmp_path, monkeypatch, task, sent, wrong, why):
    reading = {"truncation": "windows"} if task == "token-classification" else {}
    run = make_model(tmp_path, task, **reading)
    monkeypatch.chdir(run)
    inference = read_inference(path_of(run))
    requests = request_model(inference, Limits())
    rows = [
        Row("", [*each] if isinstance(each, tuple) else [each]) for each in requests(texts=sent_as_read(sent)).texts
    ]
    answers = answer_rows(Predictor.load(path_of(run), "cpu"), rows)
    answer_model(inference).model_validate({"model": "a hash", "answers": answers})
    assert len(answers) == len(sent)
    with pytest.raises(ValidationError) as refused:
        requests.model_validate_json(json.dumps({"texts": wrong}))
    fault = refused.value.errors()[0]
    assert f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].lower()}".startswith(why[:7])
    assert why.partition(": ")[2] in f"{fault['msg'][:1].lower()}{fault['msg'][1:]}"


def sent_as_read(sent):
    return [tuple(each) if isinstance(each, list) and len(each) == 2 and "Ann" not in each else each for each in sent]


def test_pairs_are_served(tmp_path):
    run = make_model(tmp_path, "pairs")
    with served(run, "--characters", "30") as service:
        page = service.client.get("/").text
        assert '<label for="text">Text</label>' in page
        assert '<label for="text_pair">Second text</label>' in page
        answers = service.ask([["the bank", "the market"], ["the market", "the bank"], ["", ""]]).json()["answers"]
        assert texts_of(answers, "abstained") == [None, None, "empty"]
        refused = service.ask([["a" * 20, "b" * 20]])
        assert (refused.status_code, refused.json()["error"]) == (413, "texts.0: it has more than 30 characters.")
