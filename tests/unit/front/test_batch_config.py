"""The setting `batch_config`: its form, and a folder that can be written."""

from pathlib import Path
from typing import Any

import pytest

from tests.batches import batch_config
from tests.unit.front.configs import fault, tap

NOTHING: dict[str, Any] = {
    "encoding": {"format": None, "compression": None},
    "storage": {"root": None, "prefix": None},
    "batch_size": None,
}
"""What Meltano passes where nothing of it is set."""
ENCODING = {"format": "jsonl"}
STORAGE = {"root": "file:///srv/batches"}
FOLDER = "storage.root must be file:// and a folder such as file:///var/lib/mihu, without any of "
BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "encoding is required; batch_config.storage is required"),
    (NOTHING | {"encoding": ENCODING}, "storage is required"),
    ({"storage": {}}, "storage.root is required"),
    ({"encoding": {}}, "encoding.format is required"),
    ({"encoding": {"format": "parquet"}}, "encoding.format must be jsonl"),
    (
        {"encoding": ENCODING | {"compression": "zstd"}},
        "encoding.compression must be one of gzip, none",
    ),
    ({"storage": {"root": "s3://bucket"}}, FOLDER),
    ({"storage": {"root": "file://"}}, FOLDER),
    *[({"storage": {"root": f"file:///a{char}"}}, FOLDER) for char in "?#%*[]'\\\n"],
    (
        {"storage": STORAGE | {"prefix": "a/"}},
        "storage.prefix must be at most 100 letters, digits, dots, hyphens and underscores",
    ),
    ({"batch_size": 0}, "batch_size must be a whole number, at least 1"),
    ({"size": 5}, "size does not exist: use encoding, storage, batch_size"),
    ({"storage": STORAGE | {"params": {}}}, "storage.params does not exist: use root, prefix"),
]


@pytest.mark.parametrize(("value", "told"), BAD)
def test_what_is_not_offered_is_refused(value: dict[str, Any], told: str) -> None:
    missing = {} if "required" in told else {"encoding": ENCODING, "storage": STORAGE}
    assert fault({"batch_config": missing | value}).startswith(f"batch_config.{told}")


def test_its_folder_is_made_or_cannot_be_written(tmp_path: Path) -> None:
    value = batch_config(tmp_path / "a b" / "é")
    assert tap({"batch_config": value}).config["batch_config"] == value
    assert [*(tmp_path / "a b" / "é").iterdir()] == []
    (tmp_path / "a").touch()
    message = fault({"batch_config": batch_config(tmp_path / "a" / "b")})
    told = f"batch_config.storage.root: {tmp_path / 'a' / 'b'} cannot be written"
    assert message == f"{told}: not a directory"


def test_null_means_unset(tmp_path: Path) -> None:
    for unset in (NOTHING, {"storage": {"root": None}}):
        assert "batch_config" not in tap({"batch_config": unset}).config
    value = batch_config(tmp_path)
    some = value | {"storage": value["storage"] | {"prefix": None}}
    assert tap({"batch_config": some}).config["batch_config"] == value
