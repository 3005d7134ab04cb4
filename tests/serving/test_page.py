"""The page for trying the service, in a real browser: by keyboard, for screen readers, in the dark."""

import time

import pytest

from tests.serving.browser import open_browser
from tests.serving.conftest import ARTICLES, make_model, served

HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>'
CONTROL = 2  # of the protocol's modifiers
pytestmark = [pytest.mark.chromium, pytest.mark.slow]


@pytest.fixture
def page(chromium, service, tmp_path):
    with open_browser(chromium, tmp_path / "profile") as opened:
        opened.open(f"{service.url}/")
        yield opened


def answer(page):
    """What is said about the answer, when it is there."""
    for _ in range(200):
        said = page.run("document.querySelector('#said').textContent")
        if said not in ("Nothing was asked yet.", "Asked; waiting for the answer."):
            return said
        time.sleep(0.05)
    raise AssertionError("no answer")


def faults(page, axe):
    page.run(f"{axe};1")
    ask = "axe.run().then(({violations}) => violations.filter(({impact}) => ['serious', 'critical'].includes(impact))"
    return page.run(ask + ".map(({id, nodes}) => [id, nodes.map(({html}) => html.slice(0, 200))]))")


def test_a_text_is_asked_by_keyboard_alone_and_its_answer_can_be_heard(page, service):
    (expected,) = service.ask([ARTICLES[0]]).json()["answers"]
    for _ in range(10):
        page.press("Tab")
        if page.run("document.activeElement.id") == "text":
            break
    page.type(ARTICLES[0])
    page.press("Enter", modifiers=CONTROL)
    said = answer(page)
    assert said == f"Label: {expected['label']}, {100 * expected['probability']:.1f} %"
    assert page.run("document.activeElement.id") == "text"  # the focus stays where it was
    assert page.run("document.querySelector('#said').getAttribute('aria-live')") == "polite"
    cells = "[...row.cells].map((cell) => cell.textContent)"
    rows = page.run(f"[...document.querySelectorAll('#answer tbody tr')].map((row) => {cells})")
    ordered = sorted(expected["probabilities"].items(), key=lambda each: -each[1])
    assert [row[0] for row in rows] == [label for label, _ in ordered]
    assert [row[1] for row in rows] == [f"{100 * probability:.1f} %" for _, probability in ordered]
    assert [row[3] for row in rows] == ["✓ given", "", ""]  # told in words, not by colour alone
    tree = page.tree()
    assert ("textbox", "Text") in tree
    assert ("spinbutton", "Give no label below this probability") in tree
    assert ("button", "Ask") in tree
    assert any(role == "status" for role, _ in tree)
    assert ("table", "Probability of each label") in tree
    assert ("rowheader", expected["label"]) in tree


def test_the_button_is_reached_and_pressed_by_keyboard(page):
    page.run("document.querySelector('#text').focus()")
    page.type("the bank")
    for _ in range(2):
        page.press("Tab")
    assert page.run("document.activeElement.textContent") == "Ask"
    page.press("Enter", text="\r")
    assert answer(page).startswith("Label: ")


def test_hostile_text_is_only_text_and_nothing_else_is_asked(page, service):
    page.run("document.querySelector('#text').focus()")
    page.type(HOSTILE)
    page.press("Enter", modifiers=CONTROL)
    answer(page)
    assert page.run("document.title") == "Try the model"
    assert {url.removeprefix(service.url) for url in page.requested} <= {
        "/",
        "/page.css",
        "/page.js",
        "/predict",
        "data:,",
    }
    assert page.console == []


def test_what_is_refused_and_what_is_withheld_is_said(page, service):
    page.run("document.querySelector('#below').value = 1; document.querySelector('#text').value = 'the bank'")
    page.run("document.querySelector('#ask').requestSubmit()")
    assert answer(page) == "No answer: no label is probable enough."
    page.run("document.querySelector('#said').textContent = 'Nothing was asked yet.'")
    page.run("document.querySelector('#text').value = 'a'.repeat(30000)")
    page.run("document.querySelector('#ask').requestSubmit()")
    assert answer(page) == "Refused (413): texts.0: string should have at most 20000 characters."


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/docs"])
def test_no_serious_fault_keeps_anybody_out(page, service, axe, scheme, path):
    page("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page.open(f"{service.url}{path}")
    if path == "/":
        page.run("document.querySelector('#text').value = 'the bank'; document.querySelector('#ask').requestSubmit()")
        answer(page)
    paper = page.run("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(22, 24, 28)")
    assert faults(page, axe) == []


def test_nothing_is_cut_on_a_phone(page, service):
    page("Emulation.setDeviceMetricsOverride", width=375, height=800, deviceScaleFactor=1, mobile=True)
    for path in ("/", "/docs"):
        page.open(f"{service.url}{path}")
        if path == "/":
            page.run("document.querySelector('#text').value = 'bank'; document.querySelector('#ask').requestSubmit()")
            answer(page)
        assert page.run("document.documentElement.scrollWidth") == 375


def test_the_page_of_descriptions_shows_all_of_openapi(page, service):
    page.open(f"{service.url}/docs")
    text = page.run("document.body.innerText")
    described = service.client.get("/openapi.json").json()
    for path, methods in described["paths"].items():
        for method, what in methods.items():
            assert f"{method.upper()} {path}" in text
            assert all(response["description"] in text for response in what["responses"].values())
    for name, schema in described["components"]["schemas"].items():
        assert name in text
        assert all(field in text for field in schema["properties"])


def test_words_that_are_tagged_are_shown(chromium, tmp_path):
    run = make_model(tmp_path, "token-classification", truncation="windows")
    with served(run) as service, open_browser(chromium, tmp_path / "profile") as page:
        page.open(f"{service.url}/")
        page.run("document.querySelector('#tokens').value = 'the bank'")
        page.run("document.querySelector('#ask').requestSubmit()")
        (expected,) = service.ask(["the bank"]).json()["answers"]
        assert answer(page) == f"{len(expected['spans'])} found."
        shown = page.run("[...document.querySelectorAll('#answer th[scope=row]')].map((cell) => cell.textContent)")
        assert shown == [span["text"] for span in expected["spans"]]
