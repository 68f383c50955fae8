# For scripts that begin with Import-Module AksHci: the cmdlets of that name are aksprov's here.
Import-Module -Name Aksprov -Scope Local
Write-Warning 'AksHci is not there any more: this module of its name hands on the cmdlets of Aksprov.'
Export-ModuleMember -Function (Get-Command -Module Aksprov -CommandType Function).Name `
    -Alias (Get-Command -Module Aksprov -CommandType Alias).Name
