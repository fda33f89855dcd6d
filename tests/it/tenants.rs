//! No tenant sees or changes what is another's: every documented route that takes a key is walked with two tenants.

use serde_json::{Value, json};

use crate::support::tenants::{EVERY_SITE, Route, SCOPES, Tenancy, Tenant, seen};

/// What the tenant has, as it reads it itself.
async fn belongings(world: &Tenancy, tenant: &Tenant) -> Vec<Value> {
    let site = tenant.site;
    let mut all = Vec::new();
    for path in [
        format!("/v1/calls?site={site}"),
        format!("/v1/leads?site={site}"),
        format!("/v1/postbacks?site={site}"),
        format!("/v1/sites/{site}/pools/main/numbers"),
    ] {
        all.push(world.read(&path, tenant).await);
    }
    all
}

fn shows_nothing(what: &str, text: &str, of: &Tenant) {
    for mark in of.marks() {
        assert!(!text.contains(&mark), "{what} shows `{mark}` of {}:\n{text}", of.site);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_another_tenants_does_not_exist() {
    let world = Tenancy::start().await;
    let before = belongings(&world, &world.harbour).await;
    let routes = Route::all();
    assert!(routes.len() > 20, "{routes:?}");
    for route in routes.iter().filter(|route| route.names_a_tenant()) {
        let asked = world
            .ask(route, &world.harbour, Some("harbour"))
            .bearer_auth(world.meadow.key("admin"));
        let (status, text) = seen(asked.send().await.expect("an answer")).await;
        assert_eq!(status, 404, "{}: {text}", route.name());
        shows_nothing(&route.name(), &text, &world.harbour);
        // The name of a report is nobody's.
        let is_a_thing = route.path.contains('{') && !route.path.contains("{name}");
        if is_a_thing && route.site.is_some() {
            // The thing is another's, the site that is named is the asker's own.
            let asked = world.ask(route, &world.harbour, Some("meadow"));
            let asked = asked.bearer_auth(world.meadow.key("admin"));
            let (status, text) = seen(asked.send().await.expect("an answer")).await;
            assert_eq!(status, 404, "{}: {text}", route.name());
            shows_nothing(&route.name(), &text, &world.harbour);
        }
    }
    assert_eq!(belongings(&world, &world.harbour).await, before, "something was changed");

    // Whose it is gets it: else the answers above would say nothing.
    for route in &routes {
        let key = match route.wants_every_site {
            true => EVERY_SITE.to_owned(),
            false => world.harbour.key("admin"),
        };
        let asked = world.ask(route, &world.harbour, Some("harbour")).bearer_auth(key);
        let (status, text) = seen(asked.send().await.expect("an answer")).await;
        assert!((200..300).contains(&status), "{}: {status} {text}", route.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_have_the_rows_of_the_key_alone() {
    let world = Tenancy::start().await;
    let lists = Route::all().into_iter();
    let lists = lists.filter(|route| route.is_list() && !route.wants_every_site);
    let lists: Vec<Route> = lists.collect();
    assert!(lists.len() > 5, "{lists:?}");
    let mut with_rows = 0;
    for route in &lists {
        let asked = world.ask(route, &world.meadow, None).bearer_auth(world.meadow.key("admin"));
        let (status, text) = seen(asked.send().await.expect("an answer")).await;
        assert_eq!(status, 200, "{}: {text}", route.name());
        shows_nothing(&route.name(), &text, &world.harbour);
        with_rows += usize::from(world.meadow.marks().iter().any(|mark| text.contains(mark)));
    }
    assert!(with_rows >= 5, "most lists have rows of one's own: {with_rows}");

    // A place in another's list is none in one's own.
    for (list, next) in [
        ("/v1/calls?limit=1", "next"),
        ("/v1/postbacks?limit=1", "next_cursor"),
        ("/v1/leads?limit=1&site=@", "next"),
        ("/v1/sites/@/pools/main/numbers?limit=1", "next"),
    ] {
        let page = world.read(&list.replace('@', "harbour"), &world.harbour).await;
        let cursor = page[next].as_str().unwrap_or_else(|| panic!("{list} has one page: {page}"));
        let path = format!("{}&cursor={cursor}", list.replace('@', "meadow"));
        let answer = world.app.get(&path, &world.meadow.key("admin")).await;
        shows_nothing(list, &seen(answer).await.1, &world.harbour);
    }
    let missed = world.app.get("/v1/live?last_event_id=0-0", &world.meadow.key("admin")).await;
    shows_nothing("/v1/live", &seen(missed).await.1, &world.harbour);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_does_not_reach_another_tenant() {
    let world = Tenancy::start().await;
    let Tenancy { app, meadow, harbour } = &world;
    let before = belongings(&world, harbour).await;
    let (call, provider_call) = (&harbour.call, &harbour.provider_call);
    let own_call = format!("/v1/calls/{}", meadow.call);
    let named = json!({ "session": harbour.session });
    let by_caller = json!({ "caller": harbour.caller(), "started_at": harbour.started_at });
    for (method, path, body) in [
        ("PATCH", own_call.clone(), named.clone()),
        (
            "POST",
            format!("{own_call}/events"),
            json!({ "id": "x", "type": "identified", "named": named }),
        ),
        ("POST", "/v1/outcomes?site=meadow".to_owned(), outcome(json!({ "call": call }))),
        (
            "POST",
            "/v1/outcomes?site=meadow".to_owned(),
            outcome(json!({ "provider": "twilio", "provider_call_id": provider_call })),
        ),
        ("POST", "/v1/outcomes?site=meadow".to_owned(), outcome(by_caller)),
        (
            "POST",
            "/v1/leads?site=meadow".to_owned(),
            json!({ "leads": [{ "id": "theirs", "session": harbour.session }] }),
        ),
        (
            "POST",
            "/v1/sites/meadow/pools/main/numbers".to_owned(),
            json!({ "numbers": [harbour.number(0), harbour.number(2)] }),
        ),
    ] {
        let url = format!("{}{path}", app.base);
        let request = app.client.request(method.parse().expect("a method"), url);
        let answer = request.bearer_auth(meadow.key("admin")).json(&body).send().await;
        let (status, text) = seen(answer.expect("an answer")).await;
        assert!(status < 500, "{path}: {text}");
        // What the asker said may be told back; what it did not say may not.
        let said = body.to_string();
        for mark in harbour.marks().iter().filter(|mark| !said.contains(*mark)) {
            assert!(!text.contains(mark), "{method} {path} {said} shows `{mark}`: {text}");
        }
        assert!(!text.contains("\"changed\":1"), "{path}: {text}");
    }
    app.reported().await;
    assert_eq!(belongings(&world, harbour).await, before, "something was changed");
    let own = belongings(&world, meadow).await;
    let shown = own.iter().map(Value::to_string).collect::<String>();
    assert!(!shown.contains("harbour"), "another's campaign has come in: {shown}");
}

fn outcome(mut named: Value) -> Value {
    named["disposition"] = json!("stolen");
    json!({ "outcomes": [named] })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_wants_a_key_of_the_scope_that_the_document_tells() {
    let world = Tenancy::start().await;
    for route in Route::all() {
        let name = route.name();
        let without =
            world.ask(&route, &world.harbour, Some("harbour")).send().await.expect("an answer");
        let unknown = world
            .ask(&route, &world.harbour, Some("harbour"))
            .bearer_auth("rt_unknown")
            .send()
            .await;
        for answer in [without, unknown.expect("an answer")] {
            let (status, text) = seen(answer).await;
            assert_eq!(status, 401, "{name}: {text}");
            assert!(text.contains("www-authenticate"), "{name}: {text}");
            shows_nothing(&name, &text, &world.harbour);
        }
        let needed = SCOPES.iter().position(|scope| *scope == route.scope).expect("a scope");
        for (at, scope) in SCOPES.iter().enumerate() {
            let asked = world
                .ask(&route, &world.harbour, Some("harbour"))
                .bearer_auth(world.harbour.key(scope));
            let (status, text) = seen(asked.send().await.expect("an answer")).await;
            if at < needed || route.wants_every_site {
                assert_eq!(status, 403, "{name} with the scope {scope}: {text}");
                let told = format!("needs a key with the scope {}", route.scope);
                assert!(text.contains(&told), "{name}: {text}");
            } else {
                assert_ne!(status, 403, "{name} with the scope {scope}: {text}");
                assert_ne!(status, 401, "{name} with the scope {scope}: {text}");
            }
        }
    }
}
