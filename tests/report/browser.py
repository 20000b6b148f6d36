"""A page in headless Chromium: what it prints on its console, and what is seen of it."""

import re
import shutil
import subprocess

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = next(filter(None, map(shutil.which, _NAMES)), None)

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, to open the page")

_OPTIONS = ("--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--hide-scrollbars",
            "--enable-unsafe-swiftshader", "--enable-logging=stderr", "--v=0",
            "--virtual-time-budget=6000", "--window-size=1200,1600")  # fmt: skip


def opened(page, folder, *, dump=False):
    """Console lines; and the picture (rows, columns, 3) in 0 to 1, or the page once it has run."""
    shot = folder / "shot.png"
    what = "--dump-dom" if dump else f"--screenshot={shot}"
    done = subprocess.run(
        [CHROMIUM, *_OPTIONS, f"--user-data-dir={folder / 'profile'}", what, page.as_uri()],
        capture_output=True, text=True, timeout=240, check=True,
    )  # fmt: skip
    console = re.findall(r"CONSOLE[^\]]*\] (.*)", done.stderr)
    if dump:
        return console, done.stdout
    from matplotlib.image import imread

    return console, imread(shot)[..., :3]
