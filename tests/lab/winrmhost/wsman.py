"""WS-Management messages: reading a request, writing answers and faults as Windows words them."""

from __future__ import annotations

import dataclasses
import re
import uuid
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

S = "http://www.w3.org/2003/05/soap-envelope"
A = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
W = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
P = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
X = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
N = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
RSP = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CFG = "http://schemas.microsoft.com/wbem/wsman/1/config"
WSMID = "http://schemas.dmtf.org/wbem/wsman/identify/1/wsmanidentity.xsd"
PWSH = "http://schemas.microsoft.com/powershell"
CMD_URI = RSP + "/cmd"
NS = {"s": S, "a": A, "w": W, "p": P, "x": X, "n": N, "rsp": RSP, "pwsh": PWSH, "wsmid": WSMID}
ANON = A + "/role/anonymous"
_PREFIXES = " ".join(
    f'xmlns:{k}="{v}"' for k, v in (("s", S), ("a", A), ("x", X), ("n", N), ("w", W), ("rsp", RSP), ("p", P))
)


class Fault(Exception):
    """A SOAP fault; `code` is the decimal WSManFault code, None leaves the WSManFault detail out."""

    def __init__(
        self,
        code: int | None,
        subcode: str,
        message: str,
        *,
        side: str = "Sender",
        detail: str = "",
        provider: str = "",
        status: int = 500,
    ) -> None:
        super().__init__(message)
        self.code, self.subcode, self.message = code, subcode, message
        self.side, self.detail, self.provider, self.status = side, detail, provider, status


def timed_out() -> Fault:
    return Fault(
        2150858793,
        "w:TimedOut",
        "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  ",
        side="Receiver",
    )


def aborted() -> Fault:
    return Fault(
        995,
        "w:InternalError",
        "The I/O operation has been aborted because of either a thread exit or an application request. ",
        side="Receiver",
    )


def disconnected() -> Fault:
    return Fault(
        2150859204,
        "w:InternalError",
        "The WinRM Shell client cannot process the request. The shell is disconnected. ",
        side="Receiver",
    )


def no_such_shell() -> Fault:
    msg = "The request for the Windows Remote Shell with ShellId {} failed because the shell was not found on the server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the server. Provide the correct ShellId or create a new shell and retry the operation. "
    return Fault(2150858843, "w:InvalidSelectors", msg, detail="UnexpectedSelectors", provider="Shell provider")


def no_such_command() -> Fault:
    msg = "The Windows Remote Shell received a request to perform an operation on a command identifier that does not exist. Either the command has completed execution or the client specified an invalid command identifier. "
    return Fault(2150858843, "w:InvalidSelectors", msg, detail="UnexpectedSelectors")


def seconds(duration: str) -> float:
    """An xs:duration such as PT20S, PT1M30.000S or P0DT0H1M0S."""
    m = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?", duration.strip())
    if not m:
        msg = f"The WS-Management service cannot process the request. The XML contains an invalid timeout field in the SOAP header: {duration}. "
        raise Fault(2150858767, "a:InvalidMessageInformationHeader", msg)
    d, h, mi, s = (float(g or 0) for g in m.groups())
    return d * 86400 + h * 3600 + mi * 60 + s


@dataclasses.dataclass
class Request:
    action: str
    message_id: str
    resource: str
    timeout_s: float
    max_envelope: int
    selectors: dict[str, str]
    options: dict[str, str]
    session_id: str
    to: str
    body: ET.Element | None

    @property
    def verb(self) -> str:
        return self.action.rsplit("/", 1)[-1]

    @classmethod
    def parse(cls, xml: bytes) -> Request:
        root = ET.fromstring(xml)
        head, body = root.find("s:Header", NS), root.find("s:Body", NS)

        def text(path: str, default: str = "") -> str:
            e = head.find(path, NS) if head is not None else None
            return (e.text or default).strip() if e is not None else default

        def pairs(path: str) -> dict[str, str]:
            found = head.findall(path, NS) if head is not None else []
            return {e.attrib.get("Name", ""): (e.text or "") for e in found}

        return cls(
            action=text("a:Action"),
            message_id=text("a:MessageID"),
            resource=text("w:ResourceURI"),
            timeout_s=seconds(text("w:OperationTimeout", "PT60S")),
            max_envelope=int(text("w:MaxEnvelopeSize", "153600")),
            selectors=pairs("w:SelectorSet/w:Selector"),
            options={k.upper(): v for k, v in pairs("w:OptionSet/w:Option").items()},
            session_id=text("p:SessionId"),
            to=text("a:To"),
            body=(next(iter(body)) if body is not None and len(body) else None),
        )


def envelope(action: str, relates_to: str, body: str) -> bytes:
    mid, act = str(uuid.uuid4()).upper(), str(uuid.uuid4()).upper()
    return (
        f'<s:Envelope xml:lang="en-US" {_PREFIXES}><s:Header><a:Action>{action}</a:Action><a:MessageID>uuid:{mid}</a:MessageID>'
        f"<p:ActivityId>{act}</p:ActivityId><a:To>{ANON}</a:To><a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def fault_xml(f: Fault, relates_to: str, machine: str) -> bytes:
    msg = escape(f.message)
    detail = f"<w:FaultDetail>{W.replace('.xsd', '')}/faultDetail/{f.detail}</w:FaultDetail>" if f.detail else ""
    if f.code is not None:
        inner = msg
        if f.provider:
            inner = f'<f:ProviderFault provider="{escape(f.provider)}" path="%systemroot%\\system32\\WsmSvc.dll">{msg}</f:ProviderFault>'
        detail += f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{f.code}" Machine="{escape(machine)}"><f:Message>{inner}</f:Message></f:WSManFault>'
    body = (
        f"<s:Fault><s:Code><s:Value>s:{f.side}</s:Value><s:Subcode><s:Value>{f.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{msg}</s:Text></s:Reason><s:Detail>{detail}</s:Detail></s:Fault>'
    )
    return envelope("http://schemas.dmtf.org/wbem/wsman/1/wsman/fault", relates_to, body)


def identify_xml(authenticated: bool) -> bytes:
    version = "OS: 10.0.20348 SP: 0.0 Stack: 3.0" if authenticated else "OS: 0.0.0 SP: 0.0 Stack: 3.0"
    return (
        f'<s:Envelope xml:lang="en-US" xmlns:s="{S}"><s:Header/><s:Body><wsmid:IdentifyResponse xmlns:wsmid="{WSMID}">'
        f"<wsmid:ProtocolVersion>{W}</wsmid:ProtocolVersion><wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
        f"<wsmid:ProductVersion>{version}</wsmid:ProductVersion></wsmid:IdentifyResponse></s:Body></s:Envelope>"
    ).encode()
