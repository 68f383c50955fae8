"""Hosts: the inventory's verbs.  All are ours: AksHci made its own machines.

A host's parameters are the keys of a hosts file, spelled as parameters are.
"""

from __future__ import annotations

import msgspec

from aksprov.cmdlets.common import ROW_PROPERTIES
from aksprov.cmdlets.declaration import Example, Parameter, ParameterSet, Property, Verb
from aksprov.model.host import ROLES

_BY_OPTIONS, _BY_FILE, _BY_ANSIBLE = "ByOptions", "ByFile", "ByAnsible"
_CONNECTION, _CAPACITY, _PLACEMENT = "Connection", "Capacity, where the host itself tells wrong", "Placement"

_NAME = Parameter(
    name="name",
    placeholder="NAME",
    ours=True,
    mandatory_in=("*",),
    rule="host name",
    help="Name of the host; in lower case it is the node's name.",
    example="cp1",
)
_ADDRESS = Parameter(
    name="address",
    placeholder="ADDRESS",
    ours=True,
    help="DNS name or IP address to connect to.",
    example="10.0.0.11",
)
_OS = Parameter(
    name="os",
    placeholder="OS",
    ours=True,
    allowed=("linux", "windows"),
    help="Operating system.",
    example="linux",
)
_DETAILS: tuple[Parameter, ...] = (
    Parameter(
        name="connection",
        placeholder="KIND",
        group=_CONNECTION,
        ours=True,
        allowed=("ssh", "psrp", "winrm", "local"),
        help="How the host is reached; local is this machine. Left out: ssh for Linux, psrp for Windows.",
        example="ssh",
    ),
    Parameter(
        name="port",
        kind="integer",
        placeholder="PORT",
        group=_CONNECTION,
        ours=True,
        minimum=1,
        maximum=65535,
        help="TCP port; left out it is 22 for ssh, 5986 for psrp and winrm (5985: HTTP with sealed messages).",
        example="2222",
    ),
    Parameter(
        name="user",
        placeholder="USER",
        group=_CONNECTION,
        ours=True,
        help="User to log on as.",
        example="root",
    ),
    Parameter(
        name="auth",
        placeholder="HOW",
        group=_CONNECTION,
        ours=True,
        allowed=("negotiate", "ntlm", "kerberos", "credssp", "basic", "certificate"),
        help="How the user logs in to WinRM; negotiate when left out. basic and certificate need HTTPS.",
        example="ntlm",
    ),
    Parameter(
        name="keyFile",
        placeholder="FILE",
        group=_CONNECTION,
        ours=True,
        help="Private SSH key; with --auth certificate: a PEM file of the client's certificate and its key.",
        example="~/.ssh/id_ed25519",
    ),
    Parameter(
        name="keyPassphraseRef",
        placeholder="REF",
        group=_CONNECTION,
        ours=True,
        rule="secret reference",
        help="Where the passphrase of --key-file is; forms as for --password-ref.",
        example="file:key.passphrase",
    ),
    Parameter(
        name="hostKey",
        placeholder="KEY",
        group=_CONNECTION,
        ours=True,
        help="The host's public SSH key, pinned: 'ssh-ed25519 AAAA...'. scan-host-keys finds it.",
    ),
    Parameter(
        name="passwordRef",
        placeholder="REF",
        group=_CONNECTION,
        ours=True,
        rule="secret reference",
        help="Where the password is, never the password: env:NAME, file:PATH, keyring:SERVICE/USER or prompt.",
        example="env:HOST_PASSWORD",
    ),
    Parameter(
        name="become",
        placeholder="HOW",
        group=_CONNECTION,
        ours=True,
        allowed=("sudo", "none"),
        help="How root's rights are got; none for a user who has them.",
        example="sudo",
    ),
    Parameter(
        name="becomePasswordRef",
        placeholder="REF",
        group=_CONNECTION,
        ours=True,
        rule="secret reference",
        help="Where sudo's password is; forms as for --password-ref.",
        example="prompt",
    ),
    Parameter(
        name="jumpHost",
        placeholder="HOST",
        group=_CONNECTION,
        ours=True,
        help="Bastion to go through: a host of the inventory, or [user@]host[:port].",
        example="jump1",
    ),
    Parameter(
        name="caFile",
        placeholder="FILE",
        group=_CONNECTION,
        ours=True,
        help="CA certificates that a WinRM certificate is checked with.",
        example="ca.pem",
    ),
    Parameter(
        name="certificateSha256",
        placeholder="HEX",
        group=_CONNECTION,
        ours=True,
        help="SHA-256 fingerprint of a WinRM certificate, pinned.",
    ),
    Parameter(
        name="roles",
        kind="texts",
        placeholder="ROLE",
        group=_PLACEMENT,
        ours=True,
        allowed=ROLES,
        help="Roles that the host may take, any when left out: repeat the option, or put commas between them.",
        example="control-plane",
    ),
    Parameter(
        name="labels",
        kind="pairs",
        placeholder="KEY=VALUE",
        group=_PLACEMENT,
        ours=True,
        help="Labels such as site and rack: repeat the option.",
        example="site=shop17",
    ),
    Parameter(
        name="interfaces",
        kind="pairs",
        placeholder="SWITCH=INTERFACE",
        group=_PLACEMENT,
        ours=True,
        help="Interface that is connected to a network's switch: repeat the option.",
        example="External=eth1",
    ),
    Parameter(
        name="maintenanceReason",
        placeholder="TEXT",
        group=_PLACEMENT,
        ours=True,
        help="Leave the host alone, for this reason.",
        example="new disk",
    ),
    Parameter(
        name="maintenanceUntil",
        placeholder="DAY",
        group=_PLACEMENT,
        ours=True,
        rule="day",
        help="Until this day.",
        example="2027-01-31",
    ),
    Parameter(
        name="cpus",
        kind="integer",
        placeholder="N",
        group=_CAPACITY,
        ours=True,
        minimum=1,
        help="Processors.",
        example="4",
    ),
    Parameter(
        name="memoryGb",
        kind="number",
        placeholder="GB",
        group=_CAPACITY,
        ours=True,
        minimum=0,
        help="Memory in GB.",
        example="8",
    ),
    Parameter(
        name="diskGb",
        kind="number",
        placeholder="GB",
        group=_CAPACITY,
        ours=True,
        minimum=0,
        help="Disk in GB.",
        example="100",
    ),
)
_FILE = Parameter(
    name="file",
    placeholder="FILE",
    ours=True,
    sets=(_BY_FILE,),
    mandatory_in=("*",),
    help="Hosts file (YAML, JSON or CSV): every host in it.",
    example="hosts.yaml",
)
_FROM_ANSIBLE = Parameter(
    name="fromAnsible",
    placeholder="INVENTORY",
    ours=True,
    sets=(_BY_ANSIBLE,),
    mandatory_in=("*",),
    help="Inventory of Ansible's, read by ansible-inventory: every host in it, without passwords.",
    example="inventory.ini",
)
_OFFLINE = Parameter(
    name="offline",
    kind="switch",
    ours=True,
    help="Record only; contact no host.",
)


def _in_set(parameter: Parameter, set_name: str, *, mandatory: bool) -> Parameter:
    return msgspec.structs.replace(parameter, sets=(set_name,), mandatory_in=("*",) if mandatory else ())


_NEW_HOST = (
    *(_in_set(parameter, _BY_OPTIONS, mandatory=True) for parameter in (_NAME, _ADDRESS, _OS)),
    *(_in_set(parameter, _BY_OPTIONS, mandatory=False) for parameter in _DETAILS),
)
_CHANGED = tuple(msgspec.structs.replace(parameter, clears=True) for parameter in _DETAILS)
_ONE_OR_ALL = msgspec.structs.replace(_NAME, mandatory_in=(), help="Only the host of this name.")
HOST_PROPERTIES: tuple[Property, ...] = (
    Property(name="Name", parameter="name"),
    Property(name="Address", parameter="address"),
    Property(name="Os", parameter="os"),
    Property(name="Connection", parameter="connection"),
    Property(name="Port", kind="integer", parameter="port"),
    Property(name="User", parameter="user"),
    Property(name="Auth", parameter="auth"),
    Property(name="KeyFile", parameter="keyFile"),
    Property(name="KeyPassphraseRef", parameter="keyPassphraseRef"),
    Property(name="PasswordRef", parameter="passwordRef"),
    Property(name="Become", parameter="become"),
    Property(name="BecomePasswordRef", parameter="becomePasswordRef"),
    Property(name="HostKey", parameter="hostKey"),
    Property(name="CaFile", parameter="caFile"),
    Property(name="CertificateSha256", parameter="certificateSha256"),
    Property(name="JumpHost", parameter="jumpHost"),
    Property(name="Labels", kind="object", parameter="labels"),
    Property(name="Roles", kind="texts", parameter="roles"),
    Property(name="Capacity", kind="object", help="what is declared: Cpus, MemoryGb and DiskGb"),
    Property(name="Interfaces", kind="object", parameter="interfaces"),
    Property(name="Maintenance", kind="object", help="Reason and Until"),
    Property(name="Cpus", kind="integer", help="declared, else as the host says"),
    Property(name="MemoryGb", kind="number", help="declared, else as the host says"),
    Property(name="OsVersion"),
    Property(name="MachineId"),
    Property(name="Clusters", kind="texts"),
    Property(name="State", help="Free, InCluster, Maintenance, Quarantined, or Unseen: it has never answered"),
)
_COLUMNS = ("Name", "Address", "Os", "State", "Roles", "Clusters")

ADD_HOST = Verb(
    name="add-host",
    cmdlet="Add-AksprovHost",
    topic="Hosts",
    synopsis="Record hosts and read their facts.",
    parameters=(*_NEW_HOST, _FILE, _FROM_ANSIBLE, _OFFLINE),
    sets=(
        ParameterSet(name=_BY_OPTIONS, help="One host."),
        ParameterSet(name=_BY_FILE, help="Every host of a file."),
        ParameterSet(name=_BY_ANSIBLE, help="Every host of an inventory of Ansible's."),
    ),
    default_set=_BY_OPTIONS,
    outputs=HOST_PROPERTIES,
    columns=_COLUMNS,
    examples=(
        Example(command="aksprov add-host --file hosts.yaml", text="Every host of the file, or none if one is wrong."),
        Example(
            command="aksprov add-host --name cp1 --address 10.0.0.11 --os linux --user root --roles control-plane",
            text="One host.",
        ),
        Example(command="aksprov add-host --from-ansible inventory.ini", text="Every host that Ansible knows there."),
    ),
)
GET_HOST = Verb(
    name="get-host",
    cmdlet="Get-AksprovHost",
    topic="Hosts",
    synopsis="Show hosts, as recorded.",
    parameters=(_ONE_OR_ALL,),
    outputs=HOST_PROPERTIES,
    columns=_COLUMNS,
    examples=(
        Example(command="aksprov get-host --name cp1 --output json", text="One host, with all that is recorded."),
    ),
)
SET_HOST = Verb(
    name="set-host",
    cmdlet="Set-AksprovHost",
    topic="Hosts",
    synopsis="Change what is recorded of a host.",
    parameters=(_NAME, _ADDRESS, _OS, *_CHANGED),
    outputs=HOST_PROPERTIES,
    columns=_COLUMNS,
    examples=(
        Example(command="aksprov set-host --name cp1 --address 10.0.0.21", text="The host has a new address."),
        Example(command="aksprov set-host --name cp1 --maintenance-reason ''", text="It is no longer left alone."),
    ),
)
TEST_HOST = Verb(
    name="test-host",
    cmdlet="Test-AksprovHost",
    topic="Hosts",
    synopsis="Check hosts and record their facts.",
    parameters=(_ONE_OR_ALL,),
    outputs=ROW_PROPERTIES,
    examples=(Example(command="aksprov test-host", text="Every host; exit code 1 if a check failed."),),
)
REMOVE_HOST = Verb(
    name="remove-host",
    cmdlet="Remove-AksprovHost",
    topic="Hosts",
    synopsis="Take a host that no cluster has off the inventory.",
    parameters=(
        _NAME,
        Parameter(
            name="purge",
            kind="switch",
            ours=True,
            help="Also take everything that aksprov left on the host away.",
        ),
        Parameter(
            name="force",
            kind="switch",
            ours=True,
            help="Also when it cannot be purged, or is in quarantine and never comes back.",
        ),
    ),
    outputs=ROW_PROPERTIES,
    examples=(
        Example(command="aksprov remove-host --name cp1 --yes", text="Without asking."),
        Example(command="aksprov remove-host --name cp1 --purge", text="Leave nothing of aksprov on it."),
    ),
    confirms=True,
    always_asks=True,
)
SCAN_HOST_KEYS = Verb(
    name="scan-host-keys",
    cmdlet="Find-AksprovHostKey",
    topic="Hosts",
    synopsis="Show hosts' SSH keys and pin them on consent.",
    parameters=(_ONE_OR_ALL,),
    outputs=(
        Property(name="Name"),
        Property(name="KeyType"),
        Property(name="Fingerprint", help="SHA256:..., as ssh-keygen -l prints it"),
        Property(name="Pinned", kind="boolean"),
    ),
    columns=("Name", "KeyType", "Fingerprint", "Pinned"),
    examples=(Example(command="aksprov scan-host-keys --name cp1", text="Compare, then answer the question."),),
    confirms=True,
)
VERBS = (ADD_HOST, GET_HOST, SET_HOST, TEST_HOST, REMOVE_HOST, SCAN_HOST_KEYS)
