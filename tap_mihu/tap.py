"""The tap: its settings and its streams."""

from __future__ import annotations

import copy
import json
from contextlib import closing
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar

from singer_sdk import Tap
from singer_sdk.exceptions import ConfigurationError, MappingError
from typing_extensions import override

from tap_mihu.configuration import configured, read_files, tell_unread
from tap_mihu.errors import ConfigError, MihuError
from tap_mihu.options import limit_option, plan_option
from tap_mihu.settings import SETTINGS
from tap_mihu.singer.catalog import for_messages
from tap_mihu.singer.ending import end_in_time
from tap_mihu.singer.inputs import json_file, read_catalog, read_state
from tap_mihu.singer.opening import open_client
from tap_mihu.singer.output import MessageWriter
from tap_mihu.singer.planning import plan
from tap_mihu.singer.preview import preview
from tap_mihu.singer.schema import stream_schema
from tap_mihu.streams import STREAMS, ContactsStream

if TYPE_CHECKING:
    from logging import LogRecord
    from types import FrameType

    from click import Command, Context, Option
    from singer_sdk.singerlib import Catalog
    from singer_sdk.streams import Stream

    from tap_mihu.api.client import Client

__all__ = ["TapMihu"]


class TapMihu(Tap):
    """Reads the contacts of a Mihu workspace, completely."""

    name = "tap-mihu"
    # A copy, to which the SDK adds settings of its own.
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(SETTINGS)
    message_writer_class = MessageWriter
    message_writer: MessageWriter

    def __init__(
        self,
        *,
        config: Any = None,  # noqa: ANN401 - checked here
        catalog: Any = None,  # noqa: ANN401
        state: Any = None,  # noqa: ANN401
        parse_env_config: bool = False,
        validate_config: bool = True,
        **options: Any,  # noqa: ANN401
    ) -> None:
        """Check everything that comes from outside before the SDK sees it.

        Raises:
            ConfigError: A setting cannot be used.
            MihuError: The catalog or the state is none.
        """
        self.logger.addFilter(_is_news)
        self.append_builtin_config(self.config_jsonschema)
        config = configured(
            config,
            self.config_jsonschema,
            self._env_var_prefix,
            fields={one.name: stream_schema(one.name)["properties"] for one in STREAMS},
            parse_env=parse_env_config,
            whole=validate_config,
            logger=self.logger,
        )
        super().__init__(
            config=config,
            catalog=read_catalog(catalog, [stream.name for stream in STREAMS]),
            state=read_state(state),
            validate_config=validate_config,
            **options,
        )

    @classmethod
    @override
    def cb_config(cls, ctx: Context, param: Option, value: tuple[str, ...]) -> Any:
        """Read the configuration files.

        Raises:
            ConfigError: One of them cannot be read, or is no JSON object.
        """
        # The SDK reads files in one encoding only, so it is not told of them.
        config = super().cb_config(ctx, param, tuple(path for path in value if path == "ENV"))
        config.config = read_files(path for path in value if path != "ENV")
        return config

    @classmethod
    @override
    def get_singer_command(cls) -> Command:
        """Add options to those of the SDK."""
        command = super().get_singer_command()
        command.params += [limit_option(), plan_option(cls.cb_plan)]
        return command

    @classmethod
    def cb_plan(cls, ctx: Context, param: Option, value: int | None) -> None:  # noqa: ARG003
        """Print a plan instead of running the tap.

        Raises:
            ConfigError: Runs of the plan would delete each other's rows.
        """
        if value is None:
            return
        config = ctx.params["config"]
        tap = cls(config=config.config, parse_env_config=config.parse_env)
        if tap.config["emit_activate_version_messages"]:
            raise ConfigError(
                "emit_activate_version_messages must be false with --plan: the run of one range "
                "would delete the rows of all others (or mark them as deleted)"
            )
        shards = plan(ContactsStream(tap), value)
        tap.message_writer.write_lines([json.dumps(shards, indent=2).encode() + b"\n"])
        ctx.exit()

    @classmethod
    @override
    def invoke(
        cls,
        *,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
        limit: int | None = None,
        **options: Any,
    ) -> None:
        """Run the tap, or show the first records.

        Raises:
            MihuError: The state or the catalog is no JSON, or the run failed.
        """
        config = options.get("config")
        if config is not None and not config.parse_env:
            cls.append_builtin_config(cls.config_jsonschema)
            tell_unread(
                cls.config_jsonschema,
                cls._env_var_prefix,
                has_file=bool(config.config),
                logger=cls.logger,
            )
        catalog = json_file(catalog, "--catalog")
        if limit is None or options.get("about"):
            super().invoke(state=json_file(state, "--state"), catalog=catalog, **options)
            return
        tap = cls(
            config=config and config.config,
            catalog=catalog and json.load(catalog),
            parse_env_config=config is not None and config.parse_env,
        )
        _preview(tap, limit)

    @override
    def discover_streams(self) -> list[Stream]:
        """List the streams."""
        return [stream(self) for stream in STREAMS]

    @property
    @override
    def streams(self) -> dict[str, Stream]:
        """The streams in the order in which they are read; the SDK's is by name."""
        found = super().streams
        return {stream.name: found[stream.name] for stream in STREAMS}

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
        whole = [name for name, of in self.streams.items() if of.selected and name != "contacts"]
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

    @property
    @override
    def catalog(self) -> Catalog:
        """The catalog that messages follow."""
        extra_fields = {stream.name: stream.extra_fields for stream in STREAMS}
        return for_messages(super().catalog, extra_fields)

    @override
    def setup_mapper(self) -> None:
        """Prepare the stream maps.

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
        except Exception as error:  # noqa: BLE001 - the SDK looks into them without checks
            kind = type(error).__name__
            raise ConfigError(
                f"stream_maps, faker_config or the catalog's schema cannot be used ({kind})."
            ) from None

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """End the run, between two lines."""
        end_in_time(signum)
        self.message_writer.interrupt(signum)


def _preview(tap: TapMihu, limit: int) -> None:
    with closing(tap.client) as client:
        streams, version = tap.streams.values(), tap.initialized_at // 1000
        preview(streams, limit, client, tap.message_writer, version)
    tap.insist_on_all()


# The SDK says that it reads no variables, for they are read here; and nobody asked for the others.
_NO_NEWS = {"Skipping parse of env var settings...", "Skipping deselected stream '%s'."}


def _is_news(record: LogRecord) -> bool:
    return record.msg not in _NO_NEWS
