"""Secrets as Kubernetes mounts them: root's, with a read right for a group of the service, behind two links."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from afschrift.app.options import read_options
from afschrift.app.private_files import open_to_others
from afschrift.domain.errors import ConfigurationError
from afschrift.register.keys.store import KeyStore

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
def keys(tmp_path: Path) -> bytes:
    KeyStore.create(tmp_path / "made.json")
    return (tmp_path / "made.json").read_bytes()


def test_keys_and_options_of_a_secret_volume_are_read(tmp_path: Path, keys: bytes) -> None:
    file = mounted(tmp_path / "keys", "keys.json", keys, 0o440)
    assert KeyStore.open(file).signing_key()
    options = mounted(tmp_path / "mail", "mail.json", json.dumps({"sender": "a@example.org"}).encode(), 0o440)
    assert read_options(options, "letters", "docs/letters.md") == {"sender": "a@example.org"}


def test_a_newer_secret_counts_at_once(tmp_path: Path, keys: bytes) -> None:
    file = mounted(tmp_path / "keys", "keys.json", keys, 0o440)
    first = KeyStore.open(file)
    KeyStore.create(tmp_path / "newer.json")
    later = tmp_path / "keys" / "..2026_11_28_07_00_00.456"
    later.mkdir()
    (later / "keys.json").write_bytes((tmp_path / "newer.json").read_bytes())
    (later / "keys.json").chmod(0o440)
    link = tmp_path / "keys" / "..data_tmp"
    link.symlink_to(later.name)
    was = first.signing_key().id
    link.replace(tmp_path / "keys" / "..data")
    assert first.signing_key().id != was


@pytest.mark.parametrize("mode", [0o444, 0o460, 0o450, 0o404, 0o442])
def test_what_others_may_read_or_the_group_may_change_is_refused(
    tmp_path: Path, keys: bytes, mode: int
) -> None:
    file = mounted(tmp_path / "keys", "keys.json", keys, mode)
    with pytest.raises(ConfigurationError, match=r"open to other accounts.*chmod 600"):
        KeyStore.open(file).signing_key()
    options = mounted(tmp_path / "mail", "mail.json", b"{}", mode)
    with pytest.raises(ConfigurationError, match=r"open to other accounts.*chmod 600"):
        read_options(options, "letters", "docs/letters.md")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file to a group that is not its own")
def test_another_group_is_refused(tmp_path: Path, keys: bytes) -> None:
    file = mounted(tmp_path / "keys", "keys.json", keys, 0o440)
    os.chown(file.resolve(), 0, NOT_OURS)
    with pytest.raises(ConfigurationError, match="open to other accounts"):
        KeyStore.open(file).signing_key()


def test_a_group_counts_where_the_account_is_in_it() -> None:
    def of(mode: int, group: int) -> os.stat_result:
        return os.stat_result((mode, 1, 1, 1, 0, group, 1, 0, 0, 0))

    ours = {os.getegid(), *os.getgroups()}
    assert not any(open_to_others(of(0o100440, group)) for group in ours)
    assert open_to_others(of(0o100440, NOT_OURS))
    assert not open_to_others(of(0o100400, NOT_OURS))


def test_a_mount_that_cannot_be_written_says_so_when_keys_change(tmp_path: Path, keys: bytes) -> None:
    file = mounted(tmp_path / "keys", "keys.json", keys, 0o440)
    store = KeyStore.open(file)
    file.parent.chmod(0o500)
    if os.access(file.parent, os.W_OK):
        pytest.skip("this account writes whatever the mode says")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        store.make_trail_key()
