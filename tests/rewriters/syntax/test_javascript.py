import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3rewrite.rewriters.syntax.javascript import COMPUTED, ESCAPED, OWN_URL, WORKER, Unsure
from s3rewrite.rewriters.syntax.javascript import references as found


def references(js):
    body = js.encode()
    return [(body[start:end].decode(), is_lost) for start, end, is_lost in found(body)]


@pytest.mark.parametrize(
    ("js", "expected"),
    [
        ("", []),
        ("import './a.js'", ["./a.js"]),
        ("import a, * as b from \"/a.js\"; export {c} from '../c.js'", ["/a.js", "../c.js"]),
        ("export * from './a.js'\nexport * as b from './b.js'", ["./a.js", "./b.js"]),
        ("import data from './a.json' with { type: 'json' }", ["./a.json"]),
        ("import{a}from'./a.js';import'./b.js'", ["./a.js", "./b.js"]),
        ("import 'lodash'; import react from 'react'", []),
        ("import 'https://x.example/a.js'", []),
        ("const from = 1, a = { import: 2 }; a.import('./no.js')", []),
        ("x = new URL('a.png', import.meta.url)", ["a.png"]),
        ("x = import.meta.resolve('./a.js')", ["./a.js"]),
        ("if (import.meta.env.DEV || import.meta.hot) {}", []),
        ("list.push(import.meta.url)", []),
        ("new Worker('/static/w.js'); new SharedWorker('w.js')", []),
        ("navigator.serviceWorker.register('/sw.js'); import './a.js'", ["./a.js"]),
        ("const s = document.currentScript.dataset", []),
        ("// import './no.js'\n/* import('./no.js') */ 'import(\"./no.js\")'", []),
        ("#!/usr/bin/node\nimport './a.js'", ["./a.js"]),
        ("a = /import ('no')/.test(b); c = a / b / import.meta.env.c", []),
        ("if (a) /'/.test(b); import './a.js'", ["./a.js"]),
        ("a = b++ / 2; c = '/'; import './a.js'", ["./a.js"]),
        ("`import('./no.js') ${`${1}` + '}'} import('./no.js')`", []),
        ("return /[/'\"]/g; import './a.js'", ["./a.js"]),
        ("class A { #a = 1; b() { return this.#a / 2 } } import './a.js' // '", ["./a.js"]),
        ("//# sourceMappingURL=a.js.map\nimport 'a'", []),
    ],
)
def test_what_is_loaded(js, expected):
    assert references(js) == [(url, False) for url in expected]


@pytest.mark.parametrize(
    ("js", "expected"),
    [
        ("import('./a.js').then(b)", ["./a.js"]),
        ("await import(`/a.js`, {})", ["/a.js"]),
        ("`${import('./a.js')}`", ["./a.js"]),
        ("import('a')", []),
    ],
)
def test_what_is_loaded_later(js, expected):
    assert references(js) == [(url, True) for url in expected]


@pytest.mark.parametrize(
    ("js", "why"),
    [
        ("import(name)", COMPUTED),
        ("import('./' + name)", COMPUTED),
        ("import(`./${name}.js`)", COMPUTED),
        ("new Worker(new URL('w.js', import.meta.url), { type: 'module' })", WORKER),
        ("const url = new URL('w.js', import.meta.url); new SharedWorker(url)", WORKER),
        ("navigator.serviceWorker.register(new URL('sw.js', import.meta.url))", WORKER),
        ("new Worker(import.meta.resolve('./w.js'))", WORKER),
        ("const here = import.meta.url", OWN_URL),
        ("fetch(import.meta.url)", OWN_URL),
        ("import.meta.url.replace('a', 'b')", OWN_URL),
        ("new URL(name, import.meta.url)", OWN_URL),
        ("use(import.meta)", OWN_URL),
        ("const { url } = import.meta", OWN_URL),
        ("import.meta['url']", OWN_URL),
        ("a = document.currentScript.src", OWN_URL),
        ("a = document.currentScript?.src", OWN_URL),
        ("a = document.currentScript; b = a.src", OWN_URL),
        ("new URL('a', document.currentScript.src)", OWN_URL),
        ("document.currentScript.getAttribute('src')", OWN_URL),
        ("document.scripts[0].src", OWN_URL),
        (r"import './\x61.js'", ESCAPED),
        ("import './a.js'; 'without an end", ""),
        ("import './a.js'; `without an end ${", ""),
        ("import './a.js' }", ""),
        ("import './a.js' /* ", ""),
    ],
)
def test_what_cannot_be_told(js, why):
    with pytest.raises(Unsure) as unsure:
        references(js)
    assert str(unsure.value) == why


values = st.sampled_from(
    ["1", "a", "'\\''", '"/*"', "`x${ {a: `y`} }`", "/[/]'/g", "f(1)", "a[0]", "(b)", "this.#c"]
)
operators = st.sampled_from(["/ ", "+", ", ", " in ", " instanceof ", "=> ", "/* ' */-", "//'\n*"])
chains = st.lists(st.tuples(operators, values)).map(lambda parts: "".join(map("".join, parts)))


@given(st.lists(chains.map("a = 1{}".format), max_size=5))
@settings(max_examples=300, deadline=None)
def test_an_import_is_found_behind_whatever_stands_before_it(statements):
    js = ";".join([*statements, "import './x.js'", *statements, "`${import('./y.js')}`"])
    assert references(js) == [("./x.js", False), ("./y.js", True)]


@given(st.text(alphabet="'\"`${}/\\()[] \nimport.metaurl*"))
@settings(max_examples=300, deadline=None)
def test_whatever_stands_there(text):
    with suppress(Unsure):
        references("import './x.js';" + text)


@pytest.mark.parametrize("piece", ["`${", "(", "/", "'", "/*", "a/b", "import(", "\\", "[/", "{}"])
def test_time_grows_with_the_bytes(piece):
    began = time.process_time()
    for _ in range(3):
        with suppress(Unsure):
            references("import './x.js';" + piece * 50_000)
    assert time.process_time() - began < 10
