"""Becomes another program after asking the kernel to signal it when our parent dies, so nothing is orphaned.

Run as a script: `python -I -S leash.py SIGNAL PARENT UID GID FOLDER PROGRAM ARGUMENT...`. A UID of -1 keeps the
account. It is a program of its own, not a `preexec_fn`, because code between fork and exec is unsafe in a
process with threads; and it changes account by itself because that account may be unable to run this interpreter.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Change account and folder, tie ourselves to the parent, and become the program."""
    signal, parent, uid, gid = (int(argument) for argument in arguments[:4])
    folder, program = arguments[4], arguments[5:]
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.chdir(folder)
    if sys.platform == "linux":
        # After setuid, which would clear the wish.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit("the parent is already gone")
    try:
        os.execvp(program[0], program)  # noqa: S606 -- becoming another program is what this file is for
    except OSError as error:
        sys.exit(f"cannot run {program[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
