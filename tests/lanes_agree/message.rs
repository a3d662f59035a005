//! A message as two parsers read it, in a form that can be compared.

use domain::base::Message as Octets;
use domain::base::iana::Rtype;
use domain::base::opt::UnknownOptData;
use domain::rdata::AllRecordData;
use hickory_proto::op::Message;

/// The fixed fields of an OPT record, and its options with their codes.
type Opt = ([u16; 4], Vec<(u16, Vec<u8>)>);

/// What a message says.
#[derive(Debug, PartialEq)]
pub(crate) struct Said {
    /// The four octets of id and flags.
    front: [u8; 4],
    /// As `domain` reads it: question, then each record with its section.
    records: Vec<String>,
    /// The fixed part of OPT, and its options in the order of their codes.
    opt: Option<Opt>,
    /// As hickory reads it, without OPT; an error where it cannot, as of the client subnet of no family.
    hickory: Result<String, String>,
}

impl Said {
    /// Reads a message, which must be one.
    pub(crate) fn read(octets: &[u8]) -> Self {
        let message = Octets::from_octets(octets).unwrap();
        let mut records: Vec<String> = message
            .question()
            .map(|q| q.unwrap())
            .map(|q| format!("{} {} {}", q.qname(), q.qtype(), q.qclass()))
            .collect();
        for record in message.iter() {
            let (record, section) = record.unwrap();
            if record.rtype() == Rtype::OPT {
                continue;
            }
            let record = record.into_record::<AllRecordData<_, _>>().unwrap().unwrap();
            records.push(format!("{section:?} {record}"));
        }
        let opt = message.opt().map(|opt| {
            let fixed = [
                u16::from(opt.version()),
                opt.udp_payload_size(),
                opt.dnssec_ok().into(),
                opt.rcode(message.header()).to_int(),
            ];
            let options = opt.opt().iter::<UnknownOptData<_>>().map(|option| option.unwrap());
            let mut options: Vec<_> = options.map(|o| (o.code().to_int(), o.data().to_vec())).collect();
            options.sort();
            (fixed, options)
        });
        let hickory = Message::from_vec(octets).map_err(|error| error.to_string()).map(|mut message| {
            message.edns = None;
            format!("{message:?}")
        });
        Self { front: octets[..4].try_into().unwrap(), records, opt, hickory }
    }
}
