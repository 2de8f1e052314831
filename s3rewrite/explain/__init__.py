"""Why is this not linked? Body, scope -> occurrences, each with its reasons.

What is linked is what the rewriter's own `collect` finds; the rest is looked at more closely.
explanation joins places (bodies, html, texts, members, occurrences, explained, reasons) with what
is published (publication); subjects and pages are what a person asks about.
"""

from s3rewrite.explain.bodies import explain, explain_header
from s3rewrite.explain.explained import ExplainedPlace
from s3rewrite.explain.reasons import Reason

__all__ = ["ExplainedPlace", "Reason", "explain", "explain_header"]
