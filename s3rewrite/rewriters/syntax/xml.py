"""The tokens of XML 1.0, as patterns on bytes. https://www.w3.org/TR/xml/

Possessive, as those of HTML are: the time they take grows with the bytes and no faster.
"""

from s3rewrite.rewriters.syntax.tokens import compiled

_NAME = r"""[^\s/><!?="']++"""
_S = r"[\x20\t\r\n]"
_ATTRIBUTE = rf"""{_S}++ {_NAME} {_S}*+ = {_S}*+ (?: "[^"<]*+" | '[^'<]*+' )"""
# Only what is well-formed: where XML and HTML split a tag in other ways, it is none.
_REST = rf"(?: {_ATTRIBUTE} )*+ {_S}*+ /?+"
_CDATA = r"<!\[CDATA\[((?s:.*?))\]\]>"
_OTHER = r"(?: <!--(?s:.*?)--> | <\?(?s:.*?)\?> )"

TOKENS = compiled(rf"(?: [^<]*+ (?: </?+{_NAME}{_REST}> | {_CDATA} | {_OTHER} ) )*+")
"""Whole tokens, and the text between them."""

ONE_TAG = compiled(rf"<(/?+)({_NAME})({_REST})>")
"""A tag; groups: the slash of an end tag, the name, the attributes."""

ONE_CDATA = compiled(_CDATA)
"""A CDATA section; the group is its text."""

ONE_OTHER = compiled(_OTHER)
"""A comment or a processing instruction."""

PROLOG = compiled(rf"(?:\xef\xbb\xbf)?+ (?: \s++ | {_OTHER} | <!DOCTYPE[^<>\[]*+> )*+")
"""What may stand before the root element."""
