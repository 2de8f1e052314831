"""The work of the commands that are not passes, a module of the same name each.

doctor; bucket_setup, with bucket_rules (the policies and rules themselves); verify; restore, with
receiving (an object's bytes, proved, in a local file).
"""
