"""The files that only the hosting platforms read: workflows, forms, citation, change fragments.

    python -m tools.project_files

They cannot be run here, so each is held to its published schema; zizmor looks the workflows over
for what would make them unsafe. Nothing is fetched.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

SCHEMAS = {
    "github-workflows": ".github/workflows/*.yml",
    "dependabot": ".github/dependabot.yml",
    "github-issue-forms": ".github/ISSUE_TEMPLATE/[!c]*.yml",
    "github-issue-config": ".github/ISSUE_TEMPLATE/config.yml",
    "readthedocs": ".readthedocs.yaml",
    "citation-file-format": "CITATION.cff",
}


def main() -> int:
    """Run every check and return the exit status."""
    tools = Path(sys.executable).parent
    schemas = [
        [tools / "check-jsonschema", "--builtin-schema", f"vendor.{name}", *_files(pattern)]
        for name, pattern in SCHEMAS.items()
    ]
    others = [
        [tools / "zizmor", "--offline", "--quiet", ".github"],
        [tools / "towncrier", "build", "--draft", "--version", "next"],
    ]
    passed = [_passes(command) for command in [*schemas, *others]]
    return 0 if all(passed) else 1


def _files(pattern: str) -> list[Path]:
    found = sorted(ROOT.glob(pattern))
    if not found:
        raise FileNotFoundError(f"no file matches {pattern!r}")
    return found


def _passes(command: list[Path | str]) -> bool:
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
