//! What the keys of alerts mean, across products.
//!
//! A key is compared by its letters and digits alone, in lower case: `source.ip`, `SourceIP` and
//! `src_ip_s` differ only in how an exporter spells. The lists are the words that products use for
//! the few things an alert is about; what is not in them means nothing to us.
//!
//! Long because the lists are the point, and are read together.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

/// What a value is, going by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A part of what an account is called.
    User(Part),
    /// A part of what a computer is called.
    Host(Part),
    /// Where a packet came from or went: an address, at times a name.
    Address,
    Mailbox,
    Domain,
    Url,
    /// Where people look at the alert itself.
    Link,
    Hash,
    Command,
    Resource,
    /// When it happened; the lower the number, the closer to what happened.
    Time(u8),
    /// How bad it is; the lower the number, the surer.
    Severity(u8),
    Title(u8),
    Id(u8),
    /// A text for people, in which addresses may stand.
    Text,
    Technique,
    /// Looks like something else and is none: a version, the name of a cloud account.
    Nothing,
}

/// Which part of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Name,
    Domain,
    /// A name that is whole by itself: a principal name, a fully qualified one.
    Whole,
    /// What people call it.
    Shown,
    Sid,
    Id,
}

/// What the fields of an object are about, going by the object's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Anything,
    Person,
    Machine,
    /// One end of a connection.
    Side,
    /// A sender or a recipient.
    Letter,
    /// Hashes of a file.
    Hashes,
    Technique,
    /// The product that reports: its machine is no suspect.
    Observer,
    /// Analysts and documentation: never a target, never a finding.
    Aside,
}

use About::{Aside, Hashes, Letter, Machine, Observer, Person, Side};
use Meaning::{
    Address, Command, Domain, Hash, Host, Id, Link, Mailbox, Nothing, Resource, Severity,
    Technique, Text, Time, Title, Url, User,
};

/// The meaning of whole keys.
const KEYS: &[(Meaning, &str)] = &[
    (
        User(Part::Name),
        "user username account accountname login loginname samaccountname actor caller suser duser usr userlogin principal subject_user targetuser srcuser dstuser sourceuser destuser sourceusername owneruser executionuser blockeduser actorusername userkey",
    ),
    (
        User(Part::Whole),
        "upn userprincipalname accountupn useremail email emailaddress useremailaddress logonname useridentifier actoremail targetemail employeeemail",
    ),
    (User(Part::Shown), "userdisplayname userfullname accountdisplayname"),
    (User(Part::Domain), "userdomain accountdomain ntdomain userdomainname accountdomainname"),
    (User(Part::Sid), "usersid accountsid"),
    (
        User(Part::Id),
        "userid accountobjectid aaduserid azureaduserid userobjectid useruid actorid actoruserid",
    ),
    (
        Host(Part::Name),
        "host hostname computer computername devicename machinename shost dhost workstation workstationname netbiosname dnshostname endpointname sourcehostname destinationhostname agentcomputername machine displaycomputername srchost dsthost agenthostname agentname devicehostname ownermachinename instancename hostidentifier victimhost",
    ),
    (
        Host(Part::Whole),
        "fqdn hostfqdn devicednsname dnsname machinednsname computerdnsname addnshostname devicefqdn",
    ),
    (Host(Part::Domain), "dnsdomain machinedomain hostdomain computerdomain devicedomain"),
    (
        Host(Part::Id),
        "deviceid machineid hostid agentid sensorid aid mdedeviceid agentuuid endpointid mdatpdeviceid agentidstring aguid ownermachineguid",
    ),
    (
        Address,
        "ip ipaddress ipaddr sourceip srcip destinationip destip dstip src dst clientip clientipaddress remoteip remoteaddr remoteaddress sourceaddress destinationaddress sourceipaddress calleripaddress callerip xforwardedfor remotehost clientaddress peeraddress attackerip victimip",
    ),
    (
        Mailbox,
        "sender recipient recipients from to cc bcc mailfrom rcptto envelopefrom envelopeto senderaddress recipientaddress senderfromaddress recipientemailaddress sendermailfromaddress mailbox mailboxprimaryaddress mailboxupn p1sender p2sender fromaddress toaddress senderemail recipientemail headerfrom headerto replyto mailboxowner mailboxownerupn",
    ),
    (
        Domain,
        "domain dns dnsquery query queryname domainname remotedomain destinationdomain sourcedomain requesthost clientrequesthost httphost sni servername tlssni senderdomain requestedhost targetdomain maliciousdomain rrname dnsrrname",
    ),
    (
        Url,
        "url uri fullurl requesturl targeturl remoteurl originalurl downloadurl maliciousurl sourceurl destinationurl referrer referer urlstring urloriginal urlfull fileoriginurl httpurl phishingurl clickedurl urlchain request",
    ),
    (
        Link,
        "link href htmlurl permalink weburl webhref alerturl alertwebhref alertweburl incidenturl incidentweburl consoleurl portalurl detailsurl externalurl generatorurl dashboardurl panelurl silenceurl resultslink viewurl eventurl falconhostlink detectionurl caseurl ticketurl investigationurl detectionhref alertlink eventlink",
    ),
    (
        Hash,
        "md5 sha1 sha256 sha512 hash filehash hashes filecontenthash md5string sha1string sha256string imagehash contenthash filesha256 filesha1 filemd5 targetsha256 targetsha1 targetmd5 processsha256 hashvalue",
    ),
    (Command, "commandline processcommandline cmdline processcmdline command_line"),
    (
        Resource,
        "resourceid resourcearn instanceid instancearn resourcename fullresourcename bucketname clusterarn functionarn azureresourceid",
    ),
    (
        Time(1),
        "eventtime eventtimestamp eventcreationtime eventcreatedtime eventcreatedate timegenerated timecreated systemtime occurredat occurred occurrencetime detectiontime detectedat detecteddate detecttime eventdatetime activitydatetime observedat observedtime eventdate alerttime alertdate alerttimestamp triggeredat triggeredtime utctimestamp attacktime requestreceivedtimestamp contexttimestamp firedat messagetime clienttimestamp",
    ),
    (Time(2), "timestamp time datetime ts date utctime timems createdstd"),
    (
        Time(4),
        "creationtime createdat created createddatetime createtime createdtime creationdate creationtimestamp createdtimeutc createddate datecreated starttime startedat startsat start starttimeutc firstseen firstdetected firstactivity firstactivitydatetime firstobserved publishedat firedatetime startdate createdon createdatutc begin",
    ),
    (
        Time(6),
        "updatedat lastseen lastupdate lastupdatedat lastupdatetime modified modifiedat modifiedtime lastactivity lastactivitydatetime lastdetected lastobservedat endtime endedat end lastmodified lastseentime lastupdateddatetime lastupdatedtime",
    ),
    (
        Time(8),
        "receivedtime receivedat ingestiontime ingestiontimestamp ingested parsetime timereceivedbysvc servertimestamp",
    ),
    (Severity(0), "severity"),
    (
        Severity(1),
        "severitylabel severityname severitytext severitylevel severitystring alertseverity eventseverity threatseverity incidentseverity",
    ),
    (
        Severity(2),
        "risklevel alarmrisklevel threatlevel criticality riskseverity riskrating threatrisklevel alertlevel",
    ),
    (Severity(4), "level loglevel priority urgency"),
    (Title(0), "title alerttitle alertname alertdisplayname incidenttitle eventtitle headline"),
    (
        Title(1),
        "name displayname rulename summary subject detectname detectionname threatname signature eventname shortdescription detectiontype activitydisplayname operationname alarmtext searchname",
    ),
    (Title(2), "message msg description reason eventtype"),
    (
        Id(0),
        "alertid incidentid detectionid detectid findingid eventid eventuuid alertuuid compositeid systemalertid alarmid provideralertid",
    ),
    (Id(1), "id uuid guid uid"),
    (
        Text,
        "text details fullmessage fulllog raw rawlog original eventoriginal rawmessage body log eventmessage logmessage messageraw unabridged",
    ),
    (
        Technique,
        "technique techniques techniqueid techniqueids mitretechniques mitretechniqueid mitre mitreattack attack attacktechniques techniquename tactic tactics tags tag ttps ttp attacktechnique mitreid mitreids",
    ),
    (
        Nothing,
        "cloudaccountname awsaccountname cloudaccountid storageaccountname version build release firmware oid agentversion osversion appversion clientversion productversion engineversion protocolversion buildnumber",
    ),
];

/// The meaning of keys by their end, when the whole is not in the list. Longest first.
const ENDS: &[(Meaning, &str)] = &[
    (User(Part::Whole), "userprincipalname"),
    (Hash, "filecontenthash"),
    (User(Part::Id), "accountobjectid"),
    (Mailbox, "mailboxaddress"),
    (Host(Part::Name), "computername"),
    (User(Part::Domain), "accountdomain"),
    (Command, "commandline"),
    (User(Part::Whole), "emailaddress"),
    (User(Part::Name), "accountname"),
    (Address, "ipaddress"),
    (Host(Part::Name), "devicename"),
    (Host(Part::Name), "machinename"),
    (User(Part::Sid), "accountsid"),
    (User(Part::Whole), "accountupn"),
    (Severity(3), "severity"),
    (Host(Part::Name), "hostname"),
    (User(Part::Name), "username"),
    (User(Part::Domain), "domainname"),
    (Severity(3), "risklevel"),
    (Title(2), "alertname"),
    (Nothing, "version"),
    (User(Part::Domain), "userdomain"),
    (Time(5), "timestamp"),
    (Time(5), "datetime"),
    (Host(Part::Id), "deviceid"),
    (User(Part::Sid), "usersid"),
    (Domain, "domain"),
    (Hash, "sha256"),
    (User(Part::Id), "userid"),
    (Link, "consolelink"),
    (Link, "weburl"),
    (User(Part::Whole), "email"),
    (Hash, "sha1"),
    (Hash, "hash"),
    (Address, "addr"),
    (User(Part::Name), "user"),
    (Link, "link"),
    (Link, "href"),
    (Time(5), "date"),
    (Time(5), "time"),
    (Hash, "md5"),
    (Url, "url"),
    (Url, "uri"),
    (User(Part::Whole), "upn"),
    (Address, "ip"),
];

/// What objects are about, by their keys or by the word for their type.
const OBJECTS: &[(About, &str)] = &[
    (
        Person,
        "user users account accounts actor principal useridentity initiatedby identity createdby sourceuser targetuser subject impersonator member employee useraccount person srcuser dstuser sourceaccount targetaccount effective changes loggedonusers aduser useridentities affecteduser compromiseduser victimuser loggedinuser loggedonuser caller author",
    ),
    (
        Machine,
        "host hosts device devices machine machines computer computers endpoint endpoints agent node workstation devicedetail devicedetails hostinfo agentdetectioninfo agentrealtimeinfo breachdevices sourcedevice targetdevice affecteddevice hostdetails asset hoststate srchost dsthost machinedata metadatahost",
    ),
    (
        Side,
        "source destination src dst client server srcendpoint dstendpoint sourceendpoint destinationendpoint peer remote local clientendpoint serverendpoint request",
    ),
    (
        Letter,
        "sender recipient recipients from to cc bcc sendermailbox mailbox fromaddress toaddresses",
    ),
    (Hashes, "hash hashes filehash filehashes fingerprints checksums"),
    (
        About::Technique,
        "technique techniques mitre mitreattack attack attacks tactic tactics threat threats attackinfo mitreinfo ttps mitretechniques",
    ),
    (
        Observer,
        "cloud cloudaccount cloudaccounts aws gcp subscription observer manager collector sensor reporter forwarder product vendor producer decoder",
    ),
    (
        Aside,
        "owner owners assignedto assignee assignees assigned assignedanalyst alarmassignees analyst analysts approver approvers resolver resolvedby closedby responder responders acknowledgedby lastmodifiedby references reference useragent links remediation mitigation recommendation recommendations helpurl documentation repository organization enterprise installation license links schema metadatalinks selflink renders escalationpolicy teams lastchangedby assignment assignments",
    ),
];

/// A hash for short keys: the maps are ours, so nobody can choose keys to make it slow.
#[derive(Default)]
struct Fnv(u64);

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

type Table<V> = HashMap<&'static [u8], V, BuildHasherDefault<Fnv>>;

fn table<V: Copy>(lists: &[(V, &'static str)]) -> Table<V> {
    let mut table = Table::default();
    for (value, words) in lists {
        for word in words.split(' ') {
            // The first list that has a word decides.
            table.entry(word.as_bytes()).or_insert(*value);
        }
    }
    table
}

static BY_KEY: LazyLock<Table<Meaning>> = LazyLock::new(|| table(KEYS));
static BY_OBJECT: LazyLock<Table<About>> = LazyLock::new(|| table(OBJECTS));

/// A key by its letters and digits alone, in lower case, without copying to the heap.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    bytes: [u8; Key::LONGEST],
    length: usize,
}

impl Key {
    /// Of a longer key only the end counts, which is where the meaning is.
    const LONGEST: usize = 40;

    pub(super) fn of(name: &str) -> Self {
        let mut key = Self { bytes: [0; Self::LONGEST], length: 0 };
        let mut name = name.as_bytes();
        // The letter for the type that an export of Log Analytics adds.
        if let [rest @ .., b'_', b's' | b'd' | b'g' | b't' | b'b'] = name
            && rest.len() > 1
        {
            name = rest;
        }
        let letters = name.iter().filter(|byte| byte.is_ascii_alphanumeric());
        let count = letters.clone().count();
        for byte in letters.skip(count.saturating_sub(Self::LONGEST)) {
            if let Some(slot) = key.bytes.get_mut(key.length) {
                *slot = byte.to_ascii_lowercase();
                key.length += 1;
            }
        }
        key
    }

    pub(super) fn letters(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Its meaning and how many letters stand before the part that has it.
    pub(super) fn meaning(&self) -> Option<(Meaning, usize)> {
        let letters = self.letters();
        if let Some(meaning) = BY_KEY.get(letters) {
            return Some((*meaning, 0));
        }
        // Two letters before the end are a prefix, one is another word: `hip`, `surl`.
        ENDS.iter().find_map(|(meaning, end)| {
            let before = letters.strip_suffix(end.as_bytes())?.len();
            (before >= 2).then_some((*meaning, before))
        })
    }

    /// What an object under this key is about.
    pub(super) fn about(&self) -> Option<About> {
        let letters = self.letters();
        if let Some(about) = BY_OBJECT.get(letters) {
            return Some(*about);
        }
        let ends = |end: &str| letters.ends_with(end.as_bytes());
        if letters.starts_with(b"assigned") || ends("assignee") || ends("owner") {
            Some(Aside)
        } else if ends("user") || ends("account") || ends("actor") || ends("principal") {
            Some(Person)
        } else if ends("device") || ends("host") || ends("machine") || ends("computer") {
            Some(Machine)
        } else if ends("endpoint") {
            Some(Side)
        } else if ends("hashes") {
            Some(Hashes)
        } else {
            None
        }
    }

    /// The meaning of the plain words that only the object around them explains.
    pub(super) fn within(&self, about: About) -> Option<Meaning> {
        let letters = std::str::from_utf8(self.letters()).unwrap_or_default();
        match about {
            Person => person(letters),
            Machine => machine(letters),
            Side => match letters {
                "hostname" | "name" | "host" => Some(Host(Part::Name)),
                "domain" => Some(Domain),
                "address" => Some(Address),
                _ => None,
            },
            Letter => match letters {
                "address" | "email" | "emailaddress" | "value" | "upn" | "mail" => Some(Mailbox),
                _ => None,
            },
            About::Technique => match letters {
                "id" | "name" | "uid" | "value" | "externalid" => Some(Technique),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether this is where a list of named values keeps the name.
    pub(super) fn is_label(&self) -> bool {
        matches!(
            self.letters(),
            b"name" | b"key" | b"field" | b"fieldname" | b"label" | b"attribute" | b"type"
        )
    }

    /// Whether this is where a list of named values keeps the value.
    pub(super) fn is_labelled(&self) -> bool {
        matches!(
            self.letters(),
            b"value" | b"valuestring" | b"text" | b"content" | b"newvalue" | b"values"
        )
    }
}

fn person(letters: &str) -> Option<Meaning> {
    Some(User(match letters {
        "name" | "username" | "login" | "loginname" | "accountname" | "samaccountname" => {
            Part::Name
        }
        "displayname" | "fullname" => Part::Shown,
        "email" | "emailaddress" | "mail" | "upn" | "userprincipalname" | "alternateid"
        | "emailaddr" | "primaryemail" => Part::Whole,
        "domain" | "domainname" | "ntdomain" => Part::Domain,
        "sid" => Part::Sid,
        "id" | "uid" | "userid" | "objectid" | "principalid" | "arn" | "uuid" | "uidalt" => {
            Part::Id
        }
        _ => return None,
    }))
}

fn machine(letters: &str) -> Option<Meaning> {
    Some(Host(match letters {
        "name" | "hostname" | "displayname" | "computername" | "netbiosname" => Part::Name,
        "fqdn" | "dnsname" => Part::Whole,
        "domain" | "dnsdomain" => Part::Domain,
        "id" | "uid" | "uuid" | "agentid" | "did" | "deviceid" => Part::Id,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_the_same_in_every_spelling() {
        fn check(name: &str, expected: Option<(Meaning, usize)>) {
            assert_eq!(Key::of(name).meaning(), expected, "{name}");
        }
        for name in
            ["sourceIPAddress", "source_ip_address", "SourceIpAddress_s", "SOURCE-IP-ADDRESS"]
        {
            check(name, Some((Address, 0)));
        }
        check("SubjectUserName", Some((User(Part::Name), 7)));
        check("SubjectDomainName", Some((User(Part::Domain), 7)));
        check("hip", None);
        check("InitiatingProcessSHA256", Some((Hash, 17)));
        check("agent.version", Some((Nothing, 0)));
        check(&"x".repeat(100), None);
        check("", None);
    }

    #[test]
    fn ends_are_tried_longest_first() {
        for pair in ENDS.windows(2) {
            let [(_, one), (_, other)] = pair else { continue };
            // A shorter end that is the end of a later, longer one would hide it.
            assert!(!other.ends_with(one), "{one} hides {other}");
        }
        for (index, (_, end)) in ENDS.iter().enumerate() {
            for (_, later) in &ENDS[index + 1..] {
                assert!(!later.ends_with(end), "{end} hides {later}");
            }
        }
    }

    #[test]
    fn no_word_is_in_two_lists_by_accident() {
        let mut seen: HashMap<&str, Meaning> = HashMap::new();
        for (meaning, words) in KEYS {
            for word in words.split(' ') {
                if let Some(before) = seen.insert(word, *meaning) {
                    panic!("{word} is {before:?} and {meaning:?}");
                }
            }
        }
    }
}
