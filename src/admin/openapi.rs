//! `/api/v1/openapi.json`: every path of the listener with what it takes and gives. The router itself makes it (`routes!`), so
//! that it lacks nothing and promises nothing that is not there. The form of errors, which is one for all, is added here.

use super::Problem;
use axum::Json;
use utoipa::PartialSchema as _;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, Info, License, OpenApi, Paths, Ref, ResponseBuilder};

/// The description, with who we are and how to show a token.
pub(super) fn http(api: &OpenApi) -> Json<OpenApi> {
    let mut api = api.clone();
    let mut info = Info::new("edgesteer admin API", env!("CARGO_PKG_VERSION"));
    let mut license = License::new("Apache-2.0 OR MIT");
    license.identifier = Some("Apache-2.0 OR MIT".to_owned());
    info.license = Some(license);
    info.description = Some("What edgesteer decides and why, and orders to it.".to_owned());
    api.info = info;
    let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = api.components.get_or_insert_with(Components::new);
    components.add_security_scheme("token", token);
    components.schemas.insert("Problem".to_owned(), Problem::schema());
    add_problems(&mut api.paths);
    // Without tokens in the configuration, looking needs none.
    let none = SecurityRequirement::default();
    api.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new()), none]);
    Json(api)
}

/// Says of every operation that has no other word for it what comes where something is wrong.
fn add_problems(paths: &mut Paths) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let problem = ResponseBuilder::new().description("what is wrong").content("application/problem+json", content);
    let problem = problem.build();
    for item in paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.put, &mut item.delete].into_iter().flatten() {
            operation.responses.responses.entry("default".to_owned()).or_insert_with(|| problem.clone().into());
        }
    }
}
