"""Our own install-module: the PowerShell module, where PowerShell finds it."""

from __future__ import annotations

from aksprov.cmdlets.declaration import Example, Parameter, Property, Verb

INSTALL_MODULE = Verb(
    name="install-module",
    cmdlet="Install-AksprovModule",
    topic="Settings",
    synopsis="Put the PowerShell module where it is found.",
    parameters=(
        Parameter(
            name="path",
            placeholder="DIR",
            ours=True,
            help="Folder of modules; left out, the user's own, which is on PSModulePath, of every PowerShell there is.",
            example="~/.local/share/powershell/Modules",
        ),
        Parameter(
            name="akshci",
            kind="switch",
            ours=True,
            help="Also a module called AksHci, for scripts that import that name: it hands on ours, and says so.",
        ),
    ),
    outputs=(
        Property(name="Name"),
        Property(name="Version"),
        Property(name="Path"),
    ),
    columns=("Name", "Version", "Path"),
    examples=(
        Example(command="aksprov install-module", text="Then, in PowerShell: Import-Module Aksprov."),
        Example(command="aksprov install-module --akshci", text="Scripts with 'Import-Module AksHci' work, too."),
    ),
)
VERBS = (INSTALL_MODULE,)
