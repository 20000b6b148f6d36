"""In a process of its own: which libraries are found depends on what has been loaded."""

import json
import os
import subprocess
import sys

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
    assert max(outside.values()) == min(2, os.cpu_count())
