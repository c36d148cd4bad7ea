"""The setting `batch_config`: its form, where it comes from, and a folder that can be written."""

import json
from pathlib import Path
from typing import Any

import pytest

from tap_mihu.errors import ConfigError
from tap_mihu.tap import TapMihu
from tests.batches import batch_config
from tests.unit.front.configs import MINIMAL, SECRET, fault, only_these, tap, warnings

ENCODING = {"encoding": {"format": "jsonl"}}
STORAGE = {"storage": {"root": "file:///srv/batches"}}


def stored(**storage: Any) -> dict[str, Any]:  # noqa: ANN401
    return ENCODING | {"storage": storage}


def encoded(**encoding: Any) -> dict[str, Any]:  # noqa: ANN401
    return STORAGE | {"encoding": encoding}


NO_FOLDER = "batch_config.storage.root must be file:// and a folder"
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "batch_config.encoding is required; batch_config.storage is required"),
    "no folder": (ENCODING, "batch_config.storage is required"),
    "no root": (stored(), "batch_config.storage.root is required"),
    "no encoding": (STORAGE, "batch_config.encoding is required"),
    "no format": (encoded(), "batch_config.encoding.format is required"),
    "another format": (encoded(format="parquet"), "batch_config.encoding.format must be jsonl"),
    "another compression": (
        encoded(format="jsonl", compression="zstd"),
        "batch_config.encoding.compression must be one of gzip, none",
    ),
    "a cloud": (
        stored(root="s3://bucket"),
        "batch_config.storage.root must be file:// and a folder",
    ),
    "a path": (stored(root="/srv/batches"), NO_FOLDER),
    "no path": (stored(root="file://"), NO_FOLDER),
    "a percent sign": (stored(root="file:///srv/batches/a%20b"), NO_FOLDER),
    "a folder as prefix": (
        stored(root="file:///srv/batches", prefix="a/"),
        "batch_config.storage.prefix must be at most 100 letters",
    ),
    "size of zero": (
        ENCODING | STORAGE | {"batch_size": 0},
        "batch_config.batch_size must be a whole number, at least 1",
    ),
    "size as text": (
        ENCODING | STORAGE | {"batch_size": "5"},
        "batch_config.batch_size must be a whole number",
    ),
    "unknown key": (
        ENCODING | STORAGE | {"size": 5},
        "batch_config.size does not exist: use encoding, storage, batch_size",
    ),
    "unknown key inside": (
        stored(root="file:///srv/batches", params={}),
        "batch_config.storage.params does not exist: use root, prefix",
    ),
}


@pytest.mark.parametrize(("value", "rule"), BAD.values(), ids=BAD)
def test_what_is_not_offered_is_refused(value: dict[str, Any], rule: str) -> None:
    assert rule in fault({"batch_config": value})


def test_its_folder_is_made(tmp_path: Path) -> None:
    value = batch_config(tmp_path / "a b" / "é")
    assert tap({"batch_config": value}).config["batch_config"] == value
    assert [*(tmp_path / "a b" / "é").iterdir()] == []


@pytest.mark.parametrize("below", ["file", "file/folder", "missing"])
def test_a_folder_that_cannot_be_written(
    tmp_path: Path, below: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    if below == "missing":
        # Whoever runs the tests may be allowed everything.
        monkeypatch.setattr(Path, "mkdir", refuse)
    message = fault({"batch_config": batch_config(tmp_path / below)})
    assert message.startswith(f"batch_config.storage.root: {tmp_path / below} cannot be written: ")
    assert message.split(": ")[-1] in {"file exists", "not a directory", "permission denied"}


def refuse(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_null_means_unset(tmp_path: Path) -> None:
    """Meltano passes every setting that is not set so, single ones within it too."""
    nothing = {
        "encoding": {"format": None, "compression": None},
        "storage": {"root": None, "prefix": None},
        "batch_size": None,
    }
    for unset in (None, nothing, {"storage": {"root": None}}):
        assert "batch_config" not in tap({"batch_config": unset}).config
    some = nothing | ENCODING
    assert "batch_config.storage is required" in fault({"batch_config": some})
    value = batch_config(tmp_path)
    value["storage"]["prefix"] = None
    used = tap({"batch_config": value}).config["batch_config"]
    assert used == batch_config(tmp_path)


def test_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    value = batch_config(tmp_path)
    settings = {name.upper(): text for name, text in MINIMAL.items()}
    only_these(monkeypatch, tmp_path, **settings, BATCH_CONFIG=json.dumps(value))
    assert TapMihu(parse_env_config=True).config["batch_config"] == value
    single = {
        "BATCH_CONFIG_ENCODING_FORMAT": "jsonl",
        "BATCH_CONFIG_ENCODING_COMPRESSION": "gzip",
        "BATCH_CONFIG_STORAGE_ROOT": f"file://{tmp_path}",
        "BATCH_CONFIG_BATCH_SIZE": "10000",
    }
    only_these(monkeypatch, tmp_path, **settings, **single)
    assert TapMihu(parse_env_config=True).config["batch_config"] == value
    assert not warnings(caplog)
    only_these(monkeypatch, tmp_path, **settings, BATCH_CONFIG="{'encoding'}")
    with pytest.raises(ConfigError, match="batch_config must be an object") as error:
        TapMihu(parse_env_config=True)
    assert SECRET not in str(error.value)
