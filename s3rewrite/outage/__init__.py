"""Do visitors get the files from S3 or its CDN? The loop asks as they do, and suspends a mount.

Read hysteresis (when an outage begins and ends; pure), probe (one question, and what its answer
means), then prober (the thread of a mount, which asks, decides and marks).
"""
