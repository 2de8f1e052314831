"""How bodies are read: tokens, strings and their escapes. What counts in them is in table/.

tokens and walker for HTML, attributes for its tags, decoded_text for escapes; then xml,
css, json and srcset.
"""
