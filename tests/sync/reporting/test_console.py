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


def failing(**failures: str) -> Report:
    report = Report("media")
    for name, reason in failures.items():
        report.fail(name, reason)
    return report


def test_what_failed_is_printed_with_its_reason_once_until_it_is_over() -> None:
    said: list[str] = []
    console = Console("media", said.append)

    def show(report: Report) -> list[str]:
        said.clear()
        console.show(report)
        return [line for line in said if "is not in step" in line]

    first = "media: a is not in step: too large"
    assert show(failing(a="too large")) == [first]
    assert show(failing(a="too large")) == []
    assert show(failing(a="forbidden")) == ["media: a is not in step: forbidden"]
    assert show(failing()) == []
    assert show(failing(a="too large")) == [first]


def test_of_many_failures_the_first_are_printed() -> None:
    said: list[str] = []
    Console("media", said.append).show(failing(**{f"n{n}": "no" for n in range(25)}))
    assert len(said) == 22
    assert said[-1] == "media: 5 more failed: s3rewrite_status --all names them"
