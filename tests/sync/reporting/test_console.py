from s3rewrite.sync.reporting.console import Console
from s3rewrite.sync.reporting.report import Report


def test_each_problem_is_printed_once_and_that_it_is_over() -> None:
    said: list[str] = []
    console = Console("media", said.append)
    console.show(Report("media"))
    console.warn("a", "one")
    console.warn("a", "one again")
    console.warn("b", "two")
    console.show(Report("media", stopped="no S3"))
    console.show(Report("media"))
    console.show(Report("media"))
    assert said == ["media: one", "media: two", "media: continues"]
