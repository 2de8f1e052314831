"""The tokens of HTML, as patterns on bytes.

WHATWG HTML, 13.2.5 Tokenization. Every pattern is possessive: it never gives back what it has
matched, so its time grows with the bytes and no faster. A tag matches whole or not at all: where
a pattern is given only a part of the body, it never takes a part of a token for the whole.
"""

import re
from string import ascii_letters
from typing import NamedTuple

SPACES = r"\t\n\f\r\x20"
"""The whitespace of HTML, for use inside a character class (CR is LF after preprocessing)."""

RAW_TEXT = ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
"""Elements whose content is text up to their own end tag. 13.2.6.4: "in head" and "in body"."""

UNSURE = ("svg", "math", "select")
"""Elements below which a raw text element may be an ordinary one, and CDATA may be text.

13.2.6.5 for foreign content; in a `select` browsers of different ages differ.
"""

VOID = frozenset(
    b"area base basefont bgsound br col embed frame hr image img input keygen link meta param "
    b"source track wbr".split()
)
"""Elements without content or an end tag. 13.1.2, and "in body" of 13.2.6.4 for the old ones."""

_SPECIAL = (*RAW_TEXT, "plaintext", *UNSURE)


class Syntax(NamedTuple):
    """The patterns of HTML content, or of what may be foreign content.

    `tokens` matches whole tokens: text, tags, comments, declarations. It stops before the start
    tag of a special element, where only `walker` knows how to go on. `to_value` matches the same,
    and then the attributes before a place in a start tag of the usual spelling; groups: the tag's
    name, those attributes. `markup` is one token that is not a tag.
    """

    tokens: re.Pattern[bytes]
    to_value: re.Pattern[bytes]
    markup: re.Pattern[bytes]


def compiled(pattern: str) -> re.Pattern[bytes]:
    """A verbose pattern for bytes."""
    return re.compile(pattern.encode(), re.VERBOSE)


def any_case(name: str) -> str:
    """A pattern for an ASCII name in any case; faster than IGNORECASE, as it has a prefix."""
    return "".join(f"[{c}{c.upper()}]" if c.isalpha() else re.escape(c) for c in name)


def _any_of(names: tuple[str, ...]) -> str:
    return f"(?:{'|'.join(map(any_case, names))})(?=[{SPACES}/>])"


_UNQUOTED = rf"""[^{SPACES}"'>][^{SPACES}>]*+"""
_WHOLE_UNQUOTED = rf"{_UNQUOTED}(?=[{SPACES}>])"
_VALUE = rf"""(?: "[^"]*+" | '[^']*+' | {_UNQUOTED} | (?=>) )"""

# 13.2.5.32 to 13.2.5.40. A name may begin with "=" and contain quotes; a quote counts only after
# an "=" that follows a name; an attribute that is not whole ends the match.
_NAME = rf"[^{SPACES}/>][^{SPACES}/>=]*+"
_EQUALS = rf"[{SPACES}]*+=[{SPACES}]*+"
_ATTRIBUTE = rf"{_NAME} (?: {_EQUALS}{_VALUE} | (?![{SPACES}]*+=) )"

# What follows a tag's name: first the usual spellings, which are fast to match, then any other.
_REST_OF_TAG = rf"""
    (?: > | (?: \x20[a-z-]++=(?: "[^"]*+" | {_UNQUOTED} ) )*+ >
      | (?: [{SPACES}/]++ | {_ATTRIBUTE} )*+ > )
"""
# At most 32, so that a tag with many values is not read once for each of them.
_USUAL_ATTRIBUTES = rf"""(?: [{SPACES}]++[a-z-]++="[^"]*+" ){{0,32}}+"""
_TAG_NAME = rf"[a-zA-Z][^{SPACES}/>]*+"

# 13.2.5.43 to 13.2.5.52: "-->" and "--!>" end a comment, "<!-->" and "<!--->" are whole ones.
_COMMENT = r"!--(?: -?> | [^-]*+(?: -(?!-!?>)[^-]*+ )*+ --!?> )"
# 13.2.5.41: all else that is not a tag ends at the first ">", a doctype too.
_BOGUS = r"(?: !(?!--) | \? )[^>]*+> | /(?![a-zA-Z])[^>]*+>"
# 13.2.5.69: CDATA if content is foreign, a bogus comment if it is not after all: matches only if
# both readings end at the same byte.
_BOGUS_OR_CDATA = rf"(?!!\[CDATA\[)(?:{_BOGUS}) | !\[CDATA\[[^>]*+(?<=\]\])>"
_TEXT = r"(?=[^a-zA-Z/!?])"


def _beginning_of_others(names: tuple[str, ...]) -> str:
    """A pattern for the first letter of a name that is none of these; most letters decide it."""
    letters = sorted({name[0] for name in names})
    rests = {c: _any_of(tuple(n[1:] for n in names if n.startswith(c))) for c in letters}
    plain = "".join(c for c in ascii_letters if c.lower() not in letters)
    return "|".join((f"[{plain}]", *(f"{any_case(c)}(?!{rest})" for c, rest in rests.items())))


def _syntax(end_tag: str, bogus: str) -> Syntax:
    beginning = rf"(?: /{end_tag}[a-zA-Z] | {_beginning_of_others(_SPECIAL)} )"
    tag = rf"{beginning}[^{SPACES}/>]*+{_REST_OF_TAG}"
    markup = rf"{_COMMENT} | {bogus} | {_TEXT}"
    # Tags have a loop of their own: that is a tenth faster than one loop with the rare tokens.
    tags = rf"(?: [^<]*+<{tag} )*+"
    tokens = rf"{tags} (?: [^<]*+<(?: {markup} ) {tags} )*+ [^<]*+"
    to_value = rf"{tokens} (?: <([a-z][a-z0-9]*+)({_USUAL_ATTRIBUTES}) )?+"
    return Syntax(compiled(tokens), compiled(to_value), compiled(rf"<(?: {markup} )"))


IN_HTML = _syntax("", _BOGUS)
"""HTML content."""

WHERE_UNSURE = _syntax(f"(?!{_any_of(UNSURE)})", _BOGUS_OR_CDATA)
"""Below an unsure element; `tokens` stops before the end tag of one, too."""

TAG = compiled(rf"<(/?+)({_TAG_NAME}){_REST_OF_TAG}")
"""A whole start or end tag; groups: the slash, the name."""

USUAL_VALUE = compiled(rf"""[{SPACES}]++([a-z-]++)="([^"]*+)"{_USUAL_ATTRIBUTES}[{SPACES}/]*+>""")
"""An attribute, and the rest of a tag of the usual spelling; groups: name and value."""

TAG_OPEN = compiled(rf"<(/?+)({_TAG_NAME})")
"""The beginning of a tag; groups: the slash, the name."""

ATTRIBUTE = compiled(
    rf"""({_NAME}) (?: {_EQUALS}(?: "([^"]*+)" | '([^']*+)' | ({_UNQUOTED}) | (?=>) ) )?+"""
)
"""An attribute of a tag that is known to be whole; groups: the name, three kinds of values."""

CONTENT_END = {name.encode(): compiled(f"</{any_case(name)}(?=[{SPACES}/>])") for name in RAW_TEXT}
"""The end tag of each raw text element: an "appropriate end tag token", 13.2.5."""

ATTRIBUTES = compiled(
    rf"""(?: \x20[a-z-]++="[^"]*+" )*+
    (?: [{SPACES}/]++ | {_ATTRIBUTE.replace(_UNQUOTED, _WHOLE_UNQUOTED)} )*+"""
)
"""Whole attributes, and what is between them."""

NEUTRAL = compiled(rf"(?: [^<]++ | <{_COMMENT} | <!\[CDATA\[(?s:.*?)\]\]> )*+")
"""Content that ends at the same place whether it is read as raw text or as markup."""
