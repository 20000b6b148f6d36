"""What takes one value and is given several: the last one would count, and the others be lost."""

from collections import Counter
from collections.abc import Sequence

import click

from .exits import InputError


def require_given_once(command: click.Command, context: click.Context, words: list[str]) -> None:
    """Raise a UsageError where an option that takes one value is among the words several times."""
    _, _, order = command.make_parser(context).parse_args(args=list(words))
    for option, n in Counter(order).items():
        if n > 1 and isinstance(option, click.Option) and _takes_one(option):
            advice = ", with all atoms in it, such as 0:4,6:8" if option.metavar == "ATOMS" else ""
            raise click.UsageError(
                f"{option.opts[-1]} is given {n} times, and takes one value; give it once{advice}",
                context,
            )


def _takes_one(option: click.Option) -> bool:
    return not (option.multiple or option.is_flag or option.count)


def require_set_once(keys: Sequence[str], option: str) -> None:
    """Raise an InputError where one setting of a calculator is given several times."""
    for key, n in Counter(keys).items():
        if n > 1:
            raise InputError(f"{option} gives {key!r} {n} times; give each setting once")


def require_one_source(key: str, settings: Sequence[str], option: str, setting: str) -> None:
    """Raise an InputError where a setting of one option is among the `key=value` of another."""
    if any(text.partition("=")[0] == key for text in settings):
        raise InputError(f"{option} and {setting} {key}= both give {key!r}; leave one of them out")
