//! The body of an answer on its way to a file, which is written whole or not at all.
//!
//! What arrives goes to a temporary file beside the target. When the last byte is there, that file
//! is brought to the disk (fsync), takes the target's name (rename), and the folder is brought to
//! the disk, too: whoever looks sees the old file or the new one, also after a power cut. The
//! temporary file is made before the request is sent, so that a folder which does not exist or may
//! not be written to stops a call that has had no effect yet.
//!
//! Nothing waits for a disk on a thread of the runtime. Chunks are gathered to a quarter of a
//! megabyte, and then the file and what was gathered move to a thread of their own and back. That is
//! also why nothing is left behind: a [`Partial`] removes its file when it is dropped, wherever it
//! is at that moment, and a write that was given up halfway drops it as soon as the disk returns.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use http::{HeaderMap, header::CONTENT_TYPE};
use serde_json::{Value, json};

/// How much is gathered before it is written.
const GATHERED: usize = 256 * 1024;

/// Tells apart the temporary files of this process.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Why an answer cannot be saved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SaveError {
    #[error("an answer to HEAD has no body that could be saved to a file")]
    NoBody,
    #[error("`{}` cannot be saved to: it names no file", .0.display())]
    NoFile(PathBuf),
    #[error("`{}` cannot be saved to: a temporary file beside it cannot be made: {source}", path.display())]
    Create { path: PathBuf, source: io::Error },
    #[error("the answer cannot be saved to `{}`: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// A body that is being saved.
#[derive(Debug)]
pub(crate) struct Saving {
    target: PathBuf,
    /// Elsewhere while it is written to, and gone after an error.
    partial: Option<Partial>,
    gathered: Vec<u8>,
    /// The bytes that were taken, written or still gathered.
    taken: u64,
}

impl Saving {
    /// Makes the temporary file.
    ///
    /// # Cancel safety
    ///
    /// Whatever is made is removed.
    pub(crate) async fn to(target: &Path) -> Result<Box<Self>, SaveError> {
        let target = target.to_owned();
        let beside = target.clone();
        match off_the_runtime(move || Partial::beside(&beside)).await {
            Ok(Some(partial)) => Ok(Box::new(Self {
                target,
                partial: Some(partial),
                gathered: Vec::new(),
                taken: 0,
            })),
            Ok(None) => Err(SaveError::NoFile(target)),
            Err(source) => Err(SaveError::Create { path: target, source }),
        }
    }

    /// The bytes that have arrived.
    pub(crate) fn len(&self) -> u64 {
        self.taken
    }

    /// Takes a chunk.
    pub(crate) async fn push(&mut self, chunk: Bytes) -> Result<(), SaveError> {
        self.taken += chunk.len() as u64;
        if self.gathered.len() + chunk.len() >= GATHERED {
            let gathered = std::mem::take(&mut self.gathered);
            let emptied = self
                .on_the_file(move |file| {
                    file.write_all(&gathered)?;
                    file.write_all(&chunk)?;
                    Ok(gathered)
                })
                .await?;
            self.gathered = emptied;
            self.gathered.clear();
        } else {
            self.gathered.extend_from_slice(&chunk);
        }
        Ok(())
    }

    /// Gives the file its name, and says what it holds as the value of the answer.
    ///
    /// # Cancel safety
    ///
    /// Until the bytes are on the disk, giving up removes them. After that the file may get its
    /// name; it is whole then.
    pub(crate) async fn finish(&mut self, headers: &HeaderMap) -> Result<Value, SaveError> {
        let gathered = std::mem::take(&mut self.gathered);
        self.on_the_file(move |file| {
            file.write_all(&gathered)?;
            file.sync_all()
        })
        .await?;
        // The file was put back after the last write, which succeeded.
        if let Some(partial) = self.partial.take() {
            let target = self.target.clone();
            off_the_runtime(move || partial.rename_to(&target))
                .await
                .map_err(|source| self.failed(source))?;
        }
        let media_type = headers.get(CONTENT_TYPE).map(|it| String::from_utf8_lossy(it.as_bytes()));
        Ok(json!({
            "file": self.target.to_string_lossy(),
            "bytes": self.taken,
            "media_type": media_type,
        }))
    }

    /// Does something with the file where waiting disturbs nobody. An error removes it.
    async fn on_the_file<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut File) -> io::Result<T> + Send + 'static,
    ) -> Result<T, SaveError> {
        let Some(mut partial) = self.partial.take() else {
            return Err(self.failed(io::Error::other("an earlier write has failed")));
        };
        let done = off_the_runtime(move || {
            let result = work(&mut partial.file)?;
            Ok((partial, result))
        });
        match done.await {
            Ok((partial, result)) => {
                self.partial = Some(partial);
                Ok(result)
            }
            Err(source) => Err(self.failed(source)),
        }
    }

    fn failed(&self, source: io::Error) -> SaveError {
        SaveError::Write { path: self.target.clone(), source }
    }
}

/// A temporary file, removed when it is dropped without having got its name.
#[derive(Debug)]
struct Partial {
    file: File,
    path: PathBuf,
    named: bool,
}

impl Partial {
    /// A new file in the target's folder, for only there a rename is one step. None if the target
    /// names no file.
    fn beside(target: &Path) -> io::Result<Option<Self>> {
        if target.file_name().is_none() || target.is_dir() {
            return Ok(None);
        }
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            // Hidden from whoever lists finished files, and short however long the target's name.
            let path = target.with_file_name(format!(".{}-{number}.part", std::process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Some(Self { file, path, named: false })),
                // A process that was killed left it; it had our id, and the next number is free.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn rename_to(mut self, target: &Path) -> io::Result<()> {
        std::fs::rename(&self.path, target)?;
        self.named = true;
        sync_folder(target)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.named {
            // There is nobody left to tell. Removing a name is no work for a disk to wait for.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Brings the name of a file to the disk. Systems without open folders do so by themselves.
fn sync_folder(target: &Path) -> io::Result<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(stopped) => Err(io::Error::other(stopped)),
    }
}
