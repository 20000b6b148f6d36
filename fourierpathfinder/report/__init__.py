"""A run as a page to look at: one file, which needs nothing else and fetches nothing."""

from .content import Report, report_of
from .page import notebook_html, report_html

__all__ = ["Report", "notebook_html", "report_html", "report_of"]
