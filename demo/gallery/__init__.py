"""The demo's only app: pictures that are uploaded, overwritten and deleted."""
