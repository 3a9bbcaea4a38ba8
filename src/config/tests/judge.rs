//! As much of JSON schema as ours uses, for tests.

use serde_json::Value;

/// Returns the first place where a value is not what the schema says.
pub(super) fn wrong(schema: &Value, value: &Value, place: &str) -> Option<String> {
    let here = || Some(place.to_owned());
    if schema == &Value::Bool(false) {
        return here();
    }
    let fits = |way: &Value| wrong(way, value, place).is_none();
    let ways = |key: &str| schema[key].as_array().cloned();
    if ways("anyOf").is_some_and(|ways| !ways.iter().any(fits)) {
        return here();
    }
    let all = ways("allOf").unwrap_or_default();
    if let Some(found) = all.iter().find_map(|way| wrong(way, value, place)) {
        return Some(found);
    }
    if !schema["if"].is_null() && fits(&schema["if"]) {
        return wrong(&schema["then"], value, place);
    }
    let is_odd = ways("enum").is_some_and(|words| !words.contains(value))
        || schema.get("const").is_some_and(|word| word != value)
        || !is_of_type(schema["type"].as_str(), value)
        || is_outside(schema, value);
    if is_odd {
        return here();
    }
    match value {
        Value::Array(list) => in_list(schema, list, place),
        Value::Object(table) => in_table(schema, table, place),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn is_of_type(kind: Option<&str>, value: &Value) -> bool {
    match kind {
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some(other) => panic!("{other}"),
        None => true,
    }
}

fn is_outside(schema: &Value, value: &Value) -> bool {
    let limit = |key: &str| schema[key].as_i64();
    let size = value
        .as_array()
        .map(|list| i64::try_from(list.len()).unwrap());
    let number = value.as_i64();
    let form = schema["pattern"].as_str().zip(value.as_str());
    limit("minimum").is_some_and(|least| number.is_some_and(|it| it < least))
        || limit("maximum").is_some_and(|most| number.is_some_and(|it| it > most))
        || limit("minItems").is_some_and(|least| size.is_some_and(|it| it < least))
        || limit("maxItems").is_some_and(|most| size.is_some_and(|it| it > most))
        || form.is_some_and(|(form, text)| !regex::Regex::new(form).unwrap().is_match(text))
}

fn in_list(schema: &Value, list: &[Value], place: &str) -> Option<String> {
    let firsts = schema["items"].as_array().cloned().unwrap_or_default();
    let others = if firsts.is_empty() {
        &schema["items"]
    } else {
        &schema["additionalItems"]
    };
    let mut list = list.iter().enumerate();
    list.find_map(|(at, value)| wrong(firsts.get(at).unwrap_or(others), value, place))
}

type Table = serde_json::Map<String, Value>;

fn in_table(schema: &Value, table: &Table, place: &str) -> Option<String> {
    let lacks = |keys: &Value| {
        let mut keys = keys.as_array().into_iter().flatten();
        keys.any(|key| !table.contains_key(key.as_str().unwrap()))
    };
    let needs = schema["dependencies"].as_object().into_iter().flatten();
    let mut needs = needs.filter(|(key, _)| table.contains_key(*key));
    if lacks(&schema["required"]) || needs.any(|(_, keys)| lacks(keys)) {
        return Some(place.to_owned());
    }
    table.iter().find_map(|(key, value)| {
        let place = format!("{place}.{key}");
        let name = Value::String(key.clone());
        if let Some(names) = schema.get("propertyNames")
            && wrong(names, &name, &place).is_some()
        {
            return Some(place);
        }
        match (&schema["properties"][key], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => Some(place),
            (Value::Null, others) => wrong(others, value, &place),
            (known, _) => wrong(known, value, &place),
        }
    })
}
