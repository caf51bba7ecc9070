"""Files are made in a pool side by side, and a refresh waits until none is being made."""

import threading

import pytest

from portinfra_libvirt.actions.pool_queue import PoolQueue


class Pool:
    """A pool as libvirt has it: it refuses a refresh while a file is being made."""

    def __init__(self, name="disks"):
        self.called, self.jobs, self.refreshed = name, 0, 0

    def name(self):
        return self.called

    def refresh(self):
        assert not self.jobs, "has asynchronous jobs running"
        self.refreshed += 1


@pytest.fixture
def making():
    """Begin to make a file in a thread; the function that is returned ends it."""
    threads = []

    def begin(queue, pool):
        begun, end = threading.Event(), threading.Event()

        def make():
            with queue.making(pool):
                pool.jobs += 1
                begun.set()
                end.wait(10)
                pool.jobs -= 1

        threads.append((threading.Thread(target=make), end))
        threads[-1][0].start()
        return begun, end

    yield begin
    for thread, end in threads:
        end.set()
        thread.join()


def refresh(queue, pool):
    with queue.refreshing(pool):
        pool.refresh()


def test_two_files_are_made_at_once(making):
    queue, pool = PoolQueue(), Pool()
    for begun, _ in (making(queue, pool), making(queue, pool)):
        assert begun.wait(10)
    assert pool.jobs == 2


def test_a_refresh_waits_until_no_file_is_being_made(making):
    queue, pool = PoolQueue(), Pool()
    begun, end = making(queue, pool)
    assert begun.wait(10)
    waiting = threading.Thread(target=refresh, args=(queue, pool))
    waiting.start()
    refresh(queue, Pool("another pool"))  # waits for nobody
    assert pool.refreshed == 0
    end.set()
    waiting.join(10)
    assert pool.refreshed == 1
    begun, _ = making(queue, pool)
    assert begun.wait(10)
