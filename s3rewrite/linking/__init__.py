"""A response, and the links in it. Read in this order:

response (is it rewritten, and which parts of it), resolver (local URL -> link), streaming (a body
as it flows), fragments (what template tags do). errors keeps a page from failing because of us;
debugging shows what happened to whoever asks.
"""
