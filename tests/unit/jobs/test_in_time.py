from feedmirror.jobs.in_time import in_time
from feedmirror.ports.fetching import FetchRequest

REQUESTS = [FetchRequest(f"https://{number}.example/") for number in range(5)]


def test_requests_end_when_time_is_short() -> None:
    answers = iter([False, False, True])

    assert list(in_time(REQUESTS, is_short=lambda: next(answers))) == REQUESTS[:3]


def test_the_first_is_asked_however_short_time_is() -> None:
    assert list(in_time(REQUESTS, is_short=lambda: True)) == REQUESTS[:1]


def test_no_requests_need_no_time() -> None:
    assert list(in_time([], is_short=lambda: True)) == []
