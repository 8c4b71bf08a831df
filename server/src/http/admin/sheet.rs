//! Tables as files. What people typed stays text: no cell becomes a formula or a link, in whatever
//! program the file is opened.

use rust_xlsxwriter::{Format, Workbook, XlsxError};

/// What a cell of a spreadsheet holds at most, in the code units of UTF-16 in which they count.
const CELL_UNITS_MAX: usize = 32_767;

/// A cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Text(String),
    Number(f64),
    /// Nothing is known of it.
    Empty,
}

/// A table with a head.
pub(super) struct Sheet {
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Vec<Cell>>,
}

impl Sheet {
    /// Comma-separated values (RFC 4180) in UTF-8, with the mark by which spreadsheets know it.
    pub(super) fn csv(&self) -> String {
        let mut csv = String::from("\u{feff}");
        let head = self.head.iter().map(|name| quoted(name)).collect::<Vec<_>>();
        csv.push_str(&head.join(","));
        csv.push_str("\r\n");
        for row in &self.rows {
            let cells = row.iter().map(|cell| match cell {
                Cell::Text(text) => quoted(cut(&harmless(text))),
                Cell::Number(number) => number.to_string(),
                Cell::Empty => String::new(),
            });
            csv.push_str(&cells.collect::<Vec<_>>().join(","));
            csv.push_str("\r\n");
        }
        csv
    }

    /// An Office Open XML workbook with one sheet.
    ///
    /// # Errors
    /// When there are more rows than a sheet takes.
    pub(super) fn xlsx(&self) -> Result<Vec<u8>, XlsxError> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        let (bold, text) = (Format::new().set_bold(), Format::new().set_quote_prefix());
        for (column, name) in (0..).zip(&self.head) {
            sheet.write_string_with_format(0, column, *name, &bold)?;
        }
        for (row, cells) in (1..).zip(&self.rows) {
            for (column, cell) in (0..).zip(cells) {
                match cell {
                    Cell::Text(typed) => {
                        sheet.write_string_with_format(row, column, cut(typed), &text)?
                    }
                    Cell::Number(number) => sheet.write_number(row, column, *number)?,
                    Cell::Empty => continue,
                };
            }
        }
        workbook.save_to_buffer()
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// As much of a text as a cell holds: of a longer one a spreadsheet may refuse the file, or put the
/// rest into a cell of its own, where it could begin a formula.
fn cut(text: &str) -> &str {
    let mut units = 0;
    let end = text.char_indices().find(|(_, c)| {
        units += c.len_utf16();
        units > CELL_UNITS_MAX
    });
    end.map_or(text, |(at, _)| &text[..at])
}

/// What begins a formula. The wide signs do where people write Chinese or Japanese.
const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Text that no spreadsheet takes for a formula.
fn harmless(text: &str) -> String {
    let led = text.trim_start_matches(' ').starts_with(['\t', '\r', '\n']);
    let starts = led || text.trim_start().starts_with(SIGNS);
    if starts { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests;
