import pandas as pd
import pytest

from stages.augment.gate import judge
from stages.augment.parameters import GateParameters
from stages.augment.similarity import reject_distant
from tests.common.tiny_encoder import article, save_encoder

TEXT = article("sport", 1)
OTHER = "zebra q, 7"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("encoder") / "model")


def variants_of(documents, texts):
    ids = [f"d0#x-{number}" for number in range(len(texts))]
    return judge(pd.DataFrame({"id": ids, "origin": "d0", "text": pd.Series(texts, dtype="str")}), documents)


def test_a_variant_far_from_its_origin_is_rejected_with_the_similarity(make_documents, encoder):
    documents = make_documents([TEXT, OTHER])
    judged = variants_of(documents, [TEXT.replace(".", " people."), OTHER, TEXT, None])
    gate = GateParameters(enabled=True, similarity=0.9, max_length=32, threads=1)
    gated = reject_distant(judged, documents, gate, encoder)
    assert gated["rule"].fillna("kept").tolist() == ["kept", "too_far", "equals_origin", "nothing_to_change"]
    near, far, *others = gated["similarity"]
    assert 1 >= near >= 0.9 > far
    assert pd.isna(others).all()
    assert f"is {far:.4f}, below 0.9" in gated["reason"][1]


def test_no_variant_at_all_passes_the_gate_too(make_documents, encoder):
    documents = make_documents([TEXT])
    gate = GateParameters(enabled=True, similarity=0.9, max_length=32, threads=1)
    assert reject_distant(variants_of(documents, [None]), documents, gate, encoder)["rule"].tolist() == [
        "nothing_to_change"
    ]
