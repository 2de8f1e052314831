"""What counts: the context table (contexts), its rows and conditions, and their lookup."""
