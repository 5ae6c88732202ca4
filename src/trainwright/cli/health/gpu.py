"""Whether torch sees a GPU, and where it does not, why: no torch, a build for processors, no driver."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trainwright.cli.health.line import Line
from trainwright.machine import ROOT

TORCH_SECONDS = 120
# Vendors of PCI devices, and the class of displays and of compute accelerators (https://pci-ids.ucw.cz).
VENDORS = {"0x10de": "NVIDIA", "0x1002": "AMD"}
CLASSES = ("0x03", "0x12")
# Imported in a process of its own: a second, 200 MB, and a driver that may crash.
_ASK = """
import json, warnings
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    import torch
    there = torch.cuda.is_available()
    devices = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())] if there else []
print(json.dumps({
    "torch": torch.__version__, "cuda": torch.version.cuda, "hip": getattr(torch.version, "hip", None),
    "devices": [{"name": one.name, "gb": one.total_memory / 1e9} for one in devices],
    "mps": bool(torch.backends.mps.is_available()), "said": [str(one.message) for one in said],
}))
"""
PICK = "choose your system and CUDA at https://pytorch.org/get-started/locally and run the command it gives"
NO_NEED = "nothing is needed: tables train as well without; fine-tuning on many texts is slow"


@dataclass(frozen=True)
class Hardware:
    """GPUs as the system shows them, without torch.

    Args:
        vendors: of the GPUs that the system lists, such as ("NVIDIA",).
        driver: the version line of NVIDIA's driver, "" where none is loaded.
        hidden: the value of CUDA_VISIBLE_DEVICES where it hides every device, else None.
    """

    vendors: tuple[str, ...] = ()
    driver: str = ""
    hidden: str | None = None


def gpu() -> Line:
    """What torch sees, asked in a process of its own."""
    return judge(ask_torch(), hardware())


def hardware(root: Path = ROOT, environment: Mapping[str, str] = os.environ) -> Hardware:
    """GPUs that the system lists, and their driver; elsewhere than Linux nothing is known."""
    found = []
    for device in sorted((root / "sys/bus/pci/devices").glob("*")):
        vendor, kind = _text(device / "vendor"), _text(device / "class")
        if vendor in VENDORS and kind.startswith(CLASSES):
            found.append(VENDORS[vendor])
    driver = _text(root / "proc/driver/nvidia/version").splitlines()
    told = environment.get("CUDA_VISIBLE_DEVICES")
    hidden = told if told is not None and told.strip() in ("", "-1") else None
    return Hardware(tuple(found), driver[0].strip() if driver else "", hidden)


def ask_torch() -> dict[str, Any] | None:
    """What torch says of itself and its devices; {"error": words} where it cannot be imported, None without torch."""
    if find_spec("torch") is None:
        return None
    try:
        done = subprocess.run(
            [sys.executable, "-c", _ASK], capture_output=True, text=True, timeout=TORCH_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return {"error": f"its import took more than {TORCH_SECONDS} s"}
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()
        return {"error": last[-1] if last else f"the process ended with {done.returncode}"}
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def judge(torch: Mapping[str, Any] | None, seen: Hardware) -> Line:
    """The line, from what torch said and what the system shows.

    Args:
        torch: as `ask_torch` returns it.
        seen: as `hardware` returns it.

    Example:
        >>> judge(None, Hardware()).state
        'ok'
    """
    nvidia = "NVIDIA" in seen.vendors or bool(seen.driver)
    kinds = " and ".join(dict.fromkeys(seen.vendors)) or "NVIDIA"
    any_gpu = nvidia or bool(seen.vendors)
    if torch is None:
        if any_gpu:
            words = f"a GPU of {kinds} is here, but torch is not installed"
            return Line("gpu", "note", words, 'pip install "trainwright[neural]" to train networks on it')
        return Line("gpu", "ok", "none, and none is needed without the extra neural")
    if "error" in torch:
        command = "install it anew: pip install --force-reinstall torch, with the constraint of constraints.txt"
        return Line("gpu", "problem", f"torch is installed and cannot be imported ({torch['error']})", command)
    version = f"torch {torch['torch']}"
    if torch["devices"]:
        names = ", ".join(f"{one['name']} with {one['gb']:.0f} GB" for one in torch["devices"])
        return Line("gpu", "ok", f"{names}; {version}")
    if torch["mps"]:
        words = f"Apple's GPU is there ({version}), which trainwright does not use: networks run on the processor"
        return Line("gpu", "note", words, NO_NEED)
    if not any_gpu:
        return Line("gpu", "note", f"none in this machine; {version} runs on the processor", NO_NEED)
    if torch["cuda"] is None and torch["hip"] is None:
        return Line("gpu", "note", f"a GPU of {kinds} is here, but {version} is a build for processors", PICK)
    return _unseen(torch, seen, kinds, version)


def _unseen(torch: Mapping[str, Any], seen: Hardware, kinds: str, version: str) -> Line:
    """A build for GPUs that sees none of those that are there."""
    built = f"CUDA {torch['cuda']}" if torch["cuda"] else f"ROCm {torch['hip']}"
    words = f"a GPU of {kinds} is here and {version} is built for {built}, but it sees no device"
    if seen.hidden is not None:
        why, todo = f": CUDA_VISIBLE_DEVICES={seen.hidden!r} hides all of them", "unset CUDA_VISIBLE_DEVICES"
    elif torch["cuda"] and "NVIDIA" not in kinds:
        why, todo = ": the build is for another maker's", PICK
    elif torch["cuda"] and not seen.driver:
        why = ": NVIDIA's driver is not loaded"
        todo = "install NVIDIA's driver; in a container, start it with --gpus all and the NVIDIA container toolkit"
    else:
        why = f" ({torch['said'][0]})" if torch["said"] else ""
        todo = f"bring the driver up to date, or install an older build of torch: {PICK}"
    return Line("gpu", "note", words + why, todo)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
