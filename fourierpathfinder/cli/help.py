"""Commands whose help fits a screen: everyday options by `--help`, all of them by `--help-all`."""

from typing import Any

import click

from .given_once import require_given_once


class Command(click.Command):
    """A command with rare options, which are `hidden`, and options that take several numbers.

    Parameters
    ----------
    several : tuple of str
        Options after which any number of numbers may stand, as in `--temperature 300 400`.
    """

    def __init__(self, *arguments: Any, several: tuple[str, ...] = (), **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._several = several
        if any(isinstance(one, click.Option) and one.hidden for one in self.params):
            self.params.append(_all_options())
        # a line about the help itself would be one too many for a screen
        self.params.append(_plain_help())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat an option before each further number that follows it."""
        spread: list[str] = []
        option = ""
        for word in args:
            if word in self._several:
                option = word
            elif option and _is_number(word):
                if spread[-1] != option:
                    spread.append(option)
            else:
                option = ""
            spread.append(word)
        try:
            require_given_once(self, ctx, spread)
            return super().parse_args(ctx, spread)
        except click.NoSuchOption as error:
            raise click.UsageError(self._explained(error), ctx) from error

    def _explained(self, error: click.NoSuchOption) -> str:
        """What is wrong; many take the settings of their calculator for options of ours."""
        said = error.format_message()
        if not any("--set" in one.opts for one in self.params):
            return said
        name = error.option_name.lstrip("-")
        return f"{said} What the calculator is told goes behind `--set`: `--set {name}=...`."


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _show(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        click.echo(context.get_help())
        context.exit()


def _show_all(context: click.Context, parameter: click.Parameter, asked: bool) -> None:
    if asked:
        for one in context.command.params:
            if isinstance(one, click.Option) and one.help is not None:
                one.hidden = one.name in ("help", "help_all")
    _show(context, parameter, asked)


def _all_options() -> click.Option:
    return click.Option(
        ["--help-all"], is_flag=True, expose_value=False, is_eager=True, callback=_show_all,
        help="Show the rare options too.",
    )  # fmt: skip


def _plain_help() -> click.Option:
    return click.Option(
        ["-h", "--help"], is_flag=True, expose_value=False, is_eager=True, callback=_show,
        hidden=True, help="Show this.",
    )  # fmt: skip
