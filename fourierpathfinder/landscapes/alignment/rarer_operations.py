"""Rules of operations that belong to one kind of layer each, or that choose places by an index."""

from typing import Any

import torch

from .axes import Axes, cut, fix, fixed_axes, length, meet, new_axis, regrouped
from .call import Call, Places, Rule, broadcast, first_of, fixing


def _weight_normed(call: Call) -> list[Axes]:
    """v/|v| times g: the norms stand on one axis of v, or on none."""
    axes = call.axes("v")
    for mine, other in zip(call.axes("g"), axes, strict=False):
        if mine:
            meet(mine, other)
    return [axes, call.axes("g")]


def _gated(call: Call) -> Axes:
    """The first half of an axis times a function of the second one."""
    axes, dim = call.axes("self"), call["dim"] % len(call.axes("self"))
    half = length(axes[dim]) // 2
    first, second = cut(axes[dim], 0, half), cut(axes[dim], half, 2 * half)
    meet(first, second)
    return (*axes[:dim], first, *axes[dim + 1 :])


def _from_channels(call: Call) -> Axes:
    """(.., C r², H, W) to (.., C, H r, W r): the channels stay outside of what becomes pixels."""
    axes, factor = call.axes("self"), call["upscale_factor"]
    n_channels = call.output.shape[-3]
    channels, inner = regrouped((axes[-3],), (n_channels, factor**2))
    for axis in (inner, *axes[-2:]):
        fix(axis)
    return (*axes[:-3], channels, *fixed_axes(call.output.shape[-2:]))


def _to_channels(call: Call) -> Axes:
    """(.., C, H r, W r) to (.., C r², H, W)."""
    axes, factor = call.axes("self"), call["downscale_factor"]
    for axis in axes[-2:]:
        fix(axis)
    channels = axes[-3] + new_axis(factor**2, fixed=True)
    return (*axes[:-3], channels, *fixed_axes(call.output.shape[-2:]))


def _channels_shuffled(call: Call) -> Axes:
    """Groups within what were groups."""
    axes = call.axes("self")
    size = call["self"].shape[1]
    groups, rest = regrouped((axes[1],), (call["groups"], size // call["groups"]))
    return (axes[0], rest + groups, *axes[2:])


def _patches(call: Call) -> Axes:
    """(n, C, H, W) to (n, C k, L): the pixels of a patch stand within their channel."""
    axes = call.axes("self")
    for axis in axes[-2:]:
        fix(axis)
    n_within = call.output.shape[-2] // call["self"].shape[-3]
    channels = axes[-3] + new_axis(n_within, fixed=True)
    return (*axes[:-3], channels, *fixed_axes(call.output.shape[-1:]))


def _trilinear(call: Call) -> Axes:
    """The sum of products of three tensors, as `nn.Bilinear` takes it."""
    several = []
    for k in "123":
        each = list(call.axes(f"i{k}"))
        for dim in sorted(call[f"expand{k}"]):
            each.insert(dim, ())
        several.append(tuple(each))
    axes = broadcast(several, [0] * len(several[0]))
    return tuple(axis for dim, axis in enumerate(axes) if dim not in call["sumdim"])


def _distances(call: Call) -> Axes:
    """Of points (.., n, d) to points (.., m, d): (.., n, m)."""
    a, b = call.axes("x1"), call.axes("x2")
    meet(a[-1], b[-1])
    shape = call.output.shape
    return (*broadcast([a[:-2], b[:-2]], shape[:-2]), a[-2], b[-2])


def _extremes(call: Call) -> list[Axes | Places]:
    """Values, and where they stood along the dimension that is gone."""
    if call.arguments.get("dim") is None:
        return [*fixing(call)] if first_of(call.output).dtype == torch.int64 else [()]
    axes, dim = call.axes("self"), call["dim"] % max(1, len(call.axes("self")))
    if not axes:
        return [(), ()]
    gone: Axes = ((),) if call["keepdim"] else ()
    found = (*axes[:dim], *gone, *axes[dim + 1 :])
    places = Places(found, axes[dim])
    return [places] if isinstance(call.output, torch.Tensor) else [found, places]


def _ordered(call: Call) -> list[Axes]:
    """Values in the order of their size, and where they stood."""
    axes, dim = call.axes("self"), call["dim"] % len(call.axes("self"))
    fix(axes[dim])
    found = (*axes[:dim], *fixed_axes([call.output[0].shape[dim]]), *axes[dim + 1 :])
    return [found, found]


def _along(*names: str) -> Rule:
    """Places along one dimension are chosen by an index; the others run side by side."""

    def rule(call: Call) -> Axes:
        tensors = [call[name] for name in names if isinstance(call[name], torch.Tensor)]
        dim = call["dim"] % max(1, call["self"].ndim)
        if len({_without(tensor.shape, dim) for tensor in tensors}) > 1:
            return fixing(call)[0]
        several = [call.axes_of(tensor) for tensor in tensors]
        for axes in several:
            fix(axes[dim])
        beside = broadcast([_without(axes, dim) for axes in several], [0] * (len(several[0]) - 1))
        here = fixed_axes([call.output.shape[dim]])
        return (*beside[:dim], *here, *beside[dim:])

    return rule


def _without(parts: Any, dim: int) -> tuple[Any, ...]:
    return (*parts[:dim], *parts[dim + 1 :])


def _added_at(call: Call) -> Axes:
    """Rows of the source are added at places of one dimension."""
    fix(call.axes("index")[0])
    axes, source = call.axes("self"), call.axes("source")
    dim = call["dim"] % max(1, len(axes))
    for each in (axes, source):
        fix(each[dim])
    beside = broadcast([_without(axes, dim), _without(source, dim)], [0] * (len(axes) - 1))
    return (*beside[:dim], axes[dim], *beside[dim:])


def _bags(call: Call) -> list[Axes]:
    """Sums of rows of a table, each of some of them."""
    weight = call.axes("weight")
    fix(weight[0])
    if call["per_sample_weights"] is not None:
        for axis in call.axes("per_sample_weights"):
            fix(axis)
    return [(*fixed_axes(call.output[0].shape[:1]), weight[1])]


def _frequencies(call: Call) -> Axes:
    """Fourier transforms along some dimensions."""
    axes = list(call.axes("self"))
    for dim in call["dim"]:
        fix(axes[dim])
        (axes[dim],) = fixed_axes([call.output.shape[dim]])
    return tuple(axes)


def _pairs_as_complex(call: Call) -> Axes:
    axes = call.axes("self")
    fix(axes[-1])
    return axes[:-1]


def _complex_as_pairs(call: Call) -> Axes:
    return (*call.axes("self"), *fixed_axes([2]))


def _triangle(call: Call) -> Axes:
    axes = call.axes("self")
    for axis in axes[-2:]:
        fix(axis)
    return axes


def _packed(call: Call) -> list[Axes]:
    """Steps of sequences that have different lengths, one after the other."""
    axes = call.axes("input")
    for axis in axes[:2]:
        fix(axis)
    return [(*fixed_axes(call.output[0].shape[:1]), *axes[2:])]


NAMES: tuple[tuple[Rule, str], ...] = (
    (_extremes, "max min median nanmedian mode argmax argmin"),
    (_ordered, "topk sort"),
    (_packed, "_pack_padded_sequence"),
    (_weight_normed, "_weight_norm_interface"),
    (_gated, "glu"),
    (_from_channels, "pixel_shuffle"),
    (_to_channels, "pixel_unshuffle"),
    (_channels_shuffled, "channel_shuffle"),
    (_patches, "im2col"),
    (_trilinear, "_trilinear"),
    (_distances, "_cdist_forward _euclidean_dist"),
    (_along("self", "index"), "gather"),
    (_along("self", "index", "src"), "scatter scatter_add scatter_reduce"),
    (_added_at, "index_add"),
    (_bags, "_embedding_bag _embedding_bag_forward_only"),
    (_frequencies, "_fft_r2c _fft_c2r _fft_c2c"),
    (_pairs_as_complex, "view_as_complex"),
    (_complex_as_pairs, "view_as_real"),
    (_triangle, "tril triu"),
)
