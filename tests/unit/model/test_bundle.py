"""What a bundle may hold: paths that mean one place on their host, and on Windows modes that have a meaning there."""

from __future__ import annotations

import pytest

from aksprov.model.bundle import ADMINISTRATORS, BundleFile, folder_path


def file(path: str, mode: str = "0644", owner: str = "") -> BundleFile:
    """A file with the owner that fits its path."""
    fitting = ADMINISTRATORS if path[1:2] == ":" else "root:root"
    return BundleFile(path=path, content="", reader="data", cluster="demo", mode=mode, owner=owner or fitting)


@pytest.mark.parametrize(
    ("path", "below"),
    [
        ("/etc/haproxy/haproxy.cfg", "etc/haproxy/haproxy.cfg"),
        ("C:/ProgramData/aksprov/objects.json", "C/ProgramData/aksprov/objects.json"),
        ("D:/Program Files/containerd/config.toml", "D/Program Files/containerd/config.toml"),
        ("C:/k/.crictl/console.yaml", "C/k/.crictl/console.yaml"),
        ("C:/a b/it's $x `y` [z].txt", "C/a b/it's $x `y` [z].txt"),
        (
            "C:/B\u00fccher/\u6f22\U0001f600/%PATH% & (1);,=!#{}^~",
            "C/B\u00fccher/\u6f22\U0001f600/%PATH% & (1);,=!#{}^~",
        ),
        ("C:/" + "x" * 197, "C/" + "x" * 197),
    ],
)
def test_a_path_has_its_place_in_a_folder(path: str, below: str) -> None:
    assert folder_path(file(path).path) == below


@pytest.mark.parametrize(
    "path",
    [
        "etc/x", "/", "/etc/", "/etc//x", "/etc/../x", "/etc/a b", "/etc/\u00e4", "/etc/x\n",
        "c:/x", "C:", "C:/", "C:x", "C:\\x", "C:/a\\b", "C:/a//b", "C:/../x", "C:/a/..", "C:/a./b", "C:/a /b",
        "C:/ a", "C:/a:stream", "C:/con", "C:/a/NUL.txt/b", "C:/a/Lpt1.log", "//server/share", "\\\\server\\share",
        "C:/a*", "C:/a?", 'C:/"a"', "C:/a<b", "C:/a|b", "C:/a\n", "C:/a\tb", "CC:/a",
        "C:/PROGRA~1/x", "C:/con .txt", "C:/CONIN$",
        "C:/com\u00b9", "C:/a\u202eb", "C:/a\u00a0b", "C:/\ud800", "C:/" + "x" * 198, "C:/" + "\U0001f600" * 99,
    ],
)  # fmt: skip
def test_a_path_that_could_mean_another_place_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        file(path)


@pytest.mark.parametrize(("mode", "owner"), [("0755", ""), ("0640", ""), ("0644", "root:root"), ("0600", "S-1-5-18")])
def test_a_windows_file_has_no_mode_or_owner_without_a_meaning_there(mode: str, owner: str) -> None:
    with pytest.raises(ValueError, match="on Windows"):
        file("C:/x", mode, owner)
