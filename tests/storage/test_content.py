"""What something is made of, whatever it answers to."""

import numpy as np

from fourierpathfinder._arrays import is_array
from fourierpathfinder.storage.content import digest


class AnswersToAll:
    """As placeholders and mocks do, which libraries keep in their modules."""

    def __init__(self, number):
        self.number = number

    def __getattr__(self, name):
        if name.startswith("__") and name != "__array_namespace__":
            raise AttributeError(name)
        return lambda *args, **kwargs: None


def test_an_object_that_answers_to_any_name_is_no_array():
    assert not is_array(AnswersToAll(1))
    assert is_array(np.zeros(2))
    assert digest(AnswersToAll(1)) == digest(AnswersToAll(1))
    assert digest(AnswersToAll(1)) != digest(AnswersToAll(2))
