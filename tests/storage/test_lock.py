"""Two runs in one place: the second is told who holds it."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from fourierpathfinder import Direct, find_path
from fourierpathfinder.landscapes.toy import two_channels
from fourierpathfinder.storage.lock import InUseError, locked

HOLDER = textwrap.dedent("""
    import sys
    from fourierpathfinder.storage.lock import locked
    with locked(sys.argv[1]):
        print("held", flush=True)
        sys.stdin.read()
""")


@pytest.fixture(params=["folder", "file"])
def place(request, tmp_path):
    return tmp_path if request.param == "folder" else tmp_path / "run.npz"


@pytest.fixture
def holder(place):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, place],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        process.stdout.readline()
        yield process
        process.kill()


def test_another_process_is_named(place, holder):
    with pytest.raises(InUseError, match=f"is in use by process {holder.pid} on "), locked(place):
        pass


def test_a_lock_dies_with_its_owner(place, holder):
    holder.kill()
    holder.wait()
    with locked(place):
        pass
    assert not list((place if place.is_dir() else place.parent).glob(".*lock"))


def test_the_same_process_holds_it_once(place):
    with locked(place), pytest.raises(InUseError, match="in this very process"), locked(place):
        pass
    with locked(place):
        pass


@pytest.fixture(params=["a link to the folder", "the parent of a folder in it", "a relative name"])
def other_name(request, place, tmp_path, tmp_path_factory, monkeypatch):
    """The same place by another name."""
    rest = () if place == tmp_path else (place.name,)
    if request.param == "a link to the folder":
        link = tmp_path_factory.mktemp("links") / "link"
        link.symlink_to(tmp_path)
        return link.joinpath(*rest)
    if request.param == "a relative name":
        monkeypatch.chdir(tmp_path.parent)
        return Path(tmp_path.name).joinpath(*rest)
    (tmp_path / "inner").mkdir()
    return tmp_path.joinpath("inner", "..", *rest)


def test_the_same_process_holds_it_once_by_any_name(place, other_name):
    with locked(place), pytest.raises(InUseError, match="in this very process"), locked(other_name):
        pass
    with locked(other_name):
        pass


def test_another_process_is_named_by_any_name(holder, other_name):
    with pytest.raises(InUseError, match=f"process {holder.pid} on "), locked(other_name):
        pass


def test_a_child_that_is_forked_holds_nothing(place):
    with locked(place):
        child = os.fork()
        if child == 0:
            try:
                with locked(place):
                    os._exit(1)
            except InUseError:
                os._exit(0)
        assert os.waitpid(child, 0)[1] == 0


def test_drafts_of_a_killed_run_are_removed(tmp_path):
    draft = tmp_path / ".run.npz-0123456789abcdef.part"
    draft.touch()
    (tmp_path / ".other.part").touch()
    with locked(tmp_path / "run.npz"):
        pass
    assert [file.name for file in tmp_path.iterdir()] == [".other.part"]


def test_two_runs_on_one_checkpoint(tmp_path):
    toy = two_channels()
    messages = []

    def second(intermediate_result):
        with pytest.raises(InUseError) as caught:
            find_path(toy, toy.start, toy.end, method=Direct(), checkpoint=tmp_path / "run.npz")
        messages.append(str(caught.value))
        raise StopIteration

    find_path(
        toy, toy.start, toy.end, method=Direct(), checkpoint=tmp_path / "run.npz", callback=second
    )
    assert len(messages) == 1
