//! The forms that a secret can take.

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};

/// A secret that must stand nowhere.
#[derive(Debug)]
pub(super) struct Marker {
    /// What it is.
    pub(super) name: &'static str,
    forms: Vec<(&'static str, String)>,
}

impl Marker {
    pub(super) fn new(name: &'static str, secret: &str) -> Self {
        let mut forms = vec![("as it is", secret.to_owned())];
        let escaped: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
        forms.push(("escaped for a URL", percent_encoded(secret)));
        forms.push(("escaped for a URL as a whole", escaped));
        forms.push(("in hexadecimal", HEXLOWER.encode(secret.as_bytes())));
        for before in 0..3 {
            forms.push(("in base64", inner(secret, before, |bytes| BASE64.encode(bytes))));
            forms.push((
                "in base64 for URLs",
                inner(secret, before, |bytes| BASE64URL_NOPAD.encode(bytes)),
            ));
        }
        Self { name, forms }
    }

    /// In which form a text holds it.
    pub(super) fn is_in(&self, text: &str) -> Option<&'static str> {
        // Hexadecimal digits and escapes are written in either case.
        let lower = text.to_lowercase();
        let found = |(form, secret): &&(&'static str, String)| {
            text.contains(secret.as_str())
                || (*form != "as it is" && !form.contains("base64") && lower.contains(&secret.to_lowercase()))
        };
        self.forms.iter().find(found).map(|(form, _)| *form)
    }
}

/// As URLs have it: all but letters, digits and a few signs escaped.
fn percent_encoded(text: &str) -> String {
    let escaped = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escaped).collect()
}

/// What all encodings of texts have in common in which the secret stands behind so many bytes, modulo three.
fn inner(secret: &str, before: usize, encode: impl Fn(&[u8]) -> String) -> String {
    let bytes = [&vec![0; before][..], secret.as_bytes()].concat();
    let first = (before * 8).div_ceil(6);
    let end = bytes.len() * 8 / 6;
    encode(&bytes)[first..end].to_owned()
}

#[test]
fn a_secret_is_found_in_every_form_wherever_it_stands_and_not_where_it_is_not() {
    let secret = "marked-token-of-nobody+/7Q";
    let marker = Marker::new("token", secret);
    for before in ["", "a", "ab", "abc", "Token token="] {
        let text = format!("{before}{secret}, and so on");
        assert_eq!(marker.is_in(&text), Some("as it is"));
        assert_eq!(
            marker.is_in(&BASE64.encode(text.as_bytes())),
            Some("in base64"),
            "{before}"
        );
        assert!(
            marker.is_in(&BASE64URL_NOPAD.encode(text.as_bytes())).is_some(),
            "{before}"
        );
        assert!(marker.is_in(&HEXLOWER.encode(text.as_bytes()).to_uppercase()).is_some());
        assert_eq!(marker.is_in(&percent_encoded(&text)), Some("escaped for a URL"));
        assert!(marker.is_in(&percent_encoded(&text).to_lowercase()).is_some());
    }
    assert_eq!(marker.is_in("marked-token-of-somebody"), None);
}
