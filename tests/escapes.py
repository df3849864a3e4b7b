"""Ways into the inside network: addresses, redirects, answers of DNS, settings and documents."""

import json
from collections.abc import Mapping
from dataclasses import replace

from internet import NAME, PUBLIC_IPV4, Case
from world import entry, rss

HERE = f"http://{NAME}/feed"


def answer(status: int = 200, body: str = "", **headers: str) -> str:
    """Return a whole HTTP message."""
    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {len(body.encode())}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]) + body.encode().decode("latin-1")


def directed(target: str, status: int = 302) -> Case:
    """Return a case of a publisher who answers with another address."""
    location = target.encode("utf-8", "surrogateescape").decode("latin-1")
    return Case(asks=[HERE], answers={"/feed": answer(status, Location=location)})


# ------------------------------------------------------------------ addresses in any spelling

LITERALS = {
    "loopback": "127.0.0.1",
    "any of loopback": "127.8.9.1",
    "one decimal number": "2130706433",
    "one octal number": "017700000001",
    "one hexadecimal number": "0x7f000001",
    "one hexadecimal number in capitals": "0X7F000001",
    "one number that overflows": "6425673729",
    "two parts": "127.1",
    "three parts": "127.0.1",
    "octal parts": "0177.0.0.01",
    "hexadecimal parts": "0x7f.0x0.0x0.0x1",
    "mixed parts": "0x7f.0.01",
    "leading zeros": "127.000.000.001",
    "a dot at the end": "127.0.0.1.",
    "escaped digits": "%31%32%37.0.0.1",
    "escaped dots": "127%2e0%2e0%2e1",
    "twice escaped dots": "127%252e0%252e0%252e1",
    "full-width digits": "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
    "enclosed digits": "①②⑦.⓪.⓪.①",
    "mathematical digits": "𝟏𝟐𝟕.𝟎.𝟎.𝟏",
    "digits of another script": "١٢٧.٠.٠.١",
    "ideographic dots": "127。0。0。1",
    "half-width dots": "127\uff610\uff610\uff611",
    "full-width dots": "127\uff0e0\uff0e0\uff0e1",
    "a soft hyphen": "127.0.0\u00ad.1",
    "a zero-width space": "127.0.0.\u200b1",
    "this network": "0.0.0.0",  # noqa: S104 -- an address to dial
    "zero": "0",
    "private 10": "10.0.0.1",
    "private 172": "172.16.0.1",
    "private 192": "192.168.1.1",
    "shared": "100.64.0.1",
    "benchmarks": "198.18.0.1",
    "documentation": "203.0.113.7",
    "reserved": "240.0.0.1",
    "multicast": "224.0.0.1",
    "broadcast": "255.255.255.255",
    "EC2's metadata": "169.254.169.254",
    "EC2's metadata as a number": "2852039166",
    "credentials of a container": "169.254.170.2",
    "Oracle's metadata": "192.0.0.192",
    "Alibaba's metadata": "100.100.100.200",
    "Azure's wire server": "168.63.129.16",
    "IPv6 loopback": "[::1]",
    "IPv6 loopback at length": "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "IPv6 unspecified": "[::]",
    "IPv4-mapped": "[::ffff:127.0.0.1]",
    "IPv4-mapped in hexadecimal": "[::ffff:7f00:1]",
    "IPv4-compatible": "[::127.0.0.1]",
    "IPv4-translated": "[::ffff:0:127.0.0.1]",
    "NAT64": "[64:ff9b::7f00:1]",
    "NAT64 for local use": "[64:ff9b:1::7f00:1]",
    "6to4": "[2002:7f00:1::1]",
    "Teredo": "[2001:0:7f00:1::80ff:fffe]",
    "EC2's metadata by IPv6": "[fd00:ec2::254]",
    "unique local": "[fc00::1]",
    "site local": "[fec0::1]",
    "IPv6 documentation": "[2001:db8::1]",
    "newer IPv6 documentation": "[3fff::1]",
    "IPv6 discard": "[100::1]",
    "segment routing": "[5f00::1]",
    "a zone": "[fe80::1%25lo]",
    "a bare zone": "[fe80::1%lo]",
    "a zone of loopback": "[::1%25lo]",
    "IPv6 multicast": "[ff02::1]",
    "an address of the future": "[v1.127.0.0.1]",
    "brackets around IPv4": "[127.0.0.1]",
    "IPv6 without brackets": "::1",
    "localhost": "localhost",
    "localhost in capitals": "LOCALHOST",
    "localhost with a dot": "localhost.",
    "localhost in full-width letters": "\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54",
    "localhost in circles": "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "the runtime of Lambda": "127.0.0.1:9001",
    "the runtime of Lambda by name": "localhost:9001",
    "a cache": "127.0.0.1:6379",
    "a mail server inside": "10.0.0.1:25",
}
LITERAL_CASES = {
    **{f"asked for: {why}": Case(asks=[f"http://{host}/x"]) for why, host in LITERALS.items()},
    **{f"redirected to: {why}": directed(f"http://{h}/x") for why, h in LITERALS.items()},
}

# ------------------------------------------------------------------ what an address may hide

SCHEMES = {
    "file": "file:///etc/passwd",
    "file in capitals": "FILE:///etc/passwd",
    "file with a host": "file://localhost/etc/passwd",
    "gopher": "gopher://127.0.0.1:6379/_SET%20a%20b",
    "dict": "dict://127.0.0.1:11211/stat",
    "ftp": "ftp://127.0.0.1:25/",
    "telnet": "telnet://127.0.0.1:25/",
    "ldap": "ldap://127.0.0.1:6379/",
    "smtp": "smtp://127.0.0.1:25/",
    "tftp": "tftp://127.0.0.1:69/x",
    "imap": "imap://127.0.0.1:25/",
    "rtsp": "rtsp://127.0.0.1:8080/",
    "ws": "ws://127.0.0.1/",
    "smb": "smb://127.0.0.1/share",
    "data": "data:text/xml,<rss/>",
    "javascript": "javascript:alert(1)",
    "jar": "jar:http://127.0.0.1!/x",
    "feed": "feed://127.0.0.1/x",
    "feed with http inside": "feed:http://127.0.0.1/x",
    "url": "url:http://127.0.0.1/x",
    "view-source": "view-source:http://127.0.0.1/x",
    "no scheme": "//127.0.0.1/x",
    "no scheme and backslashes": "\\\\127.0.0.1\\x",
    "a slash and a backslash": "/\\127.0.0.1/x",
    "one slash": "http:/127.0.0.1/x",
    "no slash": "http:127.0.0.1/x",
    "three slashes": "http:///127.0.0.1/x",
    "four slashes": "http:////127.0.0.1/x",
    "backslashes": "http:\\\\127.0.0.1\\x",
    "blanks in front": "  \t http://127.0.0.1/x",
    "a tab within": "ht\ttp://127.0.0.1/x",
    "a tab in the host": "http://127.0.\t0.1/x",
    "the same address by TLS": "https://127.0.0.1/x",
    "a name and a password": "http://user:secret@127.0.0.1/x",
}
NAMES_AND_PARSERS = {
    "a publisher as a user": f"http://{NAME}@127.0.0.1/x",
    "a publisher as a password": f"http://a:{NAME}@127.0.0.1/x",
    "a publisher with a port as a user": f"http://{NAME}:80@127.0.0.1/x",
    "a backslash and a user": f"http://127.0.0.1\\@{NAME}/x",
    "a backslash and another user": f"http://{NAME}\\@127.0.0.1/x",
    "a fragment and a user": f"http://{NAME}#@127.0.0.1/x",
    "another fragment and a user": f"http://127.0.0.1#@{NAME}/x",
    "a query and a user": f"http://127.0.0.1?@{NAME}/x",
    "two users": f"http://a@{NAME}@127.0.0.1/x",
    "two users the other way": f"http://a@127.0.0.1@{NAME}/x",
    "two ports": f"http://127.0.0.1:80:{NAME}/x",
    "two ports the other way": f"http://{NAME}:80:127.0.0.1/x",
    "a semicolon": f"http://127.0.0.1;{NAME}/x",
    "a comma": f"http://127.0.0.1,{NAME}/x",
    "an escaped NUL": f"http://127.0.0.1%00.{NAME}/x",
    "a NUL": f"http://127.0.0.1\x00.{NAME}/x",
    "an escaped slash": f"http://127.0.0.1%2f.{NAME}/x",
    "an escaped at sign": f"http://{NAME}%40127.0.0.1/x",
    "an escaped hash": f"http://127.0.0.1%23.{NAME}/x",
    "an escaped colon": "http://127.0.0.1%3a9001/x",
    "an escaped blank": "http://127.0.0.1%20/x",
    "an escaped tab": "http://127.0.0.1%09/x",
    "an escaped line": f"http://127.0.0.1%0d%0aHost:%20{NAME}/x",
    "a blank in the host": f"http://127.0.0.1 .{NAME}/x",
    "a sign that becomes a slash": f"http://127.0.0.1\uff0f.{NAME}/x",
    "a sign that becomes a hash": f"http://127.0.0.1\uff03.{NAME}/x",
    "a sign that becomes a question": f"http://127.0.0.1\uff1f.{NAME}/x",
    "a sign that becomes an at": f"http://{NAME}\uff20127.0.0.1/x",
    "a sign that becomes a fraction": f"http://127.0.0.1\u2100.{NAME}/x",
    "a colon of full width": "http://127.0.0.1\uff1a9001/x",
    "brackets and more": f"http://[::1].{NAME}/x",
    "more and brackets": f"http://{NAME}[::1]/x",
    "brackets and a user": f"http://[::1]@{NAME}@127.0.0.1/x",
    "half a bracket": "http://[::1/x",
    "an empty host and a port": "http://:9001/x",
    "a host of dots": "http://../x",
    "bytes that are no UTF-8": "http://127.0.0.1/\udcff\udcfe@/x",
}
PORTS = {
    "ssh": "22",
    "mail": "25",
    "Redis": "6379",
    "memcached": "11211",
    "Lambda's runtime": "9001",
    "none": "0",
    "the last": "65535",
    "beyond the last": "65536",
    "one that wraps to 25": "65561",
    "a negative": "-1",
    "one with a sign": "+25",
    "one with zeros": "0025",
    "one of another script": "٢٥",
    "one of full width": "\uff12\uff15",
    "one with an underscore": "2_5",
}
HIDDEN = {
    **{f"scheme {why}": target for why, target in SCHEMES.items()},
    **NAMES_AND_PARSERS,
    **{f"port {why}": f"http://{NAME}:{port}/x" for why, port in PORTS.items()},
}
HIDDEN_CASES = {
    **{f"asked for: {why}": Case(asks=[target]) for why, target in HIDDEN.items()},
    **{f"redirected to: {why}": directed(target) for why, target in HIDDEN.items()},
}

# ------------------------------------------------------------------ what a publisher may answer

WHITHER = "http://127.0.0.1/x"
HEADER_CASES = {
    **{f"status {status}": directed(WHITHER, status) for status in (301, 302, 303, 307, 308)},
    **{
        f"status {status} with a location": directed(WHITHER, status)
        for status in (200, 201, 300, 304, 305, 306, 401, 407, 503)
    },
    "two locations": Case(
        asks=[HERE],
        answers={
            "/feed": f"HTTP/1.1 302 Found\r\nLocation: http://{NAME}/ok\r\nLocation: {WHITHER}\r\n"
            "Content-Length: 0\r\nConnection: close\r\n\r\n"
        },
    ),
    "a location in a hint": Case(
        asks=[HERE],
        answers={
            "/feed": f"HTTP/1.1 103 Early Hints\r\nLocation: {WHITHER}\r\n"
            f"Link: <{WHITHER}>; rel=preload\r\n\r\n{answer()}"
        },
    ),
    "a location in a trailer": Case(
        asks=[HERE],
        answers={
            "/feed": "HTTP/1.1 302 Found\r\nTransfer-Encoding: chunked\r\nTrailer: Location\r\n"
            f"Connection: close\r\n\r\n0\r\nLocation: {WHITHER}\r\n\r\n"
        },
    ),
    "another line in a location": directed(f"http://{NAME}/ok\r\nLocation: {WHITHER}"),
    "an escaped line in a location": directed("http://127.0.0.1/x%0d%0aHost:%20inside"),
    "a second hop": Case(
        asks=[HERE],
        answers={
            "/feed": answer(301, Location=f"http://{NAME}:8080/further"),
            "/further": answer(307, Location=WHITHER),
        },
    ),
    "a fifth hop": Case(
        asks=[HERE],
        answers={
            "/feed": answer(302, Location="/2"),
            "/2": answer(302, Location="/3"),
            "/3": answer(302, Location="/4"),
            "/4": answer(302, Location="/5"),
            "/5": answer(302, Location=WHITHER),
        },
    ),
    "a refresh": Case(asks=[HERE], answers={"/feed": answer(Refresh=f"0; url={WHITHER}")}),
    "an alternative service": Case(
        asks=[HERE, HERE],
        answers={"/feed": answer(Alt_Svc='http/1.1="127.0.0.1:9001"; ma=99, h2=":25"')},
    ),
    "another place of the content": Case(
        asks=[HERE], answers={"/feed": answer(Content_Location=WHITHER)}
    ),
    "a link": Case(asks=[HERE], answers={"/feed": answer(Link=f"<{WHITHER}>; rel=next")}),
    "another protocol": Case(
        asks=[HERE],
        answers={"/feed": "HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"},
    ),
    "a proxy that wants to be asked": Case(
        asks=[HERE], answers={"/feed": answer(407, Proxy_Authenticate="Basic realm=x")}
    ),
    "a proxy's own file": Case(
        asks=[HERE],
        answers={
            "/feed": answer(
                body="function FindProxyForURL(){return 'PROXY 127.0.0.1:3128'}",
                Content_Type="application/x-ns-proxy-autoconfig",
            )
        },
    ),
}

# ------------------------------------------------------------------ what DNS may answer

OUT = f"A {PUBLIC_IPV4}"


def named(*turns: list[str], asks: int = 1, port: str = "", **more: list[str]) -> Case:
    """Return a case of a name, with what its look-ups are answered in turn."""
    others = {name.replace("_", "."): [records] for name, records in more.items()}
    return Case(
        asks=[f"http://moving.example{port}/feed"] * asks, names={"moving.example": turns, **others}
    )


DNS_CASES = {
    "a name of loopback": named(["A 127.0.0.1"]),
    "a name of a private address": named(["A 10.0.0.1"]),
    "a name of the metadata": named(["A 169.254.169.254"]),
    "a name of Oracle's metadata": named(["A 192.0.0.192"]),
    "a name of this network": named(["A 0.0.0.0"]),
    "a name of IPv6 loopback": named(["AAAA ::1"]),
    "a name of nothing in IPv6": named(["AAAA ::"]),
    "a name of a mapped address": named(["AAAA ::ffff:127.0.0.1"]),
    "a name of a NAT64 address": named(["AAAA 64:ff9b::7f00:1"]),
    "a name of a unique local address": named(["AAAA fd00:ec2::254"]),
    "private by IPv6, public by IPv4": named([OUT, "AAAA ::1"]),
    "public by IPv6, private by IPv4": named(["AAAA 2606:2800:21f:cb07::14", "A 10.0.0.1"]),
    "several answers, the first private": named(["A 127.0.0.1", OUT]),
    "several answers, the last private": named([OUT, "A 127.0.0.1"]),
    "several answers, all private": named(["A 127.0.0.1", "A 10.0.0.1", "AAAA fd00::1"]),
    "a public answer that refuses, and a private one": named([OUT, "A 127.0.0.1"], port=":8443"),
    "the same at a port of loopback": named([OUT, "A 127.0.0.1"], port=":9001"),
    "an alias of a private name": named(["CNAME inside.example."], inside_example=["A 10.0.0.1"]),
    "an alias whose address comes with it": named(
        ["CNAME inside.example.", "inside.example: A 127.0.0.1"],
        inside_example=["A 127.0.0.1"],
    ),
    "an alias of localhost": named(["CNAME localhost."], localhost=["A 127.0.0.1"]),
    "rebinding between two polls": named([OUT], ["A 127.0.0.1"], asks=2),
    "rebinding to IPv6": named([OUT], ["AAAA ::1"], asks=3),
    "rebinding at every look-up": named(*([[OUT], ["A 10.0.0.1"]] * 3), asks=4),
    "rebinding between two hops": replace(
        named([OUT], ["A 127.0.0.1"], ["A 127.0.0.1"]),
        answers={"/feed": answer(302, Location="http://moving.example:8080/feed")},
    ),
    "rebinding where the second look-up is another's": replace(
        named(["A 127.0.0.1"]),
        asks=[HERE],
        answers={"/feed": answer(302, Location="http://moving.example/x")},
    ),
    "a name that is written like an address": Case(
        asks=["http://127.0.0.1.nip.example/x"], names={"127.0.0.1.nip.example": [["A 127.0.0.1"]]}
    ),
    "a name of one label": Case(asks=["http://metadata/x"], names={"metadata": [["A 10.0.0.1"]]}),
    "a name of the inside": Case(
        asks=["http://metadata.google.internal/computeMetadata/v1/"],
        names={"metadata.google.internal": [["A 169.254.169.254"]]},
    ),
}

# ------------------------------------------------------------------ what the machine may be set to

PROXY = "http://127.0.0.1:3128"


def under(environment: Mapping[str, str], *asks: str) -> Case:
    return Case(asks=asks or [HERE], environment=environment, answers={"/feed": answer()})


MACHINE_CASES = {
    **{
        f"a proxy by {name}": under({name: PROXY}, HERE, f"https://{NAME}/feed")
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy")
    },
    "a proxy by ALL_PROXY and SOCKS": under({"ALL_PROXY": "socks5h://127.0.0.1:3128"}),
    "a proxy by old SOCKS": under({"all_proxy": "socks4a://10.0.0.1:3128"}),
    "a proxy for all but one": under({"http_proxy": PROXY, "no_proxy": "other.example"}),
    "a proxy for a script": under({"http_proxy": PROXY, "REQUEST_METHOD": "GET"}),
    "a proxy by TLS": under({"http_proxy": "https://127.0.0.1:443"}),
    "a .curlrc": replace(under({}), files={".curlrc": f"proxy = {PROXY}\n"}),
    "a .netrc": replace(
        under({}), files={".netrc": "machine news.example login me password secret\n"}
    ),
}

# ------------------------------------------------------------------ everything else that dials

HUB_CASES = {
    why: Case(asks=[target], client="hub", answers={"/hub": answer(307, Location=WHITHER)})
    for why, target in {
        "a hub inside": "http://127.0.0.1/hub",
        "a hub at the metadata": "http://169.254.169.254/hub",
        "a hub by a number": "http://2130706433/hub",
        "a hub at another port": f"http://{NAME}:9001/hub",
        "a hub with another scheme": "gopher://127.0.0.1:6379/_x",
        "a hub that redirects": f"http://{NAME}/hub",
    }.items()
}
CHECK = [f"check {HERE} --json"]


def published(extra: str = "", *entries: str, body: str = "", **answers: str) -> dict[str, str]:
    """Return a publisher's answers: a feed with something in it, and other files."""
    feed = body or rss(*(entries or (entry(1),)), extra=extra)
    others = {path.replace("_", "/").replace("DOT", "."): a for path, a in answers.items()}
    return {"/feed": answer(body=feed, Content_Type="application/rss+xml"), **others}


ATTACKER = '<?xml version="1.0"?><!DOCTYPE rss [{}]><rss version="2.0"><channel>{}</channel></rss>'
DOCUMENTS = {
    "a new address": published(
        f"<itunes:new-feed-url xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'>{WHITHER}"
        "</itunes:new-feed-url>"
    ),
    "a next page": published(f"<atom:link rel='next' href='{WHITHER}'/>"),
    "an archive": published(f"<atom:link rel='prev-archive' href='{WHITHER}'/>"),
    "an archive that redirects": published(
        "<atom:link rel='prev-archive' href='/older'/>", _older=answer(302, Location=WHITHER)
    ),
    "another self": published(f"<atom:link rel='self' href='{WHITHER}'/>"),
    "a hub": published(f"<atom:link rel='hub' href='{WHITHER}'/>"),
    "a cloud": published("<cloud domain='127.0.0.1' port='9001' path='/x' protocol='http-post'/>"),
    "a licence": published(
        "<license xmlns='http://backend.userland.com/creativeCommonsRssModule'>"
        f"{WHITHER}</license><atom:link rel='license' href='{WHITHER}'/>"
    ),
    "terms in RSL": published(
        f"<rsl xmlns='https://rslstandard.org/rsl'><content url='/' server='{WHITHER}'/></rsl>"
    ),
    "a picture and an enclosure": published(
        f"<image><url>{WHITHER}</url></image>",
        entry(1, text=f"&lt;img src='{WHITHER}'&gt;", more=f"<enclosure url='{WHITHER}'/>"),
    ),
    "an entry's link": published(
        "", entry(1, link=WHITHER, more=f"<comments>{WHITHER}</comments>")
    ),
    "an entity from outside": published(
        body=ATTACKER.format(f'<!ENTITY x SYSTEM "{WHITHER}">', "<title>&x;</title>")
    ),
    "an entity from a file": published(
        body=ATTACKER.format('<!ENTITY x SYSTEM "file:///etc/passwd">', "<title>&x;</title>")
    ),
    "a parameter entity": published(
        body=ATTACKER.format(f'<!ENTITY % x SYSTEM "{WHITHER}"> %x;', "<title>t</title>")
    ),
    "a document type": published(
        body=f'<!DOCTYPE rss SYSTEM "{WHITHER}"><rss version="2.0"><channel/></rss>'
    ),
    "a style sheet": published(body=f'<?xml-stylesheet href="{WHITHER}"?>' + rss(entry(1))),
    "another document": published(
        "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='file:///etc/passwd'/>"
    ),
    "a base": published(
        body=rss(entry(1), extra="<atom:link rel='next' href='x'/>").replace(
            "<rss ", "<rss xml:base='http://127.0.0.1/' "
        )
    ),
    "a JSON feed's next page": {
        "/feed": answer(
            body=json.dumps(
                {
                    "version": "https://jsonfeed.org/version/1.1",
                    "title": "T",
                    "next_url": WHITHER,
                    "hubs": [{"type": "WebSub", "url": WHITHER}],
                    "items": [{"id": WHITHER, "url": WHITHER, "content_text": "x"}],
                }
            ),
            Content_Type="application/feed+json",
        )
    },
    "a page instead of a feed": published(
        body=f"<html><head><link rel='alternate' type='application/rss+xml' href='{WHITHER}'>"
        f"<meta http-equiv='refresh' content='0;url={WHITHER}'></head></html>"
    ),
    "a robots.txt's sitemap": published(
        _robotsDOTtxt=answer(
            body=f"Sitemap: {WHITHER}\nLicense: {WHITHER}\nHost: 127.0.0.1\nUser-agent: *\nAllow: /"
        )
    ),
    "a robots.txt elsewhere": published(_robotsDOTtxt=answer(302, Location=WHITHER)),
    "terms elsewhere": published(**{"_DOTwell-known_tdmrepDOTjson": answer(302, Location=WHITHER)}),
    "terms with a policy": published(
        **{
            "_DOTwell-known_tdmrepDOTjson": answer(
                body=json.dumps([{"location": "/", "tdm-reservation": 1, "tdm-policy": WHITHER}])
            )
        }
    ),
}
COMMAND_CASES = {
    **{
        f"check: {why}": Case(asks=CHECK, client="command", answers=answers)
        for why, answers in DOCUMENTS.items()
    },
    **{
        f"mirror: {why}": Case(asks=[HERE], client="mirror", answers=answers)
        for why, answers in DOCUMENTS.items()
    },
    "check: an address inside": Case(asks=[f"check {WHITHER}"], client="command"),
    "check: a file": Case(asks=["check file:///etc/passwd"], client="command"),
    "check: a proxy": Case(
        asks=CHECK, client="command", answers=published(), environment={"http_proxy": PROXY}
    ),
    "mirror: an address inside": Case(
        asks=[f"mirror --local here --feed {WHITHER}"], client="command"
    ),
}

CASES = {
    **{f"address {why}": case for why, case in LITERAL_CASES.items()},
    **{f"hidden {why}": case for why, case in HIDDEN_CASES.items()},
    **{f"answer with {why}": case for why, case in HEADER_CASES.items()},
    **{f"DNS has {why}": case for why, case in DNS_CASES.items()},
    **{f"machine has {why}": case for why, case in MACHINE_CASES.items()},
    **{f"{why}": case for why, case in HUB_CASES.items()},
    **COMMAND_CASES,
}
