"""Pictures of paths between networks; landscapes of any kind will do to test them."""

import numpy as np
import pytest
import torch
from matplotlib import pyplot, rcParams
from matplotlib.figure import Figure

from fourierpathfinder import Direct, Paper, SinePath, find_path
from fourierpathfinder.landscapes.toy import lennard_jones, two_channels
from fourierpathfinder.plot import (
    PALETTE,
    plot_contours,
    plot_height_against_budget,
    plot_loss_and_accuracy,
    plot_metrics,
    plot_plane,
    plot_surface,
    random_surface,
    surface_through,
)

from .tolerances import assert_close


@pytest.fixture(autouse=True)
def _no_settings_change():
    pyplot.switch_backend("agg")
    before = dict(rcParams)
    yield
    assert dict(rcParams) == before
    pyplot.close("all")


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.fixture
def bent(rng):
    """A path of three terms in seven dimensions."""
    return SinePath(rng.normal(size=7), rng.normal(size=7), rng.normal(size=(3, 7)))


class Bowl:
    """1/2 + |x|², in any dimension, with a record of what was asked."""

    def __init__(self, scale=1.0):
        self.asked = []
        self.scale = scale

    def value_and_grad(self, points):
        self.asked.append(points)
        return 0.5 + self.scale * (points**2).sum(-1), 2 * self.scale * points


def curves(ax):
    return [line.get_xydata() for line in ax.lines if len(line.get_xydata()) > 2]


def test_loss_and_accuracy_of_each_path_and_data_set(bent):
    axes = Figure().subplots(1, 2)
    straight = SinePath.straight(bent.start, bent.end, 1)
    losses = {"training": Bowl(), "test": Bowl(2.0)}
    found = plot_loss_and_accuracy([straight, bent], losses, Bowl(0.1), axes, n_points=9)
    assert found == tuple(axes)
    times = np.linspace(0, 1, 9)
    expected = [
        0.5 + scale * (path(times) ** 2).sum(-1) for path in (straight, bent) for scale in (1, 2)
    ]
    for drawn, values in zip(curves(axes[0]), expected, strict=True):
        assert_close(drawn, np.stack([times, values], axis=1))
    assert [line.get_linestyle() for line in axes[0].lines] == ["-", "--"] * 2
    assert [line.get_color() for line in axes[0].lines[::2]] == list(PALETTE[:2])
    assert len(curves(axes[1])) == 2


def test_legend_names_paths_and_data_sets(bent):
    axes = Figure().subplots(1, 2)
    losses = {"training": Bowl(), "test": Bowl()}
    plot_loss_and_accuracy([bent, bent], losses, losses, axes, labels=["straight", "found"])
    names = [text.get_text() for text in axes[0].get_legend().get_texts()]
    assert names == ["straight", "found", "training", "test"]
    plain = Figure().subplots(1, 2)
    plot_loss_and_accuracy(bent, Bowl(), Bowl(), plain)
    assert plain[0].get_legend() is None


def test_a_new_figure_where_no_axes_are_given(bent):
    first, second = plot_loss_and_accuracy(bent, Bowl(), Bowl(), n_points=3)
    assert first.figure is second.figure is pyplot.figure(1)
    assert plot_plane(Bowl(), bent, n_grid=5).figure is pyplot.figure(2)
    assert plot_height_against_budget({"one": ([1], [2])}).figure is pyplot.figure(3)


def test_plane_holds_both_ends_and_the_farthest_point(bent, ax):
    landscape = Bowl()
    plot_plane(landscape, bent, ax, n_grid=9)
    times = np.linspace(0, 1, 4001)
    chord = bent.end - bent.start
    first = chord / np.linalg.norm(chord)
    off = bent(times) - bent.start
    off = off - (off @ first)[:, None] * first
    second = off[np.argmax(np.linalg.norm(off, axis=1))]
    second = second / np.linalg.norm(second)
    drawn = curves(ax)[0]
    t = np.linspace(0, 1, len(drawn))
    projected = np.stack([(bent(t) - bent.start) @ axis for axis in (first, second)], axis=1)
    np.testing.assert_allclose(drawn, projected, atol=2e-3 * np.linalg.norm(chord))
    np.testing.assert_allclose(drawn[[0, -1], 1], 0, atol=1e-9)
    for asked in landscape.asked:  # all in the plane
        rest = asked - bent.start
        np.testing.assert_allclose(
            rest, np.outer(rest @ first, first) + np.outer(rest @ second, second), atol=5e-3
        )


def test_values_in_the_plane_are_the_landscapes(bent):
    flat = Figure().subplots()
    plot_plane(Bowl(), bent, flat, n_grid=7, ceiling=100.0)
    levels = flat.collections[0].levels
    assert levels[1] >= 0.5 and levels[-1] >= 100


def test_wide_ranges_are_drawn_as_logarithms(bent):
    wide, narrow = Figure().subplots(), Figure().subplots()
    plot_plane(Bowl(1e3), bent, wide, n_grid=9, ceiling=1e3)
    plot_plane(Bowl(1e-3), bent, narrow, n_grid=9)
    ratios = [np.ptp(np.diff(np.log(ax.collections[0].levels))) for ax in (wide, narrow)]
    assert ratios[0] < 0.3
    steps = np.diff(narrow.collections[0].levels)
    assert_close(steps, steps[0])


def test_plane_of_torch_paths_is_the_same(bent):
    numpy_ax, torch_ax = Figure().subplots(), Figure().subplots()
    same = SinePath(*map(torch.tensor, (bent.start, bent.end, bent.coefficients)))
    plot_plane(Bowl(), bent, numpy_ax, n_grid=5)
    plot_plane(Bowl(), same, torch_ax, n_grid=5)
    assert_close(curves(torch_ax)[0], curves(numpy_ax)[0])


def test_other_paths_and_names_in_the_plane(bent, ax):
    straight = SinePath.straight(bent.start, bent.end, 1)
    plot_plane(Bowl(), bent, ax, n_grid=5, others=[straight], labels=["found", "straight"])
    np.testing.assert_allclose(curves(ax)[1][:, 1], 0, atol=1e-9)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["found", "straight"]


def test_a_straight_path_has_no_plane(bent, ax):
    straight = SinePath.straight(bent.start, bent.end, 2)
    with pytest.raises(ValueError, match="the path is straight"):
        plot_plane(Bowl(), straight, ax)


def test_results_draw_in_the_plane(ax):
    toy = lennard_jones(7)
    found = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    plot_plane(toy, found, ax, n_grid=7, ceiling=0.0)
    assert np.linalg.norm(curves(ax)[0][-1]) == pytest.approx(np.linalg.norm(toy.end - toy.start))


def test_height_against_budget_of_results_and_of_numbers(ax):
    toy = two_channels()
    found = find_path(toy, toy.start, toy.end, method=Paper(n_steps=4))
    plot_height_against_budget({"found": found, "numbers": ([1, 10], [2, 1])}, ax, floor=0.3)
    first, second, floor = ax.lines
    np.testing.assert_array_equal(first.get_xdata(), found.history.n_gradients)
    np.testing.assert_array_equal(first.get_ydata(), found.history.heights)
    assert second.get_xydata().tolist() == [[1, 2], [10, 1]]
    assert floor.get_ydata() == [0.3, 0.3]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert ax.get_xlabel() == "gradients"
    other = Figure().subplots()
    plot_height_against_budget({"numbers": ([1, 10], [2, 1])}, other)
    assert other.get_xlabel() == "sample gradients"


def test_a_surface_through_three_points_has_their_values(rng):
    """Where the grid meets the points, and a distance in the plane is one in the landscape."""
    points = rng.normal(size=(3, 7))
    bowl = Bowl()
    surface = surface_through(bowl, list(points), n_grid=9)
    assert surface.values.shape == (9, 9)
    at_points = surface.plane.value(surface.points)
    assert_close(at_points, bowl.value_and_grad(points)[0])
    for i in range(3):
        apart = np.linalg.norm(surface.points[i] - surface.points[0])
        assert_close(apart, np.linalg.norm(points[i] - points[0]))
    corner = surface.plane.value(np.array([[surface.x[2], surface.y[5]]]))
    assert_close(surface.values[5, 2], corner[0])


def test_points_on_a_line_span_no_plane(rng):
    point = rng.normal(size=4)
    with pytest.raises(ValueError, match="one line"):
        surface_through(Bowl(), [point, 2 * point, 3 * point])
    with pytest.raises(ValueError, match="2 points"):
        surface_through(Bowl(), [point, 2 * point])


def test_a_random_surface_is_around_its_point_and_the_same_again(rng):
    point = rng.normal(size=7)
    first, again, other = (random_surface(Bowl(), point, n_grid=5, rng=k) for k in (0, 0, 1))
    assert_close(first.values[2, 2], Bowl().value_and_grad(point[None])[0][0])
    assert np.array_equal(first.values, again.values)
    assert not np.array_equal(first.values, other.values)


def test_contours_mark_and_name_all_points_and_are_logarithmic_where_asked(rng, ax):
    surface = surface_through(Bowl(), list(rng.normal(size=(3, 7))), n_grid=9)
    path = SinePath(rng.normal(size=7), rng.normal(size=7), rng.normal(size=(2, 7)))
    drawn = plot_contours(surface, ax, labels=["a", "b", "c"], paths=[path], logarithmic=True)
    assert drawn is ax
    assert [text.get_text() for text in ax.texts] == ["a", "b", "c"]
    marks = ax.lines[-1].get_xydata()
    assert np.array_equal(marks, surface.points)
    levels = ax.collections[0].levels
    assert_close(np.log10(levels[levels >= 1])[:3], np.log10([1.0, 2.0, 5.0]))


def test_a_surface_in_three_dimensions_is_cut_off_at_its_ceiling(rng):
    surface = random_surface(Bowl(), rng.normal(size=7), n_grid=5, rng=0)
    ax = plot_surface(surface, Figure().add_subplot(projection="3d"), ceiling=6.0)
    assert ax.get_zlim()[1] < 6.5
    assert plot_surface(surface, logarithmic=True).get_zlabel() == "log₁₀ value"


def test_metrics_along_paths_a_panel_each(bent):
    class Measured:
        def measure(self, points, metrics):
            loss = (points**2).sum(-1)
            return {"loss": loss, **{name: each(loss, None) for name, each in metrics.items()}}

    straight = SinePath.straight(bent.start, bent.end, 1)
    metrics = {"double": lambda loss, _: 2 * loss}
    axes = plot_metrics([bent, straight], Measured(), metrics, labels=["bent", "line"], n_points=7)
    assert [ax.get_ylabel() for ax in axes] == ["loss", "double"]
    assert_close(axes[1].lines[1].get_ydata(), 2 * axes[0].lines[1].get_ydata())
    assert [line.get_label() for line in axes[0].lines] == ["bent", "line"]
