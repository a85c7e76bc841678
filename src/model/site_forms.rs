//! The dialogs about saved sites, and what was filled in.

use crate::domain::{
    digest::VerifyLevel,
    encoding::Encoding,
    ftp::{DataMode, FtpWays, TlsRule},
    place::{Endpoint, Location},
    saved::{self, Colour, LoginWay, SavedSite},
    site::{Bounds, Protocol, Site},
};

use super::{
    dialog::{Button, Dialog, Field, Words},
    purpose::Purpose,
    text,
};

/// Numbers of the fields.
const NAME: usize = 0;
const FOLDER: usize = 1;
const PROTOCOL: usize = 2;
const HOST: usize = 3;
const PORT: usize = 4;
const USER: usize = 5;
const LOGIN: usize = 6;
const KEY: usize = 7;
const COMMAND: usize = 8;
const JUMP: usize = 9;
const START: usize = 10;
const START_HERE: usize = 11;
const VERIFY: usize = 12;
const CONNECTIONS: usize = 13;
const REQUESTS: usize = 14;
const LIMIT: usize = 15;
const TLS: usize = 16;
const ENCODING: usize = 17;
const MODE: usize = 18;
const WAITS: usize = 19;
const COLOUR: usize = 20;
const TAGS: usize = 21;
const NOTE: usize = 22;

/// Fields that mean nothing but to one kind of server.
const OF_SFTP: [usize; 2] = [JUMP, REQUESTS];
const OF_FTP: [usize; 4] = [TLS, ENCODING, MODE, WAITS];

/// Protocols that are spoken, by their words.
const PROTOCOL_WORDS: [&str; 4] = ["sftp", "ftpes", "ftps", "ftp"];
/// Beside `as ever` those of [`TlsRule`]. The least that is spoken, TLS 1.2, is nobody's choice.
const TLS_WORDS: [&str; 3] = ["as ever", "optional", "required"];
const MODE_WORDS: [&str; 3] = ["as it works", "passive", "active"];
const COLOUR_WORDS: [&str; 6] = ["none", "red", "yellow", "green", "blue", "magenta"];
const VERIFY_WORDS: [&str; 5] = ["as ever", "hash, else size", "hash, or fail", "size", "off"];
const LEVELS: [Option<VerifyLevel>; 5] = [
    None,
    Some(VerifyLevel::Auto),
    Some(VerifyLevel::Digest),
    Some(VerifyLevel::Size),
    Some(VerifyLevel::Off),
];

/// A site to fill in, or to change where `was` names one.
pub(crate) fn edit(site: Option<&SavedSite>, was: Option<String>) -> Dialog {
    let title = if was.is_some() { "Edit the site" } else { "New site" };
    let mut dialog = Dialog::new(Purpose::SaveSite { was }, title);
    let (key, command) = match site.map(|site| &site.login) {
        Some(LoginWay::Key(key)) => (key.as_str(), ""),
        Some(LoginWay::Command(command)) => ("", command.as_str()),
        _ => ("", ""),
    };
    let of = |part: fn(&SavedSite) -> String| site.map(part).unwrap_or_default();
    let word = site.map_or("sftp", |site| site.site.protocol().scheme());
    let at = |words: &[&str], word: &str| words.iter().position(|one| *one == word).unwrap_or(0);
    let login = site.map_or("auto", |site| site.login.word());
    let colour = site.and_then(|site| site.colour).map_or("none", Colour::word);
    let verify = site.and_then(|site| site.verify);
    let number = |number: Option<String>| number.unwrap_or_default();
    let mode = site.and_then(|site| site.ftp.mode).map_or(MODE_WORDS[0], DataMode::word);
    dialog.fields = vec![
        Field::text("Name", of(|site| site.name.clone())),
        Field::text("Folder", of(|site| site.folder.clone())),
        Field::choice("Protocol", &PROTOCOL_WORDS, at(&PROTOCOL_WORDS, word)),
        Field::text("Host", of(|site| site.site.host().to_owned())),
        Field::text("Port", number(site.and_then(|s| s.site.port()).map(|port| port.to_string()))),
        Field::text("User", of(|site| site.site.user().unwrap_or_default().to_owned())),
        Field::choice("Log in by", &LoginWay::WORDS, at(&LoginWay::WORDS, login)),
        Field::text("Key file", key),
        Field::text("Password command", command),
        Field::text("Jump through", of(|site| site.jump.clone().unwrap_or_default())),
        Field::text("Start there", of(|site| site.start.clone().unwrap_or_default())),
        Field::text("Start here", of(|site| site.start_here.clone().unwrap_or_default())),
        Field::choice(
            "Verify by",
            &VERIFY_WORDS,
            LEVELS.iter().position(|level| *level == verify).unwrap_or(0),
        ),
        Field::text("Connections", number(site.and_then(|s| s.connections).map(|n| n.to_string()))),
        Field::text("Requests", number(site.and_then(|s| s.requests).map(|n| n.to_string()))),
        Field::text("Limit", of(|site| site.limit.typed())),
        Field::choice(
            "FTP: TLS",
            &TLS_WORDS,
            at(&TLS_WORDS, site.and_then(|s| s.ftp.tls).map_or(TLS_WORDS[0], TlsRule::word)),
        ),
        Field::text(
            "FTP: names in",
            number(site.and_then(|s| s.ftp.encoding).map(|encoding| encoding.name())),
        ),
        Field::choice("FTP: data", &MODE_WORDS, at(&MODE_WORDS, mode)),
        Field::text("FTP: waits", of(|site| site.ftp.waits())),
        Field::choice("Colour", &COLOUR_WORDS, at(&COLOUR_WORDS, colour)),
        Field::text("Tags", of(|site| site.tags.join(", "))),
        Field::text("Note", of(|site| site.note.clone())),
    ];
    dialog.buttons = vec![Button::accept("Save", 's'), Button::leave("Cancel", 'n')];
    agree(&mut dialog);
    dialog
}

/// Shows what belongs to the protocol and the way to log in that are chosen, and nothing else: on a small screen all of
/// it would not be seen at once.
pub(crate) fn agree(dialog: &mut Dialog) {
    if !matches!(dialog.purpose, Purpose::SaveSite { .. }) {
        return;
    }
    let is_ftp = protocol_word(dialog) != "sftp";
    let login = login_word(dialog);
    let hidden = |number: usize| match number {
        KEY => login != "key",
        COMMAND => login != "command",
        _ if is_ftp => OF_SFTP.contains(&number),
        _ => OF_FTP.contains(&number),
    };
    for (number, field) in dialog.fields.iter_mut().enumerate() {
        field.hidden = hidden(number);
    }
}

fn protocol_word(dialog: &Dialog) -> &'static str {
    PROTOCOL_WORDS.get(dialog.chosen(PROTOCOL)).copied().unwrap_or("sftp")
}

fn login_word(dialog: &Dialog) -> &'static str {
    LoginWay::WORDS.get(dialog.chosen(LOGIN)).copied().unwrap_or("auto")
}

/// What was typed, where it is seen: what is hidden was not meant.
fn typed(dialog: &Dialog, number: usize) -> &str {
    let hidden = dialog.fields.get(number).is_some_and(|field| field.hidden);
    if hidden { "" } else { dialog.text(number).trim() }
}

/// A site made of a connected place, and of the other pane's.
pub(crate) fn from_place(
    place: &Location,
    other: &Location,
    known: Option<&SavedSite>,
) -> Option<Dialog> {
    let Endpoint::Remote(site) = &place.endpoint else { return None };
    let site: &Site = site;
    let mut saved = match known {
        // Two sites at one address log in alike.
        Some(known) => SavedSite { name: String::new(), ..known.clone() },
        None => SavedSite::new(site.host(), site.clone()),
    };
    let path = |location: &Location| String::from_utf8(location.path.as_bytes().to_vec()).ok();
    saved.start = path(place);
    saved.start_here = if other.endpoint == Endpoint::Local { path(other) } else { None };
    let mut dialog = edit(Some(&saved), None);
    dialog.title = "Save this place as a site".to_owned();
    Some(dialog)
}

/// The site that was filled in; what is wrong with it, as a sentence, and the number of the field.
pub(crate) fn read(dialog: &Dialog) -> Result<SavedSite, (usize, String)> {
    let field = |number| typed(dialog, number);
    let wrong = |number: usize, why: &str| (number, text::sentence(why));
    saved::check_name(field(NAME)).map_err(|why| wrong(NAME, why))?;
    let protocol = saved::protocol(protocol_word(dialog)).map_err(|why| wrong(PROTOCOL, &why))?;
    let address = saved::address(protocol, field(HOST), field(PORT), field(USER));
    let site = address.map_err(|(which, why)| match which {
        "port" => wrong(PORT, &why),
        "user" => wrong(USER, &why),
        _ => wrong(HOST, &why),
    })?;
    let login = login_word(dialog);
    let login = LoginWay::read(login, field(KEY), field(COMMAND)).map_err(|why| {
        wrong(if field(KEY).is_empty() && login == "key" { KEY } else { COMMAND }, why)
    })?;
    saved::check_login(protocol, &login).map_err(|why| wrong(LOGIN, why))?;
    saved::check_jump(protocol, field(JUMP)).map_err(|why| wrong(JUMP, &why))?;
    let bound = |number: usize, what: &str, most: usize| match field(number) {
        "" => Ok(None),
        typed => {
            let known = typed.parse::<u16>().ok();
            let known = known.filter(|known| (1..=most).contains(&usize::from(*known)));
            let why = format!("{what} have to be a number from 1 to {most}");
            known.map(Some).ok_or_else(|| wrong(number, &why))
        }
    };
    let connections = bound(CONNECTIONS, "connections", Bounds::MOST_CONNECTIONS)?;
    let connections = connections.and_then(|number| u8::try_from(number).ok());
    let requests = bound(REQUESTS, "requests in flight", Bounds::MOST_REQUESTS)?;
    let ftp = if protocol == Protocol::Sftp { FtpWays::default() } else { ftp_ways(dialog)? };
    let limit = field(LIMIT).parse().map_err(|_| {
        wrong(LIMIT, "the limit is neither bytes a second (500K, 2M, 1.5G) nor none")
    })?;
    let some = |number| Some(field(number).to_owned()).filter(|text| !text.is_empty());
    for number in [FOLDER, KEY, COMMAND, START, START_HERE, TAGS, NOTE] {
        saved::check_line(field(number)).map_err(|why| wrong(number, why))?;
    }
    if some(START_HERE).is_some_and(|start| !start.starts_with(['/', '~'])) {
        return Err(wrong(START_HERE, "a folder of this machine begins with / or ~"));
    }
    let tags = field(TAGS).split(',').map(str::trim).filter(|tag| !tag.is_empty());
    Ok(SavedSite {
        name: field(NAME).to_owned(),
        folder: field(FOLDER).trim_matches('/').to_owned(),
        site,
        login,
        jump: some(JUMP),
        start: some(START),
        start_here: some(START_HERE),
        verify: LEVELS.get(dialog.chosen(VERIFY)).copied().flatten(),
        connections,
        requests,
        limit,
        ftp,
        colour: COLOUR_WORDS.get(dialog.chosen(COLOUR)).and_then(|word| Colour::read(word)),
        tags: tags.map(str::to_owned).collect(),
        note: field(NOTE).to_owned(),
        // Not in the form: whoever saves it knows them.
        bookmarks: Vec::new(),
    })
}

/// What was said of an FTP server.
fn ftp_ways(dialog: &Dialog) -> Result<FtpWays, (usize, String)> {
    let encoding = match dialog.text(ENCODING).trim() {
        "" => None,
        label => Some(Encoding::read(label).ok_or_else(|| {
            let why = "No encoding of names has that name; windows-1252 or shift_jis are such.";
            (ENCODING, why.to_owned())
        })?),
    };
    let ways = FtpWays {
        encoding,
        tls: TLS_WORDS.get(dialog.chosen(TLS)).and_then(|word| TlsRule::read(word)),
        mode: MODE_WORDS.get(dialog.chosen(MODE)).and_then(|word| DataMode::read(word)),
        ..FtpWays::default()
    };
    ways.with_waits(dialog.text(WAITS)).map_err(|why| (WAITS, text::sentence(&why)))
}

/// Remove a site. The harmless button has the focus.
pub(crate) fn remove(site: &SavedSite) -> Dialog {
    let purpose = Purpose::RemoveSite(site.name.clone());
    let mut dialog = Dialog::new(purpose, "Remove the site");
    dialog.grave = true;
    dialog.words = vec![
        Words::Strong(site.name.clone()),
        Words::Soft(format!("{}://{}", site.site.protocol().scheme(), site.site)),
        Words::Blank,
        Words::Plain(
            "It is taken out of sites.toml. What is on the server stays, and so does a password in the keyring."
                .to_owned(),
        ),
    ];
    dialog.buttons = vec![Button::accept("Remove", 'y'), Button::leave("No", 'n')];
    dialog.focus = 1;
    dialog
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{path::StoragePath, rate::Limit};

    fn whole() -> SavedSite {
        let site = Site::new(Protocol::Sftp, Some("anna"), "files.example", Some(2222)).unwrap();
        SavedSite {
            folder: "work/north".to_owned(),
            login: LoginWay::Command("pass show x".to_owned()),
            jump: Some("gate,anna@inner:2222".to_owned()),
            start: Some("/srv/in".to_owned()),
            start_here: Some("~/work".to_owned()),
            verify: Some(VerifyLevel::Off),
            connections: Some(2),
            requests: Some(64),
            limit: Limit(Some(3 << 20)),
            colour: Some(Colour::Green),
            tags: vec!["a".to_owned(), "b c".to_owned()],
            note: "a note".to_owned(),
            ..SavedSite::new("pier 12", site)
        }
    }

    #[test]
    fn what_is_filled_in_reads_back() {
        let dialog = edit(Some(&whole()), Some("pier 12".to_owned()));
        assert_eq!(read(&dialog), Ok(whole()));
    }

    #[test]
    fn ways_of_ftp_read_back_and_wait_where_another_protocol_is_chosen() {
        let ways = FtpWays {
            port: None,
            encoding: Encoding::read("shift_jis"),
            mode: Some(DataMode::Active),
            tls: Some(TlsRule::Required),
            keepalive: Some(1),
            connect_timeout: Some(2),
            reply_timeout: Some(3),
            stall_timeout: Some(4),
        };
        let address = Site::new(Protocol::Ftp, None, "files.example", None).unwrap();
        let old = SavedSite { ftp: ways, ..SavedSite::new("old", address) };
        let mut dialog = edit(Some(&old), None);
        assert_eq!(read(&dialog), Ok(old.clone()));
        for (number, typed) in [(ENCODING, "morse"), (WAITS, "stall 0"), (WAITS, "nap 7")] {
            let mut dialog = edit(Some(&old), None);
            dialog.fields[number] = Field::text("x", typed);
            assert_eq!(read(&dialog).unwrap_err().0, number);
        }
        dialog.choose(PROTOCOL, 0);
        agree(&mut dialog);
        assert_eq!(read(&dialog).unwrap().ftp, FtpWays::default(), "not what SFTP asks for");
        dialog.choose(PROTOCOL, 3);
        agree(&mut dialog);
        assert_eq!(read(&dialog), Ok(old));
        // And the other way round: hosts to go through are none of FTP's.
        let mut dialog = edit(Some(&whole()), None);
        dialog.choose(PROTOCOL, 3);
        agree(&mut dialog);
        let site = read(&dialog).unwrap();
        assert_eq!((site.jump, site.requests), (None, None));
    }

    #[test]
    fn only_what_belongs_to_the_protocol_and_the_login_is_there() {
        let shown = |protocol: &str, login: &str| {
            let mut dialog = edit(None, None);
            let at = |words: &[&str], word| words.iter().position(|one| *one == word).unwrap();
            dialog.choose(PROTOCOL, at(&PROTOCOL_WORDS, protocol));
            dialog.choose(LOGIN, at(&LoginWay::WORDS, login));
            agree(&mut dialog);
            let seen = |number: &usize| !dialog.fields[*number].hidden;
            [KEY, COMMAND, JUMP, REQUESTS, TLS, ENCODING, MODE, WAITS]
                .into_iter()
                .filter(seen)
                .collect::<Vec<_>>()
        };
        assert_eq!(shown("sftp", "auto"), vec![JUMP, REQUESTS]);
        assert_eq!(shown("sftp", "key"), vec![KEY, JUMP, REQUESTS]);
        assert_eq!(shown("ftpes", "command"), vec![COMMAND, TLS, ENCODING, MODE, WAITS]);
    }

    #[test]
    fn what_is_wrong_is_told_at_its_field() {
        let wrong = |number: usize, typed: &str| {
            let mut dialog = edit(Some(&whole()), None);
            dialog.fields[number] = Field::text("x", typed);
            read(&dialog).unwrap_err()
        };
        for (number, typed) in [
            (NAME, "a/b"),
            (HOST, ""),
            (PORT, "x"),
            (USER, "$x"),
            (JUMP, "gate;x"),
            (CONNECTIONS, "17"),
            (REQUESTS, "4097"),
            (LIMIT, "fast"),
            (START_HERE, "work"),
        ] {
            let (field, why) = wrong(number, typed);
            assert_eq!(field, number, "{why}");
            assert!(why.ends_with('.'), "{why}");
        }
        assert_eq!(wrong(COMMAND, "").0, COMMAND);
    }

    #[test]
    fn every_spoken_protocol_and_every_colour_can_be_chosen() {
        let mut spoken = Protocol::ALL.map(Protocol::scheme);
        spoken.sort_by_key(|word| PROTOCOL_WORDS.iter().position(|known| known == word));
        assert_eq!(spoken, PROTOCOL_WORDS);
        assert_eq!(COLOUR_WORDS[1..], Colour::ALL.map(Colour::word));
    }

    #[test]
    fn a_place_becomes_a_site_that_begins_there() {
        let here = Location::local(StoragePath::new("/home/anna"));
        let there = Location {
            endpoint: Endpoint::Remote(std::sync::Arc::new(whole().site)),
            path: StoragePath::new("/srv"),
        };
        let saved = read(&from_place(&there, &here, None).unwrap()).unwrap();
        assert_eq!((saved.name.as_str(), saved.start.as_deref()), ("files.example", Some("/srv")));
        assert_eq!(saved.start_here.as_deref(), Some("/home/anna"));
        assert!(from_place(&here, &there, None).is_none());
    }
}
