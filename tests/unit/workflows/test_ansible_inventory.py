"""What is said again of Ansible's messages.  The texts are those of ansible-inventory 2.19.14 and 2.17.14.

Seen to fail: without the cut at ``got:`` and without the quotes taken out.
"""

from __future__ import annotations

import pytest

from aksprov.errors import NotAvailableError
from aksprov.workflows.ansible_inventory import read_ansible, shown

NEW_LINE = """[WARNING]: Failed to parse inventory with 'ini' plugin: Failed to parse inventory: \
Expected key=value host variable assignment, got: canary

Failed to parse inventory with 'ini' plugin.

<<< caused by >>>

Failed to parse inventory: Expected key=value host variable assignment, got: canary
Origin: /srv/hosts.ini

[ERROR]: Completely failed to parse inventory source /srv/hosts.ini
"""
NEW_YAML = """[WARNING]: Failed to parse inventory with 'auto' plugin: YAML parsing failed: \
While parsing a block mapping did not find expected key.

<<< caused by >>>

YAML parsing failed: While parsing a block mapping did not find expected key.
Origin: /srv/hosts.yml:5:6

3     a:
4       ansible_password: canary
5      ansible_user: foo
       ^ column 6

[WARNING]: Failed to parse inventory with 'ini' plugin: Failed to parse inventory: \
Invalid host pattern 'canary:' supplied, ending in ':' is not allowed, this character is reserved to provide a port.
"""
NEW_SCRIPT = """[WARNING]: Failed to parse inventory with 'script' plugin: \
Inventory script returned non-zero exit code 3.

Standard error from inventory script:
using password canary

[ERROR]: Completely failed to parse inventory source /srv/hosts.sh
"""
OLD_JSON = """[WARNING]:  * Failed to parse /srv/hosts.json with yaml plugin: We were
unable to read either as JSON nor YAML, these are the errors we got from each:
JSON: Expecting ',' delimiter: line 1 column 63 (char 62)  Syntax Error while
loading YAML.   did not find expected ',' or '}'. while parsing a flow mapping
in "<unicode string>", line 1, column 1  The error appears to be in
'/srv/hosts.json': line 2, column 1, but may be elsewhere in the file
depending on the exact syntax problem.  The offending line appears to be:
{"all": {"hosts": {"a": {"ansible_password": "canary"}}} ^ here
ERROR! Completely failed to parse inventory source /srv/hosts.json
"""
SAID = {
    NEW_LINE: ("Expected key=value host variable assignment\n", "source /srv/hosts.ini"),
    NEW_YAML: (
        "did not find expected key. (/srv/hosts.yml, line 5, column 6)\n",
        "Invalid host pattern '...' supplied",
    ),
    NEW_SCRIPT: ("Inventory script returned non-zero exit code 3.\n", "source /srv/hosts.sh"),
    OLD_JSON: ("(/srv/hosts.json, line 2, column 1)\n", "ERROR! Completely failed"),
    "ERROR! the option --token=canary is not known": ("ERROR! the option --token=... is not known",),
    "Traceback\n  canary": (),
}


@pytest.mark.parametrize("stderr", SAID)
def test_ansibles_messages_are_told_without_what_they_repeat(stderr: str) -> None:
    said = shown(stderr)
    assert "canary" not in said
    for words in SAID[stderr]:
        assert words in said


def test_without_ansible_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(NotAvailableError) as error:
        read_ansible("hosts.ini")
    assert error.value.code == "AnsibleMissing" and "ansible-core" in error.value.fix
