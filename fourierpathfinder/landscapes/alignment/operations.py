"""What torch's operations do to the labels of the axes of their arguments.

All that a module computes comes down to some hundred operations (ATen), whichever functions, layers
or libraries it is written with. Each rule here joins the labels of axes that meet in an operation,
and says what runs along the axes of its result.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import torch

from . import rarer_operations
from .axes import Axes, Axis, cut, fix, fixed_axes, joined, meet, new_axis, one_place, regrouped
from .call import Call, Rule, broadcast, first_of, fixing

_MASKS = (torch.bool, torch.uint8)


def rule_of(function: Any) -> Rule:
    """The rule of an ATen operation; for those without any, all that takes part is fixed."""
    name = function.overloadpacket.__name__.removesuffix("_")
    if name in _RULES:
        return _RULES[name]
    if torch.Tag.pointwise in function.tags:
        return _pointwise
    return fixing


def _pointwise(call: Call) -> Axes:
    return broadcast([call.axes_of(tensor) for tensor in call.tensors], call.output.shape)


def _same(call: Call) -> Axes:
    return call.axes("self")


def _pool(n_pixels: int) -> Rule:
    def rule(call: Call) -> Axes:
        axes = call.axes("self")
        kept = len(axes) - n_pixels
        for axis in axes[kept:]:
            fix(axis)
        return axes[:kept] + fixed_axes(first_of(call.output).shape[kept:])

    return rule


def _padded(call: Call) -> Axes:
    axes = list(call.axes("self"))
    for place in range(len(call["pad"]) // 2):
        if any(call["pad"][2 * place : 2 * place + 2]):
            fix(axes[-1 - place])
            axes[-1 - place] = new_axis(call.output.shape[-1 - place], fixed=True)
    return tuple(axes)


def _reshaped(call: Call) -> Axes:
    return regrouped(call.axes("self"), call.output.shape)


def _permuted(call: Call) -> Axes:
    axes = call.axes("self")
    return tuple(axes[dim] for dim in call["dims"])


def _transposed(call: Call) -> Axes:
    axes = list(call.axes("self"))
    first, second = call.arguments.get("dim0", 0), call.arguments.get("dim1", 1)
    if len(axes) > 1:
        axes[first], axes[second] = axes[second], axes[first]
    return tuple(axes)


def _expanded(call: Call) -> Axes:
    axes = call.axes("self")
    shape = call.output.shape
    axes = ((),) * (len(shape) - len(axes)) + axes
    return tuple(axis or new_axis(size) for axis, size in zip(axes, shape, strict=True))


def _repeated(call: Call) -> Axes:
    axes = call.axes("self")
    times = call["repeats"]
    axes = ((),) * (len(times) - len(axes)) + axes
    return tuple(new_axis(n) + axis for n, axis in zip(times, axes, strict=True))


def _unsqueezed(call: Call) -> Axes:
    axes = list(call.axes("self"))
    axes.insert(call["dim"] % (len(axes) + 1), ())
    return tuple(axes)


def _squeezed(call: Call) -> Axes:
    axes = call.axes("self")
    dims = call.arguments.get("dim", range(len(axes)))
    dims = dims if isinstance(dims, list | tuple | range) else [dims]
    gone = {dim % len(axes) for dim in dims if axes and call["self"].shape[dim] == 1}
    return tuple(axis for place, axis in enumerate(axes) if place not in gone)


def _part(axes: Axes, dim: int, first: int, last: int) -> Axes:
    return (*axes[:dim], cut(axes[dim], first, last), *axes[dim + 1 :])


def _sliced(call: Call) -> Axes:
    axes, size = call.axes("self"), call["self"].shape[call["dim"]]
    dim = call["dim"] % len(axes)
    first, last, _ = slice(call["start"], call["end"]).indices(size)
    if not axes[dim]:
        return axes[:dim] + fixed_axes([call.output.shape[dim]]) + axes[dim + 1 :]
    if call["step"] != 1 or last <= first:
        fix(axes[dim])
        return axes[:dim] + fixed_axes([call.output.shape[dim]]) + axes[dim + 1 :]
    return _part(axes, dim, first, last)


def _selected(call: Call) -> Axes:
    axes = call.axes("self")
    dim, size = call["dim"] % len(axes), call["self"].shape[call["dim"]]
    if axes[dim]:
        cut(axes[dim], call["index"] % size, call["index"] % size + 1)
    return axes[:dim] + axes[dim + 1 :]


def _split(call: Call) -> list[Axes]:
    axes, dim = call.axes("self"), call["dim"] % len(call.axes("self"))
    ends = list(accumulate(part.shape[dim] for part in call.output))
    if not axes[dim]:
        return [axes for _ in ends]
    return [_part(axes, dim, a, b) for a, b in zip([0, *ends], ends, strict=False)]


def _unbound(call: Call) -> list[Axes]:
    axes = call.axes("self")
    dim = call["dim"] % len(axes)
    if axes[dim]:
        for place in range(len(call.output)):
            cut(axes[dim], place, place + 1)
    return [axes[:dim] + axes[dim + 1 :] for _ in call.output]


def _concatenated(call: Call) -> Axes:
    several = [call.axes_of(tensor) for tensor in call["tensors"] if tensor.numel()]
    dim = call["dim"] % len(several[0])
    around = [(*axes[:dim], (), *axes[dim + 1 :]) for axes in several]
    shape = [1 if place == dim else n for place, n in enumerate(call.output.shape)]
    parts = [axes[dim] or one_place() for axes in several]
    axes = broadcast(around, shape)
    return (*axes[:dim], joined(parts), *axes[dim + 1 :])


def stacked(call: Call) -> Axes:
    """Tensors side by side on a new axis: theirs meet."""
    several = [call.axes_of(tensor) for tensor in call["tensors"]]
    dim = call["dim"] % (len(several[0]) + 1)
    axes = list(broadcast(several, call["tensors"][0].shape))
    axes.insert(dim, new_axis(len(several), fixed=True))
    return tuple(axes)


def _reduced(call: Call) -> Axes:
    axes = call.axes("self")
    dims = call.arguments.get("dim")
    dims = range(len(axes)) if dims is None or dims == [] else dims
    gone = {dim % len(axes) for dim in (dims if isinstance(dims, list | tuple | range) else [dims])}
    if call.arguments.get("keepdim"):
        return tuple(() if place in gone else axis for place, axis in enumerate(axes))
    return tuple(axis for place, axis in enumerate(axes) if place not in gone)


def _twice_reduced(call: Call) -> list[Axes]:
    axes = _reduced(call)
    return [axes, axes]


def _multiplied(first: str, second: str) -> Rule:
    """Matrix products (.., n, k) times (.., k, m), with what is added."""

    def rule(call: Call) -> Axes:
        a, b = call.axes(first), call.axes(second)
        meet(a[-1], b[-2])
        batch = broadcast([a[:-2], b[:-2]], call.output.shape[:-2])
        axes = (*batch, a[-2], b[-1])
        if first != "self":
            broadcast([axes, call.axes("self")], call.output.shape)
        return axes

    return rule


def _matrix_vector(call: Call) -> Axes:
    a, b = call.axes("self"), call.axes("vec")
    meet(a[-1], b[-1])
    return a[:-1]


def _inner_product(second: str) -> Rule:
    def rule(call: Call) -> Axes:
        meet(call.axes("self")[0], call.axes(second)[0])
        return ()

    return rule


def _convolved(call: Call) -> Axes:
    x, weight, groups = call.axes("input"), call.axes("weight"), call["groups"]
    for axis in (*x[2:], *weight[2:]):
        fix(axis)
    group = new_axis(groups)
    read, made = (0, 1) if call["transposed"] else (1, 0)
    if groups == 1:
        meet(x[1], weight[read])
        channels = weight[made]
    elif call["transposed"]:
        meet(x[1], weight[0])
        meet(weight[0], group + new_axis(call["weight"].shape[0] // groups))
        channels = group + weight[1]
    else:
        meet(x[1], group + weight[1])
        meet(weight[0], group + new_axis(call["weight"].shape[0] // groups))
        channels = weight[0]
    if call["bias"] is not None:
        meet(call.axes("bias")[0], channels)
    return x[0], channels, *fixed_axes(call.output.shape[2:])


def _batch_normed(call: Call) -> Axes:
    axes = call.axes("input")
    for name in ("weight", "bias", "running_mean", "running_var"):
        if call[name] is not None:
            meet(call.axes(name)[0], axes[1])
    return axes


def _group_normed(call: Call) -> Axes:
    axes, n_groups = call.axes("input"), call["group"]
    size = call["input"].shape[1] // n_groups
    meet(axes[1], new_axis(n_groups) + new_axis(size))
    for name in ("weight", "bias"):
        if call[name] is not None:
            meet(call.axes(name)[0], axes[1])
    return axes


def _layer_normed(call: Call) -> Axes:
    axes = call.axes("input")
    call.meet_last("weight", axes)
    call.meet_last("bias", axes)
    return axes


def _rms_normed(call: Call) -> Axes:
    axes = call.axes("input")
    call.meet_last("weight", axes)
    return axes


def _embedded(call: Call) -> Axes:
    weight = call.axes("weight")
    fix(weight[0])
    return call.axes("indices") + weight[1:]


def _attended(call: Call) -> Axes:
    q, k, v = (call.axes(name) for name in ("query", "key", "value"))
    sharing = call["query"].shape[1] // call["key"].shape[1]
    if sharing > 1:  # heads of queries, side by side, that share one of keys and of values
        each = new_axis(sharing)
        k, v = ((*axes[:1], axes[1] + each, *axes[2:]) for axes in (k, v))
    meet(q[-1], k[-1])
    meet(k[-2], v[-2])
    batch = broadcast([q[:-2], k[:-2], v[:-2]], call["query"].shape[:-2])
    for name in ("attn_mask", "attn_bias"):
        mask = call.arguments.get(name)
        if mask is not None:
            shape = (*call["query"].shape[:-1], call["key"].shape[-2])
            broadcast([(*batch, q[-2], k[-2]), call.axes(name)], shape)
    return (*batch, q[-2], v[-1])


def _indexed(call: Call) -> Axes:
    """Places by numbers along one axis each, or by a mask along as many as it has."""
    axes, indices = call.axes("self"), call["indices"]
    used: list[int] = []
    place = 0
    for index in indices:
        n_axes = 1 if index is None or index.dtype not in _MASKS else index.ndim
        used += [] if index is None else range(place, place + n_axes)
        place += n_axes
    first, last = used[0], used[-1] + 1
    if used != list(range(first, last)):
        return fixing(call)[0]
    for axis in (*axes[first:last], *_axes_of_all(call, indices)):
        fix(axis)
    before, rest = axes[:first], axes[last:]
    chosen = call.output.shape[first : call.output.ndim - len(rest)]
    return before + fixed_axes(chosen) + rest


def _axes_of_all(call: Call, indices: Sequence[Any]) -> list[Axis]:
    """Where numbers stand tells which are chosen, so that units they stand for keep their order."""
    return [axis for index in indices if index is not None for axis in call.axes_of(index)]


def _chosen(call: Call) -> Axes:
    axes, dim = call.axes("self"), call["dim"] % len(call.axes("self"))
    for axis in (axes[dim], *call.axes("index")):
        fix(axis)
    return axes[:dim] + fixed_axes([call.output.shape[dim]]) + axes[dim + 1 :]


def _rolled(call: Call) -> Axes:
    axes = call.axes("self")
    for dim in call["dims"] or range(len(axes)):
        fix(axes[dim])
    return axes


def _accumulated(call: Call) -> Axes:
    fix(call.axes("self")[call["dim"]])
    return call.axes("self")


def _copied(call: Call) -> Axes:
    return broadcast([call.axes("self"), call.axes("src")], call.output.shape)


_NAMES: tuple[tuple[Rule, str], ...] = (
    (_same, "clone _to_copy detach alias contiguous lift_fresh native_dropout softmax _softmax"),
    (_same, "_log_softmax _safe_softmax dropout bernoulli real imag conj _conj _neg_view"),
    (_same, "hardswish log_sigmoid_forward rrelu_with_noise rrelu_with_noise_functional"),
    (_reshaped, "view _unsafe_view reshape _reshape_alias"),
    (_permuted, "permute"),
    (_transposed, "transpose t"),
    (_expanded, "expand"),
    (_repeated, "repeat"),
    (_unsqueezed, "unsqueeze"),
    (_squeezed, "squeeze"),
    (_sliced, "slice"),
    (_selected, "select"),
    (_split, "split unsafe_split split_with_sizes unsafe_split_with_sizes chunk"),
    (_unbound, "unbind"),
    (_concatenated, "cat"),
    (stacked, "stack"),
    (_reduced, "sum mean amax amin var std logsumexp linalg_vector_norm norm prod"),
    (_twice_reduced, "var_mean std_mean"),
    (_multiplied("self", "mat2"), "mm bmm"),
    (_multiplied("mat1", "mat2"), "addmm"),
    (_multiplied("batch1", "batch2"), "baddbmm"),
    (_matrix_vector, "mv"),
    (_inner_product("tensor"), "dot"),
    (_inner_product("other"), "vdot"),
    (_convolved, "convolution"),
    (_batch_normed, "native_batch_norm _native_batch_norm_legit_no_training cudnn_batch_norm"),
    (_batch_normed, "miopen_batch_norm"),
    (_group_normed, "native_group_norm"),
    (_layer_normed, "native_layer_norm"),
    (_rms_normed, "_fused_rms_norm"),
    (_embedded, "embedding"),
    (_attended, "_scaled_dot_product_flash_attention_for_cpu _scaled_dot_product_flash_attention"),
    (_attended, "_scaled_dot_product_efficient_attention _scaled_dot_product_cudnn_attention"),
    (_indexed, "index"),
    (_chosen, "index_select"),
    (_rolled, "roll flip"),
    (_accumulated, "cumsum cumprod"),
    (_copied, "copy"),
    (_pointwise, "_prelu_kernel"),
    (_padded, "constant_pad_nd"),
    (_pool(1), "max_pool1d avg_pool1d adaptive_max_pool1d upsample_nearest1d upsample_linear1d"),
    (_pool(1), "reflection_pad1d replication_pad1d"),
    (_pool(2), "max_pool2d_with_indices avg_pool2d _adaptive_avg_pool2d adaptive_max_pool2d"),
    (_pool(2), "upsample_nearest2d upsample_bilinear2d upsample_bicubic2d _upsample_bicubic2d_aa"),
    (_pool(2), "_upsample_bilinear2d_aa reflection_pad2d replication_pad2d"),
    (_pool(3), "max_pool3d_with_indices avg_pool3d _adaptive_avg_pool3d adaptive_max_pool3d"),
    (_pool(3), "upsample_nearest3d upsample_trilinear3d replication_pad3d"),
)

_RULES: dict[str, Rule] = {
    name: rule for rule, names in (*_NAMES, *rarer_operations.NAMES) for name in names.split()
}
"""By the name of the operation, without the underscore of those that work in place."""
