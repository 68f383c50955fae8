"""apply: carry out what was planned before.  It is ours."""

from __future__ import annotations

from aksprov.cmdlets.cluster import CLUSTER_PROPERTIES
from aksprov.cmdlets.common import WHAT_IF
from aksprov.cmdlets.declaration import Example, Parameter, ParameterSet, Verb

_PLAN, _FOLDER = "Plan", "Folder"

APPLY = Verb(
    name="apply",
    cmdlet="Invoke-AksprovPlan",
    topic="Plans",
    synopsis="Run a saved plan, or push a folder of files.",
    parameters=(
        Parameter(
            name="plan",
            placeholder="PLANFILE",
            positional=True,
            sets=(_PLAN,),
            mandatory_in=("*",),
            ours=True,
            help="Plan saved by --plan-file; if it is no longer the plan that would be made, exit code 73.",
            example="plan.json",
        ),
        Parameter(
            name="from",
            placeholder="DIR",
            sets=(_FOLDER,),
            mandatory_in=("*",),
            ours=True,
            help="Folder written by --output-dir, or DIR/HOST/PATH of plain files, which belong to no cluster.",
            example="review",
        ),
        WHAT_IF,
    ),
    sets=(
        ParameterSet(name=_PLAN, help="A saved plan."),
        ParameterSet(name=_FOLDER, help="A folder of files."),
    ),
    default_set=_PLAN,
    outputs=CLUSTER_PROPERTIES,
    examples=(
        Example(command="aksprov apply plan.json --yes", text="Exactly the plan that was looked at."),
        Example(command="aksprov apply --from review --yes", text="The files as they are in the folder."),
        Example(command="aksprov apply --from motd --what-if", text="Plain files: motd/lb1/etc/motd goes to lb1."),
    ),
    confirms=True,
)
VERBS = (APPLY,)
