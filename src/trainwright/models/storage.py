"""Files of a fitted model: JSON and npz, equal bytes for equal content, nothing that can run code."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from trainwright.errors import UserError

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest moment a zip can say; a real clock would change the bytes
_REMEDY = "restore the file from where the model was trained, or train again"


def write_json(path: Path, obj: Any) -> None:
    """Writes plain data as JSON with sorted keys, so that equal data gives equal bytes.

    Raises:
        ValueError: a number is NaN or infinite, which JSON cannot say.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.json"
        >>> write_json(path, {"b": 1, "a": 0.1}); path.read_text(encoding="utf-8")
        '{"a": 0.1, "b": 1}\\n'
    """
    text = json.dumps(obj, sort_keys=True, ensure_ascii=False, allow_nan=False)
    path.write_bytes((text + "\n").encode("utf-8"))


def read_json(path: Path) -> Any:
    """The plain data of a JSON file; `UserError` naming the file when it is absent or not JSON."""
    try:
        return json.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        raise UserError(f"model file {path} is missing", remedy=_REMEDY) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f"model file {path} is not JSON ({error})", remedy=_REMEDY) from None


def write_arrays(path: Path, **arrays: np.ndarray) -> None:
    """Writes named arrays as a compressed npz without time stamps: equal arrays give equal bytes.

    Raises:
        ValueError: an array holds Python objects, which only a pickle could store.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(arrays):
            buffer = io.BytesIO()
            array = np.ascontiguousarray(arrays[name])
            np.lib.format.write_array(buffer, array.reshape(np.shape(arrays[name])), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=_EPOCH)
            entry.create_system = 3  # otherwise the operating system would stand in the bytes
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, buffer.getvalue(), zipfile.ZIP_DEFLATED, 6)


def read_arrays(path: Path, *names: str, max_bytes: int = 8 << 30) -> dict[str, np.ndarray]:
    """The arrays of an npz file.

    Args:
        path: the file that `write_arrays` wrote.
        names: arrays that must be there; the file may hold more.
        max_bytes: the most that the arrays may take in memory.

    Raises:
        UserError: the file is absent, damaged, holds objects, lacks a name or grows beyond `max_bytes`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(entry.file_size for entry in archive.infolist())
        if total > max_bytes:
            raise UserError(f"model file {path} would take {total} bytes; at most {max_bytes} are allowed")
        with np.load(path, allow_pickle=False) as archive:
            found = {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise UserError(f"model file {path} is missing", remedy=_REMEDY) from None
    except (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError) as error:
        raise UserError(f"model file {path} is not a sound file of arrays ({error})", remedy=_REMEDY) from None
    for name in names:
        if name not in found:
            raise UserError(f"model file {path} lacks the array '{name}'", remedy=_REMEDY)
    return found
