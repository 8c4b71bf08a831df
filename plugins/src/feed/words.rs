//! What the page says, in the languages it speaks.

use jiff::civil::DateTime;

/// A language of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// Its tag (BCP 47).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-Hans",
        }
    }

    /// The language of a tag, if the page speaks it.
    #[must_use]
    pub fn of(tag: &str) -> Option<Self> {
        let main = tag.trim().split(['-', '_']).next().unwrap_or_default();
        if main.eq_ignore_ascii_case("zh") {
            Some(Self::Chinese)
        } else if main.eq_ignore_ascii_case("en") {
            Some(Self::English)
        } else {
            None
        }
    }

    /// The language that an `Accept-Language` header likes best of those the page speaks.
    #[must_use]
    pub fn accepted(header: &str) -> Self {
        const LOOKED_AT_MAX: usize = 32;
        let mut best = (0.0, Self::default());
        for part in header.split(',').take(LOOKED_AT_MAX) {
            let (tag, quality) = part.split_once(';').unwrap_or((part, "q=1"));
            let quality = quality.trim().strip_prefix("q=").and_then(|q| q.parse().ok());
            let quality: f32 = quality.unwrap_or(0.0);
            if let Some(language) = Self::of(tag)
                && quality > best.0
            {
                best = (quality, language);
            }
        }
        best.1
    }

    pub(super) fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::Chinese => &CHINESE,
        }
    }
}

/// The sentences and labels of the page.
pub(super) struct Words {
    pub(super) heading: &'static str,
    pub(super) zone: &'static str,
    pub(super) find: &'static str,
    pub(super) none_found: &'static str,
    pub(super) empty: &'static str,
    pub(super) empty_more: &'static str,
    pub(super) untold: &'static str,
    pub(super) anytime: &'static str,
    pub(super) unnamed: &'static str,
    pub(super) join: &'static str,
    pub(super) host: &'static str,
    pub(super) id: &'static str,
    pub(super) now: &'static str,
    pub(super) more: &'static str,
    pub(super) again: &'static str,
    pub(super) subscribe: &'static str,
    pub(super) calendar: &'static str,
    pub(super) kinds: [&'static str; 5],
    every: [(&'static str, &'static str, &'static str); 4],
}

const ENGLISH: Words = Words {
    heading: "Upcoming meetings",
    zone: "Times are those of your time zone:",
    find: "Find a meeting",
    none_found: "No meeting has these words.",
    empty: "No public meetings are planned",
    empty_more: "When one is announced, it appears here. Whoever has an invitation can join with \
                 the meeting ID.",
    untold: "Time not announced",
    anytime: "No fixed time",
    unnamed: "Meeting",
    join: "Join",
    host: "Host",
    id: "Meeting ID",
    now: "Now",
    more: "More dates",
    again: "Recurring",
    subscribe: "Subscribe",
    calendar: "Calendar",
    kinds: ["Meeting", "Remote support", "Remote access", "Webinar", "Video conference"],
    every: [
        ("DAILY", "Every day", "Every {} days"),
        ("WEEKLY", "Every week", "Every {} weeks"),
        ("MONTHLY", "Every month", "Every {} months"),
        ("YEARLY", "Every year", "Every {} years"),
    ],
};

const CHINESE: Words = Words {
    heading: "即将举行的会议",
    zone: "以下为您所在时区的时间：",
    find: "查找会议",
    none_found: "没有符合的会议。",
    empty: "目前没有公开会议",
    empty_more: "公开会议发布后会显示在这里。如果您收到了邀请，可以用会议号加入。",
    untold: "时间未公布",
    anytime: "时间不固定",
    unnamed: "会议",
    join: "加入",
    host: "主持人",
    id: "会议号",
    now: "进行中",
    more: "更多日期",
    again: "定期会议",
    subscribe: "订阅",
    calendar: "日历",
    kinds: ["会议", "远程支持", "远程访问", "网络研讨会", "视频会议"],
    every: [
        ("DAILY", "每天", "每 {} 天"),
        ("WEEKLY", "每周", "每 {} 周"),
        ("MONTHLY", "每月", "每 {} 个月"),
        ("YEARLY", "每年", "每 {} 年"),
    ],
};

impl Words {
    /// How a rule comes again, in words: `Every 2 weeks`.
    pub(super) fn comes_again(&self, rule: Option<&str>) -> String {
        let part = |name: &str| {
            rule?.split(';').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
        };
        let every = part("FREQ").and_then(|freq| self.every.iter().find(|(of, ..)| *of == freq));
        match (every, part("INTERVAL").unwrap_or("1")) {
            (None, _) => self.again.to_owned(),
            (Some((_, once, _)), "1") => (*once).to_owned(),
            (Some((.., several)), number) => several.replace("{}", number),
        }
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [(&str, &str); 7] = [
    ("Mon", "周一"),
    ("Tue", "周二"),
    ("Wed", "周三"),
    ("Thu", "周四"),
    ("Fri", "周五"),
    ("Sat", "周六"),
    ("Sun", "周日"),
];

/// A date as a page shows it before its script knows better: on the clocks of the meeting's zone.
pub(super) struct Shown {
    /// `Nov`, `11月`
    pub(super) month: String,
    /// `30`
    pub(super) day: String,
    /// `Mon`, `周一`
    pub(super) weekday: &'static str,
    /// `Mon 30 Nov 2026, 10:00`
    pub(super) whole: String,
    /// `10:00`
    pub(super) time: String,
}

impl Shown {
    /// Of `2026-11-30T10:00`, if that is a date.
    pub(super) fn of(local: &str, language: Language) -> Option<Self> {
        let at: DateTime = local.parse().ok()?;
        let (year, month, day) = (at.year(), at.month(), at.day());
        let index = usize::try_from(at.weekday().to_monday_zero_offset()).ok()?;
        let (english, chinese) = DAYS.get(index)?;
        let time = format!("{:02}:{:02}", at.hour(), at.minute());
        Some(match language {
            Language::English => {
                let name = MONTHS.get(usize::try_from(month - 1).ok()?)?;
                Self {
                    month: (*name).to_owned(),
                    day: day.to_string(),
                    weekday: english,
                    whole: format!("{english} {day} {name} {year}, {time}"),
                    time,
                }
            }
            Language::Chinese => Self {
                month: format!("{month}月"),
                day: day.to_string(),
                weekday: chinese,
                whole: format!("{year}年{month}月{day}日 {chinese} {time}"),
                time,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_one_a_browser_likes_best() {
        for (header, language) in [
            ("", Language::English),
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("de, en;q=0.5, zh;q=0.4", Language::English),
            ("en;q=0.1, zh-Hant;q=0.2", Language::Chinese),
            ("fr", Language::English),
            ("zh;q=nonsense", Language::English),
        ] {
            assert_eq!(Language::accepted(header), language, "{header}");
        }
    }

    #[test]
    fn a_rule_is_told_in_words() {
        let words = Language::English.words();
        assert_eq!(words.comes_again(Some("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO")), "Every 2 weeks");
        assert_eq!(words.comes_again(Some("FREQ=DAILY")), "Every day");
        assert_eq!(words.comes_again(None), "Recurring");
        assert_eq!(Language::Chinese.words().comes_again(Some("FREQ=MONTHLY")), "每月");
    }

    #[test]
    fn a_date_is_shown_as_people_write_it() {
        let shown = |language| Shown::of("2026-11-30T10:00", language).expect("a date").whole;
        assert_eq!(shown(Language::English), "Mon 30 Nov 2026, 10:00");
        assert_eq!(shown(Language::Chinese), "2026年11月30日 周一 10:00");
        assert!(Shown::of("2026-13-30T10:00", Language::English).is_none());
    }
}
