//! What another server answers about a sign-in: every field in every state, and hostile bytes.

use convoke_wire::turbo::{
    ANSWER_BYTES_MAX, AccountAnswer, AnswerPrivileges, BadAnswer, Oddity, REASON_CHARS_MAX,
    account_answer,
};

/// Every field of the published sample, in its order.
const FIELDS: &[(&str, &str)] = &[
    ("Status", "SUCCEED"),
    ("Reason", "a reason"),
    ("FirstName", "John"),
    ("LastName", "Doe"),
    ("Phone", "408-939-2919"),
    ("UserId", "2910-21202"),
    ("IsAdministrator", "Y"),
    ("PrivilegeInteractiveMeeting", "Y"),
    ("PrivilegeSeminar", "Y"),
    ("PrivilegeRemoteSupport", "Y"),
    ("PrivilegeRemoteAccess", "Y"),
    ("PrivilegeSendFile", "Y"),
    ("PrivilegeChat", "Y"),
    ("PrivilegeRecord", "Y"),
    ("VideoConference", "Y"),
    ("TimeZone", "80"),
];

fn answer(fields: &[(&str, &str)]) -> String {
    let field = |(name, text): &(&str, &str)| format!("<__{name}__>{text}</__{name}__>\n");
    format!("<__Return__>\n{}</__Return__>\n", fields.iter().map(field).collect::<String>())
}

fn read(text: &str) -> Result<AccountAnswer, BadAnswer> {
    account_answer(text.as_bytes(), None)
}

fn with(field: &str) -> String {
    format!("<__Return__><__Status__>SUCCEED</__Status__>{field}</__Return__>")
}

fn full() -> AccountAnswer {
    read(&answer(FIELDS)).expect("the published sample is read")
}

#[test]
fn the_published_answer_is_read_whole() {
    let found = full();
    assert!(found.succeeded && found.administrator);
    assert_eq!(found.reason.as_deref(), Some("a reason"));
    assert_eq!(found.first_name.as_deref(), Some("John"));
    assert_eq!(found.last_name.as_deref(), Some("Doe"));
    assert_eq!(found.phone.as_deref(), Some("408-939-2919"));
    assert_eq!(found.user_id.as_deref(), Some("2910-21202"));
    assert_eq!(found.time_zone.map(|zone| zone.iana), Some("America/Los_Angeles"));
    let AnswerPrivileges {
        interactive_meeting,
        seminar,
        remote_support,
        remote_access,
        send_file,
        chat,
        record,
        video_conference,
    } = found.privileges;
    assert!(interactive_meeting && seminar && remote_support && remote_access);
    assert!(send_file && chat && record && video_conference);
    assert!(found.others.is_empty() && found.oddities.is_empty(), "{found:?}");
}

#[test]
fn any_order_gives_the_same() {
    for turn in 0..FIELDS.len() {
        let mut fields = FIELDS.to_vec();
        fields.rotate_left(turn);
        assert_eq!(read(&answer(&fields)), Ok(full()));
        fields.reverse();
        assert_eq!(read(&answer(&fields)), Ok(full()));
    }
}

#[test]
fn a_missing_field_takes_away_only_itself() {
    for (gone, (name, _)) in FIELDS.iter().enumerate() {
        let mut fields = FIELDS.to_vec();
        fields.remove(gone);
        let found = read(&answer(&fields));
        if *name == "Status" {
            assert_eq!(found, Err(BadAnswer::Status));
            continue;
        }
        let mut expected = full();
        let privileges = &mut expected.privileges;
        match *name {
            "Reason" => expected.reason = None,
            "FirstName" => expected.first_name = None,
            "LastName" => expected.last_name = None,
            "Phone" => expected.phone = None,
            "UserId" => expected.user_id = None,
            "IsAdministrator" => expected.administrator = false,
            "PrivilegeInteractiveMeeting" => privileges.interactive_meeting = false,
            "PrivilegeSeminar" => privileges.seminar = false,
            "PrivilegeRemoteSupport" => privileges.remote_support = false,
            "PrivilegeRemoteAccess" => privileges.remote_access = false,
            "PrivilegeSendFile" => privileges.send_file = false,
            "PrivilegeChat" => privileges.chat = false,
            "PrivilegeRecord" => privileges.record = false,
            "VideoConference" => privileges.video_conference = false,
            "TimeZone" => expected.time_zone = None,
            other => panic!("{other}"),
        }
        assert_eq!(found, Ok(expected), "without {name}");
    }
}

#[test]
fn a_doubled_field_is_refused_whatever_it_says() {
    for (name, text) in FIELDS {
        for name_again in [(*name).to_owned(), name.to_lowercase()] {
            let mut fields = FIELDS.to_vec();
            fields.push((&name_again, text));
            let found = read(&answer(&fields));
            assert!(matches!(found, Err(BadAnswer::Doubled(_))), "{name_again}: {found:?}");
        }
    }
    let mut both = FIELDS.to_vec();
    both.push(("VideoConferencing", "Y"));
    assert!(matches!(read(&answer(&both)), Err(BadAnswer::Doubled(_))));
    let unknown = with("<__X__>1</__X__><__X__>1</__X__>");
    assert_eq!(read(&unknown), Err(BadAnswer::Doubled("__X__".to_owned())));
}

#[test]
fn both_spellings_of_the_video_field_count() {
    for name in ["VideoConference", "VideoConferencing"] {
        let found = read(&with(&format!("<__{name}__>Y</__{name}__>"))).expect(name);
        assert!(found.privileges.video_conference && found.others.is_empty());
    }
}

#[test]
fn what_is_not_known_is_kept_or_passed_over() {
    let found = read(&with(
        "<__CostCenter__>A &amp; B</__CostCenter__><__Empty__/><note><b>x</b>&#65;</note>\
         <__TimeZone__>9999</__TimeZone__><__PrivilegeChat__>yes</__PrivilegeChat__>",
    ))
    .expect("read");
    assert_eq!(found.others["CostCenter"], "A & B");
    assert_eq!(found.others["Empty"], "");
    assert!(!found.privileges.chat && found.time_zone.is_none());
    assert!(found.oddities.contains(&Oddity::Foreign("note".to_owned())));
    assert!(found.oddities.contains(&Oddity::NotYesOrNo("__PrivilegeChat__")));
    assert!(found.oddities.contains(&Oddity::UnknownTimeZone));
}

#[test]
fn a_reason_is_plain_bounded_text() {
    let reason = |inner: &str| {
        let text = format!(
            "<__Return__><__Status__>FAILED</__Status__><__Reason__>{inner}</__Reason__>\
             </__Return__>"
        );
        read(&text).expect("read").reason
    };
    let cases = [
        ("no &lt;b&gt;entry&lt;/b&gt;", "no <b>entry</b>"),
        ("<![CDATA[<script>alert(1)</script>]]>", "<script>alert(1)</script>"),
        (" two\n\t lines ", "two lines"),
        ("a&#x202e;b&#x7f;c", "abc"),
        ("&#x5BC6;&#30721;", "密码"),
    ];
    for (sent, shown) in cases {
        assert_eq!(reason(sent).as_deref(), Some(shown));
    }
    assert_eq!(reason(&"é".repeat(2000)).map(|r| r.chars().count()), Some(REASON_CHARS_MAX));
    let silent = read("<__Return__><__Status__>FAILED</__Status__></__Return__>").expect("read");
    assert!(!silent.succeeded && silent.oddities == [Oddity::NoReason]);
}

#[test]
fn utf8_and_gbk_are_read_and_nothing_else() {
    let gbk = |declaration: &str| {
        let mut bytes = declaration.as_bytes().to_vec();
        bytes.extend(b"<__Return__><__Status__>SUCCEED</__Status__><__FirstName__>");
        bytes.extend(b"\xD5\xC5\xCE\xB0</__FirstName__></__Return__>");
        bytes
    };
    let declared = gbk("<?xml version=\"1.0\" encoding=\"GBK\"?>");
    for (bytes, charset) in
        [(gbk(""), None), (declared, None), (gbk(""), Some("gb2312")), (gbk(""), Some("GB18030"))]
    {
        let found = account_answer(&bytes, charset).expect("GBK");
        assert_eq!(found.first_name.as_deref(), Some("张伟"));
        assert_eq!(found.oddities, [Oddity::Gbk]);
    }
    let latin = gbk("<?xml version='1.0' encoding='ISO-8859-1'?>");
    assert_eq!(account_answer(&latin, None), Err(BadAnswer::Charset));
    assert_eq!(account_answer(&gbk(""), Some("iso-8859-1")), Err(BadAnswer::Charset));
    let marked = format!("\u{feff}<?xml version=\"1.0\"?>{}", with(""));
    assert!(read(&marked).is_ok(), "a byte order mark is passed over");
    for big in [true, false] {
        let mut bytes = if big { vec![0xFE, 0xFF] } else { vec![0xFF, 0xFE] };
        let units = with("").encode_utf16().collect::<Vec<_>>();
        bytes
            .extend(units.iter().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }));
        assert!(account_answer(&bytes, None).is_err(), "UTF-16");
    }
}

/// Documents that have brought down readers of XML.
fn bombs() -> Vec<String> {
    let laughs: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    let entity =
        |dtd: &str| format!("<!DOCTYPE r [{dtd}]>{}", with("<__Reason__>&x;</__Reason__>"));
    let deep = |n: usize| with(&format!("{}{}", "<a>".repeat(n), "</a>".repeat(n)));
    let many = |n: usize| (0..n).map(|i| format!(" a{i}=\"\"")).collect::<String>();
    vec![
        format!("<!DOCTYPE r [<!ENTITY l0 \"lol\">{laughs}]>{}", with("&l9;")),
        entity("<!ENTITY x SYSTEM \"file:///etc/passwd\">"),
        entity("<!ENTITY x SYSTEM \"http://127.0.0.1/\">"),
        entity("<!ENTITY x PUBLIC \"a\" \"http://127.0.0.1/\">"),
        entity("<!ENTITY % p SYSTEM \"http://127.0.0.1/a.dtd\"> %p;"),
        entity(&format!("<!ENTITY x \"{}\">", "a".repeat(50_000))),
        entity("<!ENTITY x \"&x;\">"),
        "<!DOCTYPE __Return__>".to_owned() + &with(""),
        "<!doctype html>".to_owned() + &with(""),
        "<!DOCTYPE __Return__ SYSTEM \"http://127.0.0.1/a.dtd\">".to_owned() + &with(""),
        format!("<!DOCTYPE {}", "[".repeat(60_000)),
        with("<!DOCTYPE inner [<!ENTITY x 'y'>]>"),
        with("<__Reason__>&x;</__Reason__>"),
        with("<__Reason__>&nbsp;</__Reason__>"),
        with("<__Reason__>&#0;</__Reason__>"),
        with("<__Reason__>&#xFFFFFFFF;</__Reason__>"),
        with("<__Reason__>&#x1;</__Reason__>"),
        with("<__Reason__>&</__Reason__>"),
        with("<__Reason__>\u{1}</__Reason__>"),
        deep(16),
        deep(4_000),
        "<__Return__>".repeat(5_000),
        with(&"<a/>".repeat(5_000)),
        with(&format!("<a{}/>", many(65))),
        with(&format!("<a{}/>", many(4_000))),
        with(&format!("<a {}/>", "b=\"\" ".repeat(10_000))),
        with("<?php system('id') ?>"),
        format!("<?xml-stylesheet href=\"x\"?>{}", with("")),
        with("<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"/etc/passwd\"/>x"),
        with(&format!("<__Reason__>{}</__Reason__>", "a".repeat(9_000))),
        with(&format!("<__Reason__>{}</__Reason__>", "&amp;".repeat(9_000))),
        with("<__Reason__><b>x</b></__Reason__>"),
        with("<__Reason__>x"),
        with("</__Return__><__Return__>"),
        format!("{0}{0}", with("")),
        format!("{}<x/>", with("")),
        format!("{}x", with("")),
        format!("x{}", with("")),
        "<__Status__>SUCCEED</__Status__>".to_owned(),
        "<Return><__Status__>SUCCEED</__Status__></Return>".to_owned(),
        with("<!-- a -- b -->"),
        with("<!-- never closed"),
        with("<![CDATA[ never closed"),
        with("<a></b>"),
        with("<a"),
        with("< a/>"),
        with("stray text"),
        String::new(),
        " ".repeat(ANSWER_BYTES_MAX),
        format!("{}{}", with(""), " ".repeat(ANSWER_BYTES_MAX)),
        "<__Return__><__Status__>succeeded</__Status__></__Return__>".to_owned(),
        "<__Return__><__Status__></__Status__></__Return__>".to_owned(),
        "<__Return__/>".to_owned(),
        "HTTP/1.1 200 OK\r\n\r\n".to_owned() + &with(""),
        "{\"Status\":\"SUCCEED\"}".to_owned(),
    ]
}

#[test]
fn no_bomb_signs_anybody_in() {
    for bomb in bombs() {
        let shown: String = bomb.chars().take(120).collect();
        let found = read(&bomb);
        assert!(found.is_err(), "{shown}: {found:?}");
    }
    let fifteen = with(&format!("{}{}", "<a>".repeat(15), "</a>".repeat(15)));
    assert!(read(&fifteen).is_ok(), "nesting up to the limit is passed over");
    let document_type = read(&bombs()[0]);
    assert_eq!(document_type, Err(BadAnswer::DocType));
}

#[test]
fn no_bytes_at_all_make_the_reader_panic() {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 16).unwrap_or_default()
    };
    let mut seeds: Vec<Vec<u8>> = bombs().into_iter().map(String::into_bytes).collect();
    seeds.retain(|seed| seed.len() < 4_000 && !seed.is_empty());
    seeds.push(answer(FIELDS).into_bytes());
    let pieces: [&[u8]; 8] =
        [b"<", b">", b"&", b"]]>", b"<!", b"\0", b"\xff", b"<__Status__>SUCCEED</__Status__>"];
    for _ in 0..20_000 {
        let mut bytes = seeds[random() % seeds.len()].clone();
        for _ in 0..=random() % 4 {
            let at = random() % (bytes.len() + 1);
            match random() % 3 {
                0 => bytes.truncate(at),
                1 => drop(bytes.splice(at..at, pieces[random() % pieces.len()].iter().copied())),
                _ => bytes.iter_mut().skip(at).take(1).for_each(|b| *b = random().to_le_bytes()[0]),
            }
        }
        // Two states out of one answer would be worse than a panic.
        let found = account_answer(&bytes, None);
        assert_eq!(found, account_answer(&bytes, None));
    }
}
