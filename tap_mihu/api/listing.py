"""A listing: "page n of these dates", from the question to the rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tap_mihu.errors import EnvelopeError, ListingError, MihuError, MissingKeyError

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
    place: str = ""
    """Which of several like it this one is, where that is not a matter of dates; for errors."""

    def page(
        self, dates: DateRange, number: int, per_page: int | None = None, *, patient: bool = True
    ) -> Page:
        """Return page `number` (from 1) of the items created within some dates.

        Args:
            dates: The dates.
            number: The page.
            per_page: Items a page; None for the setting.
            patient: Whether a failing request is tried again.

        Raises:
            RefusedError: The API refuses this request, or every try of it failed; another request
                may be answered.
            ListingError: The API refuses the listing, or the response is not the documented one.
            MihuError: No request would be answered.
            StoppedError: The run is over.
        """
        params = {**self.params, "page": number}
        if per_page is not None:
            params["per_page"] = per_page
        if dates.first is not None:
            params["date_from"] = dates.first.isoformat()
        if dates.last is not None:
            params["date_to"] = dates.last.isoformat()
        where = self.place or f"created: {dates}"
        place = f"page {number}, {where}"
        try:
            return self.client.retry(partial(self._ask, params, number), patient=patient)
        except EnvelopeError as error:
            said = f", {self.client.quoted(error.quote, params)!r}" if error.quote else ""
            raise ListingError(
                f"The response is not the documented one ({error}{said}): check subdomain or "
                f"api_url ({place})."
            ) from None
        except MissingKeyError as error:
            raise ListingError(
                f"{self.name}: page {number}, position {error.position} ({where}) "
                f"has no {error.key}."
            ) from None
        except MihuError as error:
            if not self.client.answered:
                raise  # It is not about this page.
            raise type(error)(f"{str(error).removesuffix('.')} ({place}).") from None

    def _ask(self, params: Mapping[str, Any], number: int) -> Page:
        response = self.client.get(self.path, params)
        return self.decoder.page(
            response.body,
            number,
            served_at=response.served_at,
            received_at=response.received_at,
        )
