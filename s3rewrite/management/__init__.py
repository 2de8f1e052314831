"""The commands: arguments and output. The work is done in sync/, tools/, monitoring/, explain/."""
