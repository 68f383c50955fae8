"""Services of a Windows worker: containerd, kubelet and kube-proxy, native ones of the service manager.

A native kubelet does not read kubeadm-flags.env, so whatever kubeadm would put there is on its
command line.  Sources: kubernetes-sigs/image-builder, images/capi/ansible/windows/roles/kubernetes/
tasks/sc.yml; kubernetes/kubernetes, cmd/kubelet/app/options; containerd, cmd/containerd/command/
service_windows.go; "CreateServiceW" of the Windows API for the form of a command line.
"""

from __future__ import annotations

import re

from aksprov.cmdlets.versions import KubernetesVersion, find_version
from aksprov.model.cluster import Cluster
from aksprov.model.windows import CNI_BIN, CONTAINERD, HOME, PROGRAMS, Link, Service, Services, Task
from aksprov.rendering.files import Renderer
from aksprov.rendering.formats import UnsafeValueError
from aksprov.rendering.kubeadm import Registration
from aksprov.rendering.templates import unsafe

CRI_SOCKET = "npipe:////./pipe/containerd-containerd"
CNI_CONF = "C:/etc/cni/net.d"
KUBE_PROXY = "kube-proxy"
KUBE_PROXY_HOME = f"{HOME}/kube-proxy"
KUBE_PROXY_CONFIGURATION = f"{KUBE_PROXY_HOME}/kube-proxy-live.yaml"
SYNC_KUBE_PROXY = f"{KUBE_PROXY_HOME}/sync-kube-proxy.ps1"
START_FLANNELD = f"{HOME}/flannel/start-flanneld.ps1"

# Nothing that ends a word, and no percent sign: the service manager expands %NAME% in a command line.
_NOT_IN_ARGUMENT = re.compile(r"[^A-Za-z0-9_./\\:=,-]")


def node_services(cluster: Cluster, own: Registration, render: Renderer) -> Services:
    """Services, the task that starts kube-proxy, and the folders that they expect.

    Raises:
        DefinitionError: RenderUnsafe, VersionNotAvailable.
    """
    version = find_version(cluster.kubernetes_version)
    kubelet = _kubelet(cluster, own, version, render)
    try:
        return Services(
            folders=_folders(cluster, version),
            links=_links(version),
            services=(
                Service(
                    name="containerd",
                    display_name="containerd",
                    binary_path_name=_command_line(
                        f"{CONTAINERD}/containerd.exe",
                        "--run-service",
                        "--log-file=C:/var/log/containerd/containerd.log",
                    ),
                ),
                Service(
                    name="kubelet",
                    display_name="Kubernetes kubelet",
                    binary_path_name=_logged("kubelet", version, kubelet),
                    depends_on=("containerd",),
                ),
                # Started by its task, once there is a network that it can be told of.
                Service(
                    name=KUBE_PROXY,
                    display_name="Kubernetes kube-proxy",
                    binary_path_name=_logged(KUBE_PROXY, version, _kube_proxy(version)),
                    startup_type="Manual",
                ),
            ),
            tasks=_tasks(cluster),
        )
    except UnsafeValueError as error:
        raise unsafe(f"{HOME}/services.json", error) from error


def sandbox_image(cluster: Cluster, render: Renderer) -> str:
    """The pause image for Windows nodes of the cluster's version."""
    tag = find_version(cluster.kubernetes_version).windows_pause
    return f"{render.templates.image_hosts.kubernetes}/pause:{tag}"


def _kubelet(cluster: Cluster, own: Registration, version: KubernetesVersion, render: Renderer) -> tuple[str, ...]:
    """The kubelet's arguments: what Windows cannot do is off, and what kubeadm puts into its flags file."""
    pause = sandbox_image(cluster, render) if version.kubelet_pause_flag else ""
    flags = {
        "config": "C:/var/lib/kubelet/config.yaml",
        "bootstrap-kubeconfig": "C:/etc/kubernetes/bootstrap-kubelet.conf",
        "kubeconfig": "C:/etc/kubernetes/kubelet.conf",
        "cert-dir": "C:/var/lib/kubelet/pki",
        "hostname-override": own.name,
        "cgroups-per-qos": "false",
        "enforce-node-allocatable": "",
        "resolv-conf": "",
        "container-runtime-endpoint": own.cri_socket,
    }
    optional = {
        "container-runtime": "remote" if version.kubelet_runtime_flag else "",
        "pod-infra-container-image": pause,
        "node-ip": own.node_ip,
        "node-labels": own.node_labels,
        "max-pods": own.max_pods,
        "register-with-taints": ",".join(map(str, own.taints)),
    }
    flags |= {name: value for name, value in optional.items() if value}
    return ("--windows-service", *(f"--{name}={value}" for name, value in flags.items()))


def _kube_proxy(version: KubernetesVersion) -> tuple[str, ...]:
    """What the configuration cannot say: before 1.31, that there is a service manager."""
    service = () if version.windows_proxy_service else ("--windows-service",)
    return (f"--config={KUBE_PROXY_CONFIGURATION}", *service)


def _logged(name: str, version: KubernetesVersion, arguments: tuple[str, ...]) -> str:
    """The command line of a program that writes to its standard error only, which a service has not.

    Older ones write a file themselves; for the others Kubernetes has kube-log-runner.
    """
    program = f"{PROGRAMS}/{name}.exe"
    if version.kubelet_log_flags:
        return _command_line(program, f"--log-dir=C:/var/log/{name}", "--logtostderr=false", *arguments)
    runner, log = f"{PROGRAMS}/kube-log-runner.exe", f"--log-file=C:/var/log/{name}/{name}.log"
    return _command_line(runner, log, _native(program), *arguments)


def _command_line(program: str, *arguments: str) -> str:
    """The program in quotes, so that no blank in its path ends it, then plain words.

    Raises:
        UnsafeValueError: an argument would have to be quoted.
    """
    for argument in arguments:
        if _NOT_IN_ARGUMENT.search(argument):
            raise UnsafeValueError(f"{argument!r}: only letters, digits and _ . / \\ : = , - go on a command line")
    return " ".join([f'"{_native(program)}"', *arguments])


def _native(path: str) -> str:
    return path.replace("/", "\\")


def _tasks(cluster: Cluster) -> tuple[Task, ...]:
    """flanneld is no service of Windows, so a task stays with it; Calico's operator brings its own daemons."""
    kube_proxy = Task(name="aksprov-kube-proxy", script=SYNC_KUBE_PROXY)
    if cluster.primary_network_plugin == "flannel":
        return (Task(name="aksprov-flanneld", script=START_FLANNELD, limit_minutes=0), kube_proxy)
    return (kube_proxy,)


def _folders(cluster: Cluster, version: KubernetesVersion) -> tuple[str, ...]:
    flannel = ("C:/run/flannel", "C:/var/log/flanneld") if cluster.primary_network_plugin == "flannel" else ()
    relative = ("C:/var/lib/kubelet/etc/kubernetes/manifests",) if version.windows_relative_paths else ()
    return (
        CNI_CONF,
        CNI_BIN,
        "C:/etc/kubernetes/manifests",
        "C:/etc/kubernetes/pki",
        *relative,
        "C:/var/log/containerd",
        f"C:/var/log/{KUBE_PROXY}",
        "C:/var/log/kubelet",
        *flannel,
    )


def _links(version: KubernetesVersion) -> tuple[Link, ...]:
    if not version.windows_relative_paths:
        return ()
    return (Link(path="C:/var/lib/kubelet/etc/kubernetes/pki", target="C:/etc/kubernetes/pki"),)
