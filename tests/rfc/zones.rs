//! Master files of the tests.

/// A zone that has no steered names.
pub(super) const STATIC: &str = "\
$TTL 2h
@    3h SOA ns1.contoso.com. host\\.master 2026112401 2h 15m 2w 5m
@       NS  ns1.contoso.com.
web     A   192.0.2.80
back    CNAME mail.contoso.com.
nothing CNAME no.contoso.com.
";

/// Records beside the steered names of contoso.com.
pub(super) fn contoso() -> String {
    let mut text = CONTOSO.to_owned();
    for i in 0..20 {
        text += &format!("chain{i:02} CNAME chain{:02}\n", i + 1);
        text += &format!("many NS server-{i:02}.many\nserver-{i:02}.many A 192.0.2.{i}\n");
        text += &format!("big TXT \"{i:02}{}\"\n", "x".repeat(200));
    }
    text
}

const CONTOSO: &str = "\
$TTL 1h
@         MX    10 mail
          MX    20 sip
          TXT   \"v=spf1 mx -all\"
mail      A     192.0.2.25
          AAAA  2001:db8::25
sip       TXT   \"beside steered addresses\"
_sip._udp SRV   0 0 5060 sip
          SRV   1 0 5060 mail
www       CNAME web.static.example.
there     CNAME back.static.example.
to-sip    CNAME sip
outside   CNAME elsewhere.example.
dangling  CNAME nothing
loop1     CNAME loop2
loop2     CNAME loop1
to-sub    CNAME host.sub
*.wild    TXT   \"wild\"
          MX    10 mail
host.wild A     192.0.2.9
*.alias   CNAME mail
*._tcp    TXT   \"wild\"
*.a.ent   A     192.0.2.10
sub       NS    ns.sub
          NS    ns.elsewhere.example.
          DS    1 13 2 0123456789abcdef
ns.sub    A     192.0.2.53
a.b.c     TXT   deep
new       TYPE65280 \\# 3 abcdef
odd\\.dot  A     192.0.2.11
differ 60 A     192.0.2.12
";
