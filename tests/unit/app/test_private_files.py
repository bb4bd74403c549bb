"""What the software writes is its account's alone; secrets are read as Kubernetes mounts them, behind two links."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from testbed.small import write_database, write_inventory

from afschrift.app.options import read_options
from afschrift.app.private_files import open_to_others, private_file, private_folder
from afschrift.app.roles_file import load_roles
from afschrift.app.settings import Settings
from afschrift.domain.errors import ConfigurationError
from afschrift.law.roles import Act, Role, Roles
from afschrift.register.keys.store import KeyStore

A_WORKER = """
import os, sys
from pathlib import Path

os.umask(0)
home, inventory = Path(sys.argv[1]), Path(sys.argv[2])
os.environ.update(AFSCHRIFT_HOME=str(home), AFSCHRIFT_INVENTORY=str(inventory))

from testbed.running import drive, store
from afschrift.app.settings import Settings
from afschrift.register.backup import back_up, restore
from afschrift.register.open import initialise, open_keys
from afschrift.wiring.build_services import build

settings = Settings.from_environment()
initialise(settings)
services = build(lambda line: None, settings)
request = store(services, {"customer_id": "1"}, "portability", formats=["csv", "json", "parquet", "xml"])
drive(services, request)
with services.staging(request).writer("left/behind.json") as sink:
    sink.write(b"{}")
back_up(settings.register, home / "backup.db", home / "keys-backup.db")
elsewhere = f"sqlite:///{home / 'restored.db'}"
restore(elsewhere, home / "backup.db", open_keys(settings), home / "keys-backup.db")
"""


def modes(root: Path) -> dict[str, str]:
    """Each file and folder below a folder, itself included, that is not its owner's alone."""
    found = {
        str(path.relative_to(root)): path.lstat().st_mode & 0o777
        for path in [root, *root.rglob("*")]
        if not path.is_symlink()
    }
    wanted = {name: 0o700 if (root / name).is_dir() else 0o600 for name in found}
    return {name: oct(mode) for name, mode in found.items() if mode != wanted[name]}


def test_a_worker_without_a_umask_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project_root: Path
) -> None:
    monkeypatch.setenv("MINI_SHOP", str(write_database(tmp_path / "shop.sqlite")))
    monkeypatch.setenv("PYTHONPATH", str(project_root))
    home = tmp_path / "not" / "yet" / "there"
    inventory = write_inventory(tmp_path / "inventory")
    done = subprocess.run(
        [sys.executable, "-c", A_WORKER, home, inventory], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    names = {path.name for path in home.rglob("*")}
    assert {"register.db", "keys.json", "backup.db", "restored.db", "outbox", "behind.json.enc"} <= names
    assert [name for name in names if name.endswith(".zip")]
    assert modes(tmp_path / "not") == {}


def test_a_file_that_is_there_keeps_its_mode_and_a_new_one_is_private(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_bytes(b"a")
    there.chmod(0o640)
    with private_file(there, append=True) as file:
        file.write(b"b")
    assert (there.read_bytes(), oct(there.stat().st_mode & 0o777)) == (b"ab", "0o640")
    with private_file(there) as file:
        file.write(b"c")
    assert there.read_bytes() == b"c"
    with pytest.raises(FileExistsError):
        private_file(there, new=True)
    private_folder(tmp_path)  # one that is there is left as it is
    with pytest.raises(NotADirectoryError):
        private_folder(there / "below")


NOT_OURS = 54_321


def mounted(folder: Path, name: str, content: bytes, mode: int) -> Path:
    """The file `name` of a secret volume: `name -> ..data/name`, `..data -> ..2026_11_28`."""
    version = folder / "..2026_11_28_06_00_00.123"
    version.mkdir(parents=True)
    (version / name).write_bytes(content)
    (version / name).chmod(mode)
    (folder / "..data").symlink_to(version.name)
    (folder / name).symlink_to(f"..data/{name}")
    return folder / name


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A key file in a secret volume."""
    KeyStore.create(tmp_path / "made.json")
    return mounted(tmp_path / "keys", "keys.json", (tmp_path / "made.json").read_bytes(), 0o440)


def test_keys_and_options_of_a_secret_volume_are_read(tmp_path: Path, keys: Path) -> None:
    assert KeyStore.open(keys).signing_key()
    options = mounted(tmp_path / "mail", "mail.json", b'{"sender": "a@example.org"}', 0o440)
    assert read_options(options, "letters", "docs/letters.md") == {"sender": "a@example.org"}


def test_a_newer_secret_counts_at_once(tmp_path: Path, keys: Path) -> None:
    store = KeyStore.open(keys)
    KeyStore.create(tmp_path / "newer.json")
    later, link = keys.with_name("..2026_11_28_07_00_00.456"), keys.with_name("..data_tmp")
    later.mkdir()
    (later / "keys.json").write_bytes((tmp_path / "newer.json").read_bytes())
    (later / "keys.json").chmod(0o440)
    link.symlink_to(later.name)
    was = store.signing_key().id
    link.replace(keys.with_name("..data"))
    assert store.signing_key().id != was


@pytest.mark.parametrize("mode", [0o444, 0o460, 0o450, 0o404, 0o442])
def test_what_others_may_read_or_the_group_may_change_is_refused(
    tmp_path: Path, keys: Path, mode: int
) -> None:
    keys.resolve().chmod(mode)
    options = mounted(tmp_path / "mail", "mail.json", b"{}", mode)
    with pytest.raises(ConfigurationError, match=r"open to other accounts.*chmod 600"):
        KeyStore.open(keys).signing_key()
    with pytest.raises(ConfigurationError, match=r"open to other accounts.*chmod 600"):
        read_options(options, "letters", "docs/letters.md")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file to a group that is not its own")
def test_another_group_is_refused(keys: Path) -> None:
    os.chown(keys.resolve(), 0, NOT_OURS)
    with pytest.raises(ConfigurationError, match="open to other accounts"):
        KeyStore.open(keys).signing_key()


def test_a_group_counts_where_the_account_is_in_it() -> None:
    def of(mode: int, group: int) -> os.stat_result:
        return os.stat_result((mode, 1, 1, 1, 0, group, 1, 0, 0, 0))

    ours = {os.getegid(), *os.getgroups()}
    assert not any(open_to_others(of(0o100440, group)) for group in ours)
    assert open_to_others(of(0o100440, NOT_OURS))
    assert not open_to_others(of(0o100400, NOT_OURS))


def test_a_mount_that_cannot_be_written_says_so_when_keys_change(keys: Path) -> None:
    store = KeyStore.open(keys)
    keys.parent.chmod(0o500)
    if os.access(keys.parent, os.W_OK):
        pytest.skip("this account writes whatever the mode says")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        store.make_trail_key()


GOOD = """
people:
  Anna: {accounts: ["airflow:anna", "cli:anna"], roles: [officer, second_signer]}
  Dirk: {accounts: [airflow:dirk], roles: [dpo, auditor]}
"""


def load(home: Path, **more: str) -> Roles:
    env = {"AFSCHRIFT_HOME": str(home), "AFSCHRIFT_INCLUDE": str(home / "include")}
    return load_roles(Settings.from_environment(env | more))


def test_people_with_their_accounts_and_roles(tmp_path: Path) -> None:
    (tmp_path / "roles.yml").write_text(GOOD)
    roles = load(tmp_path, AFSCHRIFT_DEMO="1")
    assert roles.person("cli:anna").roles == {Role.OFFICER, Role.SECOND_SIGNER}
    assert roles.person("airflow:dirk").source == "roles_file"
    assert roles.person("airflow:admin").roles == roles.person("cli:root").roles == frozenset()
    assert roles.location == str(tmp_path / "roles.yml")
    assert not roles.may("cli:anna", Act.SUBMIT)
    (tmp_path / "roles.yml").write_text(GOOD + "officers_take_in: true")
    roles = load(tmp_path)
    assert roles.may("cli:anna", Act.SUBMIT) and not roles.may("airflow:dirk", Act.SUBMIT)


def test_where_it_is_looked_for(tmp_path: Path) -> None:
    assert load(tmp_path).open_terminal
    assert load(tmp_path).person("airflow:admin").roles == frozenset()
    demo = load(tmp_path, AFSCHRIFT_DEMO="1").person("airflow:admin")
    assert (demo.roles, demo.source) == ({Role.INTAKE, Role.OFFICER}, "demo")

    (tmp_path / "include").mkdir()
    for place in (tmp_path / "include" / "roles.yml", tmp_path / "roles.yml", tmp_path / "own.yml"):
        place.write_text(GOOD)
        more = {"AFSCHRIFT_ROLES": str(place)} if place.name == "own.yml" else {}
        assert load(tmp_path, **more).location == str(place)
        assert not load(tmp_path, **more).open_terminal
    with pytest.raises(ConfigurationError, match="the file is missing"):
        load(tmp_path, AFSCHRIFT_ROLES=str(tmp_path / "nowhere.yml"))


ACCOUNT = "accounts.0: write an account as"
OFFICER, DPO = "accounts: ['cli:a'], roles: [officer]", "roles: [officer, dpo]"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("people: {A: {accounts: [anna], roles: [officer]}}", f"roles.yml:1: people.A.{ACCOUNT}"),
        ("people:\n  A: {accounts: ['cli:'], roles: [officer]}", f"roles.yml:2: people.A.{ACCOUNT}"),
        ("people:\n  A:\n    accounts: ['ldap:a']\n    roles: [officer]", f"roles.yml:3: people.A.{ACCOUNT}"),
        ("people:\n  A: {accounts: ['cli:a'], roles: [boss]}", "roles.yml:2: people.A.roles.0: "),
        ("people:\n  A: {accounts: ['cli:a'], roles: []}", "roles.yml:2: people.A.roles: "),
        ("people:\n  A: {roles: [officer]}", "roles.yml:2: people.A: `accounts` is missing"),
        ("persons: {}", "see docs/questions.md"),
        ("people: [", "not readable as YAML"),
        ("", "holds no mapping"),
        (
            f"people:\n  A: {{{OFFICER}}}\n  B: {{{OFFICER}}}",
            "roles.yml:3: people.B.accounts.0: this account is one of A",
        ),
        (
            f"people:\n  A:\n    accounts: ['cli:a']\n    {DPO}",
            "roles.yml:4: people.A.roles: a dpo (Art. 38(6)) does not act on requests: give the other roles to",
        ),
        (
            "people:\n  A: {accounts: ['cli:a'], roles: [auditor, intake]}",
            "an auditor does not act on requests",
        ),
    ],
)
def test_faults_are_named_with_their_lines(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "roles.yml").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    assert fault in str(caught.value)


def test_all_faults_at_once(tmp_path: Path) -> None:
    (tmp_path / "roles.yml").write_text(
        "people:\n  A: {accounts: [a, b], roles: [officer]}\n  B: {accounts: ['cli:b'], roles: [dpo, intake]}"
    )
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    assert str(caught.value).count("roles.yml:") == 3
