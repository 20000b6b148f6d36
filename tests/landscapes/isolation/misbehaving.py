"""Landscapes that misbehave for real, from a module that worker processes can import.

Each is a bowl, with something the matter where the first coordinate is 1 or more.
"""

import ctypes
import os
import sys
import time
from pathlib import Path

import numpy as np


class Bowl:
    """|x|²; counts its calls in a file, as a process's memory would be lost with it."""

    label = "a bowl"

    def __init__(self, folder):
        self.folder = Path(folder)

    def value_and_grad(self, points):
        for _ in points:
            (self.folder / f"{time.time_ns()}-{os.getpid()}").touch()
        if points[0, 0] >= 1:
            return self.misbehave(points)
        return (points**2).sum(axis=1), 2 * points

    def misbehave(self, points):
        return (points**2).sum(axis=1), 2 * points


class Raising(Bowl):
    def misbehave(self, points):
        raise ArithmeticError("the density does not converge")


class NotANumber(Bowl):
    def misbehave(self, points):
        return np.full(len(points), np.nan), 2 * points


class NoForces(Bowl):
    def misbehave(self, points):
        return np.zeros(len(points)), np.zeros((len(points), 1))


class Hanging(Bowl):
    def misbehave(self, points):
        time.sleep(1000)


class Stopping(Bowl):
    """What Fortran's STOP does."""

    def misbehave(self, points):
        os._exit(3)


class Segfaulting(Bowl):
    def misbehave(self, points):
        ctypes.string_at(0)


class Killed(Bowl):
    """What the kernel does when memory runs out."""

    def misbehave(self, points):
        os.kill(os.getpid(), 9)


class Chatty(Bowl):
    def misbehave(self, points):
        os.write(1, b"\x00\xff garbage on the standard output\n" * 10000)
        print("and on the standard error", file=sys.stderr)
        return super().misbehave(points)


class Explaining(Bowl):
    """Knows why a point failed, and prints more."""

    last_failure = ""

    def misbehave(self, points):
        self.last_failure = "it raised NoLicence: the key has expired"
        print("key 17 ended in May\n" + self.last_failure + "\n=====", flush=True)
        return np.full(len(points), np.nan), 2 * points


class Telling(Bowl):
    """Prints why before it ends."""

    def misbehave(self, points):
        print("reading ...\nSTOP: no basis set\n", file=sys.stderr, flush=True)
        os._exit(3)


class FailingOnce(Bowl):
    """Ends its process at the first call of all."""

    def misbehave(self, points):
        if len(list(self.folder.iterdir())) == 1:
            os._exit(3)
        return super().misbehave(points)


class Remembering(Bowl):
    """Its value depends on how often it was called, unless it is told to forget."""

    n_calls = 0

    def forget(self):
        self.n_calls = 0

    def misbehave(self, points):
        self.n_calls += 1
        return np.full(len(points), float(self.n_calls)), 2 * points


class Unprepared(Bowl):
    """What it evaluates with cannot be made."""

    def prepare(self):
        raise OSError("no licence")


class Reminded(Bowl):
    """Measures everything by the lowest value that it was told of, and breaks down at times."""

    told = ()

    def remind(self, point, value):
        self.told = (*self.told, (*point, value))

    def value_and_grad(self, points):
        values, gradients = super().value_and_grad(points)
        return values + min((value for *_, value in self.told), default=0.0), gradients

    def misbehave(self, points):
        os._exit(3)
