//! One field of a multipart form: a value, or a file.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use http::HeaderValue;

/// The media type of content about which nothing is known.
const UNKNOWN: &str = "application/octet-stream";

/// One field of a [multipart form](crate::Payload::multipart).
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    pub(super) name: String,
    pub(super) file: Option<File>,
    content: Content,
}

#[derive(Clone, PartialEq, Eq)]
enum Content {
    Bytes(Bytes),
    /// What the file of this path holds when it is sent.
    At(PathBuf),
}

/// A part with what it holds.
pub(super) struct Field<'a> {
    pub(super) part: &'a Part,
    pub(super) content: Bytes,
}

/// What is said about content that is a file's.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) media_type: String,
}

/// Why a part cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PartError {
    /// The file cannot be read.
    #[error("the part `{part}` cannot be made: the file `{}` cannot be read: {source}", path.display())]
    Unreadable {
        /// The name of the part.
        part: String,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The text is none that may stand in a header.
    #[error(
        "the part `{part}` cannot be made: `{}` is no media type (write it as `image/png`)",
        media_type.escape_debug()
    )]
    MediaType {
        /// The name of the part.
        part: String,
        /// What was given as its media type.
        media_type: String,
    },
    /// The reading of the files was stopped before its end, because the program is being shut down.
    #[error("the files of the form are not read: {0}")]
    Stopped(io::Error),
}

impl Part {
    /// A value. It is sent as it is, in UTF-8, without file name and media type.
    pub fn text(name: impl Into<String>, text: impl Into<String>) -> Self {
        let content = Content::Bytes(text.into().into());
        Self { name: name.into(), file: None, content }
    }

    /// Content that is sent as a file of this name and media type.
    ///
    /// # Errors
    ///
    /// [`PartError::MediaType`] where the media type is empty or could not stand in a header.
    pub fn bytes(
        name: impl Into<String>,
        file_name: impl Into<String>,
        media_type: impl Into<String>,
        bytes: impl Into<Bytes>,
    ) -> Result<Self, PartError> {
        Self::file_of(name, file_name, media_type, Content::Bytes(bytes.into()))
    }

    /// The file at `path`, sent under this name and media type. It is read, whole, by every attempt
    /// that is sent, on a thread where waiting for a disk disturbs nobody; an attempt that only
    /// waits for its turn, or finds its answer in the cache, reads nothing, and nothing is held in
    /// memory between attempts.
    ///
    /// So two attempts may send different content, if the file is changed between them. Where they
    /// carry one `Idempotency-Key`, a server that compares them refuses the second (422), and one
    /// that does not answers for the first. Use [`file`](Self::file) to read it once for all.
    ///
    /// # Errors
    ///
    /// [`PartError::MediaType`] where the media type is empty or could not stand in a header. A file
    /// that can't be read when it is due, or that is none (a folder, a pipe), fails the call with
    /// the kind `transform`; nothing is sent then, nor tried again.
    pub fn file_at(
        name: impl Into<String>,
        file_name: impl Into<String>,
        media_type: impl Into<String>,
        path: impl Into<PathBuf>,
    ) -> Result<Self, PartError> {
        Self::file_of(name, file_name, media_type, Content::At(path.into()))
    }

    fn file_of(
        name: impl Into<String>,
        file_name: impl Into<String>,
        media_type: impl Into<String>,
        content: Content,
    ) -> Result<Self, PartError> {
        let (name, media_type) = (name.into(), media_type.into());
        let is_value = HeaderValue::from_str(&media_type).is_ok();
        if !is_value || !media_type.is_ascii() || !media_type.contains('/') {
            return Err(PartError::MediaType { part: name, media_type });
        }
        let file = File { name: file_name.into(), media_type };
        Ok(Self { name, file: Some(file), content })
    }

    /// A file, sent under the last component of its path as `application/octet-stream`. It is read
    /// here and now, whole, and on a thread where waiting for a disk disturbs nobody: every attempt
    /// at the call sends what the file held at this moment.
    ///
    /// # Errors
    ///
    /// [`PartError::Unreadable`], which names the file.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// A reading that was given up leaves nothing behind.
    pub async fn file(name: impl Into<String>, path: impl AsRef<Path>) -> Result<Self, PartError> {
        let (name, path) = (name.into(), path.as_ref().to_owned());
        let there = path.clone();
        let read = tokio::task::spawn_blocking(move || read(&there)).await;
        match read.unwrap_or_else(|stopped| Err(io::Error::other(stopped))) {
            Ok(content) => {
                let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned());
                let file =
                    File { name: file_name.unwrap_or_default(), media_type: UNKNOWN.to_owned() };
                Ok(Self { name, file: Some(file), content: Content::Bytes(content.into()) })
            }
            Err(source) => Err(PartError::Unreadable { part: name, path, source }),
        }
    }

    /// The file that is read when the part is sent.
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.content {
            Content::Bytes(_) => None,
            Content::At(path) => Some(path),
        }
    }

    /// The part, if nothing has to be read for it.
    pub(super) fn at_hand(&self) -> Option<Field<'_>> {
        match &self.content {
            Content::Bytes(content) => Some(Field { part: self, content: content.clone() }),
            Content::At(_) => None,
        }
    }

    /// The part with what its file holds now. Waits for the disk.
    pub(super) fn read(&self) -> Result<Field<'_>, PartError> {
        let content = match &self.content {
            Content::Bytes(content) => content.clone(),
            Content::At(path) => match read(path) {
                Ok(content) => content.into(),
                Err(source) => {
                    let (part, path) = (self.name.clone(), path.clone());
                    return Err(PartError::Unreadable { part, path, source });
                }
            },
        };
        Ok(Field { part: self, content })
    }
}

/// The content of a regular file: a device or a pipe might never end.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    if std::fs::metadata(path)?.is_file() {
        return std::fs::read(path);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
}

impl fmt::Debug for Part {
    /// Shows name, type, and length: the content may be anybody's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let media_type = self.file.as_ref().map_or("text", |file| &file.media_type);
        match &self.content {
            Content::Bytes(content) => {
                write!(f, "Part({:?}, {media_type}, {} bytes)", self.name, content.len())
            }
            Content::At(_) => write!(f, "Part({:?}, {media_type}, a file)", self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_that_would_break_out_of_its_line_is_refused() {
        for media_type in ["image/png\r\nx: y", "", "png", "image/\u{e9}"] {
            let error = Part::bytes("photo", "a.png", media_type, &b""[..]).expect_err("no type");
            assert!(error.to_string().contains("the part `photo`"), "{error}");
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_is_named() {
        let missing = std::env::temp_dir().join("no-such-folder-here").join("photo.png");
        let error = Part::file("photo", &missing).await.expect_err("no file");
        let message = error.to_string();
        assert!(message.contains("`photo`") && message.contains("photo.png"), "{message}");
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let folder = std::env::temp_dir();
        let part = Part::file_at("photo", "a.png", "image/png", &folder).expect("a type");
        let error = part.read().err().expect("a folder");
        assert!(error.to_string().ends_with("it is no regular file"), "{error}");
        assert_eq!(format!("{part:?}"), "Part(\"photo\", image/png, a file)");
    }

    #[tokio::test]
    async fn a_file_is_sent_under_its_own_name_without_its_folder() {
        let path = std::env::temp_dir().join(format!("part {}.bin", std::process::id()));
        std::fs::write(&path, b"\x00\x01").expect("a writable folder");
        let part = Part::file("photo", &path).await.expect("a file");
        std::fs::remove_file(&path).expect("it was there");
        let file = part.file.as_ref().expect("a file");
        assert_eq!(file.name, path.file_name().expect("a name").to_string_lossy());
        let content = part.at_hand().expect("it was read").content;
        assert_eq!((file.media_type.as_str(), &*content), (UNKNOWN, &b"\x00\x01"[..]));
        assert_eq!(format!("{part:?}"), "Part(\"photo\", application/octet-stream, 2 bytes)");
    }
}
