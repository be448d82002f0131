"""The page of profiles names the claims that count as the issuer's own."""

from pathlib import Path

from tidegate.settings.presets import PRESETS

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "profiles.md"


def test_the_table_of_controlled_claims_is_that_of_the_presets():
    rows = {line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `") and line.count("|") == 3}
    for name, preset in PRESETS.items():
        claims = ", ".join(f"`{claim}`" for claim in preset.controlled_claims) or "none by itself"
        assert f"| `{name}` | {claims} |" in rows
