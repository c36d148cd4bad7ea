"""The tap: its settings and its streams."""

from __future__ import annotations

import copy
import json
from contextlib import closing
from typing import IO, TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_mihu.configuration import configured, read_files, tell_unread
from tap_mihu.errors import ConfigError
from tap_mihu.options import limit_option, plan_option
from tap_mihu.settings import SETTINGS
from tap_mihu.singer.catalog import for_messages
from tap_mihu.singer.inputs import json_file, read_catalog, read_state
from tap_mihu.singer.planning import plan
from tap_mihu.singer.preview import preview
from tap_mihu.singer.schema import stream_schema
from tap_mihu.singer.sdk_tap import SDKTap
from tap_mihu.streams import STREAMS, ContactsStream

if TYPE_CHECKING:
    from logging import LogRecord

    from click import Command, Context, Option
    from singer_sdk.singerlib import Catalog
    from singer_sdk.streams import Stream

__all__ = ["TapMihu"]


class TapMihu(SDKTap):
    """Reads the contacts of a Mihu workspace, completely."""

    name = "tap-mihu"
    # A copy, to which the SDK adds settings of its own.
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(SETTINGS)

    def __init__(
        self,
        *,
        config: Any = None,
        catalog: Any = None,
        state: Any = None,
        parse_env_config: bool = False,
        validate_config: bool = True,
        **options: Any,
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
            self.variable_prefix(),
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
                cls.variable_prefix(),
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

    @property
    @override
    def catalog(self) -> Catalog:
        """The catalog that messages follow."""
        extra_fields = {stream.name: stream.extra_fields for stream in STREAMS}
        return for_messages(super().catalog, extra_fields)


def _preview(tap: TapMihu, limit: int) -> None:
    with closing(tap.client) as client:
        streams, version = tap.streams.values(), tap.initialized_at // 1000
        preview(streams, limit, client, tap.message_writer, version)
    tap.insist_on_all()


# The SDK says that it reads no variables, for they are read here; and nobody asked for the others.
_NO_NEWS = {"Skipping parse of env var settings...", "Skipping deselected stream '%s'."}


def _is_news(record: LogRecord) -> bool:
    return record.msg not in _NO_NEWS
