"""Becomes another program that can write to its own `/tmp` and nowhere else: `python confine.py <specification>`.

The specification, as JSON. `way` is "root" or "user" (a file system of its own by mounts, in a namespace; "user" needs
no rights) or "landlock" (the file system stays in sight, and the kernel refuses to write to it). `root` is an empty
folder to build that file system in; `shown` holds [what, where] to show read-only, `links` [target, where]. `scratch`
is the folder that may be written with "landlock". `command`, `environment` and `folder` are the program's. `report` is
a descriptor that is told the CPU time spent here, in nanoseconds, and closed by the program's start.

It imports the standard library alone, for it runs as a process of its own (ADR 85).
"""

import ctypes
import json
import os
import struct
import sys
import time
from pathlib import Path
from typing import Any, Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNS, _CLONE_NEWUSER = 0x0002_0000, 0x1000_0000
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
_AT_FDCWD, _AT_RECURSIVE, _RDONLY = -100, 0x8000, 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_MOUNT_SETATTR: Final = 442  # this call and those below have one number on every processor
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_PATH_BENEATH: Final = 1
_WRITING: Final = 1 << 1 | sum(1 << bit for bit in range(4, 13))
"""Write a file, remove and make whatever there is to make; 13 and 14 (move, truncate) came with later kernels."""
_TRUNCATE: Final = 1 << 14
LAMBDA_USER: Final = 993
TMP_MEGABYTES: Final = 512


def main(argument: str) -> None:
    specification: dict[str, Any] = json.loads(argument)
    if specification["way"] == "landlock":
        _forbid_writing(specification["scratch"])
    else:
        _move_into(specification)
    os.chdir(specification["folder"])
    report = specification["report"]
    os.set_inheritable(report, False)
    os.write(report, str(time.process_time_ns()).encode())
    os.execve(specification["command"][0], specification["command"], specification["environment"])


def _move_into(specification: dict[str, Any]) -> None:
    root = Path(specification["root"])
    if specification["way"] == "user":
        _own_user_namespace()
    else:
        _check("unshare", _LIBC.unshare(_CLONE_NEWNS))
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", root, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755,size=1m")
    for target, where in specification["links"]:
        _below(root, where).symlink_to(target)
    for what, where in specification["shown"]:
        _show(Path(what), _below(root, where))
    (root / "tmp").mkdir()
    _read_only(root)
    _mount("tmpfs", root / "tmp", "tmpfs", _MS_NOSUID | _MS_NODEV, f"mode=1777,size={TMP_MEGABYTES}m")
    os.chroot(root)
    if specification["way"] == "root":
        os.setgroups([])
        os.setresgid(LAMBDA_USER, LAMBDA_USER, LAMBDA_USER)
        os.setresuid(LAMBDA_USER, LAMBDA_USER, LAMBDA_USER)
    _check("prctl", _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def _own_user_namespace() -> None:
    user, group = os.getuid(), os.getgid()
    _check("unshare", _LIBC.unshare(_CLONE_NEWNS | _CLONE_NEWUSER))
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{LAMBDA_USER} {user} 1"),
        ("gid_map", f"{LAMBDA_USER} {group} 1"),
    ):
        Path("/proc/self", name).write_text(line, encoding="ascii")


def _below(root: Path, where: str) -> Path:
    path = root / where.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _show(what: Path, where: Path) -> None:
    if what.is_dir():
        where.mkdir(exist_ok=True)
    else:
        where.touch()
    _mount(what, where, None, _MS_BIND | _MS_REC)


def _mount(
    what: Path | str | None, where: Path | str, kind: str | None, flags: int, options: str = ""
) -> None:
    texts = [str(text).encode() if text is not None else None for text in (what, where, kind)]
    _check(f"mount {where}", _LIBC.mount(*texts, flags, options.encode()))


def _read_only(root: Path) -> None:
    """All mounts at and below `root`."""
    attributes = struct.pack("QQQQ", _RDONLY, 0, 0, 0)
    done = _LIBC.syscall(
        _MOUNT_SETATTR,
        _AT_FDCWD,
        str(root).encode(),
        _AT_RECURSIVE,
        attributes,
        ctypes.c_size_t(len(attributes)),
    )
    _check("mount_setattr", done)


def _forbid_writing(scratch: str) -> None:
    version = _LIBC.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    _check("landlock", version)
    handled = _WRITING | (_TRUNCATE if version >= 3 else 0)
    rules = _LIBC.syscall(_LANDLOCK_CREATE, struct.pack("Q", handled), ctypes.c_size_t(8), 0)
    _check("landlock_create_ruleset", rules)
    for path, allowed in ((scratch, handled), ("/dev/null", 1 << 1)):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        beneath = struct.pack("=Qi", allowed, place)
        _check("landlock_add_rule", _LIBC.syscall(_LANDLOCK_ADD, rules, _LANDLOCK_PATH_BENEATH, beneath, 0))
        os.close(place)
    _check("prctl", _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _check("landlock_restrict_self", _LIBC.syscall(_LANDLOCK_RESTRICT, rules, 0))
    os.close(rules)


def _check(what: str, result: int) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


if __name__ == "__main__":
    main(sys.argv[1])
