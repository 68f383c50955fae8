"""What a cmdlet costs over the bare verb, without the start of the engine: `make bench-powershell`.

In one engine the cmdlet and the program are run in turn, so that both see the same load; the last column is the
engine's own CPU.  AKSPROV_TEST_PWSH is the engine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from aksprov.model.cluster import Cluster, ClusterStatus, NodePool
from aksprov.state import open_store

ROOT = Path(__file__).parents[2]
AKSPROV = Path(sys.executable).with_name("aksprov")
RUNS, CLUSTERS = 9, 1000
SCRIPT = """
$ErrorActionPreference = 'Stop'
Import-Module Aksprov
function Measure-Both($What, $Cmdlet, $Words) {
    $count = @(& $Cmdlet).Count  # the first one loads what the others have
    $wall = @{ cmdlet = @(); program = @() }
    $spent = [TimeSpan]::Zero
    $self = [System.Diagnostics.Process]::GetCurrentProcess()
    foreach ($n in 1..%(runs)d) {
        $self.Refresh(); $before = $self.TotalProcessorTime
        $wall.cmdlet += (Measure-Command { & $Cmdlet | Out-Null }).TotalSeconds
        $self.Refresh(); $spent += $self.TotalProcessorTime - $before
        $wall.program += (Measure-Command { & $env:AKSPROV_CLI $Words | Out-Null }).TotalSeconds
    }
    $median = { param($all) ($all | Sort-Object)[[int][Math]::Floor($all.Count / 2)] }
    [ordered]@{
        what = "$What ($count)"; cmdlet = & $median $wall.cmdlet; program = & $median $wall.program
        engine = $spent.TotalSeconds / %(runs)d
    }
}
ConvertTo-Json -Compress @(
    Measure-Both 'Get-AksHciVmSize' { Get-AksHciVmSize } @('get-vm-size', '--output', 'json')
    Measure-Both 'Get-AksHciCluster | Where-Object' {
        Get-AksHciCluster | Where-Object ProvisioningState -ne Deployed | ForEach-Object Name
    } @('get-cluster', '--output', 'json')
)
"""


def record(state: Path) -> None:
    """Clusters, as if they had been defined."""
    with open_store(str(state)).write() as transaction:
        for number in range(CLUSTERS):
            pool = NodePool(name=f"c{number}-linux", count=3, os_type="linux")
            cluster = Cluster(name=f"c{number}", network="net", kubernetes_version="v1.36.4", node_pools=(pool,))
            transaction.put_cluster(cluster)
            transaction.put_status(cluster.key, ClusterStatus(state="Configured"))


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state.db"
        record(state)
        script = Path(folder) / "bench.ps1"
        script.write_text(SCRIPT % {"runs": RUNS})
        surroundings = {"PSModulePath": str(ROOT / "modules"), "AKSPROV_CLI": str(AKSPROV), "AKSPROV_STATE": str(state)}
        engine = [os.environ["AKSPROV_TEST_PWSH"], "-NoProfile", "-NonInteractive", "-File", str(script)]
        done = subprocess.run(engine, env={**os.environ, **surroundings}, capture_output=True, text=True, check=True)
    print(f"{'':48}  {'runs':>4}  {'cmdlet':>7}  {'program':>7}  {'more':>7}  {'target':>7}  {'engine CPU':>10}")
    for row in json.loads(done.stdout):
        more = row["cmdlet"] - row["program"]
        print(
            f"{row['what']:48}  {RUNS:4}  {row['cmdlet']:7.2f}  {row['program']:7.2f}  {more:7.2f}  {'< 0.30':>7}  "
            f"{row['engine']:10.2f}"
        )


if __name__ == "__main__":
    main()
