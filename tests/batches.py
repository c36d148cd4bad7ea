"""Batch files: the setting that asks for them, and what a run left in them."""

import gzip
import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.e2e.running import Run

__all__ = ["announced", "batch_config", "rows_of"]


def batch_config(folder: Path, *, compression: str = "gzip", size: int = 10_000) -> dict[str, Any]:
    """The setting for files in a folder."""
    return {
        "encoding": {"format": "jsonl", "compression": compression},
        "storage": {"root": f"file://{folder}"},
        "batch_size": size,
    }


def announced(run: Run) -> list[Path]:
    """The files that a run announced."""
    urls = [url for message in run.of_type("BATCH") for url in message["manifest"]]
    assert all(url.startswith("file:///") for url in urls)
    return [Path(url.removeprefix("file://")) for url in urls]


def rows_of(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a BATCH message's only file, which is for nobody else to read."""
    assert message["encoding"]["format"] == "jsonl"
    (url,) = message["manifest"]
    path = Path(url.removeprefix("file://"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    compressed = message["encoding"]["compression"] == "gzip"
    assert path.name.endswith(".jsonl.gz" if compressed else ".jsonl")
    text = gzip.decompress(path.read_bytes()) if compressed else path.read_bytes()
    *lines, rest = text.split(b"\n")
    assert rest == b""
    return [json.loads(line) for line in lines]
