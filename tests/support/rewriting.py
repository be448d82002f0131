"""Each worker makes its share of pytest's rewritten tests, instead of each making all of them: 15 s of every one.

Rewriting makes a bare ``assert`` tell what it compared. pytest keeps the result beside the test, so whoever
needs a file first does the work for all; but workers collect the same files at the same time.
"""

from pathlib import Path

import pytest
from _pytest.assertion import rewrite


def rewrite_share(config: pytest.Config, root: Path, share: int, shares: int) -> None:
    """Rewrite what was not yet, and keep it where pytest will look for it.

    Args:
        config: of this process.
        root: the folder of the tests.
        share: which one, from 0.
        shares: how many there are.
    """
    state = config.stash[rewrite.assertstate_key]
    for path in sorted(root.rglob("test_*.py"))[share::shares]:
        folder = rewrite.get_cache_dir(path)
        kept = folder / (path.stem + rewrite.PYC_TAIL)
        if rewrite.try_makedirs(folder) and rewrite._read_pyc(path, kept) is None:
            digest, code = rewrite._rewrite_test(path, config)
            rewrite._write_pyc(state, code, digest, kept)
