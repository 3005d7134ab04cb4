"""Clusters of documents that are the same or nearly so."""

import pandas as pd

from stages.report.clusters import find_clusters


def rows(**groups):
    pairs = [(group, name) for group, names in groups.items() for name in names]
    return pd.DataFrame([{"group": group, "id": name, "text": f"text of {name}"} for group, name in pairs])


KEPT = rows(a=["a1"], b=["b1"], c=["c1", "c2"], d=["d1"])
DROPPED = rows(a=[f"a{number}" for number in range(2, 10)], b=["b2"], d=["d2"], e=["e1", "e2"])
DROPPED = DROPPED.assign(rule=["duplicates"] * 9 + ["empty", "contradictions", "contradictions"])
RULES = ["duplicates", "contradictions"]


def test_clusters_are_counted_by_size():
    clusters = find_clusters(KEPT, DROPPED, RULES, 2, 80)
    assert clusters.sizes == {2: 3, 9: 1}
    assert (clusters.count, clusters.documents) == (4, 15)


def test_the_largest_are_shown_with_what_stayed_and_what_went():
    largest, other = find_clusters(KEPT, DROPPED, RULES, 2, 80).largest
    assert (largest.size, largest.kept, largest.dropped) == (9, ["a1"], ["a2", "a3", "a4", "a5", "a6"])
    assert (largest.unnamed, largest.texts) == (3, ["text of a1"])
    assert (other.kept, other.dropped) == (["b1"], ["b2"])


def test_a_cluster_of_which_nothing_stays_is_shown_by_what_went():
    (cluster,) = find_clusters(KEPT.iloc[:0], DROPPED, ["contradictions"], 2, 80).largest
    assert (cluster.kept, cluster.dropped, cluster.texts) == ([], ["e1", "e2"], ["text of e1"])


def test_documents_that_are_alone_make_no_cluster():
    clusters = find_clusters(KEPT[:2], DROPPED.iloc[:0], RULES, 2, 80)
    assert (clusters.count, clusters.documents, clusters.largest) == (0, 0, [])
