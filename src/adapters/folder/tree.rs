//! What lies in a folder: listed, thinned out, emptied. Links are seen, never followed.

use super::names::{DEEPEST, plain, shown};
use super::{Folder, io, odd, other, strange};
use crate::factory::ports::files::{Entry, FileError};
use rustix::fs::{AtFlags, Dir, Mode};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::path::PathBuf;

/// Things listed below one folder; more is nothing of ours.
const MOST: usize = 2_000;

impl Folder {
    /// Everything below but folders, sorted.
    pub fn list(&self) -> Result<Vec<Entry>, FileError> {
        let mut found = Vec::new();
        self.walk("", 1, &mut found)?;
        found.sort();
        Ok(found)
    }

    fn walk(&self, above: &str, depth: usize, found: &mut Vec<Entry>) -> Result<(), FileError> {
        for name in self.names()? {
            let Some(stat) = self.look(name.as_c_str())? else {
                continue;
            };
            let text = name.to_string_lossy();
            let path = format!("{above}{}", shown(&text));
            let fine = plain(&text) && name.to_str().is_ok();
            let folder = other(&stat) == Some("a folder");
            if folder && fine && depth < DEEPEST {
                if let Some(inner) = self.enter(&text)? {
                    inner.walk(&format!("{path}/"), depth + 1, found)?;
                }
                continue;
            }
            let odd = match (fine, folder) {
                (false, _) => Some("a name no file may have"),
                (true, true) => Some("a folder too deep"),
                (true, false) => strange(&stat),
            };
            let size = u64::try_from(stat.st_size).unwrap_or(0);
            found.push(Entry { path, odd, size });
            if found.len() > MOST {
                return Err(FileError::Refused(format!(
                    "{}: holds more than {MOST} files; remove what does not belong there",
                    self.place.display()
                )));
            }
        }
        Ok(())
    }

    /// Where something of this name lies, in whatever case, at any depth; None when nowhere. Folders nested deeper than
    /// any file may lie are an error.
    pub fn find(&self, wanted: &str) -> Result<Option<PathBuf>, FileError> {
        self.find_within(wanted, 1)
    }

    fn find_within(&self, wanted: &str, depth: usize) -> Result<Option<PathBuf>, FileError> {
        for name in self.names()? {
            let text = name.to_string_lossy();
            if text.eq_ignore_ascii_case(wanted) {
                return Ok(Some(self.place.join(&*text)));
            }
            if !self.is_folder(&name)? {
                continue;
            }
            if depth >= DEEPEST {
                let place = self.place.join(shown(&text));
                return Err(odd(&place, "a folder too deep"));
            }
            let found = self.inside(&name)?.find_within(wanted, depth + 1)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// Names of the folders directly here, those no rule holds for left out.
    pub fn folders(&self) -> Result<Vec<String>, FileError> {
        let mut found = Vec::new();
        for name in self.names()? {
            if self.is_folder(&name)?
                && let Ok(name) = name.into_string()
                && plain(&name)
            {
                found.push(name);
            }
        }
        Ok(found)
    }

    /// Removes what lies directly here, whole folders too, but for plain files of these names.
    pub fn keep_only(&self, names: &[&str]) -> Result<(), FileError> {
        for name in self.names()? {
            let Some(stat) = self.look(name.as_c_str())? else {
                continue;
            };
            let known = names.iter().any(|kept| kept.as_bytes() == name.to_bytes());
            if !known || strange(&stat).is_some() {
                self.remove(&name, other(&stat) == Some("a folder"))?;
            }
        }
        Ok(())
    }

    /// Removes a thing below that is not ours to look into; nothing when it is not there.
    pub fn discard(&self, name: &str) -> Result<(), FileError> {
        let Ok(name) = CString::new(name) else {
            return Ok(());
        };
        match self.look(name.as_c_str())? {
            Some(stat) => self.remove(&name, other(&stat) == Some("a folder")),
            None => Ok(()),
        }
    }

    fn remove(&self, name: &CStr, folder: bool) -> Result<(), FileError> {
        let flags = if folder {
            self.open_up(name);
            self.inside(name)?.empty()?;
            AtFlags::REMOVEDIR
        } else {
            AtFlags::empty()
        };
        match rustix::fs::unlinkat(&self.handle, name, flags) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(io(&self.place, error)),
        }
    }

    /// Removes everything. Folders found two levels down are lifted up first, so that no depth a run can make costs
    /// more than two open folders.
    fn empty(&self) -> Result<(), FileError> {
        let mut lifted = 0_u64;
        loop {
            let names = self.names()?;
            if names.is_empty() {
                return Ok(());
            }
            for name in names {
                let folder = self.is_folder(&name)?;
                if folder {
                    self.open_up(&name);
                    let inner = self.inside(&name)?;
                    for below in inner.names()? {
                        if inner.is_folder(&below)? {
                            inner.open_up(&below);
                            lifted += 1;
                            let up = format!(".df-{lifted}");
                            let moved =
                                rustix::fs::renameat(&inner.handle, &below, &self.handle, up);
                            moved.map_err(|error| io(&inner.place, error))?;
                        } else {
                            let gone =
                                rustix::fs::unlinkat(&inner.handle, &below, AtFlags::empty());
                            gone.map_err(|error| io(&inner.place, error))?;
                        }
                    }
                }
                let flags = if folder {
                    AtFlags::REMOVEDIR
                } else {
                    AtFlags::empty()
                };
                let gone = rustix::fs::unlinkat(&self.handle, &name, flags);
                gone.map_err(|error| io(&self.place, error))?;
            }
        }
    }

    fn is_folder(&self, name: &CStr) -> Result<bool, FileError> {
        let stat = self.look(name)?;
        Ok(stat.is_some_and(|stat| other(&stat) == Some("a folder")))
    }

    /// Gives a folder back the permissions its owner needs to clear it; one of another owner stays as it is.
    fn open_up(&self, name: &CStr) {
        let _ = rustix::fs::chmodat(&self.handle, name, Mode::RWXU, AtFlags::empty());
    }

    /// A folder under a name no rule holds for.
    fn inside(&self, name: &CStr) -> Result<Self, FileError> {
        let place = self.place.join(&*name.to_string_lossy());
        let handle = rustix::fs::openat(&self.handle, name, super::FOLDER, Mode::empty());
        Ok(Self {
            handle: handle.map_err(|error| io(&place, error))?,
            place,
        })
    }

    /// Names directly here.
    fn names(&self) -> Result<Vec<CString>, FileError> {
        let failed = |error| io(&self.place, error);
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.handle).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name().to_owned();
            if !matches!(name.to_bytes(), b"." | b"..") {
                names.push(name);
            }
        }
        Ok(names)
    }
}
