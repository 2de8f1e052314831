"""Figures for Prometheus: an app for web processes, a registry for the loop, a collector for both.

Needs the extra `metrics`. Nothing here is imported where nobody asks for it.
"""
