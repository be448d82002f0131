"""The process's memory: what a service sets once it is up."""

import gc
import platform
import subprocess
import sys

import pytest

from tidegate.app import memory

_WHERE = """
import ctypes, gc, sys
if sys.argv[1] == "apart":
    from tidegate.app.memory import keep_large_blocks_apart
    keep_large_blocks_apart()

def heap():
    for line in open("/proc/self/maps"):
        if line.endswith("[heap]\\n"):
            return [int(end, 16) for end in line.split()[0].split("-")]

def in_heap(block):
    begins, ends = heap()
    return begins <= ctypes.addressof(ctypes.c_char.from_buffer(block)) < ends

large = bytearray(3 << 20)
assert not in_heap(large)
del large
gc.collect()
print(in_heap(bytearray(2 << 20)))
"""
"""Gives a block of three megabytes back, and says whether the next one of two megabytes lies in the heap."""

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library places blocks otherwise")


def lies_in_heap(how):
    done = subprocess.run([sys.executable, "-c", _WHERE, how], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@glibc
def test_large_blocks_stay_out_of_the_heap_after_one_was_given_back():
    assert lies_in_heap("as it is") == "True"  # or there would be nothing to do
    assert lies_in_heap("apart") == "False"


def test_a_service_that_is_up_collects_seldom_and_leaves_the_start_alone():
    before = gc.get_threshold()
    try:
        memory.settle()
        assert gc.get_threshold() == (20_000, 20, 50)
        assert gc.get_freeze_count() > 0
    finally:
        gc.set_threshold(*before)


@pytest.mark.parametrize("error", [ImportError, OSError, AttributeError])
def test_no_such_library_changes_nothing(monkeypatch, error):
    class Absent:
        def __getattr__(self, name):
            raise error(name)

    monkeypatch.setitem(sys.modules, "ctypes", Absent())

    assert memory.keep_large_blocks_apart() is None
