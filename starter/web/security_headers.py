"""The headers that every answer carries, so that a browser helps us.

Owns the content security policy and its company. Must never allow inline scripts or styles. A route may set one of them itself (a
stricter policy, a stylesheet that may be kept); what it leaves out is set here. Called by frame.py for each answer.
"""

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    )
)
_DOCUMENTLESS_POLICY = "default-src 'none'; frame-ancestors 'none'"  # for what is no page: nothing may be made of it
_ALWAYS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",  # addresses hold tokens
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=(), payment=()",
    b"cache-control": b"no-store",
}
_TRANSPORT = b"max-age=31536000; includeSubDomains"  # a year, as ASVS 5.0 3.4.1 wants

Headers = list[tuple[bytes, bytes]]


def with_security(headers: Headers, *, https: bool) -> Headers:
    """The given headers and those of ours that are not among them."""
    present = {name.lower(): value for name, value in headers}
    wanted = dict(_ALWAYS)
    is_page = present.get(b"content-type", b"").startswith(b"text/html")
    wanted[b"content-security-policy"] = (PAGE_POLICY if is_page else _DOCUMENTLESS_POLICY).encode()
    if https:
        wanted[b"strict-transport-security"] = _TRANSPORT
    return [*headers, *((name, value) for name, value in wanted.items() if name not in present)]
