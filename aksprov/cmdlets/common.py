"""Parameters and properties that many verbs share."""

from __future__ import annotations

from aksprov.cmdlets.declaration import Parameter, Property, Verb

OUTPUT_FORMATS = ("table", "json", "yaml")

WHAT_IF = Parameter(
    name="whatIf",
    kind="switch",
    group="Plan",
    ours=True,
    help="Show the plan and change nothing; exit code 2 when something would change.",
)
# What every verb takes whose plan can be saved and held to.
SAVED_PLAN: tuple[Parameter, ...] = (
    WHAT_IF,
    Parameter(
        name="planFile",
        placeholder="FILE",
        group="Plan",
        ours=True,
        help="Save the plan to this file; 'aksprov apply FILE' runs exactly that plan.",
    ),
    Parameter(
        name="expectPlan",
        placeholder="HASH",
        group="Plan",
        ours=True,
        help="Run only if the plan still has this hash, else stop with exit code 73.",
    ),
)
PLAN: tuple[Parameter, ...] = (
    *SAVED_PLAN,
    Parameter(
        name="outputDir",
        placeholder="DIR",
        group="Plan",
        ours=True,
        help="Write each host's files to DIR/HOST/ and contact no host; 'aksprov apply --from DIR' pushes them later.",
    ),
)
CONFIRM: tuple[Parameter, ...] = (
    Parameter(
        name="yes",
        kind="switch",
        group="Common",
        ours=True,
        help="Do not ask for confirmation. Without a terminal this is needed.",
    ),
)
COMMON: tuple[Parameter, ...] = (
    Parameter(
        name="output",
        placeholder="FORMAT",
        group="Common",
        ours=True,
        default="table",
        allowed=OUTPUT_FORMATS,
        help="Form of what is printed on standard output.",
    ),
    Parameter(
        name="events",
        placeholder="FILE",
        group="Common",
        ours=True,
        help="Write what happens, as JSON lines, to this file; - is standard output.",
    ),
    Parameter(
        name="verbose",
        kind="switch",
        group="Common",
        ours=True,
        help="Say more on standard error, with a traceback when aksprov itself fails.",
    ),
)
FROM_JSON = Parameter(
    name="fromJson",
    placeholder="FILE",
    ours=True,
    help="Take what is not given from this file's object: one that 'Get-... | ConvertTo-Json' wrote, AksHci's, too.",
    example="mynet.json",
)
# A check's row: AksHci's own shape, with the host and the cluster.
ROW_PROPERTIES: tuple[Property, ...] = (
    Property(name="TestName", help="a stable id"),
    Property(name="Category"),
    Property(name="TestResult", help="Passed, Failed, Warning or Skipped"),
    Property(name="Details"),
    Property(name="Recommendation"),
    Property(name="Host"),
    Property(name="Cluster"),
)


def request_parameters(verb: Verb) -> tuple[Parameter, ...]:
    """What a request of this verb can hold: its own parameters and those of plan and confirmation."""
    return verb.parameters + (PLAN if verb.plans else ()) + (CONFIRM if verb.confirms else ())


def command_parameters(verb: Verb) -> tuple[Parameter, ...]:
    """Everything that the verb's command takes: the request's parameters and the common ones."""
    return request_parameters(verb) + COMMON
