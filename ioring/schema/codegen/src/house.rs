//! What every schema of the house has to be, whatever was released before: documented, with ids that are written down, and with
//! names that do not meet those of generated code.

use crate::{
    generate::bullet,
    model::{Body, Interface, Node, Schema, Struct},
};

/// Words that generated code uses itself in the place where such a name would go.
const TAKEN_FIELDS: [&str; 2] = ["raw", "which"];
const TAKEN_METHODS: [&str; 4] = ["server", "client", "request", "dispatch"];

/// What is wrong with a schema: the declaration and the sentence, as in `log.capnp: LogField.name: has no comment`.
#[must_use]
pub fn problems(schema: &Schema) -> Vec<String> {
    let mut found = Vec::new();
    for node in &schema.nodes {
        let mut say = |what: &str, problem: &str| {
            let dot = if what.is_empty() { "" } else { "." };
            found.push(format!(
                "{}: {}{dot}{what}: {problem}",
                node.file, node.name
            ));
        };
        match &node.body {
            Body::Struct(body) => structure(node, body, &mut say),
            Body::Enum(values) => {
                documented(node, &mut say);
                for value in values {
                    if value.doc.is_empty() {
                        say(&value.name, "has no comment");
                    }
                }
            }
            Body::Interface(body) => {
                documented(node, &mut say);
                interface(schema, body, &mut say);
            }
        }
        let doubled = schema
            .nodes
            .iter()
            .filter(|other| other.name == node.name && !node.name.contains('.'));
        if doubled.count() > 1 {
            found.push(format!(
                "{}: {}: another file declares the same name",
                node.file, node.name
            ));
        }
    }
    found
}

fn documented(node: &Node, say: &mut impl FnMut(&str, &str)) {
    if node.doc.is_empty() {
        say("", "has no comment");
    }
}

fn structure(node: &Node, body: &Struct, say: &mut impl FnMut(&str, &str)) {
    let is_of_method = node.of_method().is_some();
    if !body.is_group && !is_of_method {
        documented(node, say);
    }
    for field in &body.fields {
        // Parameters and results are told in the comment of their method.
        if !is_of_method && field.doc.is_empty() {
            say(&field.name, "has no comment");
        }
        if TAKEN_FIELDS.contains(&field.name.as_str()) {
            say(&field.name, "generated code uses this name itself");
        }
    }
}

fn interface(schema: &Schema, body: &Interface, say: &mut impl FnMut(&str, &str)) {
    for method in &body.methods {
        if method.doc.is_empty() {
            say(&method.name, "has no comment");
        }
        if TAKEN_METHODS.contains(&method.name.as_str()) {
            say(&method.name, "generated code uses this name itself");
        }
        for id in [method.params, method.results] {
            let Some(Body::Struct(of)) = schema
                .node(id)
                .filter(|of| of.of_method().is_some())
                .map(|of| &of.body)
            else {
                continue;
            };
            for field in &of.fields {
                if bullet(&method.doc, &field.name).is_none() {
                    let problem = format!("its comment has no line \"- `{}`: ...\"", field.name);
                    say(&method.name, &problem);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{listing, samples::BASE};

    /// The sample with a comment on everything, changed by `change`.
    fn problems_after(change: impl FnOnce(&mut Schema)) -> Vec<String> {
        let mut schema = listing::read(BASE).expect("a listing");
        for node in &mut schema.nodes {
            node.doc = "Said.".into();
            match &mut node.body {
                Body::Struct(body) => body
                    .fields
                    .iter_mut()
                    .for_each(|field| field.doc = "Said.".into()),
                Body::Enum(values) => values
                    .iter_mut()
                    .for_each(|value| value.doc = "Said.".into()),
                Body::Interface(body) => body.methods.iter_mut().for_each(|method| {
                    method.doc = "Said.\n- `seconds`: s.\n- `litres`: l.\n- `name`: n.".into();
                }),
            }
        }
        change(&mut schema);
        problems(&schema)
    }

    fn node<'a>(schema: &'a mut Schema, name: &str) -> &'a mut Node {
        let found = schema.nodes.iter_mut().find(|node| node.name == name);
        found.expect("in the sample")
    }

    fn structure<'a>(schema: &'a mut Schema, name: &str) -> &'a mut Struct {
        match &mut node(schema, name).body {
            Body::Struct(body) => body,
            other => panic!("{other:?}"),
        }
    }

    fn interface<'a>(schema: &'a mut Schema, name: &str) -> &'a mut Interface {
        match &mut node(schema, name).body {
            Body::Interface(body) => body,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_schema_with_comments_is_right() {
        assert_eq!(problems_after(|_| {}), Vec::<String>::new());
    }

    #[test]
    fn what_has_no_comment_is_named() {
        let found = problems_after(|schema| {
            node(schema, "Speed").doc.clear();
            structure(schema, "Reading").fields[0].doc.clear();
            interface(schema, "Pump").methods[0].doc = "Said.\n- `seconds`: s.".into();
        });
        assert_eq!(
            found,
            [
                "pump.capnp: Speed: has no comment",
                "pump.capnp: Reading.litres: has no comment",
                "pump.capnp: Pump.run: its comment has no line \"- `litres`: ...\"",
            ]
        );
    }

    #[test]
    fn names_of_generated_code_and_names_twice_are_refused() {
        let found = problems_after(|schema| {
            structure(schema, "Reading").fields[0].name = "which".into();
            interface(schema, "Pump").methods[0].name = "request".into();
            node(schema, "Speed").name = "Part".into();
        });
        assert_eq!(found.len(), 4, "{found:?}");
        assert_eq!(
            found
                .iter()
                .filter(|problem| problem.contains("same name"))
                .count(),
            2
        );
    }
}
