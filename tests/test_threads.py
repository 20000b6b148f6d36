"""Calls in threads, interrupted wherever Python looks for signals."""

import sys
import threading
from functools import partial
from threading import Event

import pytest

from fourierpathfinder.threads import Caller, answered, promised


def fails():
    raise ArithmeticError("the density does not converge")


def interrupted(at, task):
    """Whether a task came to the look for signals that has this number, and was interrupted.

    Python looks when a function begins, and when one written in C has returned.
    """
    n_looks = 0

    def look(frame, event, argument):
        nonlocal n_looks
        n_looks += event in ("call", "c_return")
        if n_looks == at:
            sys.setprofile(None)
            raise KeyboardInterrupt

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        task()
    except KeyboardInterrupt:
        return True
    finally:
        sys.setprofile(before)
    return False


def test_answers_come_as_soon_as_they_are_there():
    is_told = Event()
    answers = answered([is_told.wait, lambda: "at once"], 2)
    assert next(answers) == (1, "at once")
    is_told.set()
    assert list(answers) == [(0, True)]


def test_calls_are_begun_in_their_order_until_an_error():
    begun = []
    calls = [partial(begun.append, 0), partial(begun.append, 1), fails, partial(begun.append, 3)]
    with pytest.raises(ArithmeticError, match="does not converge"):
        list(answered(calls, 1))
    assert begun in ([0, 1], [0, 1, 3])  # the last one may begin before the error is received


@pytest.mark.parametrize("ask", [lambda call: promised(call)(), Caller()])
def test_what_a_call_returns_or_raises_is_told(ask):
    assert ask(lambda: 4) == 4
    assert ask(threading.get_ident) != threading.get_ident()
    with pytest.raises(ArithmeticError, match="does not converge"):
        ask(fails)


def several():
    return list(answered([int, int, int], 2))


def one():
    answer = promised(int)
    return answer()


def one_after_the_other():
    caller = Caller()
    return caller(int), caller(int)


@pytest.mark.parametrize("task", [several, one, one_after_the_other])
def test_an_interrupt_at_any_moment_comes_through(task):
    at = 1
    while interrupted(at, task):
        at += 1
    assert at > 5
