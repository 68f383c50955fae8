"""Offline bundles: made whole or not at all, and used only as they were signed."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from bundle_source import VERSION, add_windows, archive, make_source, write

from aksprov.cli import main
from aksprov.errors import AksprovError
from aksprov.model.offline_bundle import BundleKey, OpenedBundle
from aksprov.state import Store, open_store
from aksprov.workflows.offline_bundle import hashes as hashing
from aksprov.workflows.offline_bundle.hashes import Hashes
from aksprov.workflows.offline_bundle.images import images_in
from aksprov.workflows.offline_bundle.read import open_offline_bundle
from aksprov.workflows.offline_bundle.signature import fingerprint, load_private_key, new_private_key, public_text, sign

NEW = ("new-offline-bundle", "--folder", "src", "--output-dir", "bundle", "--kubernetes-version", VERSION)
Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def aksprov(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The program in this process: exit code, what it printed as JSON (or its error), and what it said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AKSPROV_STATE", str(tmp_path / "state.db"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("sys.stdin", StringIO())

    def run(*words: str) -> tuple[int, Any, str]:
        code = main.run([*words, "--output", "json"])
        said = capsys.readouterr()
        text = said.out or next((line for line in said.err.splitlines() if line.startswith("{")), "null")
        return code, json.loads(text), said.err

    return run


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_source(tmp_path / "src")


@pytest.fixture
def bundle(aksprov: Run, source: Path, tmp_path: Path) -> Path:
    """Made of copies, so that a test may spoil it."""
    assert aksprov(*NEW)[0] == 0
    shutil.copytree(tmp_path / "bundle", tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(str(tmp_path / "state.db"))


def opened(bundle: Path, store: Store, **more: Any) -> OpenedBundle:
    return open_offline_bundle(bundle, store.snapshot().bundle_keys, **more)


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(AksprovError) as caught:
        work()
    return f"{caught.value.code}: {caught.value.why}"


def everything(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(p.relative_to(folder)): (p.stat().st_mtime_ns, p.stat().st_ino) for p in folder.rglob("*") if p.is_file()
    }


def test_a_folder_becomes_a_signed_bundle_that_says_who_needs_what(aksprov: Run, source: Path, store: Store) -> None:
    add_windows(source)
    code, made, _ = aksprov(*NEW)
    found = opened(Path(made["Path"]), store, version=VERSION)
    assert code == 0 and made["Files"] == len(found.bundle.files) == 22
    by_path = {file.path: file for file in found.bundle.files}
    assert list(by_path) == sorted(by_path)
    images = {path.rpartition("/")[2]: f.roles for path, f in by_path.items() if f.kind == "image"}
    assert images["etcd.tar"] == images["kube-apiserver.tar"] == ("control-plane",)
    assert images["base.tar"] == images["kube-proxy.tar"] == ("control-plane", "worker")
    assert by_path["linux/images/etcd.tar"].images == ("registry.k8s.io/etcd:3.6.4-0",)
    assert [f.name for f in found.needed_by("linux", "load-balancer")] == ["haproxy_2.6.12_amd64.deb"]
    assert {f.kind for f in found.needed_by("windows", "worker")} == {"program", "cni"}
    assert by_path["network-plugin/plugin.yaml"].roles == ("control-plane",)
    assert found.path_of(by_path["linux/bin/kubelet"]).samefile(source / "linux/bin/kubelet")


def test_made_again_it_is_the_same_and_nothing_is_written(aksprov: Run, bundle: Path, tmp_path: Path) -> None:
    before = everything(tmp_path / "bundle")
    code, _, said = aksprov(*NEW)
    assert (code, everything(tmp_path / "bundle")) == (0, before) and "nothing to change" in said
    write(tmp_path, "src/linux/cni/portmap", "#!/bin/sh\n")
    assert aksprov(*NEW)[0] == 0
    assert (tmp_path / "bundle/linux/cni/portmap").exists()
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_an_archive_of_images_for_both_roles_goes_to_both(tmp_path: Path, aksprov: Run, store: Store) -> None:
    source = make_source(tmp_path / "src")
    tags = [f"registry.k8s.io/{n}:{VERSION}" for n in ("kube-apiserver", "kube-proxy")]
    archive(source / "linux/images/all.tar", tags, oci=True)
    assert images_in(source / "linux/images/all.tar") == tuple(tags)
    found = opened(Path(aksprov(*NEW)[1]["Path"]), store)
    assert next(f for f in found.bundle.files if f.name == "all.tar").roles == ("control-plane", "worker")


def test_all_that_is_missing_is_one_error_and_nothing_is_left(aksprov: Run, source: Path, tmp_path: Path) -> None:
    write(source, "windows/bin/kubelet.exe", "MZ")
    for name in ("bin/kubeadm", "bin/crictl", "images/etcd.tar", "images/kube-proxy.tar"):
        (source / "linux" / name).unlink()
    archive(source / "linux/images/base.tar", ["registry.k8s.io/pause:3.1"])
    code, error, _ = aksprov(*NEW)
    assert (code, error["code"]) == (65, "BundleSourceIncomplete")
    for lacking in ("linux/bin/kubeadm", "linux/bin/crictl", f"kube-proxy:{VERSION}", "pause:3.10.2", "etcd",
                    "windows/bin/kubeadm.exe", "windows/bin/kube-log-runner.exe"):  # fmt: skip
        assert lacking in error["why"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "src"]


def no_archive(source: Path) -> None:
    write(source, "linux/images/kube-proxy.tar", "not a tar file at all")


def no_name(source: Path) -> None:
    archive(source / "linux/images/kube-proxy.tar", [], oci=True)


def wrong_place(source: Path) -> None:
    write(source, "linux/kubelet", "#!/bin/sh\n")


def wrong_ending(source: Path) -> None:
    write(source, "linux/packages/node/readme.txt", "x")


def empty_file(source: Path) -> None:
    write(source, "linux/bin/kubelet", "")


def link_out(source: Path) -> None:
    (source / "linux/bin/shadow").symlink_to("/etc/shadow")


def linked_folder(source: Path) -> None:
    (source / "windows").symlink_to("/usr")


def two_cases(source: Path) -> None:
    write(source, "linux/bin/Kubelet", "x")


def odd_name(source: Path) -> None:
    write(source, "linux/bin/a b", "x")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (no_archive, "linux/images/kube-proxy.tar"),
        (no_name, "linux/images/kube-proxy.tar: no image in it has a name"),
        (wrong_place, "linux/kubelet: files are expected in"),
        (wrong_ending, "end in .deb or .rpm"),
        (empty_file, "linux/bin/kubelet: it is empty"),
        (link_out, "linux/bin/shadow: a link"),
        (linked_folder, "windows: a link"),
        (two_cases, "linux/bin/kubelet is there 2 times"),
        (odd_name, "linux/bin/a b: the name"),
    ],
)
def test_a_source_that_is_laid_out_otherwise_is_refused(
    spoil: Callable[[Path], None], words: str, aksprov: Run, source: Path, tmp_path: Path
) -> None:
    spoil(source)
    code, error, _ = aksprov(*NEW)
    assert (code, error["code"]) == (65, "BundleSourceRefused") and words in error["why"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "src"]


def test_a_source_that_is_not_there_is_said(aksprov: Run, tmp_path: Path) -> None:
    code, error, _ = aksprov(*NEW)
    assert (code, error["code"]) == (66, "BundleSourceNotFound") and list(tmp_path.iterdir()) == []


def test_what_is_no_bundle_is_not_replaced(aksprov: Run, source: Path, tmp_path: Path) -> None:
    write(tmp_path, "bundle/photo.jpg", "mine")
    assert aksprov(*NEW)[1]["code"] == "BundleFolderTaken"
    assert aksprov(*NEW[:4], "src/bundle", *NEW[5:])[1]["code"] == "BundleFolderTaken"
    assert (tmp_path / "bundle/photo.jpg").read_text() == "mine" and not (tmp_path / "state.db").exists()


def test_a_disk_that_is_full_leaves_the_old_bundle(
    aksprov: Run, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(tmp_path / "bundle")
    write(tmp_path, "src/linux/cni/portmap", "#!/bin/sh\n")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("aksprov.workflows.offline_bundle.write._write", full)
    assert aksprov(*NEW)[1]["code"] == "BundleNotWritten"
    assert everything(tmp_path / "bundle") == before
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


def test_over_file_systems_files_are_copied(
    aksprov: Run, source: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.link

    def only_for_the_state(source: Path, target: Path, **more: bool) -> None:
        if "linux" in str(target):
            raise OSError(18, "Invalid cross-device link")
        real(source, target, **more)

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", only_for_the_state)
        code, made, _ = aksprov(*NEW)
    assert code == 0 and opened(Path(made["Path"]), store)
    assert not (Path(made["Path"]) / "linux/bin/kubelet").samefile(source / "linux/bin/kubelet")


def unsigned(bundle: Path) -> None:
    (bundle / "manifest.json.sig").unlink()


def signature_of_another_text(bundle: Path) -> None:
    text = (bundle / "manifest.json").read_text()
    (bundle / "manifest.json").write_text(text.replace("v1.36.4", "v1.36.3", 1))


def no_signature(bundle: Path) -> None:
    (bundle / "manifest.json.sig").write_text("signed, Mallory")


def unknown_key(bundle: Path) -> None:
    resign(bundle, new_private_key())


def no_bundle(bundle: Path) -> None:
    shutil.rmtree(bundle)


def changed_file(bundle: Path) -> None:
    place = bundle / "linux/bin/kubelet"
    place.write_text(place.read_text().replace("kubelet", "trojan!"))


def shorter_file(bundle: Path) -> None:
    (bundle / "linux/bin/kubelet").write_text("#!")


def missing_files(bundle: Path) -> None:
    (bundle / "linux/bin/kubelet").unlink()
    (bundle / "linux/cni/bridge").unlink()


def folder_instead(bundle: Path) -> None:
    missing_files(bundle)
    (bundle / "linux/bin/kubelet").mkdir()


def link_in_its_place(bundle: Path) -> None:
    shutil.move(bundle / "linux/bin/kubelet", bundle / "kubelet")
    (bundle / "linux/bin/kubelet").symlink_to("../../kubelet")


def link_on_the_way(bundle: Path) -> None:
    shutil.move(bundle / "linux/bin", bundle / "bin")
    (bundle / "linux/bin").symlink_to("../bin")


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (no_bundle, "BundleNotFound: "),
        (unsigned, "BundleUnsigned: manifest.json.sig"),
        (signature_of_another_text, "BundleSignatureWrong: manifest.json is not what SHA256:"),
        (no_signature, "BundleSignatureWrong: manifest.json.sig"),
        (unknown_key, "BundleKeyUnknown: its key is SHA256:"),
        (changed_file, "BundleDamaged: linux/bin/kubelet has other content"),
        (shorter_file, "BundleDamaged: linux/bin/kubelet has 2 bytes instead of"),
        (missing_files, "BundleDamaged: linux/bin/kubelet is missing; linux/cni/bridge is missing"),
        (folder_instead, "BundleDamaged: linux/bin/kubelet is no ordinary file"),
        (link_in_its_place, "BundlePathRefused: linux/bin/kubelet is a link"),
        (link_on_the_way, "BundlePathRefused: linux/bin is a link"),
    ],
)
def test_a_bundle_that_is_not_as_it_was_signed_is_refused(
    spoil: Callable[[Path], None], code: str, bundle: Path, store: Store
) -> None:
    opened(bundle, store)
    spoil(bundle)
    assert code_of(lambda: opened(bundle, store)).startswith(code)


def test_a_bundle_of_another_version_is_refused(bundle: Path, store: Store) -> None:
    assert code_of(lambda: opened(bundle, store, version="v1.36.3")) == f"BundleOfOtherVersion: it has {VERSION}"


def edit(bundle: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """What whoever has the key can sign."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    change(manifest)
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    resign(bundle, (bundle.parent / "state.db.bundle-key").read_text())


def resign(bundle: Path, key: str) -> None:
    content = (bundle / "manifest.json").read_bytes()
    (bundle / "manifest.json.sig").write_bytes(sign(content, load_private_key(key, where="test")))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("../../etc/shadow", "no path below"),
        ("/etc/shadow", "no path below"),
        ("linux//kubelet", "no path below"),
        ("linux\\bin\\kubelet", "no path below"),
        ("C:/k/kubelet", "no path below"),
        ("windows/bin/NUL.exe", "no path below"),
        ("linux/bin/KUBEADM", "linux/bin/kubeadm is there 2 times"),
    ],
)
def test_a_signed_path_that_leads_out_or_comes_twice_is_refused(
    path: str, words: str, bundle: Path, store: Store
) -> None:
    edit(bundle, lambda manifest: manifest["files"][0].update(path=path))
    said = code_of(lambda: opened(bundle, store))
    assert said.startswith("BundlePathRefused: ") and words in said


def test_a_signed_manifest_that_this_version_does_not_read_is_refused(bundle: Path, store: Store) -> None:
    edit(bundle, lambda manifest: manifest.update(schema=2))
    assert code_of(lambda: opened(bundle, store)).startswith("BundleUnreadable: its schema is 2")
    edit(bundle, lambda manifest: manifest.update(schema=1, colour="blue"))
    assert code_of(lambda: opened(bundle, store)).startswith("BundleUnreadable: Object contains unknown field")


def test_a_file_is_hashed_once_and_again_when_it_changed(
    bundle: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(bundle, store, hashes=Hashes(tmp_path / "kept"))
    read: list[str] = []
    real = hashing.hashlib.file_digest

    def counting(file: Any, kind: str) -> Any:
        read.append(Path(file.name).name)
        return real(file, kind)

    monkeypatch.setattr(hashing.hashlib, "file_digest", counting)
    opened(bundle, store, hashes=Hashes(tmp_path / "kept"))
    assert read == []
    changed_file(bundle)
    assert code_of(lambda: opened(bundle, store, hashes=Hashes(tmp_path / "kept"))).startswith("BundleDamaged")
    assert read == ["kubelet"]
    (tmp_path / "kept").write_text("{")
    read.clear()
    code_of(lambda: opened(bundle, store, hashes=Hashes(tmp_path / "kept")))
    assert len(read) == 14


def test_the_key_is_made_once_for_its_owner_alone(bundle: Path, store: Store, tmp_path: Path) -> None:
    key = tmp_path / "state.db.bundle-key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    (recorded,) = store.snapshot().bundle_keys.items()
    assert recorded[1].own and recorded[0] == fingerprint(recorded[1].public_key)
    assert key.read_text().strip() not in str(store.snapshot())


def test_a_key_that_others_may_read_is_refused(aksprov: Run, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "state.db.bundle-key").chmod(0o644)
    assert aksprov(*NEW)[1]["code"] == "SecretExposed"


def test_a_key_by_reference(aksprov: Run, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUNDLE_KEY", private := new_private_key())
    code, made, said = aksprov(*NEW, "--signing-key", "env:BUNDLE_KEY")
    assert (code, made["PublicKey"]) == (0, public_text(load_private_key(private, where="").public_key()))
    assert not (tmp_path / "state.db.bundle-key").exists() and private not in said + str(made)
    monkeypatch.setenv("BUNDLE_KEY", "hunter2")
    code, error, said = aksprov(*NEW, "--signing-key", "env:BUNDLE_KEY")
    assert (code, error["code"]) == (65, "SigningKeyInvalid") and "hunter2" not in said
    assert aksprov(*NEW, "--signing-key", "hunter2")[1]["code"] == "SecretReferenceInvalid"


def test_a_state_that_is_no_file_needs_a_reference(
    aksprov: Run, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Store, "file", None)  # as on PostgreSQL
    assert aksprov(*NEW)[1]["code"] == "SigningKeyNeeded"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "src"]
    monkeypatch.setenv("BUNDLE_KEY", new_private_key())
    assert aksprov(*NEW, "--signing-key", "env:BUNDLE_KEY")[0] == 0


def test_a_folder_where_no_key_can_be_written_is_said(
    aksprov: Run, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("aksprov.workflows.offline_bundle.keys.new_private_key", full)
    assert aksprov(*NEW)[1]["code"] == "BundleKeyNotWritten"


def test_a_source_that_changes_meanwhile_is_refused(
    aksprov: Run, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.link

    def change(first: Path, second: Path, **more: bool) -> None:
        if str(second).endswith("linux/bin/kubelet"):
            write(source, "linux/bin/kubelet", "another one")
            raise OSError(18, "Invalid cross-device link")
        real(first, second, **more)

    monkeypatch.setattr(os, "link", change)
    code, error, _ = aksprov(*NEW)
    assert (code, error["code"]) == (65, "BundleSourceChanged") and "kubelet" in error["what"]
    assert not (tmp_path / "bundle").exists() and not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


def test_another_ones_bundle_is_taken_with_its_key(
    aksprov: Run, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public = next(iter(open_store(str(tmp_path / "state.db")).snapshot().bundle_keys.values())).public_key
    monkeypatch.setenv("AKSPROV_STATE", str(tmp_path / "other.db"))
    enable = ("enable-offline-download", "--staging-share", str(bundle))
    assert aksprov(*enable)[1]["code"] == "BundleKeyUnknown"
    assert aksprov(*enable, "--trust-key", "ssh-rsa AAAA")[1]["code"] == "TrustKeyInvalid"
    assert not (tmp_path / "other.db").exists()
    code, shown, _ = aksprov(*enable, "--trust-key", f"{public} jane@build", "--offsite-transfer-completed", "true")
    assert (code, shown["KubernetesVersion"], shown["TrustedKeys"]) == (0, VERSION, [fingerprint(public)])
    assert aksprov("get-offline-download")[1] == [shown]
    other = open_store(str(tmp_path / "other.db")).snapshot()
    assert other.bundle_keys == {fingerprint(public): BundleKey(public_key=public, own=False)}


def test_disable_ends_the_default_and_the_trust_in_others(aksprov: Run, bundle: Path, tmp_path: Path) -> None:
    other = public_text(load_private_key(new_private_key(), where="").public_key())
    aksprov("enable-offline-download", "--staging-share", str(bundle), "--trust-key", other)
    assert aksprov("disable-offline-download", "--staging-share", "/srv")[1]["code"] == "OfflineDownloadOfOtherShare"
    assert aksprov("disable-offline-download")[0] == 0
    assert aksprov("get-offline-download")[1] == []
    assert [key.own for key in open_store(str(tmp_path / "state.db")).snapshot().bundle_keys.values()] == [True]
    assert "nothing to change" in aksprov("disable-offline-download")[2]


def test_a_bundle_may_arrive_later_unless_it_is_said_to_be_there(aksprov: Run, tmp_path: Path) -> None:
    enable = ("enable-offline-download", "--staging-share", "later")
    assert aksprov(*enable, "--offsite-transfer-completed", "true")[1]["code"] == "BundleNotFound"
    assert not (tmp_path / "state.db").exists()
    code, shown, said = aksprov(*enable)
    assert (code, shown["StagingShare"]) == (0, str(tmp_path / "later")) and "no bundle" in said
    assert "BundleNotFound" in aksprov("get-offline-download")[1][0]["Details"]
