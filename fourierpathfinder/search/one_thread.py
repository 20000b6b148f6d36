"""Linear algebra on one thread, while a surrogate is at work.

NumPy and SciPy each bring a BLAS with a pool of threads of its own, and the threads of one spin
for a while after its work is done. The surrogate goes to and fro between the two, with matrices of
some hundreds to thousands of rows: on two cores it takes three times as long with all these
threads as with one, and ten times as long beside other work.
"""

from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

__all__ = ["one_thread"]


@cache
def _controller() -> Any:
    import scipy.linalg  # noqa: F401  (only a BLAS that is loaded is found)

    return ThreadpoolController()  # looking for the libraries takes milliseconds


def one_thread() -> Any:
    """A context in which BLAS works on one thread; what it had before comes back at its end."""
    return _controller().limit(limits=1, user_api="blas")
