use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

/// A marker that is found wherever it leaks.
const SECRET: &str = "s3cret-s3cret-s3cret";

/// A file, and the settings that an environment, an env file and flags give above `text`.
struct Site {
    directory: tempfile::TempDir,
}

impl Site {
    fn new(content: &str, mode: u32) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secret");
        fs::write(&file, content).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        Self { directory }
    }

    fn parse(&self, text: &str, overrides: &Overrides) -> Result<Settings, Problems> {
        Settings::parse(&format!("{SMALLEST}{text}"), "local-config.yaml", self.directory.path(), overrides)
    }

    fn variable(&self, name: &str, value: &str) -> Overrides {
        Overrides::new(self.directory.path()).with_environment([(name.into(), value.into())])
    }

    fn flag(&self, flag: &str) -> Overrides {
        Overrides::new(self.directory.path()).with_flags([flag])
    }
}

#[test]
fn each_secret_can_come_from_a_variable_an_env_file_and_a_file() {
    let site = Site::new(&format!("{SECRET}\n"), 0o600);
    let of_site = |text: &str, overrides: Overrides| site.parse(text, &overrides).unwrap();
    type Found = fn(&Settings) -> Option<&str>;
    let token: Found = |settings| settings.server.auth.token.as_ref().map(|token| token.secret.reveal());
    let header: Found = |settings| settings.headers.get("COORDINATION").map(Secret::reveal);
    for (variable, section, flag, found) in [
        ("JURAT_SERVER_TOKEN", "server: {token_file: secret}", "server.token_file=secret", token),
        (
            "JURAT_HEADER_COORDINATION",
            "header_files: {COORDINATION: secret}",
            "header_files.COORDINATION=secret",
            header,
        ),
    ] {
        let file = format!("{variable}_FILE");
        for settings in [
            of_site("", site.variable(variable, SECRET)),
            of_site("", site.variable(&file, "secret")),
            of_site("", Overrides::none().with_env_file(&format!("{variable}='{SECRET}'"), "x.env")),
            of_site(section, Overrides::none()),
            of_site("", site.flag(flag)),
        ] {
            assert_eq!(found(&settings), Some(SECRET), "{variable}");
            assert!(!format!("{settings:?}").contains("s3cret"));
        }
        // Another way of saying it is no contradiction from above.
        let above =
            site.variable(variable, "another-secret-another").with_env_file(&format!("{file}=nowhere"), "x.env");
        assert_eq!(found(&of_site(section, above)), Some("another-secret-another"));
        assert_eq!(
            found(&of_site("", site.variable(variable, "another-secret-another").with_flags([flag]))),
            Some(SECRET)
        );
    }
    let site = Site::new(&format!("http://ann:{SECRET}@proxy:3128\r\n"), 0o600);
    let url = format!("http://ann:{SECRET}@proxy:3128");
    for (text, overrides) in [
        ("", site.variable("JURAT_HTTP_PROXY", &url)),
        ("http: {proxy: http://other}", site.variable("JURAT_HTTP_PROXY_FILE", "secret")),
        ("http: {proxy_file: secret}", Overrides::none()),
    ] {
        let settings = site.parse(text, &overrides).unwrap();
        assert_eq!(settings.http.proxy.as_ref().map(Secret::reveal), Some(url.as_str()));
        assert!(!format!("{settings:?}{overrides:?}").contains("s3cret"));
    }
}

#[test]
fn no_secret_is_ever_told() {
    let site = Site::new(&format!("{SECRET}\n{SECRET}"), 0o600);
    let long = SECRET.repeat(5_000);
    let both = [("JURAT_SERVER_TOKEN", SECRET), ("JURAT_SERVER_TOKEN_FILE", "secret")];
    let both = Overrides::none().with_environment(both.map(|(name, value)| (name.into(), value.into())));
    let cases = [
        (format!("server: {{token: {SECRET}}}"), Overrides::none(), "server.token: others could read it here"),
        (format!("server: {{token: [{SECRET}]}}"), Overrides::none(), "server.token: a text is expected"),
        (format!("server: {SECRET}"), Overrides::none(), "server: a map is expected"),
        (format!("http: {{proxy: 'http://a:{SECRET}@b'}}"), Overrides::none(), "http.proxy: there is a password"),
        (format!("http: {{proxy: 'ftp://a:{SECRET}@b'}}"), Overrides::none(), "not the URL of a proxy"),
        (format!("headers: {{A: {SECRET}}}"), Overrides::none(), "headers.A: others could read it here"),
        (format!("headers: {SECRET}"), Overrides::none(), "headers: a map is expected"),
        (format!("data_origins: ['https://a:{SECRET}@b']"), Overrides::none(), "holds a user name or a password"),
        (format!("coordination_service_config_uri: 'https://a:{SECRET}@b/c'"), Overrides::none(), "a password"),
        (format!("coordination_hosts: ['a:{SECRET}@b']"), Overrides::none(), "is not a host"),
        ("server: {token_file: secret}".into(), Overrides::none(), "its value has a line break after 20 bytes"),
        (String::new(), both, "the secret itself is given as well"),
        (String::new(), site.variable("JURAT_SERVER_TOKEN", "s3cret"), "it has fewer than 16 characters"),
        (String::new(), site.variable("JURAT_SERVER_TOKEN", &long), "its value has 100000 bytes"),
        (String::new(), site.variable("JURAT_SERVER_TOKN", SECRET), "did you mean `JURAT_SERVER_TOKEN`?"),
        (String::new(), site.variable("JURAT_SERVER_TOKEN", &format!("{SECRET}\n{SECRET}")), "a line break"),
        (String::new(), site.variable("JURAT_HTTP_PROXY", SECRET), "not the URL of a proxy"),
        (String::new(), site.variable("JURAT_HEADER_A", &format!("{SECRET}é")), "not the value of a header"),
        (
            String::new(),
            site.variable("JURAT_BUSINESS_CONFIG_URI", &format!("https://a:{SECRET}@b/c")),
            "https://...@b/c",
        ),
        (String::new(), site.flag(&format!("server.token={SECRET}")), "use `server.token_file`"),
        (String::new(), site.flag(&format!("http.proxy=http://a:{SECRET}@b")), "there is a password"),
        (String::new(), site.flag(SECRET), "has no `=`"),
        (String::new(), site.flag(&format!("headers.A={SECRET}")), "is not a setting"),
        (String::new(), Overrides::none().with_env_file(&format!("JURAT_SERVER_TOKEN {SECRET}"), "x"), "is expected"),
        (
            String::new(),
            Overrides::none().with_env_file(&format!("JURAT_SERVER_TOKEN='{SECRET}"), "x"),
            "closing quote",
        ),
        (String::new(), Overrides::none().with_env_file(&format!("{SECRET}=1"), "x"), "a name of letters"),
    ];
    for (text, overrides, reason) in cases {
        let problems = site.parse(&text, &overrides).unwrap_err();
        let told = format!("{problems} {problems:?}");
        assert!(told.contains(reason), "{text} {told}");
        assert!(!told.contains("s3cret"), "{told}");
        assert_eq!(problems.iter().count(), 1, "{told}");
    }
}

/// All settings with a secret in them, valid and invalid ones; but messages repeat keys, and a secret on a line of its own in
/// the file may become a key.
#[test]
fn no_secret_is_told_whatever_is_wrong_around_it() {
    let site = Site::new(SECRET, 0o600);
    let around = [
        "", "\n", "\r\n", "\0", " ", "\t", "@", "://", "'", "\"", "{", "[", "]", ": ", " #", "&", "*", "!", "|", "%",
        ",", "é",
    ];
    let values = around.iter().flat_map(|before| {
        around.iter().map(move |after| format!("{before}{SECRET}{after}")).chain([
            format!("http://a:{SECRET}@b{before}"),
            format!("https://{SECRET}@b{before}"),
            format!("{before}{SECRET}").repeat(4_000),
        ])
    });
    let names = ["JURAT_SERVER_TOKEN", "JURAT_HTTP_PROXY", "JURAT_HEADER_A", "JURAT_SERVER_TOKENS", "JURAT_HEADER_a"];
    let keys = ["server.token", "http.proxy", "server.tokens", "headers.A", "server"];
    let mut told = 0;
    let mut check = |text: &str, overrides: Overrides| {
        let settings = site.parse(text, &overrides);
        told += usize::from(settings.is_err());
        let told = match &settings {
            Ok(settings) => format!("{settings:?}"),
            Err(problems) => format!("{problems} {problems:?}"),
        };
        assert!(!told.contains("s3cret"), "{text} {overrides:?}: {told}");
    };
    for value in values {
        for name in names {
            check("", site.variable(name, &value));
            for line in [format!("{name}={value}"), format!("{name}='{value}'"), format!("{name} \"{value}")] {
                check("", Overrides::none().with_env_file(&line, "x.env"));
            }
        }
        keys.iter().for_each(|key| check("", site.flag(&format!("{key}={value}"))));
        if value.contains(['\n', '\r']) {
            continue;
        }
        for text in [
            format!("server: {{token: '{value}'}}"),
            format!("http:\n  proxy: {value}"),
            format!("server:\n  token: {value}"),
        ] {
            check(&text, Overrides::none());
        }
    }
    assert!(told > 10_000, "{told}");
}

#[test]
fn a_file_with_a_secret_must_be_in_order() {
    let refusal = |site: &Site| site.parse("server: {token_file: secret}", &Overrides::none()).unwrap_err().to_string();
    assert!(refusal(&Site::new("\n", 0o600)).contains("it is empty"));
    assert!(refusal(&Site::new(&"x".repeat((64 << 10) + 1), 0o600)).contains("more than 64 KiB"));
    assert!(refusal(&Site::new(SECRET, 0o666)).contains("everybody can write it"));
    let site = Site::new(SECRET, 0o600);
    fs::write(site.directory.path().join("secret"), [b'a', 0xff]).unwrap();
    assert!(refusal(&site).contains("it is not UTF-8 text"));
    fs::remove_file(site.directory.path().join("secret")).unwrap();
    assert!(refusal(&site).contains("it does not exist"));
    // In containers, files of secrets can often be read by all.
    assert!(Site::new(SECRET, 0o644).parse("server: {token_file: secret}", &Overrides::none()).is_ok());
}
