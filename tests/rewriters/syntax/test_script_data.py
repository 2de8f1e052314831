import pytest

from s3rewrite.rewriters.syntax.walker import script_end


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"a</b>",
        b"</scripty></scrip>",
        b"<!-- -->",
        b"<!-- a",
        b"<!-->",
        b"<!--->",
        b"<!-- <script> -->",
        b"<!-- <script></script> ",
        b"<!-- <script></script> -->",
        b"<!-- <scripty> ",
        b"<!-- <script --> ",
        b"<!-- <SCRIPT/></sCript\n> ",
        b"<!-- --> <script>",
    ],
)
def test_ends_at_the_end_tag(text):
    assert script_end(text + b"</script>", 0) == len(text)


@pytest.mark.parametrize("text", [b"a", b"</script", b"<!--<script></script>", b"<!-- <script>"])
def test_has_no_end(text):
    assert script_end(text, 0) is None
