"""Finds out whether a folder lies on a network file system, where SQLite's locks cannot be relied on."""

from __future__ import annotations

import re
from pathlib import Path

from trainwright.errors import EnvironmentProblem

# https://sqlite.org/wal.html: "WAL does not work over a network filesystem".
NETWORK = frozenset(
    ("nfs", "nfs3", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "ncpfs", "ceph", "lustre", "gpfs")
    + ("beegfs", "glusterfs", "pvfs2", "orangefs", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs")
    + ("fuse.rclone", "fuse.gcsfuse")
)


def refuse_network_folder(path: Path, mounts: Path = Path("/proc/mounts")) -> None:
    """Refuses a folder that the system says is on a network file system; elsewhere than Linux nothing is
    known.

    Raises:
        EnvironmentProblem: names the folder, the mount point and its type.
    """
    try:
        table = mounts.read_text(errors="replace")
    except OSError:
        return
    found = mount_of(path, table)
    if found is not None and found[1] in NETWORK:
        raise EnvironmentProblem(
            f"{path} is on a network file system ({found[1]} at {found[0]}), where a SQLite database can be damaged",
            remedy="choose a workspace on a local disk with --workspace or TRAINWRIGHT_WORKSPACE",
        )


def mount_of(path: Path, table: str) -> tuple[str, str] | None:
    """The mount point and type of the file system that holds an absolute path.

    Args:
        path: an absolute path.
        table: the text of /proc/mounts.

    Example:
        >>> mount_of(Path("/data/a/b"), "/dev/sda / ext4 rw 0 0\\nnas:/x /data nfs4 rw 0 0\\n")
        ('/data', 'nfs4')
    """
    best: tuple[str, str] | None = None
    for line in table.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[1])  # \040 is a space
        longer = best is None or len(point) >= len(best[0])  # of two mounts on one point the later one counts
        if longer and path.is_relative_to(point):
            best = (point, fields[2])
    return best
