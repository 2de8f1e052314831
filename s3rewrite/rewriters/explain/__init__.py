"""Why each local URL in a body is linked, or left alone: body, scope -> occurrences.

What is linked is what the rewriter's own `collect` finds; the rest is looked at more closely.
"""

from s3rewrite.explain.bodies import explain, explain_header
from s3rewrite.explain.explained import Explained
from s3rewrite.explain.reasons import Reason

__all__ = ["Explained", "Reason", "explain", "explain_header"]
