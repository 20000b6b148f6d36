"""Results as a pandas frame."""

import pytest

from fourierpathfinder import Direct, find_paths, results_table
from fourierpathfinder.landscapes.toy import two_channels

pytest.importorskip("pandas", reason="needs pandas")


def test_results_that_failed_have_a_row_with_the_reason():
    toy = two_channels()
    results = find_paths(toy, [(toy.start, toy.end), (toy.start, [1.0])], method=Direct(), rng=0)
    table = results_table(results, names=["good", "bad"])
    assert table["status"].tolist() == ["CONVERGED", "FAILED"]
    assert table["height"].tolist()[0] == results[0].height
    assert table["reason"].tolist()[0] == ""
    assert "shape" in table["reason"].tolist()[1]


def test_names_must_be_as_many(tmp_path):
    with pytest.raises(ValueError, match="2 names for 0 results"):
        results_table([], names=["a", "b"])
    with pytest.raises(ValueError, match=r"holds no table\.json"):
        results_table(tmp_path)
