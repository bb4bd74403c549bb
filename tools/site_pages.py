"""For mkdocs: adds pages from outside docs/ and pages that programs make, and rewrites links between files.

A link to a program of `MADE` leads to the page that it makes. A link to another file that is no page (a test,
a script) becomes its name: the site knows no address of the repository. A link to nothing stays, and
`--strict` fails on it.
"""

from __future__ import annotations

import posixpath
import re
import sys
from importlib import import_module
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
ELSEWHERE = {
    "README.md": "readme.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "CODE_OF_CONDUCT.md": "conduct.md",
    "SECURITY.md": "security.md",
    "bundles/README.md": "bundles.md",
    "deploy/README.md": "deploy.md",
    "examples/chinook/README.md": "examples/chinook.md",
    "examples/reuse/README.md": "examples/reuse.md",
    "tests/contract/key_equality.md": "datamap/two-spellings.md",
    "tests/contract/zoo/types.md": "datamap/types.md",
    "tests/e2e/state_walk.md": "state-walk.md",
    "tests/unit/bundle/container/zip_matrix.md": "zip-programs.md",
    "tests/unit/steps/attempts.md": "attempts.md",
}
"""File of the repository -> page of the site."""
MADE = {
    "tools/actions_page.py": "actions.md",
    "tools/categories_page.py": "datamap/categories.md",
    "tools/findings_page.py": "datamap/findings.md",
    "tools/grounds_page.py": "grounds-table.md",
    "tools/inventory_page.py": "datamap/inventory-reference.md",
    "tools/letters_page.py": "letter-kinds.md",
    "tools/licences_page.py": "operator/licences.md",
    "tools/proposals_page.py": "datamap/vocabulary.md",
    "tools/questions_page.py": "question-kinds.md",
    "tools/rules_page.py": "rules-in-code.md",
    "tools/states_page.py": "states.md",
    "tools/where_page.py": "where.md",
}
"""Program whose function `page` returns Markdown -> page of the site; links go from its folder in docs/."""
_FILES = {page: file for file, page in ELSEWHERE.items()}
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>[^\[\]]*)\]\((?P<target>[^()\s:#]+)(?P<anchor>#[^()\s]*)?\)")
_FETCHED = re.compile(
    r"""<(?:script|img|iframe|video)\b[^>]*\bsrc=["']?(?:https?:)?//[^>]*>"""
    r"""|<link\b[^>]*\brel=["']?(?:stylesheet|preconnect|icon|preload)\b[^>]*\bhref=["']?(?:https?:)?//[^>]*>"""
)
_CODE = re.compile(r"(^```.*?^```)", re.MULTILINE | re.DOTALL)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from elsewhere and those that programs make."""
    for file, page in ELSEWHERE.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / file)))
    for program, page in MADE.items():
        files.append(File.generated(config, page, content=made(program)))
    return files


def made(program: str) -> str:
    """The page that a program of `MADE` makes."""
    if str(ROOT / "tools") not in sys.path:
        sys.path.insert(0, str(ROOT / "tools"))
    text: str = import_module(Path(program).stem).page()
    return text


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Rewrite the links of a page, but not within blocks of code."""
    uri = page.file.src_uri
    here = _FILES.get(uri, f"docs/{uri}")
    parts = _CODE.split(markdown)
    return "".join(
        part if number % 2 else _LINK.sub(lambda found: _rewritten(found, here, uri), part)
        for number, part in enumerate(parts)
    )


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:  # noqa: ARG001
    """Refuse a page that would have its reader's browser fetch something elsewhere.

    Raises:
        PluginError: it would.
    """
    if found := _FETCHED.search(output):
        raise PluginError(f"{page.file.src_uri} fetches from elsewhere: {found[0]}")
    return output


def _rewritten(found: re.Match[str], here: str, uri: str) -> str:
    target = posixpath.normpath(posixpath.join(posixpath.dirname(here), found["target"]))
    page = (ELSEWHERE | MADE).get(target)
    if page is None and target.startswith("docs/"):
        page = target.removeprefix("docs/")
    if page is not None:
        page = posixpath.relpath(page, posixpath.dirname(uri) or ".")
        return f"{found['image']}[{found['text']}]({page}{found['anchor'] or ''})"
    if (ROOT / target).exists():
        text = found["text"].strip("`")
        return f"`{text}`" if text == target or "/" in text else f"{found['text']} (`{target}`)"
    return found[0]
