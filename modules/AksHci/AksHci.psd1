# Made from the declarations in aksprov/cmdlets by `make generate`; changes belong there.
@{
    RootModule = 'AksHci.psm1'
    ModuleVersion = '0.1.0'
    GUID = 'b4a3b6f0-2a7e-4f57-8a0c-1f7f6f0a9d52'
    Author = 'aksprov'
    Copyright = 'MIT licence'
    Description = 'For scripts that import AksHci: hands on the cmdlets of Aksprov, and says so'
    PowerShellVersion = '5.1'
    FunctionsToExport = '*'
    CmdletsToExport = @()
    VariablesToExport = @()
    AliasesToExport = '*'
}
