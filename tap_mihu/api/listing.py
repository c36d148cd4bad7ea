"""A listing: "page n of these dates", from the question to the rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_mihu.errors import EnvelopeError, MihuError, MissingKeyError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_mihu.api.client import Client
    from tap_mihu.records.decoding import PageDecoder
    from tap_mihu.records.pages import DateRange, Page

__all__ = ["Listing"]


@dataclass(frozen=True, slots=True)
class Listing:
    """One listing of the API, with its filters; several threads may ask it for pages."""

    client: Client
    name: str
    """What it lists, in the plural; for errors."""
    path: str
    """Below the API's root."""
    params: Mapping[str, Any]
    """What every request asks for: the filters and `per_page`."""
    decoder: PageDecoder

    def page(self, dates: DateRange, number: int) -> Page:
        """Return page `number` (from 1) of the items created within some dates.

        Raises:
            MihuError: The API refuses, every try failed, or the response is not the documented one.
            StoppedError: The run is over.
        """
        params = {**self.params, "page": number}
        if dates.first is not None:
            params["date_from"] = dates.first.isoformat()
        if dates.last is not None:
            params["date_to"] = dates.last.isoformat()
        try:
            return self.client.retry(partial(self._ask, params, number))
        except EnvelopeError as error:
            raise MihuError(
                f"The response is not the documented one ({error}): check subdomain or api_url."
            ) from None
        except MissingKeyError as error:
            raise MihuError(
                f"{self.name}: page {number}, position {error.position} (created: {dates}) "
                f"has no {error.key}."
            ) from None

    def _ask(self, params: Mapping[str, Any], number: int) -> Page:
        response = self.client.get(self.path, params)
        return self.decoder.page(
            response.body,
            number,
            served_at=response.served_at,
            received_at=response.received_at,
        )
