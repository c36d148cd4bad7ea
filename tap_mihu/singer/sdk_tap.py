"""The SDK's tap, without what it does of its own accord and this tap does in its own way."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from singer_sdk import Tap
from singer_sdk.exceptions import ConfigurationError, MappingError
from typing_extensions import override

from tap_mihu.errors import ConfigError, MihuError
from tap_mihu.singer.ending import end_in_time
from tap_mihu.singer.opening import open_client
from tap_mihu.singer.output import MessageWriter

if TYPE_CHECKING:
    from types import FrameType

    from tap_mihu.api.client import Client

__all__ = ["SDKTap"]


class SDKTap(Tap):
    """A tap whose streams share a client and may be left unread; each override says why."""

    message_writer_class = MessageWriter
    message_writer: MessageWriter

    @classmethod
    def variable_prefix(cls) -> str:
        """Return what variables with settings begin with; the SDK has no public name for it."""
        prefix: str = cls._env_var_prefix
        return prefix

    @cached_property
    def client(self) -> Client:
        """What asks the API, for all streams of a run."""
        return open_client(self.config, self.logger)

    # Final to the SDK, which has no other place for what follows the last stream.
    @override  # type: ignore[misc]
    def sync_all(self) -> None:
        """Read the streams that are selected.

        Raises:
            MihuError: The run ended early, or some of them could not be read.
        """
        selected = {name: of for name, of in self.streams.items() if of.selected}
        whole = [name for name, of in selected.items() if not getattr(of, "by_date", True)]
        if whole and self.config.get("filters"):
            self.logger.info("filters are for contacts: reading all of %s", ", ".join(whole))
        try:
            super().sync_all()
        finally:
            self.client.close()
        self.insist_on_all()

    def insist_on_all(self) -> None:
        """See to it that all streams were read that were to be.

        Raises:
            MihuError: Some were not.
        """
        unread = [name for name, of in self.streams.items() if getattr(of, "is_unread", False)]
        if unread:
            raise MihuError(f"Not read: {', '.join(unread)}. The warnings above say why.")

    # Final too: it would ask for what is not selected.
    @override  # type: ignore[misc]
    def run_connection_test(self) -> bool:
        """Ask for one record of each stream that is selected."""
        selected = [stream for stream in self.streams.values() if stream.selected]
        return self.run_sync_dry_run(dry_run_record_limit=1, streams=selected)

    @override
    def setup_mapper(self) -> None:
        """Prepare the stream maps; the SDK looks into them without checks.

        Raises:
            ConfigError: They, or the catalog's schemas, have a form that the SDK cannot read.
        """
        try:
            super().setup_mapper()
        except ConfigurationError:
            raise
        except MappingError as error:
            text = f"stream_maps: {error}"
            raise ConfigError(text) from None
        except Exception as error:  # noqa: BLE001 - it may be any
            kind = type(error).__name__
            raise ConfigError(
                f"stream_maps, faker_config or the catalog's schema cannot be used ({kind})."
            ) from None

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """End the run between two lines; the SDK's ends it within one."""
        end_in_time(signum)
        self.message_writer.interrupt(signum)
