//! `/api/v1/openapi.json`: every path of the listener with what it takes and gives. The router itself makes it (`routes!`), so
//! that it lacks nothing and promises nothing that is not there.

use axum::Json;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, Info, License, OpenApi};

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
    api.components.get_or_insert_with(Components::new).add_security_scheme("token", token);
    // Without tokens in the configuration, looking needs none.
    let none = SecurityRequirement::default();
    api.security = Some(vec![SecurityRequirement::new("token", Vec::<String>::new()), none]);
    Json(api)
}
