"""The pool: good jobs are answered, bad ones killed, and the good do not wait for the bad."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedbot.errors import ParseError
from feedbot.worker import Worker, WorkerDied
from tests.rig import until

ROOT = Path(__file__).parents[2]
JOBS = "tests.worker.jobs:"
MakeWorker = Callable[..., Worker]
pytestmark = pytest.mark.slow


def children() -> set[int]:
    """The processes that this one started and that are not gone, zombies included."""
    pid = os.getpid()
    return {int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


@pytest.fixture(autouse=True)
def tests_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
async def make() -> AsyncIterator[MakeWorker]:
    """Makes workers, and sees that nothing is left of them."""
    made: list[Worker] = []
    before = children()

    def one(**options: float) -> Worker:
        made.append(Worker(**options))  # type: ignore[arg-type]
        return made[-1]

    yield one
    for worker in made:
        await worker.close()
    assert children() == before


async def test_a_function_is_called_with_the_body_and_plain_arguments(make: MakeWorker) -> None:
    answer = await make().run(JOBS + "echo", b"\x00body\xff", word="Łódź \ud800 😀", many=[1, {"a": None}])
    assert answer.value == {"word": "Łódź \ud800 😀", "many": [1, {"a": None}]}
    assert answer.body == b"\x00body\xff"


async def test_nouns_and_times_come_back_as_plain_values(make: MakeWorker) -> None:
    answer = await make().run(JOBS + "nouns", b"")
    author = {"name": "Ada", "email": None, "uri": None}
    assert answer.value == [author, "2026-03-01T00:00:00+00:00", 120.0, ["one"]]


async def test_bodies_and_answers_larger_than_any_buffer_pass(make: MakeWorker) -> None:
    body = bytes(range(256)) * 20_000
    assert (await make().run(JOBS + "echo", body)).body == body


def test_whatever_goes_in_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any JSON value and any bytes survive the way to the process and back."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
    with asyncio.Runner() as runner:
        worker = runner.run(_made())

        @settings(max_examples=50, deadline=None)
        @given(values, st.binary())
        def check(value: object, body: bytes) -> None:
            answer = runner.run(worker.run(JOBS + "echo", body, value=value))
            assert (answer.value, answer.body) == ({"value": value}, body)

        check()
        runner.run(worker.close())


async def _made() -> Worker:
    return Worker()


async def test_a_parse_error_keeps_its_words(make: MakeWorker) -> None:
    with pytest.raises(ParseError, match=r"^no feed in it$") as raised:
        await make().run(JOBS + "refuse", b"no feed in it")
    assert not isinstance(raised.value, WorkerDied)


async def test_any_other_error_is_told_with_its_kind(make: MakeWorker) -> None:
    with pytest.raises(ParseError, match=r"LookupError: no such thing"):
        await make().run(JOBS + "fail", b"")


@pytest.mark.parametrize("function", ["recurse", "no_plain_value", "missing"])
async def test_an_error_costs_neither_the_process_nor_the_next_job(make: MakeWorker, function: str) -> None:
    worker = make()
    first = (await worker.run(JOBS + "process_id", b"")).value
    with pytest.raises(ParseError):
        await worker.run(JOBS + function, b"")
    assert (await worker.run(JOBS + "process_id", b"")).value == first


async def test_a_module_that_does_not_exist_is_an_error(make: MakeWorker) -> None:
    with pytest.raises(ParseError, match="ModuleNotFoundError"):
        await make().run("tests.worker.nowhere:echo", b"")


@pytest.mark.parametrize(
    ("function", "body", "limits", "words"),
    [
        ("sleep", b"60", {"wall_seconds": 2, "quick_seconds": 0.1}, "within 2 s"),
        ("spin", b"", {"cpu_seconds": 0, "quick_seconds": 0.1}, "within 0 s of CPU"),
        ("allocate", b"1000", {}, "too much memory"),
        ("allocate_and_explain", b"", {}, "too much memory"),
        ("crash", b"", {}, "exit code 3"),
        ("segfault", b"", {}, "SIGSEGV"),
        ("answer_with", b"40000000", {}, "too much memory"),
    ],
)
async def test_a_job_that_takes_too_much_is_killed_and_the_next_one_is_answered(
    make: MakeWorker, function: str, body: bytes, limits: dict[str, float], words: str
) -> None:
    worker = make(**limits)
    with pytest.raises(WorkerDied, match=words):
        await worker.run(JOBS + function, body)
    assert (await worker.run(JOBS + "echo", b"still here")).body == b"still here"


async def test_what_a_function_prints_is_not_taken_for_its_answer(make: MakeWorker) -> None:
    worker = make()
    for _ in range(3):
        assert (await worker.run(JOBS + "print_garbage", b"")).value == "done"


async def test_a_job_that_needs_longer_than_a_moment_is_answered_all_the_same(make: MakeWorker) -> None:
    assert (await make(quick_seconds=0.05).run(JOBS + "sleep", b"0.3")).value


async def test_a_job_that_waits_for_the_machine_is_not_taken_for_a_slow_one(make: MakeWorker) -> None:
    """What counts as slow is CPU, up to three times as long by the clock."""
    worker = make(quick_seconds=0.2)
    first = (await worker.run(JOBS + "process_id", b"")).value
    assert (await worker.run(JOBS + "sleep", b"0.3")).value == first


async def test_a_job_with_much_memory_is_answered_by_a_process_of_its_own(make: MakeWorker) -> None:
    worker = make()
    first = (await worker.run(JOBS + "process_id", b"")).value
    assert (await worker.run(JOBS + "hold", b"140")).value != first


async def test_a_process_that_has_grown_is_not_kept(make: MakeWorker) -> None:
    worker = make()
    grown = (await worker.run(JOBS + "hold", b"110")).value
    await until(lambda: grown not in children() or (worker._idle and worker._idle[0].usage()[1] < 80 * 2**20))


async def test_good_jobs_do_not_wait_for_many_bad_ones(make: MakeWorker) -> None:
    """Eight documents that take for ever: of each only a moment passes before a good one has its turn."""
    worker = make(wall_seconds=600, cpu_seconds=600, quick_seconds=0.15)
    await worker.run(JOBS + "echo", b"")
    bad = [asyncio.create_task(worker.run(JOBS + "spin", b"")) for _ in range(8)]
    await asyncio.sleep(0)
    async with asyncio.timeout(120):
        assert (await worker.run(JOBS + "echo", b"good")).body == b"good"
    assert not any(task.done() for task in bad)
    assert len(children()) <= 3
    for task in bad:
        task.cancel()
    await asyncio.gather(*bad, return_exceptions=True)


async def test_who_took_long_the_last_time_waits_for_others_that_did(make: MakeWorker) -> None:
    """Three at once have one process between them, and the other is free for the quick."""
    worker = make()
    await worker.run(JOBS + "work", b"0.3", whose="slow")
    slow = [asyncio.create_task(worker.run(JOBS + "work", b"0.1", whose="slow")) for _ in range(3)]
    answers = await asyncio.gather(*slow, worker.run(JOBS + "sleep", b"0.2", whose="quick"))
    assert len({answer.value for answer in answers[:3]}) == 1
    assert answers[3].value != answers[0].value


async def test_who_took_too_long_the_last_time_is_not_tried_for_a_moment_first(make: MakeWorker) -> None:
    worker = make(quick_seconds=0.2)
    others = children()  # what other tests keep running
    first = (await worker.run(JOBS + "work", b"0.3", whose="slow")).value
    started: list[int] = []
    answer = asyncio.create_task(worker.run(JOBS + "work", b"0.25", whose="slow"))
    while not answer.done():
        started += children() - {first, *started, *others}
        await asyncio.sleep(0.01)
    assert started == [answer.result().value]


async def test_a_cancelled_caller_gets_nothing_and_disturbs_nobody(make: MakeWorker) -> None:
    worker = make()
    job = asyncio.create_task(worker.run(JOBS + "sleep", b"0.5"))
    await until(lambda: len(children()) > 0)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert (await worker.run(JOBS + "echo", b"mine")).body == b"mine"


async def test_one_process_does_for_one_job_after_the_other(make: MakeWorker) -> None:
    worker = make()
    assert len({(await worker.run(JOBS + "process_id", b"")).value for _ in range(5)}) == 1


async def test_jobs_at_the_same_time_use_a_second_process_and_never_a_third(make: MakeWorker) -> None:
    worker = make()
    answers = await asyncio.gather(*(worker.run(JOBS + "sleep", b"0.2") for _ in range(5)))
    assert len({answer.value for answer in answers}) == 2


async def test_the_second_process_goes_when_it_is_not_needed(make: MakeWorker) -> None:
    worker, before = make(idle_seconds=0.0), children()
    await asyncio.gather(*(worker.run(JOBS + "sleep", b"0.2") for _ in range(2)))
    await until(lambda: len(children() - before) == 1)


async def test_a_process_that_was_killed_from_outside_is_replaced(make: MakeWorker) -> None:
    worker = make()
    first = (await worker.run(JOBS + "process_id", b"")).value
    os.kill(first, signal.SIGKILL)
    assert (await worker.run(JOBS + "process_id", b"")).value != first


async def test_signals_to_the_group_are_for_the_parent_to_judge(make: MakeWorker) -> None:
    worker = make()
    first = (await worker.run(JOBS + "process_id", b"")).value
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(first, number)
    assert (await worker.run(JOBS + "process_id", b"")).value == first


async def test_the_process_sees_no_secret(make: MakeWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDBOT_TELEGRAM__TOKEN", "123456:SECRET")
    monkeypatch.setenv("HTTPS_PROXY", "http://ada:SECRET@proxy.example")
    seen = (await make().run(JOBS + "environment", b"")).value
    assert "SECRET" not in str(seen)
    assert not [name for name in seen if name.startswith("FEEDBOT_")]


async def test_the_process_holds_itself_to_its_limits(make: MakeWorker) -> None:
    """A module may ask for memory of its own (WORKER_MEMORY); files, cores and children there are none."""
    seen = (await make(cpu_seconds=7).run(JOBS + "limits", b"")).value
    assert seen["RLIMIT_AS"] == 200 * 2**20
    assert seen["RLIMIT_CPU"] in {8, 9}
    assert (seen["RLIMIT_FSIZE"], seen["RLIMIT_CORE"], seen["RLIMIT_NPROC"]) == (0, 0, 0)


async def test_the_process_writes_no_file(make: MakeWorker, tmp_path: Path) -> None:
    with pytest.raises(ParseError, match="OSError"):
        await make().run(JOBS + "write_a_file", str(tmp_path / "file").encode())
    assert not (tmp_path / "file").exists() or (tmp_path / "file").stat().st_size == 0


async def test_the_process_is_lean(make: MakeWorker) -> None:
    """Neither an event loop nor the daemon is imported to run a function."""
    seen = (await make().run(JOBS + "modules", b"")).value
    assert {"asyncio", "sqlalchemy", "telegram", "feedbot.worker.pool"}.isdisjoint(seen)


async def test_it_does_not_import_what_lies_in_the_working_folder(
    make: MakeWorker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('a stranger')")
    monkeypatch.chdir(tmp_path)
    assert (await make().run(JOBS + "echo", b"well")).body == b"well"


@pytest.mark.parametrize("seconds", ["0", "600"])
async def test_processes_end_when_their_parent_is_killed(tmp_path: Path, seconds: str) -> None:
    """Idle ones at the end of their input, working ones by their own alarm."""
    told = tmp_path / "told"
    program = f"""
import asyncio, os, pathlib
from feedbot.worker import Worker
async def main():
    worker = Worker(wall_seconds=2, quick_seconds=2)
    child = (await worker.run("{JOBS}process_id", b"")).value
    if {seconds}:
        asyncio.create_task(worker.run("{JOBS}sleep", b"{seconds}"))
        await asyncio.sleep(0.1)
    pathlib.Path({str(told)!r}).write_text(str(child))
    os.kill(os.getpid(), 9)
asyncio.run(main())
"""
    done = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    assert await done.wait() == -signal.SIGKILL
    child = int(told.read_text())
    await until(lambda: not _works(child))


def _works(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_who_would_bring_a_large_body_waits_while_much_is_waiting_to_be_read(
    make: MakeWorker,
) -> None:
    worker = make()
    reading = asyncio.create_task(worker.run(JOBS + "echo", b" " * 9_000_000))
    await asyncio.sleep(0)
    bringing = asyncio.create_task(worker.has_room())
    await asyncio.sleep(0)
    assert not bringing.done()
    await reading
    await bringing


async def test_it_is_known_whose_bodies_are_read_quickly(make: MakeWorker) -> None:
    worker = make()
    assert not worker.reads_quickly("quick")
    await worker.run(JOBS + "echo", b"", whose="quick")
    assert worker.reads_quickly("quick")
