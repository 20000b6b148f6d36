"""A user's Numba function of one point as a landscape: f(x) -> value, gradient written in place.

A kernel runs the function over a batch of points. It calls it through its address, so one compiled
kernel serves every function and both can lie in Numba's cache on disk: a second process compiles
nothing. (A kernel that closed over the function would be compiled again in every process.)

Large batches are shared out among threads begun for them. Numba's own threads are not used: one
kind of them ends the process when two threads enter it at once, another after a fork, and with
PyTorch they share one number.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache, partial
from time import perf_counter
from types import FunctionType
from typing import Any, TypeVar, cast
from weakref import WeakValueDictionary

import numpy as np
from numba import config, njit, types
from numba.core import cgutils
from numba.core.registry import CPUDispatcher
from numba.extending import intrinsic, register_jitable

from .._arrays import Array
from ..storage.content import digest
from ..threads import promised
from .conversion import back, to_doubles

_Function = TypeVar("_Function", bound=Callable[..., Any])

_SIGNATURE = types.float64(types.float64[::1], types.float64[::1])

_KERNEL = types.void(types.intp, types.float64[:, ::1], types.float64[::1], types.float64[:, ::1])

_OPTIONS = {"error_model": "numpy", "fastmath": {"reassoc", "contract", "arcp", "nsz"}}
"""Sums may become vector code, yet NaN and infinity keep their meaning; 1/0 is infinite."""

_THREADS_FROM = 5e-4
"""Seconds of work in a batch from which threads gain more than beginning them costs.

That takes microseconds on an idle machine, but milliseconds where all cores are taken.
"""

_shared_out = threading.Lock()
"""Held while a batch has threads; others that come meanwhile do without, as the cores are taken."""

_owners: WeakValueDictionary[int, Any] = WeakValueDictionary()
"""The compiled function at each address in use."""


def inlinable(function: _Function) -> _Function:
    """Let a point function call this one when it is compiled; in Python it stays as it is."""
    return cast("_Function", register_jitable(function))


class CompiledLandscape:
    """A landscape from a Numba function of one point, compiled once and cached on disk.

    Small batches run serially, larger ones on as many threads as the environment variable
    `NUMBA_NUM_THREADS` says, else one for each core; the results are the same bit for bit. It is
    safe to call from several threads and in forked processes. An exception in the function
    reaches the caller.

    Parameters
    ----------
    point_function : callable (x (D,), gradient (D,)) -> float
        Returns the value at `x` and writes the gradient there into `gradient`, both float64
        arrays. A plain function that `numba.njit` can compile, which is then free to reorder
        sums, and 1/0 is infinite; or one decorated with it, whose own options hold. One that
        closes over variables is not cached on disk but compiled in every process.
    n_coordinates : int, optional
        D, where the function is defined for one D only. Compiled code does not check its
        indices, so points of another width are refused here.

    Raises
    ------
    TypeError
        If `point_function` is not a function that Numba can compile.

    Examples
    --------
    >>> import numpy as np
    >>> def bowl(x, gradient):
    ...     value = 0.0
    ...     for i in range(len(x)):
    ...         value += x[i] ** 2
    ...         gradient[i] = 2 * x[i]
    ...     return value
    >>> values, gradients = CompiledLandscape(bowl).value_and_grad(np.array([[1.0, 2.0]]))
    >>> values, gradients
    (array([5.]), array([[2., 4.]]))
    """

    def __init__(
        self, point_function: Callable[..., float], n_coordinates: int | None = None
    ) -> None:
        self.point_function = point_function
        self.n_coordinates = n_coordinates
        self._dispatcher, self._address = _compile(point_function)
        self._work = 0.0  # seconds per point, the least seen; 0 before the first call

    def value_and_grad(self, points: Array) -> tuple[Array, Array]:
        """Values (M,) and gradients (M, D) at `points` (M, D)."""
        x = to_doubles(points, self.n_coordinates)
        values, gradients = np.empty(len(x)), np.empty_like(x)
        started, n_workers = perf_counter(), 1
        if len(x) * self._work > _THREADS_FROM and _shared_out.acquire(blocking=False):
            try:
                n_workers = _on_threads(self._address, x, values, gradients)
            finally:
                _shared_out.release()
        else:
            _run(self._address, x, values, gradients)
        work = n_workers * (perf_counter() - started) / max(len(x), 1)
        self._work = min(work, self._work or work)
        return back(values, gradients, points)

    @property
    def identity(self) -> dict[str, str]:
        """What a file that is kept of this landscape must agree with: the function's code."""
        name = getattr(self._dispatcher, "__qualname__", "function")
        return {"function": f"{name} ({digest(self._dispatcher)})"}

    def __reduce__(self) -> tuple[Any, ...]:
        return CompiledLandscape, (self._dispatcher, self.n_coordinates)


def _on_threads(address: int, x: np.ndarray, values: np.ndarray, gradients: np.ndarray) -> int:
    """Fill in the results on threads, of which this is one, and say on how many."""
    n = config.NUMBA_NUM_THREADS
    shares = zip(*(np.array_split(each, n) for each in (x, values, gradients)), strict=True)
    calls = [partial(_run, address, *share) for share in shares]
    others = [promised(call) for call in calls[1:]]
    calls[0]()
    for finished in others:
        finished()
    return len(calls)


@lru_cache(maxsize=64)
def _compile(point_function: Callable[..., float]) -> tuple[Any, int]:
    """The compiled function, which owns the machine code, and the address of that.

    Numba names code after its function and a number that starts again in every process, so that
    cached versions of a function can share a name, under which the one loaded last is found.
    Hence a dispatcher of our own, and never one whose address belongs to another.
    """
    if not isinstance(point_function, CPUDispatcher | FunctionType):
        raise TypeError(
            f"`point_function` is a {type(point_function).__name__}; it must be a function "
            "(x, gradient) -> value that numba.njit can compile"
        )
    is_plain = isinstance(point_function, FunctionType)
    given: Any = njit(**_OPTIONS)(point_function) if is_plain else point_function
    dispatcher, address = _compiled_anew(given, cached=not given.py_func.__closure__)
    while _owners.setdefault(address, dispatcher) is not dispatcher:
        dispatcher, address = _compiled_anew(given, cached=False)
    return dispatcher, address


def _compiled_anew(given: Any, *, cached: bool) -> tuple[Any, int]:
    dispatcher = CPUDispatcher(given.py_func, targetoptions=given.targetoptions)
    if cached:
        with suppress(RuntimeError):  # typed into a prompt: there is no file to lay it beside
            dispatcher.enable_caching()
    dispatcher.compile(_SIGNATURE)
    compiled = dispatcher.get_compile_result(_SIGNATURE)
    return dispatcher, compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)


@intrinsic
def _at(typing_context, address):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The function of one point that lies at an address, callable in compiled code."""
    function_type = types.FunctionType(_SIGNATURE)

    def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        function = cgutils.create_struct_proxy(function_type)(context, builder)
        nowhere = cgutils.voidptr_t(None)
        function.jit_addr = builder.inttoptr(arguments[0], cgutils.voidptr_t)
        function.c_addr = function.py_addr = nowhere
        return function._getvalue()

    return function_type(types.intp), generate


@njit(_KERNEL, cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _run(address: int, points: np.ndarray, values: np.ndarray, gradients: np.ndarray) -> None:
    point_function = _at(address)
    for m in range(len(points)):
        gradients[m] = 0.0
        values[m] = point_function(points[m], gradients[m])
