//! What a spreadsheet makes of hostile cells.

use super::*;
use std::process::Command;

fn hostile() -> Sheet {
    let seeds = [
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
    ];
    let rows = (0..5_000)
        .map(|n| vec![Cell::Text(format!("{}{n}", seeds[n % seeds.len()])), Cell::Number(1.5)]);
    Sheet { head: vec!["name", "minutes"], rows: rows.collect() }
}

#[test]
fn no_cell_of_a_csv_begins_a_formula() {
    let csv = hostile().csv();
    assert!(csv.starts_with("\u{feff}\"name\",\"minutes\"\r\n"));
    for line in csv.split("\r\n\"").skip(1) {
        let first = line.chars().next().unwrap_or(' ');
        assert!(!"=+-@\t\r".contains(first), "{line}");
    }
    assert!(csv.contains("\"'=1+10\",1.5\r\n"));
    assert!(csv.contains("\"a\"\"b,c\r\nd9\",1.5\r\n"));
}

#[test]
fn a_workbook_opened_again_holds_text_and_neither_formulas_nor_links() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("report.xlsx");
    std::fs::write(&path, hostile().xlsx().expect("written")).expect("kept");
    let script = "
import sys, zipfile, openpyxl
path = sys.argv[1]
sheet = openpyxl.load_workbook(path).active
cells = [row[0] for row in sheet.iter_rows(min_row=2)]
assert len(cells) == 5000, len(cells)
assert all(cell.data_type == 's' and cell.hyperlink is None for cell in cells)
assert all(row[1].data_type == 'n' for row in sheet.iter_rows(min_row=2))
assert cells[0].value == '=1+10', cells[0].value
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
