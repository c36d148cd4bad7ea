"""A sandbox of the Mihu API: tests and demonstrations read it like the real one."""

from tests.sandbox import faults
from tests.sandbox.clock import Clock
from tests.sandbox.data import Contact, contacts
from tests.sandbox.sandbox import Sandbox
from tests.sandbox.wire import RequestInfo
from tests.sandbox.workspace import Churn, Workspace

__all__ = ["Churn", "Clock", "Contact", "RequestInfo", "Sandbox", "Workspace", "contacts", "faults"]
