//! Checks the files and directories that settings name: a start would only find out about them one by one.

use std::fs;
use std::path::Path;

use jurat_disk::{CacheDir, files};
use jurat_http::Location;
use jurat_model::{Bytes, KeyPath, chain};
use jurat_trust::Anchor;
use jurat_yaml::{Problem, Problems};

use super::values::{DataRoots, Settings, TenantSettings, Unsigned};

/// The longest file of certificates or configuration that is read for a check.
const MOST: Bytes = Bytes::mebi(16);

/// What is wrong with the files of some settings, each with the key of its setting.
struct Found<'a> {
    file: &'a str,
    problems: Vec<Problem>,
}

impl Settings {
    /// Checks that the files that the settings name exist and can be read, and that the directories can be used: by the user of this
    /// process, who should be that of the host. `file` is the name of the settings in messages. It creates nothing and sends no request.
    ///
    /// # Errors
    /// With everything that is missing or cannot be used.
    ///
    /// # Limits
    /// Files with secrets are not checked, because reading the settings has read them. Of files, only the trusted root is parsed.
    pub fn check_files(&self, file: &str) -> Result<(), Problems> {
        let mut found = Found { file, problems: Vec::new() };
        let root = KeyPath::default;
        for (name, tenant) in &self.tenants {
            let is_sole = self.tenants.len() == 1 && name == Self::DEFAULT_TENANT;
            let key = if is_sole { root() } else { root().key("tenants").key(name) };
            found.tenant(&key, tenant);
        }
        for (key, path) in [("logic_cache_dir", &self.cache), ("state_dir", &self.state)] {
            if let Some(path) = path
                && let Err(error) = CacheDir::check_below(path, self.parents)
            {
                found.add(root().key(key), chain(&error));
            }
        }
        let http = root().key("http");
        for (index, path) in self.http.authorities.iter().enumerate() {
            found.readable(http.clone().key("authorities").index(index), path);
        }
        if let Some(path) = &self.http.client_certificate {
            found.readable(http.key("client_certificate"), path);
        }
        if let Some(tls) = &self.server.tls {
            let key = root().key("server").key("tls");
            found.readable(key.clone().key("certificate"), &tls.certificate);
            found.readable(key.clone().key("key"), &tls.key);
            for (index, file) in tls.client_authorities.iter().enumerate() {
                found.readable(key.clone().key("client_authorities").index(index), file);
            }
        }
        Problems::none(found.problems)
    }
}

impl Found<'_> {
    fn tenant(&mut self, key: &KeyPath, tenant: &TenantSettings) {
        if let Location::File(path) = &tenant.rules {
            let key = key.clone().key("business_config_uri");
            if self.directory(key.clone(), path) && tenant.trust.is_some() {
                self.directory(key, &path.join("metadata"));
            }
        }
        if let Some(trust) = &tenant.trust {
            let key = key.clone().key("trust").key("root");
            if let Some(bytes) = self.readable(key.clone(), &trust.root)
                && let Err(error) = Anchor::parse(&bytes, trust.root_sha256.as_ref())
            {
                self.add(key, format!("`{}` cannot be used: {}", trust.root.display(), chain(&error)));
            }
        }
        if let Unsigned::Run { components: Some(path) } = &tenant.unsigned {
            self.directory(key.clone().key("danger").key("component_directory"), path);
        }
        if let DataRoots::Listed(roots) = &tenant.data.roots {
            for (index, path) in roots.iter().enumerate() {
                self.directory(key.clone().key("data_roots").index(index), path);
            }
        }
        if let Some(coordination) = &tenant.coordination
            && let Location::File(path) = &coordination.config
        {
            self.readable(key.clone().key("coordination_service_config_uri"), path);
        }
    }

    /// The content of a file, if it can be read.
    fn readable(&mut self, key: KeyPath, path: &Path) -> Option<Vec<u8>> {
        files::read(path, MOST).map_err(|error| self.add(key, format!("`{}`: {}", path.display(), chain(&error)))).ok()
    }

    /// Whether a directory can be read.
    fn directory(&mut self, key: KeyPath, path: &Path) -> bool {
        let read = fs::read_dir(path);
        if let Err(error) = &read {
            self.add(key, format!("the directory `{}` cannot be read: {error}", path.display()));
        }
        read.is_ok()
    }

    fn add(&mut self, key: KeyPath, message: String) {
        self.problems.push(Problem { key, ..Problem::of_file(self.file, message) });
    }
}
