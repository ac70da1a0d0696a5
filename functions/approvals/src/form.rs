//! The form that a browser sends.

use std::collections::BTreeMap;

/// The button that was pressed.
pub(crate) const CHOICE: &str = "choice";

/// The name that the person has typed.
pub(crate) const NAME: &str = "name";

/// The beginning of the names of an approval's own fields. An author may call one `choice` or `name`.
pub(crate) const FIELD: &str = "field.";

/// The form of a page, filled in.
#[derive(Clone, Default, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct Typed {
    pub(crate) choice: String,
    pub(crate) name: String,
    /// The fields of the approval, by their names.
    pub(crate) fields: BTreeMap<String, String>,
}

impl Typed {
    /// Reads a form. What the page does not ask for is passed over: extensions of browsers send some. Of a field that comes twice the last
    /// one counts, because the value of a box that is not ticked stands in a hidden field before it.
    pub(crate) fn read(body: &[u8]) -> Self {
        let mut typed = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match (&*name, name.strip_prefix(FIELD)) {
                (CHOICE, _) => typed.choice = value.into_owned(),
                (NAME, _) => typed.name = value.into_owned(),
                (_, Some(field)) => {
                    typed.fields.insert(field.to_owned(), value.into_owned());
                }
                (_, None) => {}
            }
        }
        typed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Typed {
        Typed::read(body.as_bytes())
    }

    #[test]
    fn a_form_has_a_choice_a_name_and_fields_of_any_name() {
        let typed = read("name=Anna+%C3%85&field.name=web-1&field.choice=a%26b&choice=restart&utm=x");
        assert_eq!((&*typed.name, &*typed.choice), ("Anna Å", "restart"));
        let fields: Vec<(&str, &str)> = typed.fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(fields, [("choice", "a&b"), ("name", "web-1")]);
    }

    #[test]
    fn a_ticked_box_stands_behind_the_value_of_one_that_is_not() {
        assert_eq!(read("field.sure=false&field.sure=true").fields["sure"], "true");
        assert_eq!(read("field.sure=false").fields["sure"], "false");
    }

    #[test]
    fn what_is_no_form_is_an_empty_one_and_bytes_that_are_no_text_are_replaced() {
        for body in ["", "&&=&", "{\"choice\":\"restart\"}", "field=1"] {
            assert_eq!(read(body), Typed::default(), "{body}");
        }
        assert_eq!(read("name=%ff%00").name, "\u{fffd}\0");
    }
}
