"""Commands of the gallery."""
