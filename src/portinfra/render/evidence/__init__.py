"""Evidence of a drill, failover or failback as a page to read."""

from portinfra.render.evidence.page import report_html

__all__ = ["report_html"]
