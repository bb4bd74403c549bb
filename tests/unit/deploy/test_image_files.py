"""What of a project is copied into the image, and what its builder is given: by the rules of the Containerfile."""

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.buildah import Buildah

from afschrift.cli.project import draft_project

pytestmark = pytest.mark.needs_program("buildah")
DEPLOY = Path(__file__).parents[3] / "deploy"
SECRET = "never-in-an-image"
NOT_OURS = (
    *(".afschrift/keys.json", ".afschrift/register.db", ".afschrift/register.db-wal"),
    *(".afschrift/demo-data/shop.duckdb", ".afschrift/outbox/request-1-access.zip", ".env"),
    *(".git/objects/ab/cdef", ".ssh/id_ed25519", "afschrift.env", "afschrift.env~", "bundle.zip"),
    *("dags/.afschrift_dags.py.swp", "dags/__pycache__/afschrift_dags.cpython-312.pyc"),
    *("dags/afschrift_dags.py~", "dags/customers.csv", "deploy/.env", "deploy/secrets/keys.json"),
    *("inventory/#shop.yml#", "inventory/.shop.yml", "inventory/.shop.yml.swp", "inventory/export.csv"),
    *("inventory/shop.yml.bak", "inventory/shop.yml~", "keys.json", "keys.json.bak", "notifiers.yml~"),
    *("register.db", "roles.yml.orig"),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with what an image needs, and beside it all that it must not have."""
    folder = tmp_path / "project"
    draft_project(folder, "2026-11-29T12:00:00Z")
    for name in ("install.sh", "setup.sh"):
        shutil.copy(DEPLOY / name, folder)
    for name in ("constraints.txt", "roles.yml", "inventory/canary.yaml", "afschrift-0.1.0-py3-none-any.whl"):
        (folder / name).touch()
    for name in NOT_OURS:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SECRET)
    return folder


@pytest.fixture
def buildah(tmp_path: Path) -> Buildah:
    return Buildah(tmp_path / "buildah")


IN_IMAGE = {
    *("constraints.txt", "dags/afschrift_dags.py", "roles.yml", "inventory/canary.yaml"),
    *(f"inventory/{name}.yml" for name in ("controller", "example", "identity", "policy")),
}


@pytest.mark.parametrize("ignoring", [True, False], ids=["with ignore file", "of an earlier init"])
def test_the_image_takes_named_files_and_no_others(buildah: Buildah, project: Path, ignoring: bool) -> None:
    if not ignoring:
        (project / ".containerignore").unlink()
        (project / ".dockerignore").unlink()
    files = buildah.files(DEPLOY / "Containerfile", project, "--target", "project")
    assert set(files) == {f"opt/afschrift/{name}" for name in IN_IMAGE}
    assert set(files.values()) == {0o644}


@pytest.mark.parametrize("name", [".containerignore", ".dockerignore"])
def test_the_builder_is_given_named_files_and_no_others(buildah: Buildah, project: Path, name: str) -> None:
    containerfile = project.with_name("Containerfile")
    containerfile.write_text("FROM scratch\nCOPY . /\n")
    files = buildah.files(containerfile, project, "--ignorefile", str(project / name))
    needed = {"install.sh", "setup.sh", "afschrift-0.1.0-py3-none-any.whl"}
    assert set(files) == IN_IMAGE | needed


def test_an_image_is_not_built_on_a_base_without_digest(buildah: Buildah, project: Path) -> None:
    build = ("build", "--network", "host", "--pull=never", "-f", str(DEPLOY / "Containerfile"))
    done = buildah(*build, str(project))
    assert done.returncode != 0
    assert "--build-arg_DIGEST=sha256:" in done.stderr, done.stderr
    digest = f"sha256:{'0' * 64}"
    done = buildah(*build, "--build-arg", f"DIGEST={digest}", str(project))
    assert f"docker.io/apache/airflow@{digest}" in done.stderr, done.stderr


def test_git_takes_no_secret_of_a_project(project: Path) -> None:
    shutil.rmtree(project / ".git")
    subprocess.run(["git", "init", "-q", str(project)], check=True)
    command = ["git", "ls-files", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True).stdout.split()
    kept = {"afschrift.env", ".afschrift/keys.json", "keys.json", "bundle.zip", "register.db", "deploy/.env"}
    assert not kept & set(listed)
    assert "inventory/example.yml" in listed
