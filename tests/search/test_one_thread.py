"""In a process of its own: which libraries are found depends on what has been loaded."""

import json
import os
import subprocess
import sys

from threadpoolctl import threadpool_info

from fourierpathfinder.search.one_thread import one_thread
from fourierpathfinder.threads import n_cores

CODE = """
import json
from threadpoolctl import threadpool_info
from fourierpathfinder.search.one_thread import one_thread

def threads():
    return {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()
            if pool["user_api"] == "blas"}

with one_thread():
    inside = threads()
    import scipy.linalg
    later = threads()
print(json.dumps([inside, later, threads()]))
"""


def test_every_blas_has_one_thread_inside_and_its_own_number_outside():
    free = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    free["OPENBLAS_NUM_THREADS"] = "2"
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=free, capture_output=True, text=True, check=True
    )
    inside, later, outside = json.loads(done.stdout)
    assert inside == later
    assert set(inside.values()) == {1}
    assert outside.keys() == inside.keys()
    assert max(outside.values()) == min(2, n_cores())


IN_THREADS = """
import json
from concurrent.futures import ThreadPoolExecutor
from threadpoolctl import threadpool_info
from fourierpathfinder import find_path
from fourierpathfinder.landscapes.toy import two_channels

def threads():
    return sorted(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")

def search(seed):
    return find_path(toy, toy.start, toy.end, rng=seed).path.coefficients.tobytes().hex()

toy = two_channels()
alone = [search(seed) for seed in range(4)]
before = threads()
with ThreadPoolExecutor(4) as pool:
    together = list(pool.map(search, range(4)))
print(json.dumps([before, threads(), alone == together]))
"""


def test_searches_in_threads_leave_blas_as_it_was_and_give_their_own_results():
    free = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    free["OPENBLAS_NUM_THREADS"] = "2"
    done = subprocess.run(
        [sys.executable, "-c", IN_THREADS], env=free, capture_output=True, text=True, check=True
    )
    before, after, same = json.loads(done.stdout)
    assert before == after
    assert same


def test_what_entered_in_any_order_leaves_in_any_order():
    first, second = one_thread(), one_thread()
    before = [pool["num_threads"] for pool in threadpool_info()]
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    second.__exit__(None, None, None)
    assert [pool["num_threads"] for pool in threadpool_info()] == before


THREADS_INSIDE = """
import threading
from threadpoolctl import threadpool_info
from fourierpathfinder.search.one_thread import one_thread

def threads():
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

seen, steps = [], [threading.Event() for _ in range(3)]

def first():
    with one_thread():
        steps[0].set()
        steps[1].wait()
        seen.append(threads())
    steps[2].set()

def second():
    steps[0].wait()
    with one_thread():
        seen.append(threads())
        steps[1].set()
        steps[2].wait()
        seen.append(threads())  # alone: the first one has left

with one_thread():
    pass  # the main thread was here before any other
workers = [threading.Thread(target=work) for work in (first, second)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
print(sorted({number for numbers in seen for number in numbers}), threads())
"""


def test_blas_has_one_thread_inside_whoever_came_first_and_whoever_has_left():
    free = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    free["OPENBLAS_NUM_THREADS"] = "2"
    done = subprocess.run(
        [sys.executable, "-c", THREADS_INSIDE], env=free, capture_output=True, text=True, check=True
    )
    inside, outside = done.stdout.split("] ")
    assert inside == "[1"
    assert set(json.loads(outside)) == {min(2, n_cores())}


FORKS = """
import os, signal, threading, time
from fourierpathfinder.search.one_thread import one_thread

inside = []

def work():
    while len(inside) < 2000:
        with one_thread():
            inside.append(1)

worker = threading.Thread(target=work)
worker.start()
for _ in range(20):
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        with one_thread():
            pass
        os._exit(0)
    print(os.waitpid(child, 0)[1])
worker.join()
"""


def test_a_fork_while_another_thread_is_inside_does_not_block_the_child():
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0"] * 20
