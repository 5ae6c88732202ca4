"""What a container is limited to counts: cores by its share of time, memory by what its control groups leave."""

from __future__ import annotations

from pathlib import Path

from trainwright.machine import allowed_cores, core_shares, free_memory, usable_cores, whole_memory


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_without_control_groups_every_core_that_is_allowed_counts(tmp_path: Path) -> None:
    assert core_shares(tmp_path) == [] and usable_cores(tmp_path) == allowed_cores() >= 1
    assert free_memory(tmp_path) is None and whole_memory(tmp_path) is None


def test_the_smallest_share_of_the_groups_above_counts(tmp_path: Path) -> None:
    write(tmp_path / "proc/self/cgroup", "0::/outer/inner\n")
    write(tmp_path / "sys/fs/cgroup/outer/cpu.max", "150000 100000\n")
    write(tmp_path / "sys/fs/cgroup/outer/inner/cpu.max", "max 100000\n")
    assert core_shares(tmp_path) == [1.5] and usable_cores(tmp_path) == 1
    write(tmp_path / "sys/fs/cgroup/outer/inner/cpu.max", "50000 100000\n")
    assert usable_cores(tmp_path) == 1  # half a core is still one thread


def test_shares_of_version_1_and_no_limit(tmp_path: Path) -> None:
    write(tmp_path / "proc/self/cgroup", "4:memory:/m\n1:cpu:/a\n")
    write(tmp_path / "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n")
    write(tmp_path / "sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n")
    assert core_shares(tmp_path) == []
    write(tmp_path / "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "100000\n")
    assert usable_cores(tmp_path) == 1


def test_memory_is_what_the_smallest_group_has_and_leaves(tmp_path: Path) -> None:
    write(tmp_path / "proc/meminfo", "MemTotal: 9000 kB\nMemAvailable:    8000 kB\n")
    assert (whole_memory(tmp_path), free_memory(tmp_path)) == (9_000 * 1024, 8_000 * 1024)
    write(tmp_path / "proc/self/cgroup", "4:memory:/box\n")
    for name, text in (("limit", "4000000"), ("usage", "1000000")):
        write(tmp_path / f"sys/fs/cgroup/memory/box/memory.{name}_in_bytes", text)
    write(tmp_path / "sys/fs/cgroup/memory/box/memory.stat", "cache 9\ntotal_inactive_file 250000\n")
    assert (whole_memory(tmp_path), free_memory(tmp_path)) == (4_000_000, 3_250_000)
