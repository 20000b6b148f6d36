import numpy as np
import pytest
from matplotlib import pyplot, rcParams
from matplotlib.figure import Figure

from fourierpathfinder import Paper, PathResult, Saddle, SinePath, find_path
from fourierpathfinder.landscapes.toy import lennard_jones, two_channels
from fourierpathfinder.plot import PALETTE, plot_landscape, plot_profile
from fourierpathfinder.result import History, Status


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.fixture(autouse=True)
def _no_settings_change():
    pyplot.switch_backend("agg")
    before = dict(rcParams)
    yield
    assert dict(rcParams) == before
    pyplot.close("all")


def made_up(path, times, heights, height_time, height, saddle=None):
    return PathResult(
        path=path,
        height=height,
        height_time=height_time,
        start_value=1.0,
        end_value=0.5,
        times=np.array(times),
        heights=np.array(heights),
        saddle=saddle,
        certified=False,
        height_error=0.0,
        status=Status.CONVERGED,
        message="",
        n_gradients=1,
        n_iterations=1,
        history=History(np.array([1]), np.array([height])),
        method=None,
    )


@pytest.fixture
def result():
    """A bent path of length about 2.3 whose height lies between two of the method's points."""
    path = SinePath(np.array([0.0, 0.0]), np.array([2.0, 0.0]), np.array([[0.0, 0.5]]))
    saddle = Saddle(np.array([1.0, 0.5]), 3.0, 0.0, 0.5)
    return made_up(path, [0.25, 0.45, 0.75], [2.0, 2.5, 1.5], 0.5, 3.0, saddle)


def curve(ax, index=0):
    """The smooth curve of a profile."""
    return [line for line in ax.lines if line.get_gid() == "profile"][index].get_xydata()


def test_profile_goes_through_all_that_is_known(result, ax):
    assert plot_profile(result, ax) is ax
    known = [(0, 1), (0.25, 2), (0.45, 2.5), (0.5, 3), (0.75, 1.5), (1, 0.5)]
    drawn = curve(ax)
    for point in known:
        assert np.abs(drawn - point).max(axis=1).min() < 1e-12
    assert drawn[:, 1].max() == 3.0


def test_profile_where_the_methods_points_include_ends_and_top(ax):
    path = SinePath(np.zeros(2), np.ones(2), np.zeros((1, 2)))
    plot_profile(made_up(path, [0.0, 0.5, 1.0], [1.0, 3.0, 0.5], 0.5, 3.0), ax)
    assert curve(ax)[[0, -1], 1].tolist() == [1.0, 0.5]
    assert curve(ax)[:, 1].max() == 3.0


def test_profile_marks_and_writes_the_height(result, ax):
    plot_profile(result, ax, unit="eV")
    assert [text.get_text() for text in ax.texts] == ["3 eV"]
    assert any(line.get_xydata().tolist() == [[0.5, 3.0]] for line in ax.lines)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("t", "value (eV)")


def test_relative_profile_shows_the_barrier(result, ax):
    plot_profile(result, ax, relative=True, unit="eV")
    assert ax.texts[0].get_text() == "2 eV"
    assert curve(ax)[0, 1] == 0.0
    assert ax.get_ylabel() == "value above the start (eV)"


def test_profile_over_arc_length_ends_at_the_length(result, ax):
    plot_profile(result, ax, arc_length=True, length_unit="Å")
    assert curve(ax)[-1, 0] == pytest.approx(float(result.path.length()), rel=1e-6)
    assert ax.get_xlabel() == "arc length (Å)"
    middle = curve(ax)[np.argmax(curve(ax)[:, 1]), 0]
    assert middle == pytest.approx(curve(ax)[-1, 0] / 2, rel=1e-6)


def test_profiles_of_one_axes_have_their_own_colours_and_names(result, ax):
    for label in ("one", "two"):
        plot_profile(result, ax, label=label, annotate=False)
    plot_profile(result, ax, color="black", annotate=False)
    lines = [line for line in ax.lines if line.get_gid() == "profile"]
    assert [line.get_color() for line in lines] == [*PALETTE[:2], "black"]
    assert ax.get_legend_handles_labels()[1] == ["one", "two"]
    assert not ax.texts


def test_profile_of_a_torch_path(result, ax):
    torch = pytest.importorskip("torch", reason="needs torch")
    arrays = (result.path.start, result.path.end, result.path.coefficients)
    path = SinePath(*map(torch.tensor, arrays))
    plot_profile(made_up(path, [0.25], [2.0], 0.5, 3.0), ax, arc_length=True)
    assert curve(ax)[-1, 0] == pytest.approx(float(path.length()), rel=1e-6)


def test_a_new_figure_where_no_axes_is_given(result):
    assert plot_profile(result).figure is pyplot.figure(1)
    assert plot_landscape(two_channels(), result).figure is pyplot.figure(2)


def test_map_shows_paths_points_and_saddles(result, ax):
    minima = np.array([[0.1, 0.1], [1.9, 0.1]])
    marked = np.array([[1.0, -0.5]])
    found = plot_landscape(two_channels(), result, ax, points=minima, saddles=marked)
    assert found is ax
    drawn = [line.get_xydata().tolist() for line in ax.lines]
    assert minima.tolist() in drawn
    assert marked.tolist() in drawn
    assert [[1.0, 0.5]] in drawn  # the result's own saddle
    np.testing.assert_allclose(
        ax.lines[0].get_xydata()[[0, 256, -1]], [[0, 0], [1, 0.5], [2, 0]], atol=1e-12
    )


def test_map_surrounds_its_paths(result, ax):
    plot_landscape(two_channels(), result, ax)
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    assert left < 0 and right > 2 and low < 0 and high > 0.5
    assert ax.get_aspect() == 1


def test_map_of_given_limits_needs_no_path(ax):
    plot_landscape(two_channels(), (), ax, limits=((-1, 1), (-0.8, 0.4)))
    assert (ax.get_xlim(), ax.get_ylim()) == ((-1, 1), (-0.8, 0.4))


def test_map_reaches_above_the_paths_or_to_the_ceiling(ax):
    toy = two_channels()
    straight = SinePath.straight(toy.start, toy.end, 1)
    plot_landscape(toy, straight, ax)
    assert ax.collections[0].levels[-1] > 1.1
    other = Figure().subplots()
    plot_landscape(toy, straight, other, ceiling=0.5)
    assert other.collections[0].levels[-1] == pytest.approx(0.5, abs=0.1)


def test_map_asks_a_landscape_as_it_can_answer():
    values = two_channels()

    class Cheap:
        def value(self, points):
            return values.value_and_grad(points)[0]

    levels = []
    for landscape in (values, Cheap(), lambda x: values.value_and_grad(x[None])[0][0]):
        ax = Figure().subplots()
        plot_landscape(landscape, (), ax, limits=((-1, 1), (-1, 1)))
        levels.append(ax.collections[0].levels)
    np.testing.assert_array_equal(levels[0], levels[1])
    np.testing.assert_array_equal(levels[0], levels[2])


def test_paths_of_a_map_have_names_and_colours(result, ax):
    straight = SinePath.straight(result.path.start, result.path.end, 1)
    plot_landscape(two_channels(), [straight, result], ax, labels=["straight", "found"])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["straight", "found"]
    named = [line for line in ax.lines if not line.get_label().startswith("_")]
    assert [line.get_color() for line in named] == list(PALETTE[:2])


def test_maps_of_what_has_not_two_coordinates_are_refused(ax):
    toy = lennard_jones(7)
    path = SinePath.straight(toy.start, toy.end, 1)
    with pytest.raises(ValueError, match=r"a path has 21 coordinates; a map needs 2"):
        plot_landscape(toy, path, ax)
    with pytest.raises(ValueError, match="pass `paths` or `limits`"):
        plot_landscape(two_channels(), (), ax)


def test_real_results_draw(ax):
    toy = two_channels()
    found = find_path(toy, toy.start, toy.end, method=Paper(n_steps=3))
    plot_profile(found, ax)
    assert curve(ax)[:, 1].max() == found.height
    plot_landscape(toy, found, Figure().subplots())
