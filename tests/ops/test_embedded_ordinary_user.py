"""The whole embedded stack also runs as an ordinary user, who owns every process and file of it."""

import json
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ops.embedded.reach import can_traverse, ordinary_account
from ops.processes import CODE
from ops.supervision.child import Account

NEEDLESS = shutil.ignore_patterns(
    "site-packages", "test", "tests", "config-*", "idlelib", "tkinter", "ensurepip"
)

SCRIPT = """
import json, os, pathlib, sys
from ops.embedded.stack import EmbeddedStack
from tests.ops import records

folder = pathlib.Path(sys.argv[1])
found = {"uid": os.getuid(), "owners": {}, "marks": []}
for turn in range(2):
    stack = EmbeddedStack(folder, elasticsearch=True, any_port=True)
    stack.start()
    for server in stack.servers:
        records.write(server, f"turn-{turn}")
        found["owners"][server.name] = os.stat(f"/proc/{server.pid}").st_uid
    found["marks"] = [sorted(records.read(server)) for server in stack.servers]
    stack.stop()
found["files"] = sorted({path.lstat().st_uid for path in folder.rglob("*")})
print(json.dumps(found))
"""


@pytest.fixture
def account() -> Account:
    """Ourselves, or when we are root somebody else."""
    if os.geteuid() == 0:
        entry = pwd.getpwnam("nobody")
        return Account("nobody", entry.pw_uid, entry.pw_gid)
    return Account("ourselves", os.getuid(), os.getgid())


def interpreter_for(account: Account, place: Path) -> tuple[str, dict[str, str]]:
    """An interpreter with our packages that the account can run, and the environment it needs.

    An interpreter under a closed home is copied, as a person with that problem would have to.
    """
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    variables = {"PATH": "/usr/bin:/bin", "HOME": "/", "PYTHONPATH": f"{CODE}{os.pathsep}{packages}"}
    if can_traverse(account, Path(sys.executable).resolve().parent):
        return sys.executable, variables
    base = Path(sys.base_prefix)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (place / "bin").mkdir(parents=True)
    shutil.copy(Path(sys.executable).resolve(), place / "bin" / version)
    shutil.copytree(base / "lib" / version, place / "lib" / version, ignore=NEEDLESS)
    for library in (base / "lib").glob("libpython*.so*"):
        shutil.copy(library, place / "lib")
    variables |= {"PYTHONHOME": str(place), "LD_LIBRARY_PATH": str(place / "lib")}
    return str(place / "bin" / version), variables


def test_an_ordinary_user_runs_the_stack_and_owns_it(run_dir: Path, account: Account) -> None:
    python, variables = interpreter_for(account, run_dir / "python")
    folder = run_dir / "ordinary"
    folder.mkdir(mode=0o700)
    os.chown(folder, account.uid, account.gid)
    root = os.geteuid() == 0
    ran = subprocess.run(
        [python, "-c", SCRIPT, str(folder)],
        user=account.uid if root else None,
        group=account.gid if root else None,
        extra_groups=[] if root else None,
        cwd="/",
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found == {
        "uid": account.uid,
        "owners": dict.fromkeys(["postgres", "valkey", "mongodb", "elasticsearch"], account.uid),
        "marks": [["turn-0", "turn-1"]] * 4,
        "files": [account.uid],
    }


def test_root_runs_postgres_as_somebody_else() -> None:
    assert ordinary_account().uid != 0
