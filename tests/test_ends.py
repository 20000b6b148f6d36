"""The two ends: turned into arrays, and refused where no path can join them."""

import numpy as np
import pytest
import torch

from fourierpathfinder import ends
from fourierpathfinder.landscapes.abilities import abilities_of


def resolve_ends(landscape, start, end):
    return ends.resolve_ends(abilities_of(landscape), start, end)


class Plain:
    def value_and_grad(self, points):
        raise AssertionError("nothing may be evaluated")


class Named(Plain):
    """Ends are words."""

    def coordinates(self, end):
        return np.array({"left": [0.0, 0.0], "right": [1.0, 0.0]}[end])


class Paired(Named):
    """Places the second end relative to the first."""

    def ends(self, start, end):
        return start, start + end


def test_arrays_pass_as_they_are(make_array):
    a, b = make_array([0.0, 1.0], "float32"), make_array([1.0, 1.0], "float32")
    resolved = resolve_ends(Plain(), a, b)
    for given, end in zip((a, b), resolved, strict=True):
        assert type(end) is type(given)
        assert end.dtype == given.dtype


def test_lists_of_floats_become_arrays():
    a, b = resolve_ends(Plain(), [0.0, 1.0], (1.0, 1.0))
    assert a.tolist() == [0, 1]
    assert b.dtype == np.float64


@pytest.mark.parametrize("whole", [np.array([0, -1]), np.array([0, -1], "i1"), [0, -1], (0, -1.0)])
def test_whole_numbers_are_a_place_too(whole):
    for end in resolve_ends(Plain(), whole, [1, 0]):
        assert end.dtype == np.float64
    assert resolve_ends(Plain(), whole, [1, 0])[0].tolist() == [0, -1]


def test_the_landscape_may_know_its_own_ends():
    assert resolve_ends(Named(), "left", "right")[1].tolist() == [1, 0]
    assert resolve_ends(Paired(), "right", "right")[1].tolist() == [2, 0]


def test_trained_parameters_do_not_drag_their_graph_along():
    trained = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    a, b = resolve_ends(Plain(), trained, 2 * trained)
    assert not a.requires_grad
    assert not b.requires_grad


@pytest.mark.parametrize(
    ("start", "end", "kind", "words"),
    [
        (np.ones(2), np.zeros(3), ValueError, ["`start` has shape (2,)", "`end` (3,)", "(D,)"]),
        (np.ones(1), np.zeros(3), ValueError, ["`start` has shape (1,)", "`end` (3,)"]),
        (np.ones((1, 2)), np.zeros(2), ValueError, ["`start` has shape (1, 2)", "(D,)"]),
        (np.array(1.0), np.zeros(2), ValueError, ["`start` has shape ()"]),
        (np.ones(0), np.zeros(0), ValueError, ["`start` has shape (0,)"]),
        (np.ones(2), np.array([0, np.nan]), ValueError, ["`end` has nan at coordinate 1"]),
        (np.array([np.inf, 0]), np.ones(2), ValueError, ["`start` has inf at coordinate 0"]),
        (np.ones(2), np.ones(2), ValueError, ["`start` and `end` are the same point"]),
        (np.array([False, True]), np.ones(2), TypeError, ["`start` must be", "bool", "convert"]),
        (np.ones(2), "right", TypeError, ["`end` must be", "<U5"]),
        (np.ones(2), None, TypeError, ["`end` must be", "object"]),
        (np.ones(2), np.ones(2) * 1j, TypeError, ["`end` must be", "complex128"]),
        (np.ones(2), np.zeros(2, "f4"), TypeError, ["float64", "float32", "convert"]),
        (np.ones(2), torch.zeros(2, dtype=torch.float64), TypeError, ["ndarray", "Tensor"]),
        (torch.ones(2), torch.zeros(2).long(), TypeError, ["`end` must be", "torch.int64"]),
    ],
)
def test_ends_that_no_path_can_join(start, end, kind, words):
    with pytest.raises(kind) as caught:
        resolve_ends(Plain(), start, end)
    for word in words:
        assert word in str(caught.value)


def test_the_landscapes_own_errors_say_which_end_it_is():
    class Picky(Plain):
        def coordinates(self, end):
            if isinstance(end, Exception):
                raise end
            return end

    with pytest.raises(ValueError, match="`start`: one atom is missing"):
        resolve_ends(Picky(), ValueError("one atom is missing"), np.ones(2))
    with pytest.raises(TypeError, match="`end`: no structure"):
        resolve_ends(Picky(), np.ones(2), TypeError("no structure"))


def test_a_list_with_holes():
    with pytest.raises(TypeError, match="`start` must be an array of floats, got list"):
        resolve_ends(Plain(), [[1.0], [1.0, 2.0]], [0.0, 0.0])
