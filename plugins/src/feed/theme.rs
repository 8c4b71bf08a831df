//! The page's look: its style, its script, the operator's colour, and the web component. Policies
//! of browsers forbid style and script in the page itself, so they are files of our own.

/// The style of the page.
pub const STYLE: &str = include_str!("assets/list.css");
/// The script of the page: times of the viewer's zone, finding.
pub const SCRIPT: &str = include_str!("assets/list.js");
/// The web component.
pub const COMPONENT: &str = include_str!("assets/meetings.js");

/// What text must stand out by (WCAG 2.2, 1.4.3).
const CONTRAST_MIN: f64 = 4.6;

type Rgb = [f64; 3];

/// The style of a colour `rrggbb`; nothing when it is none. What is written in the colour can be
/// read on light and on dark ground.
#[must_use]
pub fn style_of(digits: &str) -> Option<String> {
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok().map(f64::from);
    let own: Rgb = [part(0)?, part(2)?, part(4)?];
    let (white, black) = ([255.0; 3], [0.0; 3]);
    let (card, night) = (white, [25.0, 31.0, 34.0]);
    let light = until_readable(own, card, black);
    let dark = until_readable(own, night, white);
    let on = |ground: Rgb| {
        if contrast(white, ground) >= contrast(black, ground) { "#ffffff" } else { "#000000" }
    };
    let (light_on, dark_on) = (on(light), on(dark));
    let (light, dark) = (hex(light), hex(dark));
    Some(format!(
        ":root{{--accent:light-dark({light},{dark});--on-accent:light-dark({light_on},{dark_on});\
         --accent-text:light-dark({light},{dark});\
         --accent-soft:color-mix(in srgb,var(--accent) 12%,var(--card));\
         --page-glow:color-mix(in srgb,var(--accent) 10%,var(--page));--ring:var(--accent)}}\n"
    ))
}

/// The colour, as far towards another as it takes to be read on this ground.
fn until_readable(mut colour: Rgb, ground: Rgb, towards: Rgb) -> Rgb {
    const STEPS: u32 = 50;
    for _ in 0..STEPS {
        if contrast(colour, ground) >= CONTRAST_MIN {
            break;
        }
        for (part, aim) in colour.iter_mut().zip(towards) {
            *part += (aim - *part) * 0.08;
        }
    }
    colour
}

/// Contrast of two colours (WCAG 2.2).
fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(colour: Rgb) -> f64 {
    let linear = |part: f64| {
        let part = part / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(colour[0]) + 0.7152 * linear(colour[1]) + 0.0722 * linear(colour[2])
}

fn hex(colour: Rgb) -> String {
    let [r, g, b] = colour.map(|part| format!("{:02x}", part.round().clamp(0.0, 255.0) as u8));
    format!("#{r}{g}{b}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_can_be_read_on_both_grounds() {
        for digits in ["ffffff", "000000", "ffff00", "0c6b5e", "0000ff", "808080"] {
            let style = style_of(digits).expect("a colour");
            let found = style.split("--accent:light-dark(").nth(1).expect("both grounds");
            let (light, rest) = found.split_once(',').expect("two");
            let dark = rest.split(')').next().expect("two");
            let read = |text: &str| {
                let part = |at| f64::from(u8::from_str_radix(&text[at..at + 2], 16).expect("hex"));
                [part(1), part(3), part(5)]
            };
            assert!(contrast(read(light), [255.0; 3]) >= 4.5, "{digits} on white: {light}");
            assert!(contrast(read(dark), [25.0, 31.0, 34.0]) >= 4.5, "{digits} on night: {dark}");
        }
        for bad in ["", "fff", "gggggg", "0c6b5e}", "é0c6b"] {
            assert_eq!(style_of(bad), None, "{bad}");
        }
    }
}
