"""The section about the exported model."""

TITLE = '<h2 id="export-title">The exported model</h2>'


def section(page):
    return page.read_text().split(TITLE)[1].split("</section>")[0]


def test_the_page_says_how_the_exported_model_compares_and_that_eight_bits_are_handed_over(make_page):
    shown = section(make_page(exported=True))
    assert "<strong>8 bits a weight are handed over too</strong>: they are accurate enough, and 1.58 times" in shown
    assert "4.2e-06" in shown
    assert "<bdi>&lt;b&gt;a</bdi></td><td><bdi>b</bdi>" in shown
    assert "It does not apply the cleaning rules that take packages (mojibake)." in shown


def test_the_page_says_why_eight_bits_are_not_handed_over(make_page):
    shown = section(make_page(exported=False))
    assert "not handed over</strong>: <bdi>macro F1 may be worse by 0.0310, which is more than 0.005</bdi>." in shown
    assert "times as fast" not in shown
    assert "Answers that flip in float32" not in shown


def test_without_an_export_there_is_no_section(make_page):
    assert TITLE not in make_page().read_text()
