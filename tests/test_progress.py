"""What people see while they wait."""

import re

import pytest

from fourierpathfinder import Direct, Paper, find_path
from fourierpathfinder.landscapes.toy import two_channels
from fourierpathfinder.progress import ProgressBar

TOY = two_channels()


def shown(capsys):
    """The states of the bar, one after the other."""
    return [line for line in capsys.readouterr().err.split("\r") if line.strip()]


def test_nothing_is_shown_unless_asked(capsys):
    find_path(TOY, TOY.start, TOY.end, method=Direct(), max_gradients=40)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("method", [Direct(), Paper(n_steps=3)], ids=["direct", "paper"])
def test_gradients_height_and_what_is_waited_for(capsys, monkeypatch, method):
    monkeypatch.setenv("TQDM_MININTERVAL", "0")
    result = find_path(TOY, TOY.start, TOY.end, method=method, max_gradients=500, progress=True)
    lines = shown(capsys)
    assert f"{result.n_gradients}/500" in lines[-1]
    assert " gradients" in lines[-1]
    heights = re.findall(r"height (\d\.\d+), next: \d+ points of the path", " ".join(lines))
    assert float(heights[-1]) == pytest.approx(result.history.heights[-2], rel=1e-4)


def test_without_a_budget_there_is_no_total(capsys):
    with ProgressBar(True) as bar:
        bar.describe(1.23456789, "the ends")
        bar.spent(7)
        bar.spent(12)
    last = shown(capsys)[-1]
    assert "height 1.23457, next: the ends: 12 gradients" in last
    assert "/" not in last.split("[")[0]


def test_the_bar_is_closed_on_errors(capsys):
    class Failing:
        def value_and_grad(self, points):
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        find_path(Failing(), TOY.start, TOY.end, method=Direct(), progress=True)
    assert capsys.readouterr().err.endswith("\n")
