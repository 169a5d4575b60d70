"""Makes the committed gRPC messages of contracts/rpc from their .proto files: `python -m ops.generate.proto`."""

import sys
from pathlib import Path

from grpc_tools import protoc

_ROOT = Path(__file__).resolve().parents[2]


def generate(into: Path = _ROOT) -> list[Path]:
    """Write the message classes and their type stubs below a folder; returns the files.

    Raises:
        RuntimeError: a .proto file is not valid; protoc has said why on stderr.
    """
    sources = sorted((_ROOT / "contracts" / "rpc").glob("*.proto"))
    arguments = ["protoc", f"-I{_ROOT}", f"--python_out={into}", f"--pyi_out={into}"]
    if protoc.main([*arguments, *map(str, sources)]) != 0:
        message = "protoc refused the files of contracts/rpc"
        raise RuntimeError(message)
    return sorted((into / "contracts" / "rpc").glob("*_pb2.py*"))


if __name__ == "__main__":
    for path in generate():
        sys.stdout.write(f"{path}\n")
