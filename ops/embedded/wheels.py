"""Finds the servers' programs inside their wheels without importing the wheels, whose imports have effects."""

import platform
from importlib.util import find_spec
from pathlib import Path

from ops.errors import PlainError

EXTRA = "pip install 'chemist[embedded]'"


class MissingWheel(PlainError):
    """A server's wheel is absent or was not built for this platform."""


def folder_of(package: str, distribution: str) -> Path:
    """The folder of an installed package.

    Raises:
        MissingWheel: the package is not installed.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        message = f"the wheel {distribution} is not installed for {_platform()}; install it with {EXTRA}"
        raise MissingWheel(message)
    return Path(spec.submodule_search_locations[0])


def program_of(package: str, distribution: str, *candidates: str) -> Path:
    """The first of the candidate files (glob patterns) inside a package.

    Raises:
        MissingWheel: none is there.
    """
    folder = folder_of(package, distribution)
    for candidate in candidates:
        for found in sorted(folder.glob(candidate)):
            return found
    message = f"the wheel {distribution} holds no program for {_platform()}"
    raise MissingWheel(message)


def _platform() -> str:
    return f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
