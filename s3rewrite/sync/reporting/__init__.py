"""What a pass reports: report (its results), and to whom.

While it runs: progress (a terminal), journal (Redis). At its end, each as an observer: journal,
log (LOGGING), console (the loop's output), and the metrics.
"""
