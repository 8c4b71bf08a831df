//! The plot: how far each ratio is from its bar, on a logarithmic scale, as SVG.

use std::fmt::Write as _;

use super::report::{Row, Side, short};

const WIDTH: f64 = 1100.0;
/// Where the bars begin: names stand before, figures behind.
const LEFT: f64 = 560.0;
const RIGHT: f64 = 980.0;
const LINE: f64 = 24.0;
const TOP: f64 = 90.0;
/// From a sixteenth of the bar to sixteen times it.
const DOUBLINGS: f64 = 4.0;

/// One line for each row. What lies right of the middle holds, whichever side the bar is on.
pub(super) fn svg(heading: &str, rows: &[Row]) -> String {
    let height = TOP + LINE * rows.len() as f64 + 40.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"20\" y=\"30\" font-size=\"18\">Convoke against its bars</text>\n\
         <text x=\"20\" y=\"52\" fill=\"#57606a\">{}</text>\n",
        escaped(heading)
    );
    for doubling in [-4, -2, 0, 2, 4] {
        let x = place(f64::from(doubling));
        let (stroke, label) = match doubling {
            0 => ("#24292f", "bar".to_owned()),
            n if n < 0 => ("#d0d7de", format!("{}x worse", 1 << -n)),
            n => ("#d0d7de", format!("{}x better", 1 << n)),
        };
        let bottom = height - 30.0;
        let _ = write!(
            out,
            "<line x1=\"{x}\" x2=\"{x}\" y1=\"{}\" y2=\"{bottom}\" stroke=\"{stroke}\"/>\n\
             <text x=\"{x}\" y=\"{}\" text-anchor=\"middle\" fill=\"#57606a\">{label}</text>\n",
            TOP - 8.0,
            TOP - 14.0
        );
    }
    let middle = place(0.0);
    for (index, row) in rows.iter().enumerate() {
        let y = TOP + LINE * index as f64;
        let end = place(doublings(row, row.ratio));
        let (from, width) = (end.min(middle), (end - middle).abs().max(1.0));
        let fill = if row.holds() { "#1a7f37" } else { "#cf222e" };
        let goal = place(doublings(row, row.goal));
        let _ = write!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n\
             <rect x=\"{from}\" y=\"{}\" width=\"{width}\" height=\"14\" fill=\"{fill}\"/>\n\
             <line x1=\"{goal}\" x2=\"{goal}\" y1=\"{}\" y2=\"{}\" stroke=\"#0969da\" \
             stroke-width=\"2\"/>\n\
             <text x=\"{}\" y=\"{}\">{} (bar {})</text>\n",
            LEFT - 10.0,
            y + 15.0,
            escaped(&row.what),
            y + 4.0,
            y + 2.0,
            y + 20.0,
            RIGHT + 8.0,
            y + 15.0,
            short(row.ratio),
            short(row.bar)
        );
    }
    let _ = write!(
        out,
        "<text x=\"20\" y=\"{}\" fill=\"#57606a\">green: the bar holds; red: it fails; blue: the \
         goal; what is beyond the scale is cut off</text>\n</svg>\n",
        height - 10.0
    );
    out
}

/// How often a ratio doubles its bar, to the good side.
fn doublings(row: &Row, ratio: f64) -> f64 {
    let better = match row.side {
        Side::AtLeast => ratio / row.bar,
        Side::AtMost => row.bar / ratio,
    };
    match better.is_nan() {
        // Nothing of what may be nothing is on the bar; nothing measured is off the scale.
        true if ratio == row.bar => 0.0,
        true => -DOUBLINGS,
        false => better.max(1e-9).log2().clamp(-DOUBLINGS, DOUBLINGS),
    }
}

fn place(doublings: f64) -> f64 {
    LEFT + (RIGHT - LEFT) * (doublings + DOUBLINGS) / (2.0 * DOUBLINGS)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_lies_right_of_the_middle() {
        let more = Row::at_least("fanout", "a".into(), 1.0, [0.5, 0.9]);
        let less = Row::at_most("latency", "b".into(), 1.0, [2.0, 1.5]);
        for row in [more, less] {
            assert!((doublings(&row, row.ratio) - 1.0).abs() < 1e-9);
        }
        let drawn = svg("a & b", &[]);
        assert!(drawn.contains("a &amp; b") && drawn.ends_with("</svg>\n"));
    }
}
