"""What the documentation's build adds: an address of its own for each reason.

A problem's ``type`` is the page of reasons plus the code, ``reasons/token_expired``;
there a small page leads on to the section of the one page that has them all.
"""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig

from tidegate.errors import Reason

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{reason}</title>
<meta http-equiv="refresh" content="0; url=../#{reason}">
<a href="../#{reason}">{reason}</a>
</html>
"""


def on_post_build(config: MkDocsConfig) -> None:
    """Write ``reasons/CODE/index.html`` for each reason; called by mkdocs after its build."""
    for reason in Reason:
        page = Path(config.site_dir) / "reasons" / reason.value / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(_PAGE.format(reason=reason.value), encoding="utf-8")
