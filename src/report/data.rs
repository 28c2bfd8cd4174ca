//! The data of a report for programs. The entries of a list that may be very long are made one by one while they
//! are written: as a tree in memory, each takes many times the room of its text.

use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// The published JSON of a command: exact decimals as strings, no locale.
pub struct Data {
    value: Value,
    list: Option<List>,
}

/// A list in an object, in whose place the object has something else.
struct List {
    key: &'static str,
    len: usize,
    entry: Box<dyn Fn(usize) -> Value>,
}

impl Data {
    /// An object whose entry `key` is a list of `len` entries, made when they are written.
    pub fn with_list(
        value: Value,
        key: &'static str,
        len: usize,
        entry: impl Fn(usize) -> Value + 'static,
    ) -> Data {
        Data { value, list: Some(List { key, len, entry: Box::new(entry) }) }
    }
}

impl From<Value> for Data {
    fn from(value: Value) -> Data {
        Data { value, list: None }
    }
}

/// The data without the list.
impl Deref for Data {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.value
    }
}

impl DerefMut for Data {
    fn deref_mut(&mut self) -> &mut Value {
        &mut self.value
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (Some(list), Value::Object(map)) = (&self.list, &self.value) else {
            return self.value.serialize(serializer);
        };
        let mut object = serializer.serialize_map(Some(map.len()))?;
        for (key, value) in map {
            match key == list.key {
                true => object.serialize_entry(key, list)?,
                false => object.serialize_entry(key, value)?,
            }
        }
        object.end()
    }
}

impl Serialize for List {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((0..self.len).map(&self.entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_list_is_written_in_its_place() {
        let data = Data::with_list(json!({ "a": 1, "rows": null, "z": 2 }), "rows", 2, |place| json!(place));
        assert_eq!(serde_json::to_string(&data).unwrap(), r#"{"a":1,"rows":[0,1],"z":2}"#);
        assert_eq!(data["a"], 1);
        assert_eq!(serde_json::to_string(&Data::from(json!([1]))).unwrap(), "[1]");
    }
}
