"""The setting `batch_config`: its form, and whether its folder can be written."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from tap_mihu.singer.batches import batch_folder, make_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["BATCH_CONFIG", "batch_faults"]

# Targets take the path of a file as it stands: these would be read as something else.
_PATH = r"[^\x00-\x1f\x7f\ud800-\udfff?#%*\[\]'\\]"

# No defaults here: Meltano would pass them on, and the setting would always be set.
BATCH_CONFIG: dict[str, Any] = {
    "type": "object",
    "properties": {
        "encoding": {
            "type": "object",
            "properties": {
                "format": {
                    "type": "string",
                    "enum": ["jsonl"],
                    "title": "Batch Format",
                    "description": "Format of the files: jsonl, one record a line.",
                    "rule": "jsonl",
                },
                "compression": {
                    "type": "string",
                    "enum": ["gzip", "none"],
                    "title": "Batch Compression",
                    "description": "Compression of the files: gzip, or none, which is the default.",
                },
            },
            "required": ["format"],
            "additionalProperties": False,
            "title": "Batch Encoding",
            "description": "How the files are written.",
        },
        "storage": {
            "type": "object",
            "properties": {
                "root": {
                    "type": "string",
                    "pattern": rf"^file://{_PATH}+$(?!\n)",
                    "title": "Batch Folder",
                    "description": "Folder of the files, on the machine where the tap and the "
                    "target run: file:// and its path.",
                    "rule": "file:// and a folder such as file:///var/lib/mihu, without any of "
                    "? # % * [ ] ' \\",
                },
                "prefix": {
                    "type": "string",
                    "pattern": r"^[A-Za-z0-9_.-]{0,100}$(?!\n)",
                    "title": "Batch File Prefix",
                    "description": "What the names of the files begin with.",
                    "rule": "at most 100 letters, digits, dots, hyphens and underscores",
                },
            },
            "required": ["root"],
            "additionalProperties": False,
            "title": "Batch Storage",
            "description": "Where the files are written.",
        },
        "batch_size": {
            "type": "integer",
            "minimum": 1,
            "title": "Batch Size",
            "description": "Most records in a file, by default 10,000.",
        },
    },
    "required": ["encoding", "storage"],
    "additionalProperties": False,
    "title": "Batch Configuration",
    "description": "Write records to files, which BATCH messages announce. Much faster into "
    "targets that load files, such as target-postgres and target-snowflake; others may drop the "
    "records in silence.",
}
"""The SDK's own form, as far as the tap offers it."""


def batch_faults(batch_config: Mapping[str, Any]) -> Iterator[str]:
    """Yield why no file can be written, for a setting of the right form.

    The folder is made if it is not there.
    """
    folder = batch_folder(batch_config["storage"]["root"])
    try:
        make_folder(folder)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        yield f"batch_config.storage.root: {folder} cannot be written: {reason}"
