"""Which units a module has and where their order shows, found from the module itself.

The module is traced (torch.fx) into a graph of layers, and each tensor is followed from the inputs
to the output: which units does it run over, and on which axis. A layer that reads the tensor gets a
slot for them and makes new units. Units that reach the output, or an operation that mixes them,
keep their order. Where branches join, or a layer reads what cannot be followed, the module is
refused: exchanging units there would change the function.
"""

from dataclasses import dataclass, replace
from typing import Any, NoReturn

from torch import fx, nn

from . import layers
from .layers import FLATTEN_CALLS, MAKERS, POOL_CALLS, POOLS, SCALES, UNITWISE, UNITWISE_CALLS
from .units import Slot, Units

_SIZES = frozenset({"size", "getattr", "len", "dim", "shape"})
"""Questions about a tensor that are no tensors themselves."""


@dataclass(frozen=True)
class Stream:
    """What is known of a tensor on its way: the units, and how they lie in it.

    Parameters
    ----------
    made : tuple of int
        The sets of units it may run over, by number; several for a recurrent stack, whose last
        one comes out. Empty for the module's inputs, and where the units were mixed.
    channels : bool
        Whether they lie on axis 1, before the pixels, rather than on the last axis.
    flat : bool
        Whether the axes have been flattened into one.
    mixed_by : str
        The operation that made the units impossible to follow, if one did.
    """

    made: tuple[int, ...] = ()
    channels: bool = False
    flat: bool = False
    mixed_by: str = ""


def find_units(module: Any) -> list[Units]:
    """All sets of units that may be exchanged within a module.

    Parameters
    ----------
    module : torch.nn.Module
        A chain of layers: multi-layer perceptrons, convolutional and recurrent networks.

    Returns
    -------
    list of Units
        From the input to the output.

    Raises
    ------
    ValueError
        If the module is no such chain; the message names the place.
    """
    _refuse_shared(module)
    walk = _Walk(dict(module.named_modules()))
    for node in _traced(module):
        walk.visit(node)
    return walk.units()


def _traced(module: Any) -> list[Any]:
    """The module's graph, in the order of execution."""
    try:
        traced = fx.symbolic_trace(module)
    except Exception as error:
        raise ValueError(
            f"the units of {type(module).__name__} cannot be aligned: torch.fx cannot trace it "
            f"({error}). Only chains of layers without decisions on data can be"
        ) from error
    traced.graph.eliminate_dead_code()
    return list(traced.graph.nodes)


class _Walk:
    """One pass over the graph."""

    def __init__(self, named_layers: dict[str, Any]) -> None:
        self._layers = named_layers
        self._streams: dict[Any, Stream] = {}
        self._units: list[Units] = []
        self._fixed: set[int] = set()
        self._used: set[str] = set()

    def units(self) -> list[Units]:
        """The units whose order is free."""
        return [units for i, units in enumerate(self._units) if i not in self._fixed]

    def visit(self, node: Any) -> None:
        """Follow the streams through one operation."""
        sources = [self._streams[n] for n in node.all_input_nodes if n in self._streams]
        if node.op == "placeholder":
            self._streams[node] = Stream()
        elif node.op == "output":
            for stream in sources:
                self._fix(stream)
        elif node.op == "get_attr" or _name(node) in _SIZES or not sources:
            return
        else:
            self._streams[node] = self._follow(node, _joined(node, sources))

    def _follow(self, node: Any, stream: Stream) -> Stream:
        if node.op == "call_module":
            return self._through_layer(node.target, self._layers[node.target], stream)
        return self._through_call(_name(node), stream)

    def _through_layer(self, name: str, layer: Any, stream: Stream) -> Stream:
        if isinstance(layer, MAKERS):
            return self._through_maker(name, layer, stream)
        if isinstance(layer, SCALES):
            return self._through_scale(name, layer, stream)
        if isinstance(layer, UNITWISE) or (isinstance(layer, POOLS) and stream.channels):
            return stream
        if isinstance(layer, nn.Flatten) and layer.start_dim == 1:
            return replace(stream, flat=True)
        return self._mixed(f"`{name}` ({type(layer).__name__})", stream)

    def _through_call(self, name: str, stream: Stream) -> Stream:
        if name in UNITWISE_CALLS or (name in POOL_CALLS and stream.channels):
            return stream
        if name in FLATTEN_CALLS:
            return replace(stream, flat=True)
        if name == "getitem" and not stream.channels:
            return stream
        return self._mixed(f"`{name}`", stream)

    def _through_maker(self, name: str, layer: Any, stream: Stream) -> Stream:
        self._check_alone(name, layer)
        self._read(name, layer, stream)
        first = len(self._units)
        made = layers.made_by(name, layer)
        self._units += [Units(name, each.depth, each.n_units, each.slots) for each in made]
        return Stream(tuple(range(first, len(self._units))), layers.makes_channels(layer))

    def _read(self, name: str, layer: Any, stream: Stream) -> None:
        place = layers.read_by(name, layer)
        if place is None:
            return
        if stream.mixed_by:
            _refuse(f"`{name}` reads the result of {stream.mixed_by}, which may mix units")
        parameter, axis, length = place
        on_channels = stream.channels and not stream.flat
        if stream.made and layers.makes_channels(layer) != on_channels:
            _refuse(f"`{name}` does not read the units of the layer before it on their axis")
        self._add(stream, name, length, [(parameter, axis)])

    def _through_scale(self, name: str, layer: Any, stream: Stream) -> Stream:
        length = layers.scale_length(layer)
        if not stream.made or (length == 1 and isinstance(layer, nn.PReLU)):
            return stream
        over_pixels = isinstance(layer, nn.LayerNorm) and stream.channels and not stream.flat
        if not length or over_pixels:
            return self._mixed(f"`{name}` ({type(layer).__name__})", stream)
        self._check_alone(name, layer)
        places = [(parameter, 0) for parameter in layers.scale_names(name, layer)]
        self._add(stream, name, length, places)
        return stream

    def _add(self, stream: Stream, name: str, length: int, places: list[tuple[str, int]]) -> None:
        """Give the units of a stream slots on axes of this length."""
        if not stream.made:
            return
        units = self._units[stream.made[-1]]
        if length % units.n_units or (length != units.n_units and not stream.flat):
            _refuse(
                f"`{name}` reads {length} numbers where `{units.layer}` makes {units.n_units} units"
            )
        n_outer = 1 if stream.channels else length // units.n_units
        slots = [Slot(parameter, axis, n_outer) for parameter, axis in places]
        self._units[stream.made[-1]] = replace(units, slots=(*units.slots, *slots))

    def _check_alone(self, name: str, layer: Any) -> None:
        reason = layers.refusal(name, layer) if isinstance(layer, MAKERS) else ""
        if name in self._used:
            reason = f"the layer `{name}` is used twice"
        if reason:
            _refuse(reason)
        self._used.add(name)

    def _mixed(self, operation: str, stream: Stream) -> Stream:
        """After an operation that is not known: what came in keeps its order from now on."""
        if not stream.made:
            return stream
        self._fix(stream)
        return Stream(mixed_by=operation)

    def _fix(self, stream: Stream) -> None:
        self._fixed.update(stream.made[-1:])


def _joined(node: Any, sources: list[Stream]) -> Stream:
    """The one stream that continues from here."""
    first = sources[0]
    if len(sources) > 1 and any(stream.made or stream.mixed_by for stream in sources):
        _refuse(f"`{_name(node)}` joins two branches, as residual networks do")
    return first


def _name(node: Any) -> str:
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")


def _refuse_shared(module: Any) -> None:
    seen: dict[int, str] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        if id(parameter) in seen:
            _refuse(f"`{seen[id(parameter)]}` and `{name}` are one parameter")
        seen[id(parameter)] = name


def _refuse(reason: str) -> NoReturn:
    raise ValueError(
        f"the units of this module cannot be aligned: {reason}. Chains of linear, convolutional, "
        "pooling, norm and recurrent layers can be; connect other networks without alignment"
    )
