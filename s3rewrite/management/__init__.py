"""The commands: arguments and output. sync/, tools/, monitoring/ and explain/ do the work."""
