//! What a type takes from a file, found by reading nothing: its keys and the types of their values.
//!
//! A reader is asked what it would like to have and is given as little as it takes, one key at a
//! time. So the schema says what the types of `file.rs` say, and nothing is said twice.

use std::cell::RefCell;
use std::fmt;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Error, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde::{Deserializer, forward_to_deserialize_any};

/// What a value may be.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Shape {
    /// Yes or no.
    Yes,
    /// A whole number.
    Whole,
    /// Any number.
    Number,
    /// Text.
    Text,
    /// A list.
    List(Box<Self>),
    /// A table of names of one's own.
    Names(Box<Self>),
    /// A table of these keys.
    Table(Vec<(&'static str, Self)>),
    /// One of these, and how the reader calls it.
    Either(Vec<Self>, String),
}

/// Returns what a type takes.
pub(super) fn shape<T: DeserializeOwned>() -> Shape {
    explore::<T>(&mut Vec::new())
}

/// One step from the whole to a part of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    /// To the value of a key.
    Key(&'static str),
    /// To one way in which a value may be written.
    Way(Way),
}

/// A way in which a value may be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    Yes,
    Whole,
    Number,
    Text,
    List,
    Table,
}

impl Way {
    const ALL: [Self; 6] = [
        Self::Yes,
        Self::Whole,
        Self::Number,
        Self::Text,
        Self::List,
        Self::Table,
    ];
}

/// What stands at the end of the steps.
#[derive(Clone, PartialEq, Debug)]
enum End {
    Is(Shape),
    Keys(&'static [&'static str]),
    /// The reader looks what it gets.
    Any(String),
    /// It does not take that.
    Refused,
}

#[derive(Clone, Copy, Debug)]
enum Wrap {
    List,
    Names,
}

/// One walk along the steps.
#[derive(Debug)]
struct Walk {
    steps: Vec<Step>,
    /// How many of them were gone.
    gone: usize,
    /// What lies around the end, since the last step.
    around: Vec<Wrap>,
    end: Option<End>,
}

fn explore<T: DeserializeOwned>(steps: &mut Vec<Step>) -> Shape {
    let (around, end) = walk::<T>(steps);
    let found = match end {
        End::Is(shape) => shape,
        End::Keys(keys) => Shape::Table(
            keys.iter()
                .map(|key| (*key, beyond::<T>(steps, Step::Key(key))))
                .collect(),
        ),
        End::Any(expected) => Shape::Either(ways::<T>(steps), expected),
        End::Refused => Shape::Either(Vec::new(), String::new()),
    };
    around.into_iter().rev().fold(found, |shape, wrap| {
        let shape = Box::new(shape);
        match wrap {
            Wrap::List => Shape::List(shape),
            Wrap::Names => Shape::Names(shape),
        }
    })
}

fn beyond<T: DeserializeOwned>(steps: &mut Vec<Step>, step: Step) -> Shape {
    steps.push(step);
    let shape = explore::<T>(steps);
    steps.pop();
    shape
}

/// Returns the ways in which a value may be written where the reader looks what it gets.
fn ways<T: DeserializeOwned>(steps: &mut Vec<Step>) -> Vec<Shape> {
    // Lists of what may be a list again hold words only.
    let is_inner = steps.contains(&Step::Way(Way::List));
    let mut found = Vec::new();
    for way in Way::ALL {
        if is_inner && matches!(way, Way::List | Way::Table) {
            continue;
        }
        steps.push(Step::Way(way));
        let (_, end) = walk::<T>(steps);
        if end != End::Refused {
            found.push(explore::<T>(steps));
        }
        steps.pop();
    }
    found
}

fn walk<T: DeserializeOwned>(steps: &[Step]) -> (Vec<Wrap>, End) {
    let walk = RefCell::new(Walk {
        steps: steps.to_vec(),
        gone: 0,
        around: Vec::new(),
        end: None,
    });
    let came = T::deserialize(Walker(&walk));
    let Walk { around, end, .. } = walk.into_inner();
    let last = match steps.last() {
        Some(Step::Way(Way::Yes)) => End::Is(Shape::Yes),
        Some(Step::Way(Way::Whole)) => End::Is(Shape::Whole),
        Some(Step::Way(Way::Number)) => End::Is(Shape::Number),
        Some(Step::Way(Way::Text)) => End::Is(Shape::Text),
        Some(Step::Way(Way::List | Way::Table) | Step::Key(_)) | None => End::Refused,
    };
    let end = match (end, came) {
        (Some(end), _) => end,
        (None, Err(Stop::Refused)) => End::Refused,
        (None, Err(Stop::Keys(keys))) => End::Keys(keys),
        (None, Ok(_) | Err(Stop::Other)) => last,
    };
    (around, end)
}

/// Why a reader did not get to its end.
#[derive(Debug, thiserror::Error)]
enum Stop {
    #[error("that is not taken")]
    Refused,
    #[error("these keys are known: {0:?}")]
    Keys(&'static [&'static str]),
    #[error("nothing more is to be known")]
    Other,
}

impl Error for Stop {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self::Other
    }

    fn invalid_type(_found: Unexpected<'_>, _expected: &dyn Expected) -> Self {
        Self::Refused
    }

    fn unknown_field(_field: &str, expected: &'static [&'static str]) -> Self {
        Self::Keys(expected)
    }
}

#[derive(Clone, Copy)]
struct Walker<'a>(&'a RefCell<Walk>);

impl Walker<'_> {
    /// Goes one step, where there is one more.
    fn next(self) -> Option<Step> {
        let mut walk = self.0.borrow_mut();
        let step = walk.steps.get(walk.gone).copied()?;
        walk.gone += 1;
        walk.around.clear();
        Some(step)
    }

    fn wrap(self, wrap: Wrap) {
        self.0.borrow_mut().around.push(wrap);
    }

    fn end<T>(self, end: End) -> Result<T, Stop> {
        self.0.borrow_mut().end = Some(end);
        Err(Stop::Other)
    }
}

/// What the toml library reads a value and its place as.
const PLACED: &str = "$__serde_spanned_private_Spanned";

impl<'de> Deserializer<'de> for Walker<'_> {
    type Error = Stop;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        let Some(step) = self.next() else {
            let expected = (&visitor as &dyn Expected).to_string();
            return self.end(End::Any(expected));
        };
        match step {
            Step::Way(Way::Yes) => visitor.visit_bool(true),
            Step::Way(Way::Whole) => visitor.visit_i64(1),
            Step::Way(Way::Number) => visitor.visit_f64(1.5),
            Step::Way(Way::Text) => visitor.visit_str(""),
            Step::Way(Way::List) => {
                self.wrap(Wrap::List);
                visitor.visit_seq(One(self, true))
            }
            Step::Way(Way::Table) => {
                let key = self.next();
                let keys = match key {
                    Some(Step::Key(key)) => Keys(self, vec![key]),
                    // No reader knows this one, and says which it knows.
                    Some(Step::Way(_)) | None => Keys(self, vec!["\u{0}"]),
                };
                visitor.visit_map(keys)
            }
            Step::Key(_) => Err(Stop::Refused),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Stop> {
        self.end(End::Is(Shape::Yes))
    }

    fn deserialize_i64<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Stop> {
        self.end(End::Is(Shape::Whole))
    }

    fn deserialize_f64<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Stop> {
        self.end(End::Is(Shape::Number))
    }

    fn deserialize_string<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Stop> {
        self.end(End::Is(Shape::Text))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.wrap(Wrap::List);
        visitor.visit_seq(One(self, true))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.wrap(Wrap::Names);
        visitor.visit_map(Keys(self, vec!["name"]))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        if name == PLACED {
            return visitor.visit_map(Keys(self, fields.iter().rev().copied().collect()));
        }
        match self.next() {
            Some(Step::Key(key)) => visitor.visit_map(Keys(self, vec![key])),
            Some(Step::Way(_)) => Err(Stop::Refused),
            None => self.end(End::Keys(fields)),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 char str bytes byte_buf unit unit_struct
        tuple tuple_struct enum identifier ignored_any
    }
}

/// A list of one.
struct One<'a>(Walker<'a>, bool);

impl<'de> SeqAccess<'de> for One<'_> {
    type Error = Stop;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Stop> {
        if std::mem::take(&mut self.1) {
            return seed.deserialize(self.0).map(Some);
        }
        Ok(None)
    }
}

/// A table of these keys, the last first.
struct Keys<'a>(Walker<'a>, Vec<&'static str>);

impl<'de> MapAccess<'de> for Keys<'_> {
    type Error = Stop;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Stop> {
        let Some(key) = self.1.last() else {
            return Ok(None);
        };
        // The toml library wants the letters themselves.
        seed.deserialize(BorrowedStrDeserializer::new(key))
            .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Stop> {
        let key = self.1.pop().unwrap_or_default();
        // Where a value stood is no part of it.
        if key.starts_with("$__serde_spanned") && !key.ends_with("value") {
            return seed.deserialize(0_usize.into_deserializer());
        }
        seed.deserialize(self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::{Shape, shape};
    use crate::config::file;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape is looked at")]
    struct Inner {
        text: Option<file::Text>,
        many: Option<toml::Spanned<Vec<file::Text>>>,
    }

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape is looked at")]
    struct Outer {
        inner: Option<Vec<Inner>>,
        yes: Option<bool>,
        number: Option<toml::Spanned<i64>>,
        named: Option<BTreeMap<String, toml::Spanned<i64>>>,
    }

    fn list(shape: Shape) -> Shape {
        Shape::List(Box::new(shape))
    }

    #[test]
    fn a_type_tells_its_keys_and_what_they_take() {
        let inner = vec![("text", Shape::Text), ("many", list(Shape::Text))];
        let outer = vec![
            ("inner", list(Shape::Table(inner))),
            ("yes", Shape::Yes),
            ("number", Shape::Whole),
            ("named", Shape::Names(Box::new(Shape::Whole))),
        ];
        assert_eq!(shape::<Outer>(), Shape::Table(outer));
    }

    #[track_caller]
    fn check_ways(found: Shape, expected: &[Shape]) {
        let Shape::Either(ways, named) = found else {
            panic!("{found:?}");
        };
        assert_eq!(ways, expected, "{named}");
        assert!(!named.is_empty());
    }

    #[test]
    fn what_may_be_written_in_several_ways_tells_them_all() {
        let column = vec![("stage", Shape::Text), ("title", Shape::Text)];
        check_ways(
            shape::<file::Column>(),
            &[Shape::Text, Shape::Table(column)],
        );
        check_ways(shape::<file::Ascii>(), &[Shape::Yes, Shape::Text]);
        check_ways(
            shape::<file::KeyValue>(),
            &[Shape::Yes, Shape::Text, list(Shape::Text)],
        );
        let words = [Shape::Yes, Shape::Whole, Shape::Text];
        let Shape::Either(found, named) = shape::<file::Words>() else {
            panic!("no choice");
        };
        assert_eq!(found[..3], words);
        assert_eq!(found[3], list(Shape::Either(words.to_vec(), named)));
        let scalar = [Shape::Yes, Shape::Whole, Shape::Number, Shape::Text];
        check_ways(shape::<file::Scalar>(), &scalar);
        check_ways(shape::<file::Day>(), &[Shape::Text]);
    }
}
