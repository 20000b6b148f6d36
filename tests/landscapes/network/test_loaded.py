"""Paths that were saved come back as arrays of NumPy."""

import numpy as np
import pytest
import torch

from fourierpathfinder import (
    Stochastic,
    find_path,
    hessian_eigenvalues,
    load_result,
    save_result,
)

from .architectures import build, landscape_of


def test_a_loaded_path_of_arrays_goes_wherever_a_tensor_does(tmp_path):
    pytest.importorskip("safetensors")
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    from fourierpathfinder.plot import plot_metrics, plot_plane, surface_through

    module, other = build("perceptron"), build("perceptron", 4)
    landscape = landscape_of("perceptron", torch.float32)
    quick = Stochastic(n_steps=5)
    result = find_path(landscape, module, other, method=quick, rng=0)
    loaded = load_result(save_result(result, tmp_path / "run.safetensors"))
    times = np.array([0.0, 0.5, 1.0])
    points = loaded.path(times)
    assert isinstance(points, np.ndarray)
    tensors = result.path(times)
    torch.testing.assert_close(landscape.value(points), landscape.value(tensors))
    for found, expected in zip(
        landscape.value_and_grad(points), landscape.value_and_grad(tensors), strict=True
    ):
        torch.testing.assert_close(found, expected)
    measured = landscape.measure(points, {})["loss"]
    assert measured == pytest.approx(landscape.measure(tensors, {})["loss"])
    curved = hessian_eigenvalues(landscape, points.astype(float))
    assert curved == pytest.approx(hessian_eigenvalues(landscape, tensors), rel=1e-2)
    plot_plane(landscape, loaded, Figure().subplots(), n_grid=3)
    plot_metrics([loaded], landscape, {}, [Figure().subplots()], n_points=3)
    surface_through(landscape, [loaded.path.start, other, points[1]], n_grid=3)
    again = find_path(landscape, module, other, initial=loaded, method=quick, rng=0)
    assert np.isfinite(again.height)
    with pytest.raises(TypeError, match="got ndarray of complex128"):
        landscape.value(points.astype(complex))
    with pytest.raises(ValueError, match="`points` has shape"):
        landscape.value(points[0])


def test_a_module_is_nothing_to_load_a_path_like(tmp_path):
    pytest.importorskip("safetensors")
    module = build("perceptron")
    landscape = landscape_of("perceptron", torch.float32)
    result = find_path(landscape, module, build("perceptron", 4), method=Stochastic(n_steps=2))
    file = save_result(result, tmp_path / "run.safetensors")
    with pytest.raises(TypeError, match=r"`like` is a \w+; pass an array.*coordinates\(module\)"):
        load_result(file, like=module)
    loaded = load_result(file, like=landscape.coordinates(module))
    torch.testing.assert_close(loaded.path.coefficients, result.path.coefficients)
