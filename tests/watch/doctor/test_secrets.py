"""The secrets in a file of settings."""

import time

from tidegate.watch.doctor.secrets import held_in


def test_a_secret_is_found_with_its_line():
    (held,) = held_in("# a comment\n\nNAME=x\nSTREAM_API_SECRET = 'k3yk3yk3yk3yk3yk3yk3y' # ours\n")
    assert (held.name, held.line, held.text) == ("STREAM_API_SECRET", 4, "k3yk3yk3yk3yk3yk3yk3y")
    assert "k3y" not in repr(held)


def test_blanks_before_no_comment_cost_no_more_than_others():
    began = time.process_time()
    found = list(held_in("A_SECRET=q7w8e9r0t1" + " " * 200_000 + "x\nB_SECRET=k3yk3yk3yk3yk3yk3yk3y\n"))
    assert time.process_time() - began < 5
    assert [held.name for held in found][-1:] == ["B_SECRET"]
