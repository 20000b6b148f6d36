"""A property that is computed once, without a lock.

`functools.cached_property` holds, up to Python 3.11, one lock for all objects of a class while it
computes: a process that is forked at that moment by another thread waits for it for ever. What two
threads compute at the same time is here computed twice, and is the same.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

_Value = TypeVar("_Value")


class cached_property(Generic[_Value]):  # noqa: N801  (a decorator, as the one it stands for)
    """A method whose result is kept in the object's dictionary, under the method's name.

    Parameters
    ----------
    function : callable
        The method.

    Examples
    --------
    >>> class Square:
    ...     side = 2.0
    ...     @cached_property
    ...     def area(self):
    ...         return self.side**2
    >>> square = Square()
    >>> square.area, square.__dict__
    (4.0, {'area': 4.0})
    """

    def __init__(self, function: Callable[[Any], _Value]) -> None:
        self._function = function
        self._name = function.__name__
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> "cached_property[_Value]": ...

    @overload
    def __get__(self, instance: object, owner: type) -> _Value: ...

    def __get__(self, instance: Any, owner: type) -> "cached_property[_Value] | _Value":
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._function(instance)
        return value
