//! The pages of a list, one after the other.

use super::{
    Attempt,
    body::Content,
    draft::{self, Draft},
    effect,
    exchange::Answered,
    hide::Hidden,
};
use crate::{
    connector::{Action, Page, Place, Way},
    error::{Error, Failure},
};
use reqwest::Url;
use serde_json::{Map, Value};

/// The most pages of a list.
const MOST_PAGES: usize = 50;

/// The most that the entries of a list may take, in bytes of JSON: an expression gives no more than 384 KB.
const ROOM: usize = 320 * 1024;

/// The entries of a list.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) items: Vec<Value>,
    /// True if the system has more of them.
    pub(super) more: bool,
    /// Their size, in bytes of JSON.
    size: usize,
}

impl Entries {
    /// Adds an entry; false if there is no room for it.
    fn add(&mut self, item: Value, most: usize) -> bool {
        let size = serde_json::to_string(&item).map_or(0, |text| text.len() + 1);
        if self.items.len() >= most || self.size + size > ROOM {
            self.more = true;
            return false;
        }
        self.size += size;
        self.items.push(item);
        true
    }
}

impl Attempt<'_> {
    /// Reads page after page, until there is none, or there are enough. The answer is that of the last.
    pub(super) async fn pages(
        &self,
        action: &Action,
        page: &Page,
        mut draft: Draft,
        inputs: &Map<String, Value>,
    ) -> Result<(Answered, Entries), Error> {
        let mut entries = Entries::default();
        let mut cursor = Cursor::of(page);
        cursor.begin(&mut draft);
        let mut pages = 0;
        loop {
            pages += 1;
            let answered = self.ask(action, draft.clone()).await?;
            let context = self.context_of(&answered, None, inputs);
            let nothing = Hidden::default();
            let exchange = self.exchange(&nothing, effect(action));
            let listed = page
                .list
                .evaluate(&context)
                .map_err(|error| exchange.unreadable(error))?;
            let listed = match listed {
                Value::Array(listed) => listed,
                Value::Null => Vec::new(),
                _ => return Err(exchange.unreadable("the connector's `page.list` gives no list")),
            };
            let count = listed.len();
            let has_room = listed.into_iter().all(|item| entries.add(item, page.most));
            let goes_on = match &page.way {
                Way::Cursor { cursor: of, .. } => {
                    let next = of.evaluate(&context).map_err(|error| exchange.unreadable(error))?;
                    cursor.follow(&next, &mut draft)
                }
                Way::Offset { per_page, .. } | Way::Number { per_page, .. } => {
                    cursor.turn(count, *per_page, &mut draft)
                }
                Way::Link { relation } => match next_link(answered.link.as_deref(), relation, &draft.url) {
                    None => false,
                    Some(Ok(url)) if url != draft.url => {
                        draft.url = url;
                        true
                    }
                    Some(Ok(_)) => false,
                    Some(Err(())) => return Err(exchange.unclear(Failure::PageElsewhere)),
                },
            };
            let is_full = !has_room || entries.items.len() >= page.most || pages >= MOST_PAGES;
            entries.more |= goes_on && is_full;
            if is_full || !goes_on {
                return Ok((answered, entries));
            }
        }
    }
}

/// The place in a list.
struct Cursor<'a> {
    way: &'a Way,
    /// The cursor of the page before.
    before: Option<String>,
    /// The entries so far, or the number of the page.
    position: usize,
}

impl<'a> Cursor<'a> {
    fn of(page: &'a Page) -> Self {
        Self {
            way: &page.way,
            before: None,
            position: match &page.way {
                Way::Number { first, .. } => usize::try_from(*first).unwrap_or(1),
                _ => 0,
            },
        }
    }

    /// Asks for the first page.
    fn begin(&self, draft: &mut Draft) {
        if let Way::Offset { size, per_page, .. } | Way::Number { size, per_page, .. } = self.way {
            if let Some(size) = size {
                draft::set(&mut draft.url, size, &per_page.to_string());
            }
            self.place(draft);
        }
    }

    fn place(&self, draft: &mut Draft) {
        if let Way::Offset { offset: name, .. } | Way::Number { page_number: name, .. } = self.way {
            draft::set(&mut draft.url, name, &self.position.to_string());
        }
    }

    /// Turns to the next page; false if there is none.
    fn turn(&mut self, count: usize, per_page: usize, draft: &mut Draft) -> bool {
        if count < per_page {
            return false;
        }
        self.position += match self.way {
            Way::Number { .. } => 1,
            _ => count,
        };
        self.place(draft);
        true
    }

    /// Goes to the page under this cursor; false if it is none. A system that gives the same one again would never end.
    fn follow(&mut self, next: &Value, draft: &mut Draft) -> bool {
        let next = match next {
            Value::String(text) if !text.is_empty() => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return false,
        };
        if self.before.as_deref() == Some(&next) {
            return false;
        }
        match self.way {
            Way::Cursor {
                goes_into: Place::Query(name),
                ..
            } => draft::set(&mut draft.url, name, &next),
            Way::Cursor {
                goes_into: Place::Json(name),
                ..
            } => {
                if let Content::Json(Value::Object(fields)) = &mut draft.content {
                    fields.insert(name.clone(), next.clone().into());
                } else {
                    draft.content = Content::Json(Value::Object(Map::from_iter([(name.clone(), next.clone().into())])));
                }
            }
            _ => return false,
        }
        self.before = Some(next);
        true
    }
}

/// The address of the next page in a header `link`; an error if it is at another place than this page.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8288#section-3>
fn next_link(header: Option<&str>, relation: &str, from: &Url) -> Option<Result<Url, ()>> {
    for link in header?.split('<').skip(1) {
        let (address, parameters) = link.split_once('>')?;
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
            name.trim().eq_ignore_ascii_case("rel") && relations.any(|one| one.eq_ignore_ascii_case(relation))
        });
        if is_next {
            let next = from.join(address).map_err(|_| ());
            return Some(next.and_then(
                |next| match next.origin() == from.origin() && next.username().is_empty() {
                    true => Ok(next),
                    false => Err(()),
                },
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn next(header: &str) -> Option<Result<String, ()>> {
        let from = "https://api.example.com/v1/things?page=1".parse().unwrap();
        next_link(Some(header), "next", &from).map(|next| next.map(Into::into))
    }

    #[rstest]
    #[case::whole(
        r#"<https://api.example.com/v1/things?page=2>; rel="next""#,
        "https://api.example.com/v1/things?page=2"
    )]
    #[case::without_quotes("<https://api.example.com/x>; rel=next", "https://api.example.com/x")]
    #[case::the_second(
        r#"<https://api.example.com/a>; rel="prev", <https://api.example.com/b>; rel="next""#,
        "https://api.example.com/b"
    )]
    #[case::relative(
        r#"</v1/things?after=a,b>; rel="next""#,
        "https://api.example.com/v1/things?after=a,b"
    )]
    #[case::of_several_relations(r#"<?page=2>; rel="next last""#, "https://api.example.com/v1/things?page=2")]
    #[case::with_more_to_say(r#"<?page=2>; title="x"; rel="next""#, "https://api.example.com/v1/things?page=2")]
    fn the_next_page_is_where_the_header_says(#[case] header: &str, #[case] expected: &str) {
        assert_eq!(next(header), Some(Ok(expected.to_owned())));
    }

    #[rstest]
    #[case::another_host(r#"<https://evil.example.org/v1/things?page=2>; rel="next""#)]
    #[case::another_port(r#"<https://api.example.com:8443/x>; rel="next""#)]
    #[case::in_the_clear(r#"<http://api.example.com/x>; rel="next""#)]
    #[case::no_scheme(r#"<//evil.example.org/x>; rel="next""#)]
    #[case::a_user(r#"<https://me@api.example.com/x>; rel="next""#)]
    fn another_place_is_not_followed(#[case] header: &str) {
        assert_eq!(next(header), Some(Err(())));
    }

    #[rstest]
    #[case::last_page(r#"<https://api.example.com/a>; rel="prev""#)]
    #[case::empty("")]
    #[case::garbage("next")]
    #[case::half("<https://api.example.com/a")]
    fn without_a_next_page_the_list_ends(#[case] header: &str) {
        assert_eq!(next(header), None);
    }
}
