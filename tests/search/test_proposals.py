"""What is asked for, from a table of states made by hand; and that asking changes nothing."""

from dataclasses import replace

import numpy as np
import pytest

from fourierpathfinder.path import SinePath
from fourierpathfinder.result import Saddle
from fourierpathfinder.search.policy import BOLD, WARY
from fourierpathfinder.search.prediction import Candidate
from fourierpathfinder.search.proposals import propose
from fourierpathfinder.search.state import Aim, Effort, Progress

PASS = np.zeros(2)
BESIDE = np.array([0.4, 0.5])
ALONG = (0.0, 0.0), (-0.5, 0.0), (0.5, 0.0)
FOUND = Saddle(PASS, 1.0, 0.0, 0.5)
ARCH = SinePath(np.array([-1.0, 0.0]), np.array([1.0, 0.0]), np.array([[0.0, 0.05]]))

FAR_ARCH = SinePath(np.array([-1.0, 0.0]), np.array([1.0, 0.0]), np.array([[0.0, 0.6]]))

SHORT_ARM = replace(BOLD, climb=replace(BOLD.climb, extensions=0))


def sure_only_at_the_ends(size):
    return lambda points: size * np.cos(np.pi * points[:, 0] / 2)


UNKNOWN_TOP = sure_only_at_the_ends(0.9)


def off_the_arch(points):
    """Sure along the arch, unsure where it does not go."""
    return 0.05 + 20 * np.abs(points[:, 1] - 0.05 * np.cos(np.pi * points[:, 0] / 2))


def under(policy, **others):
    return Aim(process=None, tol=1e-3, policy=policy, **others)


def progress(last=None, **others):
    return Progress(last=last, **others)


SEEKING = {
    "top badly known": ({"deviation": UNKNOWN_TOP}, "top", PASS),
    "top well known": ({"deviation": 0.1}, "saddle", PASS),
    "saddle off the path, unsure": ({"deviation": off_the_arch, "path": ARCH}, "top", [0, 0.05]),
    "one that is known but unsure": ({"deviation": 0.1, "evaluated": ((0, 0),)}, "unsure", None),
    "one that is known and sure": ({"deviation": 1e-4, "evaluated": ((0, 0),)}, "saddle", PASS),
    "foreseen, but beyond the reach": (
        {"deviation": 1e-4, "path": FAR_ARCH, "aim": under(SHORT_ARM)},
        "top",
        [0, 0.6],
    ),
    "known, and held up by the smooth objective": (
        {"deviation": 1e-4, "path": FAR_ARCH, "is_moving": False},
        None,
        None,
    ),
    "the same, and as sharp as it gets": (
        {
            "deviation": 1e-4,
            "path": FAR_ARCH,
            "is_moving": False,
            "effort": Effort(sharpness=BOLD.move.sharpened),
        },
        "saddle",
        PASS,
    ),
    "foreseen and refused too often": (
        {"deviation": 1e-4, "progress": progress(n_refused=BOLD.ask.refused)},
        "top",
        PASS,
    ),
    "unsure and refused too often": (
        {"deviation": 0.1, "progress": progress(n_refused=BOLD.ask.refused)},
        "saddle",
        PASS,
    ),
    "blocked, top unknown": (
        {"deviation": UNKNOWN_TOP, "blocked": BESIDE},
        "top",
        PASS,
    ),
    "blocked, top a record": (
        {"deviation": UNKNOWN_TOP, "blocked": BESIDE, "evaluated": ((0.0, 0.0),)},
        "blocked",
        BESIDE,
    ),
    "blocked, but a saddle to ask": ({"deviation": 0.1, "blocked": BESIDE}, "saddle", PASS),
    "wary, no saddle before": ({"deviation": 0.1, "aim": under(WARY)}, "saddle", PASS),
    "wary, after a saddle": (
        {"deviation": 0.1, "aim": under(WARY), "progress": progress("saddle")},
        "top",
        PASS,
    ),
    "wary, after a saddle, blocked": (
        {"deviation": 0.1, "aim": under(WARY), "progress": progress("saddle"), "blocked": BESIDE},
        "blocked",
        BESIDE,
    ),
    "wary, after a saddle, top sure": (
        {"deviation": 1e-3, "aim": under(WARY), "progress": progress("saddle")},
        "saddle",
        PASS,
    ),
    "bold, after a saddle": ({"deviation": 0.1, "progress": progress("saddle")}, "saddle", PASS),
    "obstacle that may not be asked for": (
        {
            "deviation": UNKNOWN_TOP,
            "blocked": BESIDE,
            "evaluated": ((0.0, 0.0),),
            "failed": ((0.4, 0.5),),
        },
        "unsure",
        None,
    ),
    "repeats used up": (
        {
            "deviation": UNKNOWN_TOP,
            "evaluated": ((0.0, 0.0),),
            "progress": progress(n_repeats=BOLD.ask.repeats),
        },
        None,
        None,
    ),
}
CHECKING = {
    "no check yet": ({"deviation": 1e-4}, "check", None),
    "checks enough": (
        {"deviation": 1e-4, "evaluated": ALONG, "progress": progress(n_checks=3)},
        None,
        None,
    ),
    "checks enough, far from all of them": (
        {"deviation": 1e-4, "evaluated": ALONG[1:2], "progress": progress(n_checks=9)},
        "check",
        [0.25, 0],
    ),
    "not to be certified": ({"deviation": 0.1, "aim": under(BOLD, certify=False)}, None, None),
    "blocked": ({"deviation": 1e-4, "blocked": BESIDE}, "blocked", BESIDE),
    "unsure in spite of checks": (
        {"deviation": sure_only_at_the_ends(0.1), "progress": progress(n_checks=9)},
        "check",
        None,
    ),
    "path in an excluded region": (
        {"deviation": 1e-4, "failed": ((0.5, 0.0),), "progress": progress(n_checks=9)},
        "detour",
        None,
    ),
}


def asked(by_hand, state, **others):
    channel, records = by_hand(**state, **others)
    return propose(channel, records)


@pytest.mark.parametrize(("state", "kind", "point"), SEEKING.values(), ids=SEEKING)
def test_while_the_top_is_sought(by_hand, state, kind, point):
    candidate = asked(by_hand, state)
    assert (None if candidate is None else candidate.kind) == kind
    if point is not None:
        np.testing.assert_allclose(candidate.point, point, atol=0.02)


@pytest.mark.parametrize(("state", "kind", "point"), CHECKING.values(), ids=CHECKING)
def test_once_the_saddle_is_found(by_hand, state, kind, point):
    candidate = asked(by_hand, state, saddle=FOUND)
    assert (None if candidate is None else candidate.kind) == kind
    if point is not None:
        np.testing.assert_allclose(candidate.point, point, atol=0.02)


@pytest.mark.parametrize("end", ["start", "end"])
def test_an_end_is_not_asked_for_as_a_saddle(by_hand, end):
    """Where an end is a stationary point, the climb from the path's top may lead to it."""
    begins = np.array([[0.0, 0.0], [0.9, 0.0]])
    if end == "end":
        begins = begins[::-1]
    bent = SinePath(*begins, np.array([[0.0, 0.2]]))
    far = replace(BOLD, climb=replace(BOLD.climb, reach=1.0))
    candidate = asked(by_hand, {"deviation": 1e-3, "path": bent, "aim": under(far)})
    assert candidate is None or candidate.kind != "saddle"
    beside = SinePath(begins[0] + [0, 0.1], begins[1] + [0, 0.1], bent.coefficients)
    candidate = asked(by_hand, {"deviation": 1e-3, "path": beside, "aim": under(far)})
    assert candidate.kind == "saddle"
    np.testing.assert_allclose(candidate.point, PASS, atol=1e-6)


class TestWorkers:
    """What is asked for while others are being evaluated."""

    def test_nothing_next_to_what_is_under_way(self, first):
        candidate = first.wanted
        second = propose(first.channel, first.records, (candidate,))
        least = first.channel.policy.ask.apart * first.channel.chord
        assert second is None or np.linalg.norm(second.point - candidate.point) > least

    def test_far_off_and_unsure_is_worth_one(self, by_hand):
        """Two bumps of deviation: while one is evaluated, the other one is asked for."""

        def two_bumps(points):
            return 2 * np.exp(-20 * (np.abs(points[:, 0]) - 0.4) ** 2)

        channel, records = by_hand(two_bumps)
        one = propose(channel, records)
        other = propose(channel, records, (one,))
        assert one.kind == other.kind == "top"
        assert one.point[0] == pytest.approx(-other.point[0], abs=0.05)

    def test_nothing_of_which_the_surrogate_is_sure(self, by_hand):
        channel, records = by_hand(0.9 * BOLD.ask.worth_a_worker)
        assert propose(channel, records, (propose(channel, records),)) is None

    @pytest.mark.parametrize(("surprise", "kind"), [(0.1, "check"), (0.3, None)])
    def test_a_check_goes_beside_a_saddle_where_nothing_surprised(self, by_hand, surprise, kind):
        seen = progress(surprises=(surprise, surprise))
        channel, records = by_hand(0.1, progress=seen)
        saddle = propose(channel, records)
        assert saddle.kind == "saddle"
        second = propose(channel, records, (saddle,))
        assert (None if second is None else second.kind) == kind

    def test_a_pending_check_counts_as_one(self, by_hand):
        channel, records = by_hand(1e-4, saddle=FOUND, progress=progress(n_checks=1))
        check = Candidate("check", np.array([0.5, 0.0]), 0.75, 0.5, 0.1)
        assert propose(channel, records).kind == "check"
        assert propose(channel, records, (check,)) is None


class TestAskingChangesNothing:
    @pytest.mark.parametrize("n_pending", [0, 1, 2])
    def test_on_the_way(self, first, finished, content, n_pending):
        state = first
        while state.wanted is not None:
            pending = tuple(state.asked[-n_pending:]) if n_pending else ()
            before = content(state.channel), content(state.records)
            one = propose(state.channel, state.records, pending)
            other = propose(state.channel, state.records, pending)
            assert content(one) == content(other)
            assert (content(state.channel), content(state.records)) == before
            state = state.answered()
        assert content(state.channel.saddle) == content(finished.channel.saddle)

    @pytest.mark.parametrize("state", [state for state, *_ in SEEKING.values()], ids=SEEKING)
    def test_in_states_made_by_hand(self, by_hand, content, state):
        channel, records = by_hand(**state)
        before = content(replace(channel))
        assert content(propose(channel, records)) == content(propose(channel, records))
        assert content(channel) == before

    def test_what_was_computed_along_the_way_does_not_matter(self, first, content):
        """A state whose cached predictions are filled asks for the same as a fresh copy."""
        asked = content(first.wanted)
        assert content(propose(replace(first.channel), first.records)) == asked
