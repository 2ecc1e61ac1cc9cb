//! The file format of API keys: comma-separated values (stages.md, section 4.3).

mod csv;

use towergate_core::Random;

pub use self::csv::Malformed;
use self::csv::Records;
use crate::{ApiKey, UsagePlanError};

/// What an import does if lines are bad: `failOnWarnings`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnBadLine {
    /// It changes nothing.
    #[default]
    Refuse,
    /// It imports the good lines.
    Skip,
}

/// What an import did.
#[derive(Debug)]
#[non_exhaustive]
pub struct Imported {
    /// The ids of the keys, in the order of their lines.
    pub ids: Vec<String>,
    /// The lines that were skipped.
    pub skipped: Vec<BadLine>,
}

/// A line that cannot be imported.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {error}")]
#[non_exhaustive]
pub struct BadLine {
    /// The line on which the record begins, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub error: ImportError,
}

/// Why a line, or the whole file, cannot be imported. None of it shows the text of a field, which may be a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The header names a column twice.
    #[error("the header names column {0} twice: remove one")]
    DuplicateColumn(&'static str),
    /// An earlier line has the same key.
    #[error("line {0} has the same key: remove one")]
    DuplicateKey(usize),
    /// `Enabled` is neither true nor false.
    #[error("column Enabled must be true, false or empty")]
    Enabled,
    /// The key breaks a rule, or may not be in a plan.
    #[error(transparent)]
    Key(#[from] UsagePlanError),
    /// The quotation marks of the record are wrong.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The header does not name a column that must be there.
    #[error("the header must name column {0}")]
    MissingColumn(&'static str),
    /// A field is empty that must not be.
    #[error("column {0} must not be empty")]
    MissingField(&'static str),
    /// The file is not UTF-8.
    #[error("the file must be UTF-8")]
    NotUtf8,
    /// The line has more fields than the header has.
    #[error("there are more fields than columns: put fields with a comma in quotation marks")]
    TooManyFields,
    /// A usage plan does not exist; its place in the field, from 1.
    #[error("usage plan {0} of column UsagePlanIds does not exist")]
    UnknownPlan(usize),
}

/// A line, read: the key still has no id.
pub(crate) struct Row {
    pub(crate) line: usize,
    pub(crate) key: ApiKey,
    pub(crate) plans: Vec<String>,
}

/// Where the columns are.
struct Columns([Option<usize>; 5]);

const NAMES: [&str; 5] = ["Name", "Key", "Description", "Enabled", "UsagePlanIds"];

/// Reads a file into rows and bad lines; without a usable header there are no rows.
pub(crate) fn read(csv: &[u8]) -> (Vec<Row>, Vec<BadLine>) {
    let (mut rows, mut bad) = (Vec::new(), Vec::new());
    let bad_header = |line, error| (Vec::new(), vec![BadLine { line, error }]);
    let Ok(text) = std::str::from_utf8(csv) else {
        return bad_header(1, ImportError::NotUtf8);
    };
    let mut records = Records::new(text);
    let Some(header) = records.next() else {
        return bad_header(1, ImportError::MissingColumn("Name"));
    };
    let fields = header.fields.map_err(ImportError::from);
    let (columns, width) =
        match fields.and_then(|fields| Ok((Columns::new(&fields)?, fields.len()))) {
            Ok(columns) => columns,
            Err(error) => return bad_header(header.line, error),
        };
    let [.., plans] = columns.0;
    records.single_quotes = plans;
    for record in records {
        let line = record.line;
        let fields = record.fields.map_err(ImportError::from);
        match fields.and_then(|fields| columns.row(line, &fields, width)) {
            Ok(row) => rows.push(row),
            Err(error) => bad.push(BadLine { line, error }),
        }
    }
    (rows, bad)
}

impl Columns {
    fn new(header: &[String]) -> Result<Self, ImportError> {
        let mut columns = [None; 5];
        for (index, found) in header.iter().enumerate() {
            for (column, name) in columns.iter_mut().zip(NAMES) {
                if found.trim().eq_ignore_ascii_case(name) && column.replace(index).is_some() {
                    return Err(ImportError::DuplicateColumn(name));
                }
            }
        }
        let [name, key, ..] = columns;
        match (name, key) {
            (Some(_), Some(_)) => Ok(Self(columns)),
            (None, _) => Err(ImportError::MissingColumn("Name")),
            (_, None) => Err(ImportError::MissingColumn("Key")),
        }
    }

    fn row(&self, line: usize, fields: &[String], width: usize) -> Result<Row, ImportError> {
        if fields.len() > width {
            return Err(ImportError::TooManyFields);
        }
        let field = |column: Option<usize>| {
            let field = column.and_then(|column| fields.get(column));
            field.map(String::as_str).unwrap_or_default()
        };
        let [name, key, description, enabled, plans] = self.0.map(field);
        let (key, enabled) = (key.trim(), enabled.trim());
        for (column, field) in [("Name", name), ("Key", key)] {
            if field.is_empty() {
                return Err(ImportError::MissingField(column));
            }
        }
        let enabled = match () {
            () if enabled.is_empty() || enabled.eq_ignore_ascii_case("true") => true,
            () if enabled.eq_ignore_ascii_case("false") => false,
            () => return Err(ImportError::Enabled),
        };
        let plans = plans
            .split(',')
            .map(str::trim)
            .filter(|plan| !plan.is_empty());
        Ok(Row {
            line,
            key: ApiKey::new("", key)
                .name(name)
                .description(description)
                .enabled(enabled),
            plans: plans.map(str::to_owned).collect(),
        })
    }
}

const ID_LENGTH: u32 = 10;
const ID_LETTERS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Returns an id that is not taken: ten letters and digits, as those of API Gateway.
pub(crate) fn draw_id(random: &dyn Random, is_taken: impl Fn(&str) -> bool) -> String {
    let mut number = random.next_u64();
    loop {
        let mut rest = number % 36_u64.pow(ID_LENGTH);
        let mut id = String::new();
        for _ in 0..ID_LENGTH {
            let letter = usize::try_from(rest % 36).ok();
            let letter = letter.and_then(|letter| ID_LETTERS.get(letter));
            id.push(char::from(*letter.unwrap_or(&b'0')));
            rest /= 36;
        }
        if !is_taken(&id) {
            return id;
        }
        // The next one, not another draw: this ends whatever chance does.
        number = number.wrapping_add(1);
    }
}
