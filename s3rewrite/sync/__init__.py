"""The engine: scan, plan and apply; one round of the three is a pass."""
