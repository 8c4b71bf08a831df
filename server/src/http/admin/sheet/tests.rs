//! What a spreadsheet makes of hostile cells.

use super::*;
use std::process::Command;

const SEEDS: [&str; 24] = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "=HYPERLINK(\"https://evil.example\",\"x\")",
    "https://evil.example/",
    "mailto:x@evil.example",
    " =1+1",
    "a\"b,c\r\nd",
    "=cmd|' /C calc'!A0",
    "</t></is><f>1</f>",
    "\r=1+1",
    "\r\n=1+1",
    "\n@SUM(A1)",
    "\t=1+1",
    " \r=1+1",
    "\u{a0}=1+1",
    "\u{3000}+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    "\";=1+1;\"\r\n=1+1",
];

fn hostile() -> Sheet {
    let rows = (0..5_000)
        .map(|n| vec![Cell::Text(format!("{}{n}", SEEDS[n % SEEDS.len()])), Cell::Number(1.5)]);
    Sheet { head: vec!["name", "minutes"], rows: rows.collect() }
}

/// The first cells of the rows of a CSV, as a reader of RFC 4180 finds them, without the head.
fn first_cells(csv: &str) -> Vec<String> {
    let (mut cells, mut rest) = (Vec::new(), csv.trim_start_matches('\u{feff}'));
    while let Some(row) = rest.strip_prefix('"') {
        let mut cell = String::new();
        let mut chars = row.char_indices().peekable();
        let end = loop {
            match chars.next().expect("a cell ends") {
                (at, '"') if !matches!(chars.peek(), Some((_, '"'))) => break at + 1,
                (_, '"') => {
                    chars.next();
                    cell.push('"');
                }
                (_, c) => cell.push(c),
            }
        };
        cells.push(cell);
        let line = row[end..].find("\r\n").expect("a row ends");
        rest = &row[end + line + 2..];
    }
    cells.split_off(1)
}

#[test]
fn no_cell_of_a_csv_begins_a_formula() {
    let csv = hostile().csv();
    assert!(csv.starts_with("\u{feff}\"name\",\"minutes\"\r\n"));
    let cells = first_cells(&csv);
    assert_eq!(cells.len(), 5_000);
    for (n, cell) in cells.iter().enumerate() {
        let typed = format!("{}{n}", SEEDS[n % SEEDS.len()]);
        assert_eq!(cell.strip_prefix('\'').unwrap_or(cell), typed);
        assert!(!cell.starts_with(['\t', '\r', '\n']), "{cell:?}");
        let seen = cell.trim_start().chars().next().unwrap_or_default();
        assert!(!"=+-@＝＋－＠".contains(seen), "{cell:?}");
    }
    assert!(csv.contains("\"'=1+10\",1.5\r\n"));
    assert!(csv.contains("\"a\"\"b,c\r\nd9\",1.5\r\n"));
}

/// Texts around the length of a cell, and what is kept of each, in code units of UTF-16.
fn long() -> Vec<(String, usize)> {
    let wide = "\u{1f600}".repeat(CELL_UNITS_MAX);
    vec![
        ("x".repeat(CELL_UNITS_MAX), 32_767),
        (format!("{}=1+1", "x".repeat(CELL_UNITS_MAX)), 32_767),
        ("\r".repeat(CELL_UNITS_MAX + 1), 32_767),
        ("é".repeat(40_000), 32_767),
        // A pair of units is not cut in two.
        (wide.clone(), 32_766),
        (format!("a{wide}"), 32_767),
    ]
}

#[test]
fn a_cell_is_cut_where_a_spreadsheet_would() {
    let units = |text: &str| text.encode_utf16().count();
    let rows = long().into_iter().map(|(text, _)| vec![Cell::Text(text)]);
    let cells = first_cells(&Sheet { head: vec!["name"], rows: rows.collect() }.csv());
    for ((text, kept), cell) in long().into_iter().zip(cells) {
        assert_eq!(units(cut(&text)), kept);
        assert!(text.starts_with(cut(&text)));
        assert!(units(&cell) <= CELL_UNITS_MAX, "{} units", units(&cell));
    }
}

#[test]
fn a_workbook_opened_again_holds_text_and_neither_formulas_nor_links() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("report.xlsx");
    let mut sheet = hostile();
    sheet
        .rows
        .extend(long().into_iter().map(|(text, _)| vec![Cell::Text(text), Cell::Number(1.5)]));
    std::fs::write(&path, sheet.xlsx().expect("written")).expect("kept");
    let script = "
import sys, zipfile, openpyxl
path = sys.argv[1]
sheet = openpyxl.load_workbook(path).active
cells = [row[0] for row in sheet.iter_rows(min_row=2)]
assert len(cells) == 5006, len(cells)
assert all(cell.data_type == 's' and cell.hyperlink is None for cell in cells)
assert all(row[1].data_type == 'n' for row in sheet.iter_rows(min_row=2))
assert cells[0].value == '=1+10', cells[0].value
units = [len(cell.value.encode('utf-16-le')) // 2 for cell in cells[5000:]]
assert all(32000 < n for n in units), units
xml = zipfile.ZipFile(path).read('xl/worksheets/sheet1.xml')
assert b'<f>' not in xml and b'<hyperlink' not in xml
";
    let ran = Command::new("/usr/bin/python3").args(["-c", script]).arg(&path).output();
    let ran = ran.expect("python3 is there: apt-get install python3-openpyxl");
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(
        !told.contains("No module named"),
        "openpyxl is needed: apt-get install python3-openpyxl"
    );
    assert!(ran.status.success(), "{told}");
}
