"""The TypeScript of the pages compiles, and the token provider does what its page promises."""

import subprocess
from pathlib import Path

import pytest

from support.markdown import ROOT, all_blocks
from support.processes import Service, environment
from support.programs import program

pytestmark = pytest.mark.system
HERE = ROOT / "tests/docs/typescript"
TYPESCRIPT = ROOT / ".cache/typescript/node_modules/typescript"
# These import what only an app has: their syntax alone is checked.
NEED_AN_APP = {"ignored.ts", "src/chat.ts", "next.config.ts", "use-chat-token.ts"}
STRICT = ["--strict", "--noUnusedLocals", "--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler"]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The blocks as files of their names."""
    directory = tmp_path_factory.mktemp("typescript")
    for block in all_blocks("typescript"):
        assert block.title is not None, f"{block} has no title"
        (directory / block.title).parent.mkdir(exist_ok=True)
        (directory / block.title).write_text(block.text)
    return directory


def node(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [program("node"), *arguments]
    return subprocess.run(
        command, env=environment(**variables), capture_output=True, text=True, check=False, timeout=120
    )


@pytest.fixture(scope="module")
def compiled(sources: Path) -> Path:
    """The blocks that need nothing else, compiled with all checks; where the results are."""
    names = [str(block.title) for block in all_blocks("typescript") if block.title not in NEED_AN_APP]
    out = sources / "out"
    files = [str(sources / name) for name in names]
    run = node(str(TYPESCRIPT / "bin/tsc"), *STRICT, "--lib", "es2022,dom", "--outDir", str(out), *files)
    assert run.returncode == 0, run.stdout + run.stderr
    (out / "package.json").write_text('{"type": "module"}')
    return out


def test_each_block_is_valid_typescript(sources: Path) -> None:
    files = [str(sources / str(block.title)) for block in all_blocks("typescript")]

    run = node(str(HERE / "syntax.cjs"), *files, TYPESCRIPT=str(TYPESCRIPT))

    assert (run.returncode, run.stdout) == (0, ""), run.stderr


def test_the_javascript_of_the_pages_is_sound(tmp_path: Path) -> None:
    blocks = all_blocks("javascript")
    files = [tmp_path / str(block.title) for block in blocks]
    for file, block in zip(files, blocks, strict=True):
        file.write_text(block.text)
    options = [*STRICT, "--allowJs", "--checkJs", "--noEmit", "--lib", "es2022,dom,dom.iterable"]

    run = node(str(TYPESCRIPT / "bin/tsc"), *options, *map(str, files))

    assert (run.returncode, run.stdout) == (0, ""), run.stderr
    assert "telemetry.js" in {file.name for file in files}


def test_the_token_provider_keeps_its_promises(compiled: Path, service: Service) -> None:
    run = node(
        "--test",
        str(HERE / "token-provider.test.mjs"),
        PROVIDER=(compiled / "token-provider.js").as_uri(),
        SERVICE_URL=service.url,
        SESSION=service.session(),
    )

    assert run.returncode == 0, run.stdout[-6000:] + run.stderr
    assert "pass 9" in run.stdout
