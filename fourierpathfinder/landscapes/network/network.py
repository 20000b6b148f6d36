"""A module as pure functions of its parameters: loss, and statistics of its normalisation.

The module itself is never touched: a copy without parameters of its own is called with those of a
point (`torch.func.functional_call`). Dropout is off in it.
"""

import copy
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.func import functional_call

from ..alignment.copies import computed_weights, copied_where_it_moves, evaluating
from ..trees import filled, tree_map
from .afresh import afresh, may_keep
from .alone import Alone
from .data import Batch
from .first_call import calling, comparing
from .handed_samples import Handing
from .held import held
from .memory import SavedBytes, is_out_of_memory
from .offload import Offloaded, placed
from .parameters import Tensors
from .reduction import Loss, Penalty, Reduction
from .running import (
    Mode,
    buffers_of,
    by_all_names,
    make_differentiable,
    noted_statistics,
    set_mode,
    tracked_norms,
)
from .spectral import SpectralLayers

Function = Callable[..., Any]
HALF = (torch.float16, torch.bfloat16)


class Network:
    """The loss of a module as a function of its parameters.

    Parameters
    ----------
    module : torch.nn.Module
        Copied, except for what is frozen.
    loss : callable or None
        As `Reduction` takes it.
    device : torch.device
        Where to compute.
    autocast : torch.dtype, optional
        The lower precision for what bears it, such as `torch.bfloat16`.
    penalty : callable, optional
        A function of the parameters by name that is added to the loss.
    frozen : bool
        Whether running statistics and singular vectors stay as they are.
    home : torch.device, optional
        Where parameters are kept, and fetched from for each operation; by default on `device`.
    """

    def __init__(
        self,
        module: Any,
        loss: Loss,
        device: Any,
        autocast: Any = None,
        penalty: Callable[[Tensors], Any] | None = None,
        *,
        frozen: bool = False,
        home: Any = None,
    ) -> None:
        self.home = home
        self.alone = Alone()
        self.handing = Handing()
        self._module = self.placed(_unmoved(module), device)
        self.reduction = Reduction(loss)
        self._device = device
        self.autocast = autocast
        self._penalty = None if penalty is None else Penalty(penalty)
        self._explains = False
        self._computed = computed_weights(self._module)
        self._keeping = may_keep(self._module)
        self._places: dict[str, list[str]] = {}
        self._norms = {} if frozen else tracked_norms(self._module)
        self._spectral = SpectralLayers(nn.Module() if frozen else self._module)
        make_differentiable(self._norms)
        self._spectral.make_exact()
        self.arguments = Arguments(module)
        _give_dense_gradients(self._module)
        if device.type == "cuda":
            _let_recurrent_layers_backward(self._module)

    @property
    def estimated(self) -> set[str]:
        """The names of the buffers that are functions of the parameters, or count batches."""
        return buffers_of(self._norms) | self._spectral.buffers

    @property
    def has_statistics(self) -> bool:
        """Whether statistics have to be estimated at each point."""
        return bool(self._norms)

    @property
    def penalty(self) -> Callable[[Tensors], Any] | None:
        """What is added to the loss."""
        return self._penalty

    def vectors(self, state: Tensors) -> Tensors:
        """The singular vectors that fit the weights of a state dict, by the names of buffers."""
        return self._spectral.vectors(state)

    def by_all_names(self, statistics: Tensors) -> Tensors:
        """Statistics under all names that their layers have in a state dict."""
        return by_all_names(self._norms, statistics)

    def forget(self, names: Iterable[tuple[str, ...]]) -> None:
        """Free the memory of the copy's own parameters, each known by one or more names."""
        for aliases in names:
            parameter = self._module.get_parameter(aliases[0])
            empty = nn.Parameter(parameter.to("meta"), requires_grad=False)
            places: dict[tuple[int, str], str] = {}  # a layer of two names has but one
            for name in aliases:
                owner, _, last = name.rpartition(".")
                layer = self._module.get_submodule(owner)
                layer._parameters[last] = empty
                places.setdefault((id(layer), last), name)
            self._places[aliases[0]] = list(places.values())

    def placed(self, module: Any, device: Any) -> Any:
        """A module where it can be called."""
        return module.to(device) if self.home is None else placed(module, device, self.home)

    def fetching(self, module: Any, *variables: Any) -> AbstractContextManager[Any]:
        """In which a module is called with variables, so that what is kept elsewhere is fetched."""
        if self.home is None:
            return nullcontext()
        return Offloaded([*module.parameters(), *variables], self._device)

    def bytes_per_sample(self, variables: Tensors, batch: Batch) -> float:
        """What a sample keeps for the backward pass, from a pass over a few."""
        if self.home is not None:  # where torch's hooks are needed for something else
            return self._bytes_put_out(variables, batch)
        leaves = {name: tensor.detach().requires_grad_() for name, tensor in variables.items()}
        try:
            with self.alone, torch.enable_grad(), SavedBytes(leaves.values()) as saved:
                self.batch_loss(batch)(leaves, *batch.tensors)
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            return self._bytes_put_out(variables, batch)  # modules that use torch.func themselves
        return float(saved.total / batch.size)

    def holding(self, variables: Tensors) -> AbstractContextManager[Any]:
        """In which the way back from a function of these variables is gone."""
        return held(self._module, self._by_places(variables))

    def loss(self, batch: Batch) -> Function:
        """(sum, weight) of a batch's form of (variables, tensors); statistics are variables."""
        return partial(self._total, batch.form, batch.size)

    def batch_loss(self, batch: Batch) -> Function:
        """The mean loss of samples that are normalised with their own statistics, penalised."""
        return partial(self._mean, batch.form, batch.size)

    def statistics(self, batch: Batch) -> Function:
        """The statistics of a batch, by the names of the buffers that hold them."""
        return partial(self._statistics, batch.form)

    def pulled_statistics(self, batch: Batch) -> Function:
        """Σ weight · statistic of (variables, weights, tensors).

        Its gradient pulls one in the statistics back to parameters.
        """
        return partial(self._pulled, batch.form)

    def output(self, variables: Tensors, batch: Batch) -> Any:
        """What the module returns for a batch, statistics being among the variables."""
        return self.output_and_target(variables, batch)[0]

    def output_and_target(self, variables: Tensors, batch: Batch) -> tuple[Any, Any]:
        """The same, and what to compare it with."""
        set_mode(self._norms, Mode.GIVEN)
        with self.handing.handed(batch.tree) as tree:
            return self._output(variables, tree)

    @contextmanager
    def handed_target(self, batch: Batch) -> Iterator[Any]:
        """What to compare an output with, which may be written over."""
        with self.handing.handed(batch.tree) as tree:
            yield self.arguments(tree)[2]

    @property
    def module(self) -> Any:
        """The copy that is called, which has no parameters of its own."""
        return self._module

    def _total(self, form: Any, size: int, variables: Tensors, *tensors: Any) -> tuple[Any, Any]:
        set_mode(self._norms, Mode.GIVEN)
        with self.handing.handed(filled(form, tensors)) as tree:
            output, target = self._output(variables, tree)
            with self.comparing(output, target):
                total, weight = self.reduction.total(output, target, size)
        return self._brought_home(total), self._brought_home(weight)

    def _mean(self, form: Any, size: int, variables: Tensors, *tensors: Any) -> Any:
        set_mode(self._norms, Mode.BATCH)
        with self.handing.handed(filled(form, tensors)) as tree:
            output, target = self._output(variables, tree)
            mean = self._brought_home(self.reduction.mean(output, target, size))
        return mean if self._penalty is None else mean + self._penalty(variables)

    def _statistics(self, form: Any, variables: Tensors, *tensors: Any) -> Tensors:
        set_mode(self._norms, Mode.NOTE)
        with self.handing.handed(filled(form, tensors)) as tree:
            self._output(variables, tree)
        return noted_statistics(self._norms)

    def _pulled(self, form: Any, variables: Tensors, weights: Tensors, *tensors: Any) -> Any:
        statistics = self._statistics(form, variables, *tensors)
        return sum((weights[name] * statistics[name]).sum() for name in weights)

    def _output(self, variables: Tensors, tree: Any) -> tuple[Any, Any]:
        """What the module returns, and the target to compare it with."""
        args, kwargs, target = self.arguments(tree)
        placed = self._by_places(variables)
        calling = self.calling(args, kwargs, variables.values())
        fetching = self.fetching(self._module, *variables.values())
        with calling, self.precision(), fetching, afresh(self._keeping):
            output = functional_call(self._module, placed, args, kwargs, tie_weights=False)
        for layer, name in self._computed:  # of this point, and not to be kept
            vars(layer).pop(name, None)
        return in_single(output), target

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Within it, errors of the module and of the loss tell what these were called with."""
        self._explains = True
        try:
            yield
        finally:
            self._explains = False

    def calling(self, args: Any, kwargs: Any, parameters: Any) -> AbstractContextManager[None]:
        """In which a module is called with arguments."""
        return calling(args, kwargs, parameters) if self._explains else nullcontext()

    def comparing(self, output: Any, target: Any) -> AbstractContextManager[None]:
        """In which the loss is calculated."""
        return comparing(output, target) if self._explains else nullcontext()

    def _by_places(self, variables: Tensors) -> Tensors:
        """The variables by one name of each place in the module; torch would fill some twice."""
        return {
            place: tensor
            for name, tensor in variables.items()
            for place in self._places.get(name, [name])
        }

    def _brought_home(self, tensor: Any) -> Any:
        return tensor if self.home is None else tensor.to(self.home)

    def _bytes_put_out(self, variables: Tensors, batch: Batch) -> float:
        """Twice what all layers put out."""
        sizes: list[int] = []

        def note(layer: Any, inputs: Any, output: Any) -> None:
            tree_map(lambda tensor: sizes.append(tensor.nbytes), output)

        hooks = [layer.register_forward_hook(note) for layer in self._module.modules()]
        try:
            with self.alone:
                self.output(variables, batch)
        finally:
            for hook in hooks:
                hook.remove()
        return 2.0 * sum(sizes) / batch.size

    def precision(self) -> AbstractContextManager[Any]:
        """In which the module is called."""
        if self.autocast is None:
            return nullcontext()
        context: AbstractContextManager[Any] = torch.autocast(self._device.type, self.autocast)
        return context


class Arguments:
    """How a module is called with a batch, and what its output is compared with.

    A pair is (inputs, target), the inputs being one argument, a tuple of several, or a dict of
    named ones. A dict gives the arguments that the module knows by name, and is the target as a
    whole, and so is any other object, with which the module is called; a dict too, where it knows
    none of its names.
    """

    def __init__(self, module: Any) -> None:
        parameters = inspect.signature(type(module).forward).parameters.values()
        takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
        self._known = None if takes_all else {p.name for p in parameters}

    def __call__(self, tree: Any) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
        """Positional and named arguments, and the target."""
        if isinstance(tree, tuple | list):
            inputs, target = tree
            if isinstance(inputs, Mapping) and self._knows(inputs):
                return (), dict(inputs), target
            return (tuple(inputs) if type(inputs) in (tuple, list) else (inputs,)), {}, target
        if isinstance(tree, Mapping) and self._knows(tree):
            names = tree if self._known is None else [n for n in tree if n in self._known]
            return (), {name: tree[name] for name in names}, tree
        return (tree,), {}, tree

    def _knows(self, names: Iterable[str]) -> bool:
        """Whether the module takes any of them by name, rather than the dict as a whole."""
        return self._known is None or not self._known.isdisjoint(names)


def _unmoved(module: Any) -> Any:
    """A copy to call, in evaluation mode."""
    return evaluating(copied_where_it_moves(module)).requires_grad_(False)


def in_single(output: Any) -> Any:
    """An output with its tensors of half precision in single, whatever object holds them."""
    if isinstance(output, torch.Tensor):
        return _single(output)
    mapped = tree_map(_single, output)
    if mapped is not output or not hasattr(output, "__dict__"):
        return mapped
    new = copy.copy(output)
    vars(new).update({name: tree_map(_single, value) for name, value in vars(output).items()})
    return new


def _single(tensor: Any) -> Any:
    return tensor.float() if tensor.dtype in HALF else tensor


def _give_dense_gradients(module: Any) -> None:
    """They become part of one vector."""
    for layer in module.modules():
        if isinstance(layer, nn.Embedding | nn.EmbeddingBag):
            layer.sparse = False


def _let_recurrent_layers_backward(module: Any) -> None:
    """Set training mode, without which cuDNN refuses to differentiate; dropout stays off."""
    for layer in module.modules():
        if isinstance(layer, nn.RNNBase):
            layer.dropout = 0.0
            layer.training = True
