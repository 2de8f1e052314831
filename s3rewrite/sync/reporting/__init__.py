"""What a pass did (report), and who is told: progress (a terminal), journal (Redis), log."""
