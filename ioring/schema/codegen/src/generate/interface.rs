//! Interfaces: ids and a method table, a typed request, a server with its dispatch, and a client.

use super::{Generator, doc};
use crate::{
    model::{Body, Interface, Method, Node},
    names,
};

impl Generator<'_> {
    pub(super) fn interface(&self, node: &Node, body: &Interface, out: &mut String) {
        let modules = names::modules(node);
        let module = modules.last().map_or("", String::as_str);
        out.push_str(&doc(&node.doc, &format!("`{}`.", node.name)));
        out.push_str(&format!(
            "pub mod {module} {{\n use isthmus_schema::{{call, wire}};\n\n"
        ));
        self.table(node, body, out);
        for method in body.methods.iter().enumerate() {
            self.marker(node, method, out);
        }
        if !body.methods.is_empty() {
            self.request(node, body, out);
        }
        self.server(node, body, out);
        self.dispatch(node, body, out);
        self.client(node, body, out);
        for child in self.children(&node.name) {
            self.item(child, out);
        }
        out.push_str("}\n\n");
    }

    fn table(&self, node: &Node, body: &Interface, out: &mut String) {
        let name = &node.name;
        let mut rows = String::new();
        for (index, method) in body.methods.iter().enumerate() {
            rows.push_str(&format!(
                "call::MethodInfo {{ method: {index}, name: {:?}, params: {:#018x}, results: {:#018x} }},\n",
                method.name, method.params, method.results
            ));
        }
        let extends: Vec<String> = body
            .extends
            .iter()
            .map(|id| format!("{id:#018x}"))
            .collect();
        out.push_str(&format!(
            "/// Cap'n Proto id of `{name}`.
pub const ID: u64 = {:#018x};
/// Its name in the schema.
pub const NAME: &str = {name:?};
/// Ids of its superclasses.
pub const EXTENDS: &[u64] = &[{}];
/// Its methods, by ordinal.
pub const METHODS: &[call::MethodInfo] = &[{rows}];

",
            node.id,
            extends.join(", ")
        ));
    }

    fn marker(&self, node: &Node, (index, method): (usize, &Method), out: &mut String) {
        let name = names::pascal(&method.name);
        let (params, results) = (
            self.path(node, method.params, "Type"),
            self.path(node, method.results, "Type"),
        );
        let full = format!("{}.{}", node.name, method.name);
        out.push_str(&format!(
            "/// Method `{full}`.
#[derive(Debug, Clone, Copy)]
pub enum {name} {{}}

impl call::Method for {name} {{
    const ID: call::MethodId = call::MethodId {{ interface: ID, method: {index} }};
    const NAME: &'static str = {full:?};
    type Params = {params};
    type Results = {results};
}}

"
        ));
    }

    fn request(&self, node: &Node, body: &Interface, out: &mut String) {
        let (mut variants, mut arms) = (String::new(), String::new());
        for (index, method) in body.methods.iter().enumerate() {
            let name = names::pascal(&method.name);
            let params = self.path(node, method.params, "Reader<'a>");
            variants.push_str(&format!(
                "/// A call of `{}`.\n{name}({params}),\n",
                method.name
            ));
            arms.push_str(&format!(
                "{index} => Self::{name}(call::params::<{name}>(message)?),\n"
            ));
        }
        out.push_str(&format!(
            "/// A call of one of the methods of `{}`, for servers that answer later than they are asked.
#[derive(Debug, Clone, Copy)]
pub enum Request<'a> {{
    {variants}
}}

impl<'a> Request<'a> {{
    /// Reads the parameters of a call.
    ///
    /// # Errors
    /// [`call::Refusal::Unimplemented`] and [`call::Refusal::Params`].
    pub fn read(method: call::MethodId, message: &'a wire::Message<'a>) -> Result<Self, call::Refusal> {{
        if method.interface != ID {{
            return Err(call::Refusal::Unimplemented(method));
        }}
        Ok(match method.method {{
            {arms}
            _ => return Err(call::Refusal::Unimplemented(method)),
        }})
    }}
}}

",
            node.name
        ));
    }

    fn server(&self, node: &Node, body: &Interface, out: &mut String) {
        let mut methods = String::new();
        for method in &body.methods {
            let (params, results) = (
                self.path(node, method.params, "Reader<'_>"),
                self.path(node, method.results, "Builder<'_>"),
            );
            methods.push_str(&doc(&method.doc, &format!("Method `{}`.", method.name)));
            methods.push_str(&format!(
                "fn {}(&self, context: &mut X, params: {params}, results: {results}) -> Result<(), E> {{
                    let _ = (context, params, results);
                    Err(call::unimplemented::<{}>().into())
                }}\n\n",
                names::snake(&method.name),
                names::pascal(&method.name)
            ));
        }
        let bases: Vec<String> = body
            .extends
            .iter()
            .map(|id| self.path(node, *id, "Server<X, E>"))
            .collect();
        let colon = if bases.is_empty() { "" } else { ": " };
        out.push_str(&format!(
            "/// An object with the interface `{}`, for [`dispatch`]. `X` is what its surroundings tell it of a call, the capabilities in
/// it above all; `E` is the error of a call. A method that is not implemented refuses the call.
pub trait Server<X, E: From<call::Refusal>>{colon}{} {{
    {methods}
}}

",
            node.name,
            bases.join(" + ")
        ));
    }

    fn dispatch(&self, node: &Node, body: &Interface, out: &mut String) {
        let mut arms = String::new();
        for (index, method) in body.methods.iter().enumerate() {
            let name = names::pascal(&method.name);
            arms.push_str(&format!(
                "{index} => server.{}(context, call::params::<{name}>(&message)?, call::results::<{name}>(&mut answer)?)?,\n",
                names::snake(&method.name)
            ));
        }
        let mut bases = String::new();
        for id in &body.extends {
            let module = self.path(node, *id, "");
            bases.push_str(&format!(
                "if method.interface == {module}ID || {module}EXTENDS.contains(&method.interface) {{
                    return {module}dispatch::<X, E, S>(server, method, params, context, results);
                }}\n"
            ));
        }
        let work = if body.methods.is_empty() {
            "let _ = (server, params, context, results);\nErr(call::Refusal::Unimplemented(method).into())".to_owned()
        } else {
            format!(
                "if method.interface != ID {{
                    return Err(call::Refusal::Unimplemented(method).into());
                }}
                let message = wire::Message::new(params).map_err(call::Refusal::Params)?;
                let mut answer = wire::MessageBuilder::new(results);
                match method.method {{
                    {arms}
                    _ => return Err(call::Refusal::Unimplemented(method).into()),
                }}
                Ok(answer.len())"
            )
        };
        out.push_str(&format!(
            "/// Has `server` answer a call: `params` is what came, `results` the room for what goes back, of which the length is given.
///
/// # Errors
/// A [`call::Refusal`] as `E`, or the server's own.
pub fn dispatch<X, E: From<call::Refusal>, S: Server<X, E> + ?Sized>(
    server: &S,
    method: call::MethodId,
    params: &[u8],
    context: &mut X,
    results: &mut [u8],
) -> Result<usize, E> {{
    {bases}{work}
}}

/// A [`Server`] as something that answers calls of any interface.
#[derive(Debug, Clone, Copy)]
pub struct Serve<S>(pub S);

impl<X, E: From<call::Refusal>, S: Server<X, E>> call::Dispatch<X, E> for Serve<S> {{
    fn dispatch(&self, method: call::MethodId, params: &[u8], context: &mut X, results: &mut [u8]) -> Result<usize, E> {{
        dispatch(&self.0, method, params, context, results)
    }}
}}

"
        ));
    }

    fn client(&self, node: &Node, body: &Interface, out: &mut String) {
        let mut methods = String::new();
        for method in &body.methods {
            let (name, marker) = (names::snake(&method.name), names::pascal(&method.name));
            let params = self.path(node, method.params, "Builder<'_>");
            methods.push_str(&doc(&method.doc, &format!("Method `{}`.", method.name)));
            if self.is_empty(method.params) {
                methods.push_str(&format!(
                    "pub fn {name}(&self) -> call::Pending<{marker}, T::Pending> {{ call::start::<{marker}, T>(&self.0, |_, _| Ok(())) }}\n\n"
                ));
            } else {
                methods.push_str(&format!(
                    "pub fn {name}(&self, fill: impl FnOnce({params}, &mut call::CapList<'_, T::Cap>) -> Result<(), wire::Error>) \
                     -> call::Pending<{marker}, T::Pending> {{ call::start::<{marker}, T>(&self.0, fill) }}\n\n"
                ));
            }
        }
        for id in &body.extends {
            let Some(base) = self.schema.node(*id) else {
                continue;
            };
            let module = self.path(node, *id, "");
            methods.push_str(&format!(
                "/// The methods of `{}`.\npub const fn as_{}(&self) -> {module}Client<&T> {{ {module}Client(&self.0) }}\n\n",
                base.name,
                names::modules(base).join("_")
            ));
        }
        let methods = if methods.is_empty() {
            String::new()
        } else {
            format!("impl<T: call::Caller> Client<T> {{\n{methods}}}\n\n")
        };
        out.push_str(&format!(
            "/// Calls an object with the interface `{}` through a transport. A method's `fill` writes the parameters, and puts the
/// capabilities that they name into the list; it leaves out what is to have its default.
#[derive(Debug, Clone, Copy)]
pub struct Client<T>(pub T);

{methods}",
            node.name
        ));
    }

    /// Whether a struct has no fields.
    fn is_empty(&self, id: u64) -> bool {
        let node = self.schema.node(id);
        node.is_some_and(|node| matches!(&node.body, Body::Struct(body) if body.fields.is_empty()))
    }
}
