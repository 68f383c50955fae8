# Made from the declarations in aksprov/cmdlets by `make generate`; changes belong there.
@{
    RootModule = 'Aksprov.psm1'
    ModuleVersion = '0.1.0'
    GUID = '5d7e2c1b-6f0a-4c86-9a57-3f2b8f4f0c11'
    Author = 'aksprov'
    Copyright = 'MIT licence'
    Description = 'AksHci''s cmdlets for Kubernetes on your own Linux and Windows hosts'
    PowerShellVersion = '5.1'
    CompatiblePSEditions = @('Desktop', 'Core')
    TypesToProcess = @('Aksprov.types.ps1xml')
    FormatsToProcess = @('Aksprov.format.ps1xml')
    FunctionsToExport = @(
        'New-AksHciClusterNetwork',
        'Get-AksHciClusterNetwork',
        'Set-AksHciClusterNetwork',
        'Remove-AksHciClusterNetwork',
        'New-AksHciNetworkSetting',
        'Add-AksprovHost',
        'Get-AksprovHost',
        'Set-AksprovHost',
        'Test-AksprovHost',
        'Remove-AksprovHost',
        'Find-AksprovHostKey',
        'New-AksHciCluster',
        'Get-AksHciCluster',
        'Test-AksprovCluster',
        'Remove-AksHciCluster',
        'Set-AksHciCluster',
        'Get-AksHciCredential',
        'New-AksHciNodePool',
        'Get-AksHciNodePool',
        'Set-AksHciNodePool',
        'Remove-AksHciNodePool',
        'New-AksprovOfflineBundle',
        'Enable-AksHciOfflineDownload',
        'Disable-AksHciOfflineDownload',
        'Get-AksprovOfflineDownload',
        'Invoke-AksprovPlan',
        'Get-AksprovLock',
        'Remove-AksprovLock',
        'Import-AksprovHost',
        'Backup-AksprovState',
        'Restore-AksprovState',
        'Test-AksprovState',
        'Clear-AksprovState',
        'Copy-AksprovState',
        'New-AksHciLoadBalancerSetting',
        'Get-AksprovNetworkPlugin',
        'Get-AksHciVmSize',
        'Get-AksHciKubernetesVersion',
        'Install-AksprovModule'
    )
    CmdletsToExport = @()
    VariablesToExport = @()
    AliasesToExport = @(
        'New-AksHciLoadBalancerObject'
    )
}
