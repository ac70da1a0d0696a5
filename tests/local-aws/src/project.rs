//! Where things are in this checkout.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::{env, io};

use crate::{Error, Progress};

/// A checkout of Pagerflow.
#[derive(Debug, Clone)]
pub struct Project {
    root: PathBuf,
}

impl Project {
    /// The checkout around the crate that Cargo runs, or else around the present folder.
    ///
    /// # Errors
    /// [`Error::NotInProject`] where there is none.
    pub fn find() -> Result<Self, Error> {
        let start = env::var_os("CARGO_MANIFEST_DIR").map_or_else(env::current_dir, |folder| Ok(PathBuf::from(folder)));
        let start = start.map_err(Error::file("find", Path::new(".")))?;
        start
            .ancestors()
            .find(|folder| folder.join("template.yaml").is_file())
            .map(|root| Self { root: root.to_owned() })
            .ok_or(Error::NotInProject(start))
    }

    /// The root of the checkout.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file or folder by its path from the root.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The folder for everything that is made here and not committed.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.path(".pagerflow")
    }

    /// Waits until no other process makes what is made under the lock of this name, and keeps others out of it as long as
    /// the answer lives. `progress` hears that there is something to wait for.
    pub(crate) fn lock(&self, name: &str, progress: &dyn Progress) -> Result<File, Error> {
        let folder = self.scratch();
        fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
        let path = folder.join(format!("{name}.lock"));
        let lock = File::create(&path).map_err(Error::file("create", &path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                progress.begin(&format!("Waiting for another `cargo xtask`, which is at the {name}"));
                lock.lock().map_err(Error::file("lock", &path))?;
            }
            Err(TryLockError::Error(source)) => return Err(Error::file("lock", &path)(source)),
        }
        Ok(lock)
    }

    /// An empty folder for one local AWS, which nobody else uses as long as the answer lives.
    ///
    /// # Errors
    /// [`Error::Busy`] where another process uses it, [`Error::File`] where it can not be made.
    pub fn workspace(&self, name: &str) -> Result<Workspace, Error> {
        let folder = self.scratch().join("local");
        fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
        let lock_path = folder.join(format!("{name}.lock"));
        let lock = File::create(&lock_path).map_err(Error::file("create", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Busy(lock_path)),
            Err(TryLockError::Error(source)) => return Err(Error::file("lock", &lock_path)(source)),
        }
        let folder = folder.join(name);
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::file("empty", &folder)(error)),
            _ => {}
        }
        fs::create_dir_all(&folder).map_err(Error::file("create", &folder))?;
        Ok(Workspace { folder, _lock: lock })
    }
}

/// The folder of one local AWS: logs, temporary files, the description of the stack. It stays when the local AWS ends,
/// so that the logs can be read, and is emptied when the next one begins.
#[derive(Debug)]
pub struct Workspace {
    folder: PathBuf,
    _lock: File,
}

impl Workspace {
    /// A file or folder in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Sender, channel};
    use std::{process, thread};

    /// Tells when somebody begins to wait.
    struct Waiting(Sender<()>);

    impl Progress for Waiting {
        fn begin(&self, _what: &str) {
            self.0.send(()).unwrap();
        }

        fn update(&self, _how_far: &str) {}
    }

    #[test]
    fn what_two_processes_make_in_one_checkout_they_make_one_after_the_other() {
        let root = env::temp_dir().join(format!("pagerflow-lock-{}", process::id()));
        let project = Project { root: root.clone() };
        let (waiting, waits) = channel();
        let first = project.lock("tools", &Waiting(waiting.clone())).unwrap();
        project.lock("functions", &Waiting(waiting.clone())).unwrap();
        assert!(waits.try_recv().is_err(), "nothing to wait for so far");

        let second = thread::spawn(move || project.lock("tools", &Waiting(waiting)).map(drop));
        waits.recv().unwrap();
        assert!(!second.is_finished());
        drop(first);

        second.join().unwrap().unwrap();
        fs::remove_dir_all(root).unwrap();
    }
}
