"""The state: which run holds which host, a lost state rebuilt, backups.  All are ours."""

from __future__ import annotations

from aksprov.cmdlets.common import ROW_PROPERTIES
from aksprov.cmdlets.declaration import Example, Parameter, ParameterSet, Property, Verb

_BY_FILE, _BY_NAME, _BY_RUN = "ByFile", "ByName", "ByRun"
_TOPIC = "State"


def _host(help: str) -> Parameter:
    return Parameter(
        name="name",
        placeholder="HOST",
        ours=True,
        sets=(_BY_NAME,),
        mandatory_in=("*",),
        rule="host name",
        help=help,
        example="cp1",
    )


def _file(help: str, *, mandatory: bool = True) -> Parameter:
    return Parameter(
        name="file",
        placeholder="FILE",
        positional=True,
        ours=True,
        mandatory_in=("*",) if mandatory else (),
        help=help,
        example="state.backup",
    )


LOCK_PROPERTIES: tuple[Property, ...] = (
    Property(name="Run", help="the run's id"),
    Property(name="Verb", help="what the run was started with"),
    Property(name="Objects", kind="texts", help="what it changes"),
    Property(name="Owner", help="user, machine and process"),
    Property(name="Hosts", kind="texts"),
    Property(name="TakenAt", help="UTC"),
    Property(name="RenewedAt", help="UTC"),
    Property(name="AgeSeconds", kind="integer", help="since it was taken"),
    Property(name="Expired", kind="boolean", help="the next run may take these hosts over"),
)
_LOCK_COLUMNS = ("Run", "Owner", "Hosts", "AgeSeconds", "Expired")

GET_LOCK = Verb(
    name="get-lock",
    cmdlet="Get-AksprovLock",
    topic=_TOPIC,
    synopsis="Show which runs hold which hosts.",
    outputs=LOCK_PROPERTIES,
    columns=_LOCK_COLUMNS,
    examples=(Example(command="aksprov get-lock", text="Every run that holds hosts, expired ones included."),),
)
BREAK_LOCK = Verb(
    name="break-lock",
    cmdlet="Remove-AksprovLock",
    topic=_TOPIC,
    synopsis="Take hosts away from a run that hangs.",
    parameters=(
        _host("Only this host."),
        Parameter(
            name="run",
            placeholder="ID",
            ours=True,
            sets=(_BY_RUN,),
            mandatory_in=("*",),
            help="Every host of this run; get-lock shows its id.",
        ),
    ),
    sets=(
        ParameterSet(name=_BY_NAME, help="One host."),
        ParameterSet(name=_BY_RUN, help="Every host of a run."),
    ),
    default_set=_BY_RUN,
    outputs=LOCK_PROPERTIES,
    columns=_LOCK_COLUMNS,
    examples=(Example(command="aksprov break-lock --name cp1 --yes", text="Without asking."),),
    confirms=True,
    always_asks=True,
)
ADOPT = Verb(
    name="adopt",
    cmdlet="Import-AksprovHost",
    topic=_TOPIC,
    synopsis="Take hosts over; rebuild a lost state from them.",
    parameters=(
        Parameter(
            name="file",
            placeholder="FILE",
            ours=True,
            sets=(_BY_FILE,),
            mandatory_in=("*",),
            help="Hosts file (YAML, JSON or CSV): every host in it; hosts that are not recorded yet are.",
            example="hosts.yaml",
        ),
        _host("One host that is recorded."),
    ),
    sets=(
        ParameterSet(name=_BY_FILE, help="Every host of a file."),
        ParameterSet(name=_BY_NAME, help="One host."),
    ),
    default_set=_BY_FILE,
    outputs=ROW_PROPERTIES,
    examples=(
        Example(
            command="aksprov adopt --file hosts.yaml",
            text="Read what the hosts have, show it, ask, and take them over.",
        ),
    ),
    confirms=True,
)
STATE_BACKUP = Verb(
    name="state-backup",
    cmdlet="Backup-AksprovState",
    topic=_TOPIC,
    synopsis="Copy the state while others use it.",
    parameters=(_file("Where to; only its owner may read it. One that is there is replaced after asking."),),
    examples=(Example(command="aksprov state-backup state.backup", text="Also written: aksprov state backup FILE."),),
    confirms=True,
)
STATE_RESTORE = Verb(
    name="state-restore",
    cmdlet="Restore-AksprovState",
    topic=_TOPIC,
    synopsis="Put a backup in the place of the state.",
    parameters=(_file("A backup."),),
    examples=(Example(command="aksprov state-restore state.backup", text="Says what it replaces, and asks."),),
    confirms=True,
)
STATE_CHECK = Verb(
    name="state-check",
    cmdlet="Test-AksprovState",
    topic=_TOPIC,
    synopsis="Check the state, or a backup.",
    parameters=(_file("A backup; left out, the state.", mandatory=False),),
    outputs=ROW_PROPERTIES,
    examples=(Example(command="aksprov state-check", text="Exit code 1 if a check failed, 74 if it cannot be read."),),
)
STATE_PRUNE = Verb(
    name="state-prune",
    cmdlet="Clear-AksprovState",
    topic=_TOPIC,
    synopsis="Forget the journal of old runs.",
    parameters=(
        Parameter(
            name="keepDays",
            kind="integer",
            placeholder="N",
            ours=True,
            mandatory_in=("*",),
            minimum=1,
            help="Runs that began in the last N days stay.",
            example="90",
        ),
    ),
    examples=(Example(command="aksprov state-prune --keep-days 90 --yes", text="Once a month, without asking."),),
    confirms=True,
    always_asks=True,
)
STATE_COPY = Verb(
    name="state-copy",
    cmdlet="Copy-AksprovState",
    topic=_TOPIC,
    synopsis="Copy the state to another place and use it there.",
    parameters=(
        Parameter(
            name="to",
            placeholder="STATE",
            positional=True,
            ours=True,
            mandatory_in=("*",),
            help="A path or postgresql:// URL, without a password, where nothing is recorded yet.",
            example="postgresql://team-db/aksprov",
        ),
    ),
    examples=(
        Example(
            command="aksprov state-copy postgresql://team-db/aksprov",
            text="From a file to a team's database; the other way round it is the same.",
        ),
    ),
)
VERBS = (GET_LOCK, BREAK_LOCK, ADOPT, STATE_BACKUP, STATE_RESTORE, STATE_CHECK, STATE_PRUNE, STATE_COPY)
