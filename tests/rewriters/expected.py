"""What a value is to become, by grammars that share nothing with the rewriter's."""

from itertools import zip_longest

import tinycss2
from tinycss2.ast import Node

from tests.rewriters.support import PREFIXES, PUBLIC

LINK = PUBLIC.decode()
SPACES = "\t\n\f\r "
NEVER_IN_CSS = ("mask", "shape-outside", "clip-path", "filter", "backdrop-filter", "fill")
NEVER_IN_CSS += ("stroke", "marker", "behavior", "binding", "src", "--")
URL_FUNCTIONS = ("url", "src", "image-set", "-webkit-image-set")


def linked_url(value):
    """A value that is one URL."""
    url = value.strip("".join(map(chr, range(1, 0x21))))
    for prefix in map(bytes.decode, PREFIXES):
        if url.startswith(prefix) and not set(url) & set("\t\r\n"):
            return value.replace(prefix, LINK, 1)
    return value


def linked_srcset(value):
    """WHATWG HTML, 4.8.4.3.10 Parsing a srcset attribute: step by step, as it is written there."""
    out, at = "", 0
    while at < len(value):
        start = at
        while at < len(value) and value[at] in SPACES + ",":
            at += 1
        out += value[start:at]
        start = at
        while at < len(value) and value[at] not in SPACES:
            at += 1
        url = value[start:at].rstrip(",")
        out += linked_url(url) + value[start + len(url) : at]
        if not value[start:at].endswith(","):
            start, at = at, _end_of_descriptors(value, at)
            out += value[start:at]
    return out


def _end_of_descriptors(value, at):
    is_in_parentheses = False
    while at < len(value) and (is_in_parentheses or value[at] != ","):
        is_in_parentheses = value[at] == "(" or (is_in_parentheses and value[at] != ")")
        at += 1
    return at


def css_mistakes(old, new, declarations):
    """What is wrong with the rewriting of a style sheet, or of the declarations of an attribute.

    Where CSS is broken the rewriter may leave what a browser would read; it may never change
    anything but the beginning of a URL.
    """
    mistakes, changes = [], 0
    for before, after in zip_longest(_leaves(_values(old)), _leaves(_values(new))):
        if before == after:
            continue
        changes += 1
        if None in (before, after) or after != _linked_leaf(before):
            mistakes.append((before, after))
    if new.count(LINK) != changes:
        mistakes.append(("elsewhere", changes))
    parse = tinycss2.parse_blocks_contents if declarations else tinycss2.parse_stylesheet
    if _is_clean(old):
        mistakes += _mistakes_in_declarations(parse(old), parse(new))
    return mistakes


def _values(text):
    return tinycss2.parse_component_value_list(text)


def _leaves(nodes, function=""):
    """The nearest function, the kind, and the text of each token; of errors, what they are."""
    for node in nodes:
        inner = node.arguments if node.type == "function" else getattr(node, "content", None)
        name = node.lower_name if node.type == "function" else ""
        yield function, node.type, name if inner is not None else _text(node)
        yield from _leaves(inner or (), name)


def _text(node):
    return node.kind if node.type == "error" else getattr(node, "value", None) or node.serialize()


def _linked_leaf(leaf):
    function, kind, text = leaf
    is_url = kind == "url" or (kind == "string" and function in URL_FUNCTIONS)
    return (function, kind, linked_url(text)) if is_url else None


def _is_clean(text):
    kinds = {kind for _, kind, _ in _leaves(_values(text))}
    return "\\" not in text and "error" not in kinds


def _mistakes_in_declarations(old, new):
    mistakes = []
    before, after = list(_declared(old)), list(_declared(new))
    for (name, leaf), (_, found) in zip(before, after, strict=True):
        is_never = name.removeprefix("-webkit-").startswith(NEVER_IN_CSS)
        wanted = leaf if is_never else _linked_leaf(leaf) or leaf
        if found != wanted:
            mistakes.append((name, leaf, found))
    return mistakes


def _declared(nodes: list[Node]):
    """The leaves of each declaration, with its property; "@" for what precedes a block."""
    for node in nodes:
        if node.type == "declaration" and not _has_block(node.value):
            yield from ((node.lower_name, leaf) for leaf in _leaves(node.value))
        elif node.type in ("qualified-rule", "at-rule"):
            yield from (("-webkit-mask", leaf) for leaf in _leaves(node.prelude))
            yield from _declared(tinycss2.parse_blocks_contents(node.content or ()))


def _has_block(nodes):
    return any(
        node.type == "{} block" or _has_block(getattr(node, "arguments", ())) for node in nodes
    )
