#!/usr/bin/python
# made from aksprov/cmdlets by `make generate`
# MIT License (see LICENSE in this collection)
# SPDX-License-Identifier: MIT
from __future__ import annotations

DOCUMENTATION = r"""
module: cluster
short_description: "Make a cluster on hosts of the inventory"
description:
  - >-
    Does what C(aksprov new-cluster) does, and with I(state=absent) what removes it. What is there already is
    changed as C(aksprov set-cluster), C(aksprov set-node-pool) does.
  - "The program aksprov of the same version is found by E(AKSPROV_CLI) or PATH."
author:
  - "aksprov (@aksprov)"
options:
  name:
    description:
      - "Name of the cluster."
    type: str
    required: true
  kubernetes_version:
    description:
      - "Kubernetes version, as get-kubernetes-version lists it."
      - "When it is left out, aksprov takes V(latest)."
    type: str
  vnet:
    description:
      - "Network of the cluster: its name, @file.json, or JSON text. May be left out while there is one network."
    type: raw
  primary_network_plugin:
    description:
      - "Network plugin of Linux and Windows nodes alike. It can never be changed afterwards."
      - "When it is left out, aksprov takes V(calico)."
    type: str
    choices:
      - calico
      - flannel
  calico_dataplane:
    description:
      - "How Calico works on Linux nodes; Windows nodes have HNS. Only with calico."
      - "When it is left out, aksprov takes V(iptables)."
    type: str
    choices:
      - iptables
      - nftables
      - ebpf
  pod_cidr:
    description:
      - >-
        Addresses of pods, or a range of each family with a comma between them, IPv4 first; a /24 of it for
        each node (IPv6: a /64). 10.244.0.0/16 when it is left out, and fd00:10:244::/56 beside IPv6 Services.
    type: list
    elements: str
  service_cidr:
    description:
      - >-
        Addresses of Services, or a range of each family with a comma between them, IPv4 first. 10.96.0.0/12
        when it is left out, and fd00:10:96::/112 beside IPv6 pods.
    type: list
    elements: str
  control_plane_node_count:
    description:
      - "Number of control plane nodes; 3 keep working when one fails."
      - "When it is left out, aksprov takes V(1)."
    type: int
  control_plane_vm_size:
    description:
      - "Size that each control plane host should have."
      - "When it is left out, aksprov takes V(Standard_A4_v2)."
    type: str
    choices:
      - Default
      - Standard_A2_v2
      - Standard_A4_v2
      - Standard_D2s_v3
      - Standard_D4s_v3
      - Standard_D8s_v3
      - Standard_D16s_v3
      - Standard_D32s_v3
      - Standard_DS2_v2
      - Standard_DS3_v2
      - Standard_DS4_v2
      - Standard_DS5_v2
      - Standard_DS13_v2
      - Standard_K8S_v1
      - Standard_K8S2_v1
      - Standard_K8S3_v1
      - Standard_NK6
      - Standard_NK12
  api_server_dns_name:
    description:
      - >-
        Names by which people reach the API server besides its VIP: its certificate has them. Repeat the
        option, or put commas between them. They can never be changed afterwards.
    type: list
    elements: str
  load_balancer_count:
    description:
      - "Number of load balancer hosts (HAProxy and keepalived): short for a setting with this count."
      - "When it is left out, aksprov takes V(1)."
    type: int
  share_load_balancers:
    description:
      - "Take load balancers of other clusters of the network that share theirs, and let others take these."
    type: bool
  load_balancer_vm_size:
    description:
      - "Size that each load balancer host should have."
      - "When it is left out, aksprov takes V(Standard_A4_v2)."
    type: str
    choices:
      - Default
      - Standard_A2_v2
      - Standard_A4_v2
      - Standard_D2s_v3
      - Standard_D4s_v3
      - Standard_D8s_v3
      - Standard_D16s_v3
      - Standard_D32s_v3
      - Standard_DS2_v2
      - Standard_DS3_v2
      - Standard_DS4_v2
      - Standard_DS5_v2
      - Standard_DS13_v2
      - Standard_K8S_v1
      - Standard_K8S2_v1
      - Standard_K8S3_v1
      - Standard_NK6
      - Standard_NK12
  load_balancer_settings:
    description:
      - "What new-load-balancer-setting prints: @file.json, or JSON text."
    type: raw
  node_pool_name:
    description:
      - "Name of the first node pool; without it there are pools NAME-linux and NAME-windows."
    type: str
  node_count:
    description:
      - "Number of nodes of the first pool."
      - "When it is left out, aksprov takes V(1)."
    type: int
  node_vm_size:
    description:
      - "Size that each host of the first pool should have."
      - "When it is left out, aksprov takes V(Standard_K8S3_v1)."
    type: str
    choices:
      - Default
      - Standard_A2_v2
      - Standard_A4_v2
      - Standard_D2s_v3
      - Standard_D4s_v3
      - Standard_D8s_v3
      - Standard_D16s_v3
      - Standard_D32s_v3
      - Standard_DS2_v2
      - Standard_DS3_v2
      - Standard_DS4_v2
      - Standard_DS5_v2
      - Standard_DS13_v2
      - Standard_K8S_v1
      - Standard_K8S2_v1
      - Standard_K8S3_v1
      - Standard_NK6
      - Standard_NK12
  os_type:
    description:
      - >-
        Operating system of the first pool. Files for Windows hosts are written with --output-dir; pushing
        them is not available yet.
      - "When it is left out, aksprov takes V(Linux)."
    type: str
    choices:
      - Linux
      - Windows
  os_sku:
    description:
      - "Edition of the first pool's operating system; recorded."
    type: str
  node_max_pod_count:
    description:
      - "Most pods on a node of the first pool."
      - "When it is left out, aksprov takes V(110)."
    type: int
  taints:
    description:
      - "Taints of every node of the first pool: repeat the option, or put commas between them."
    type: list
    elements: str
  linux_node_count:
    description:
      - "Nodes of the pool NAME-linux."
      - "When it is left out, aksprov takes V(1)."
    type: int
  linux_node_vm_size:
    description:
      - "Size that each host of the pool NAME-linux should have."
      - "When it is left out, aksprov takes V(Standard_K8S3_v1)."
    type: str
    choices:
      - Default
      - Standard_A2_v2
      - Standard_A4_v2
      - Standard_D2s_v3
      - Standard_D4s_v3
      - Standard_D8s_v3
      - Standard_D16s_v3
      - Standard_D32s_v3
      - Standard_DS2_v2
      - Standard_DS3_v2
      - Standard_DS4_v2
      - Standard_DS5_v2
      - Standard_DS13_v2
      - Standard_K8S_v1
      - Standard_K8S2_v1
      - Standard_K8S3_v1
      - Standard_NK6
      - Standard_NK12
  windows_node_count:
    description:
      - "Nodes of the pool NAME-windows."
      - "When it is left out, aksprov takes V(0)."
    type: int
  windows_node_vm_size:
    description:
      - "Size that each host of the pool NAME-windows should have."
      - "When it is left out, aksprov takes V(Standard_K8S3_v1)."
    type: str
    choices:
      - Default
      - Standard_A2_v2
      - Standard_A4_v2
      - Standard_D2s_v3
      - Standard_D4s_v3
      - Standard_D8s_v3
      - Standard_D16s_v3
      - Standard_D32s_v3
      - Standard_DS2_v2
      - Standard_DS3_v2
      - Standard_DS4_v2
      - Standard_DS5_v2
      - Standard_DS13_v2
      - Standard_K8S_v1
      - Standard_K8S2_v1
      - Standard_K8S3_v1
      - Standard_NK6
      - Standard_NK12
  node_settings:
    description:
      - >-
        Fields of the nodes' documents that count instead of ours (containerd, KubeletConfiguration,
        KubeProxyConfiguration), skipAddons and ignorePreflightErrors: @file.json, or JSON text.
    type: raw
  network_plugin_manifest:
    description:
      - "The network plugin's manifest (YAML), applied once the API server answers."
    type: str
  configure_only:
    description:
      - "Stop before Kubernetes: hosts have all their configuration, and nothing is started but HAProxy and keepalived."
    type: bool
  program_source:
    description:
      - >-
        Where hosts have containerd, Kubernetes, HAProxy and keepalived from: they are there already (so when
        it is left out), package repositories (not on Windows), or an offline bundle. Each run may say it
        anew.
    type: str
    choices:
      - preinstalled
      - packages
      - bundle
  offline_bundle:
    description:
      - "Folder of the offline bundle that new-offline-bundle made; short for --program-source bundle with it."
    type: str
  offline_bundle_url:
    description:
      - >-
        Folder with the bundle's files on an HTTP server of the site, from which Windows hosts get them;
        pushed when it is left out.
    type: str
  package_settings:
    description:
      - >-
        Where packages come from: repository (Kubernetes' own when it is left out), keyFile and proxy:
        @file.json, or JSON text; short for --program-source packages with it.
    type: raw
  enable_auto_scaler:
    description:
      - "Scale the node pools by load."
      - "Not available: the autoscaler is not built yet."
    type: bool
  auto_scaler_profile_name:
    description:
      - "Profile of the autoscaler."
      - "Not available: the autoscaler is not built yet."
    type: str
  enable_ad_auth:
    description:
      - "Sign-on by Active Directory."
      - "Not available: this add-on is not built."
    type: bool
  enable_monitoring:
    description:
      - "Install the monitoring add-on."
      - "Not available: this add-on is not built."
    type: bool
  enable_secrets_encryption:
    description:
      - "Encrypt secrets in etcd."
      - "Not available: this add-on is not built."
    type: bool
  enable_csi_smb:
    description:
      - "Install the SMB storage driver."
      - "Not available: this add-on is not built."
    type: bool
  enable_csi_nfs:
    description:
      - "Install the NFS storage driver."
      - "Not available: this add-on is not built."
    type: bool
  enable_azure_rbac:
    description:
      - "Authorise by Azure roles."
      - "Not available: it needs a cloud account, and aksprov uses none."
    type: bool
  resource_group:
    description:
      - "Azure resource group."
      - "Not available: it needs a cloud account, and aksprov uses none."
    type: str
  subscription_id:
    description:
      - "Azure subscription."
      - "Not available: it needs a cloud account, and aksprov uses none."
    type: str
  tenant_id:
    description:
      - "Azure tenant."
      - "Not available: it needs a cloud account, and aksprov uses none."
    type: str
  credential:
    description:
      - "Credential of an Azure service principal."
      - "Not available: it needs a cloud account, and aksprov uses none."
    type: raw
  location:
    description:
      - "Azure region."
      - "Not available: it needs a cloud account, and aksprov uses none."
    type: str
  app_id:
    description:
      - "Id of the server application."
      - "Not available: it needs a cloud account, and aksprov uses none."
    type: str
  app_secret:
    description:
      - "Secret of the server application."
      - "Not available: it needs a cloud account, and aksprov uses none."
    type: str
  aad_client_id:
    description:
      - "Id of the client application."
      - "Not available: it needs a cloud account, and aksprov uses none."
    type: str
  expect_plan:
    description:
      - "Run only if the plan still has this hash, else stop with exit code 73."
    type: str
  output_dir:
    description:
      - "Write each host's files to DIR/HOST/ and contact no host; 'aksprov apply --from DIR' pushes them later."
    type: str
  force:
    description:
      - "End the cluster without hosts that do not answer; their addresses stay in quarantine."
      - "Taken with I(state=absent)."
    type: bool
  state:
    description:
      - "Whether it is to be there."
    type: str
    choices:
      - present
      - absent
    default: present
attributes:
  check_mode:
    support: full
    description: "Nothing is changed, recorded or leased."
  diff_mode:
    support: full
    description: "Files of hosts, or the recorded object."
"""

EXAMPLES = r"""
---
- name: "Make a cluster on hosts of the inventory."
  aksprov.hci.cluster:
    name: mycluster
    vnet: mynet
    primary_network_plugin: calico
    node_pool_name: linuxpool
    node_count: 3
    configure_only: true
- name: "Take it away again."
  aksprov.hci.cluster:
    name: mycluster
    state: absent
"""

RETURN = r"""
object:
  description:
    - "What is recorded after the task, under AksHci's names."
  returned: "when it is there"
  type: dict
  contains:
    Name:
      description:
        - Name
      returned: always
      type: str
    ProvisioningState:
      description:
        - ProvisioningState
      returned: always
      type: str
    Status:
      description:
        - "ProvisioningState, Details and Error"
      returned: always
      type: dict
    KubernetesVersion:
      description:
        - KubernetesVersion
      returned: always
      type: str
    PackageVersion:
      description:
        - PackageVersion
      returned: always
      type: str
    NodePools:
      description:
        - NodePools
      returned: always
      type: list
      elements: str
    LinuxNodeCount:
      description:
        - LinuxNodeCount
      returned: always
      type: int
    WindowsNodeCount:
      description:
        - WindowsNodeCount
      returned: always
      type: int
    Windows2022NodeCount:
      description:
        - Windows2022NodeCount
      returned: always
      type: int
    ControlPlaneNodeCount:
      description:
        - ControlPlaneNodeCount
      returned: always
      type: int
    ControlPlaneVmSize:
      description:
        - ControlPlaneVmSize
      returned: always
      type: str
    AutoScalerEnabled:
      description:
        - AutoScalerEnabled
      returned: always
      type: bool
    AutoScalerProfileName:
      description:
        - AutoScalerProfileName
      returned: always
      type: str
    AutoScalerProfile:
      description:
        - "the newer releases' name of the same"
      returned: always
      type: str
    LoadBalancer:
      description:
        - "VMSize, Count and Sku"
      returned: always
      type: dict
    ImageName:
      description:
        - ImageName
      returned: always
      type: str
    PrimaryNetworkPlugin:
      description:
        - ours
      returned: always
      type: str
    CalicoDataplane:
      description:
        - "ours; empty without Calico"
      returned: always
      type: str
    PodCidr:
      description:
        - ours
      returned: always
      type: list
      elements: str
    ServiceCidr:
      description:
        - ours
      returned: always
      type: list
      elements: str
    VirtualNetwork:
      description:
        - "ours: name of the network"
      returned: always
      type: str
    ApiServerAddress:
      description:
        - "ours: the API server's VIP"
      returned: always
      type: str
    ApiServerDnsName:
      description:
        - ours
      returned: always
      type: list
      elements: str
    NodeSettings:
      description:
        - ours
      returned: always
      type: dict
    ProgramSource:
      description:
        - ours
      returned: always
      type: str
    OfflineBundle:
      description:
        - "ours: a folder on the controller"
      returned: always
      type: str
    OfflineBundleUrl:
      description:
        - "ours: that Windows hosts get its files from"
      returned: always
      type: str
    PackageSettings:
      description:
        - "ours: Repository, Key and Proxy"
      returned: always
      type: dict
    Nodes:
      description:
        - "ours: Host, Role, Address, Interface and NodePool"
      returned: always
      type: list
      elements: dict
plan:
  description:
    - "The plan, in check mode and with --diff."
  returned: "when there is one"
  type: dict
rows:
  description:
    - "Checks that did not pass: TestName, TestResult, Details, Recommendation, Host, Cluster."
  returned: always
  type: list
  elements: dict
error:
  description:
    - "On failure: code, what, where, why, fix and exitCode, as aksprov itself says them."
  returned: failure
  type: dict
"""

from ansible_collections.aksprov.hci.plugins.module_utils.program import run_state

ARGUMENTS = {
    "name": {
        "type": "str",
        "required": True,
    },
    "kubernetes_version": {
        "type": "str",
    },
    "vnet": {
        "type": "raw",
    },
    "primary_network_plugin": {
        "type": "str",
        "choices": [
            "calico",
            "flannel",
        ],
    },
    "calico_dataplane": {
        "type": "str",
        "choices": [
            "iptables",
            "nftables",
            "ebpf",
        ],
    },
    "pod_cidr": {
        "type": "list",
        "elements": "str",
    },
    "service_cidr": {
        "type": "list",
        "elements": "str",
    },
    "control_plane_node_count": {
        "type": "int",
    },
    "control_plane_vm_size": {
        "type": "str",
        "choices": [
            "Default",
            "Standard_A2_v2",
            "Standard_A4_v2",
            "Standard_D2s_v3",
            "Standard_D4s_v3",
            "Standard_D8s_v3",
            "Standard_D16s_v3",
            "Standard_D32s_v3",
            "Standard_DS2_v2",
            "Standard_DS3_v2",
            "Standard_DS4_v2",
            "Standard_DS5_v2",
            "Standard_DS13_v2",
            "Standard_K8S_v1",
            "Standard_K8S2_v1",
            "Standard_K8S3_v1",
            "Standard_NK6",
            "Standard_NK12",
        ],
    },
    "api_server_dns_name": {
        "type": "list",
        "elements": "str",
    },
    "load_balancer_count": {
        "type": "int",
    },
    "share_load_balancers": {
        "type": "bool",
    },
    "load_balancer_vm_size": {
        "type": "str",
        "choices": [
            "Default",
            "Standard_A2_v2",
            "Standard_A4_v2",
            "Standard_D2s_v3",
            "Standard_D4s_v3",
            "Standard_D8s_v3",
            "Standard_D16s_v3",
            "Standard_D32s_v3",
            "Standard_DS2_v2",
            "Standard_DS3_v2",
            "Standard_DS4_v2",
            "Standard_DS5_v2",
            "Standard_DS13_v2",
            "Standard_K8S_v1",
            "Standard_K8S2_v1",
            "Standard_K8S3_v1",
            "Standard_NK6",
            "Standard_NK12",
        ],
    },
    "load_balancer_settings": {
        "type": "raw",
    },
    "node_pool_name": {
        "type": "str",
    },
    "node_count": {
        "type": "int",
    },
    "node_vm_size": {
        "type": "str",
        "choices": [
            "Default",
            "Standard_A2_v2",
            "Standard_A4_v2",
            "Standard_D2s_v3",
            "Standard_D4s_v3",
            "Standard_D8s_v3",
            "Standard_D16s_v3",
            "Standard_D32s_v3",
            "Standard_DS2_v2",
            "Standard_DS3_v2",
            "Standard_DS4_v2",
            "Standard_DS5_v2",
            "Standard_DS13_v2",
            "Standard_K8S_v1",
            "Standard_K8S2_v1",
            "Standard_K8S3_v1",
            "Standard_NK6",
            "Standard_NK12",
        ],
    },
    "os_type": {
        "type": "str",
        "choices": [
            "Linux",
            "Windows",
        ],
    },
    "os_sku": {
        "type": "str",
    },
    "node_max_pod_count": {
        "type": "int",
    },
    "taints": {
        "type": "list",
        "elements": "str",
    },
    "linux_node_count": {
        "type": "int",
    },
    "linux_node_vm_size": {
        "type": "str",
        "choices": [
            "Default",
            "Standard_A2_v2",
            "Standard_A4_v2",
            "Standard_D2s_v3",
            "Standard_D4s_v3",
            "Standard_D8s_v3",
            "Standard_D16s_v3",
            "Standard_D32s_v3",
            "Standard_DS2_v2",
            "Standard_DS3_v2",
            "Standard_DS4_v2",
            "Standard_DS5_v2",
            "Standard_DS13_v2",
            "Standard_K8S_v1",
            "Standard_K8S2_v1",
            "Standard_K8S3_v1",
            "Standard_NK6",
            "Standard_NK12",
        ],
    },
    "windows_node_count": {
        "type": "int",
    },
    "windows_node_vm_size": {
        "type": "str",
        "choices": [
            "Default",
            "Standard_A2_v2",
            "Standard_A4_v2",
            "Standard_D2s_v3",
            "Standard_D4s_v3",
            "Standard_D8s_v3",
            "Standard_D16s_v3",
            "Standard_D32s_v3",
            "Standard_DS2_v2",
            "Standard_DS3_v2",
            "Standard_DS4_v2",
            "Standard_DS5_v2",
            "Standard_DS13_v2",
            "Standard_K8S_v1",
            "Standard_K8S2_v1",
            "Standard_K8S3_v1",
            "Standard_NK6",
            "Standard_NK12",
        ],
    },
    "node_settings": {
        "type": "raw",
    },
    "network_plugin_manifest": {
        "type": "str",
    },
    "configure_only": {
        "type": "bool",
    },
    "program_source": {
        "type": "str",
        "choices": [
            "preinstalled",
            "packages",
            "bundle",
        ],
    },
    "offline_bundle": {
        "type": "str",
    },
    "offline_bundle_url": {
        "type": "str",
    },
    "package_settings": {
        "type": "raw",
    },
    "enable_auto_scaler": {
        "type": "bool",
    },
    "auto_scaler_profile_name": {
        "type": "str",
    },
    "enable_ad_auth": {
        "type": "bool",
    },
    "enable_monitoring": {
        "type": "bool",
    },
    "enable_secrets_encryption": {
        "type": "bool",
        "no_log": False,
    },
    "enable_csi_smb": {
        "type": "bool",
    },
    "enable_csi_nfs": {
        "type": "bool",
    },
    "enable_azure_rbac": {
        "type": "bool",
    },
    "resource_group": {
        "type": "str",
    },
    "subscription_id": {
        "type": "str",
    },
    "tenant_id": {
        "type": "str",
    },
    "credential": {
        "type": "raw",
        "no_log": False,
    },
    "location": {
        "type": "str",
    },
    "app_id": {
        "type": "str",
    },
    "app_secret": {
        "type": "str",
        "no_log": True,
    },
    "aad_client_id": {
        "type": "str",
    },
    "expect_plan": {
        "type": "str",
    },
    "output_dir": {
        "type": "str",
    },
    "force": {
        "type": "bool",
    },
    "state": {
        "type": "str",
        "choices": [
            "present",
            "absent",
        ],
        "default": "present",
    },
}
VERBS = {
    "present": {
        "verb": "new-cluster",
        "options": {
            "name": "name",
            "kubernetes_version": "kubernetesVersion",
            "vnet": "vnet",
            "primary_network_plugin": "primaryNetworkPlugin",
            "calico_dataplane": "calicoDataplane",
            "pod_cidr": "podCidr",
            "service_cidr": "serviceCidr",
            "control_plane_node_count": "controlPlaneNodeCount",
            "control_plane_vm_size": "controlPlaneVmSize",
            "api_server_dns_name": "apiServerDnsName",
            "load_balancer_count": "loadBalancerCount",
            "share_load_balancers": "shareLoadBalancers",
            "load_balancer_vm_size": "loadBalancerVmSize",
            "load_balancer_settings": "loadBalancerSettings",
            "node_pool_name": "nodePoolName",
            "node_count": "nodeCount",
            "node_vm_size": "nodeVmSize",
            "os_type": "osType",
            "os_sku": "osSku",
            "node_max_pod_count": "nodeMaxPodCount",
            "taints": "taints",
            "linux_node_count": "linuxNodeCount",
            "linux_node_vm_size": "linuxNodeVmSize",
            "windows_node_count": "windowsNodeCount",
            "windows_node_vm_size": "windowsNodeVmSize",
            "node_settings": "nodeSettings",
            "network_plugin_manifest": "networkPluginManifest",
            "configure_only": "configureOnly",
            "program_source": "programSource",
            "offline_bundle": "offlineBundle",
            "offline_bundle_url": "offlineBundleUrl",
            "package_settings": "packageSettings",
            "enable_auto_scaler": "enableAutoScaler",
            "auto_scaler_profile_name": "autoScalerProfileName",
            "enable_ad_auth": "enableADAuth",
            "enable_monitoring": "enableMonitoring",
            "enable_secrets_encryption": "enableSecretsEncryption",
            "enable_csi_smb": "enableCsiSmb",
            "enable_csi_nfs": "enableCsiNfs",
            "enable_azure_rbac": "enableAzureRBAC",
            "resource_group": "resourceGroup",
            "subscription_id": "subscriptionID",
            "tenant_id": "tenantId",
            "credential": "credential",
            "location": "location",
            "app_id": "appId",
            "app_secret": "appSecret",
            "aad_client_id": "aadClientId",
            "expect_plan": "expectPlan",
            "output_dir": "outputDir",
        },
        "confirms": False,
        "plans": True,
    },
    "absent": {
        "verb": "remove-cluster",
        "options": {
            "name": "name",
            "force": "force",
            "expect_plan": "expectPlan",
        },
        "confirms": True,
        "plans": True,
    },
    "show": {
        "verb": "get-cluster",
        "options": {
            "name": "name",
        },
        "confirms": False,
        "plans": False,
    },
}
CHANGES = [
    {
        "verb": "set-cluster",
        "by": {
            "name": "name",
        },
        "options": {
            "control_plane_node_count": "controlPlaneNodeCount",
        },
        "confirms": True,
        "plans": True,
    },
    {
        "verb": "set-node-pool",
        "by": {
            "name": "clusterName",
            "node_pool_name": "name",
        },
        "options": {
            "node_count": "count",
        },
        "confirms": True,
        "plans": True,
    },
]


def main():
    run_state(ARGUMENTS, VERBS, CHANGES)


if __name__ == "__main__":
    main()
