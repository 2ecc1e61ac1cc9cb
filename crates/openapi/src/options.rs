//! How a definition is read.

use std::{fs::File, io::Read as _, path::Path};

use crate::{
    Imported, ReadError,
    document::{Document, MAX_BYTES},
    import,
};

/// What becomes of the base path that a definition names.
///
/// It is `basePath` in Swagger 2.0; in OpenAPI 3.0 the default of the first server variable called `basePath`, or
/// else the path of the first server's URL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BasePath {
    /// Left out.
    #[default]
    Ignore,
    /// Put before every path: `/pets` under `/v1/api` becomes `/v1/api/pets`.
    Prepend,
    /// Put before every path but for its first part: `/pets` under `/v1/api` becomes `/api/pets`.
    Split,
}

/// How a definition is read: the defaults are those of API Gateway's import.
///
/// ```
/// use towergate_openapi::{BasePath, ReadOptions};
///
/// let pets = ReadOptions::new().base_path(BasePath::Prepend).parse(
///     r#"{"swagger": "2.0", "info": {"title": "pets"}, "basePath": "/v1", "paths": {"/pets": {}}}"#,
/// )?;
/// assert!(pets.definition.resources.contains_key("/v1/pets"));
/// # Ok::<(), towergate_openapi::ReadError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct ReadOptions {
    pub(crate) base_path: BasePath,
    account_id: String,
    partition: String,
    region: String,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            base_path: BasePath::default(),
            account_id: "000000000000".to_owned(),
            partition: "aws".to_owned(),
            region: "us-east-1".to_owned(),
        }
    }
}

impl ReadOptions {
    /// Creates the default options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what becomes of the base path; left out by default.
    pub fn base_path(mut self, base_path: BasePath) -> Self {
        self.base_path = base_path;
        self
    }

    /// Sets what `${AWS::AccountId}` stands for, `000000000000` by default.
    pub fn account_id(mut self, account_id: impl Into<String>) -> Self {
        self.account_id = account_id.into();
        self
    }

    /// Sets what `${AWS::Partition}` stands for, `aws` by default.
    pub fn partition(mut self, partition: impl Into<String>) -> Self {
        self.partition = partition.into();
        self
    }

    /// Sets what `${AWS::Region}` stands for, `us-east-1` by default.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// Reads a definition from a file.
    ///
    /// # Errors
    ///
    /// Where the file cannot be read or its text is refused, as [`parse`](Self::parse) says.
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Imported, ReadError> {
        let path = path.as_ref();
        let mut text = String::new();
        File::open(path)
            .and_then(|file| {
                // One byte over the limit is enough to tell that it is exceeded.
                file.take(MAX_BYTES as u64 + 1).read_to_string(&mut text)
            })
            .map_err(|source| ReadError::File {
                path: path.to_owned(),
                source,
            })?;
        self.parse(&text)
    }

    /// Reads a definition from its text.
    ///
    /// # Errors
    ///
    /// Where the text is no document, or no definition this importer knows, or holds errors:
    /// [`ReadError::Refused`] has all of them.
    pub fn parse(&self, text: &str) -> Result<Imported, ReadError> {
        let document = Document::parse(text)?;
        self.import(document)
    }

    /// Reads a definition from a document.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse), for a text that is a document already.
    pub fn import(&self, mut document: Document) -> Result<Imported, ReadError> {
        document.root_mut().rewrite(&|text| self.substitute(text));
        let (definition, diagnostics) = import::definition(document.root(), self)?;
        let imported = Imported {
            definition,
            diagnostics,
            document,
        };
        if imported.has_errors() {
            return Err(ReadError::Refused(Box::new(imported)));
        }
        Ok(imported)
    }

    fn substitute(&self, text: &str) -> Option<String> {
        text.contains("${AWS::").then(|| {
            text.replace("${AWS::AccountId}", &self.account_id)
                .replace("${AWS::Partition}", &self.partition)
                .replace("${AWS::Region}", &self.region)
        })
    }
}
