//! The commands that ask the API of a running server.

use std::io::Write;
use std::path::PathBuf;

use reqwest::{Method, RequestBuilder, Response};

use crate::cli::CliError;
use crate::config::load::load;
use crate::platform::tls::client_builder;

/// Where the server is, and who asks.
#[derive(Clone, Debug, clap::Args)]
pub struct ServerArgs {
    /// Where the server is; by default the configuration's listen address.
    #[arg(long, env = "RINGTRACE_URL")]
    pub url: Option<String>,
    /// An API key.
    #[arg(long, env = "RINGTRACE_KEY", hide_env_values = true)]
    pub key: String,
    /// Configuration that tells where the server listens.
    #[arg(long, env = "RINGTRACE_CONFIG")]
    pub config: Option<PathBuf>,
}

impl ServerArgs {
    /// A client of that server.
    pub fn client(&self) -> Result<Client, CliError> {
        let base = match &self.url {
            Some(url) => url.clone(),
            None => format!("http://{}", load(self.config.as_deref())?.server.listen),
        };
        Client::new(&base, &self.key)
    }
}

/// Asks the API of a running server.
pub struct Client {
    base: String,
    key: String,
    http: reqwest::Client,
}

impl Client {
    /// A client of the server at `base` (`http://host:port`).
    pub fn new(base: &str, key: &str) -> Result<Self, CliError> {
        let http = client_builder()
            .build()
            .map_err(|e| CliError::Server { url: base.to_owned(), why: e.to_string() })?;
        Ok(Client { base: base.trim_end_matches('/').to_owned(), key: key.to_owned(), http })
    }

    /// Reads `path`.
    pub async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<String, CliError> {
        self.send(Method::GET, path, query, |request| request).await
    }

    /// Posts nothing to `path`: it is asked to do its work.
    pub async fn post(&self, path: &str) -> Result<String, CliError> {
        self.send(Method::POST, path, &[], |request| request).await
    }

    /// Reads the JSON at `path`.
    pub async fn get_json(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<serde_json::Value, CliError> {
        let text = self.get(path, query).await?;
        serde_json::from_str(&text)
            .map_err(|e| CliError::Server { url: self.url(path), why: format!("no JSON: {e}") })
    }

    /// Posts JSON to `path` and reads the JSON that is answered.
    pub async fn post_json(
        &self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<serde_json::Value, CliError> {
        let text = self.send(Method::POST, path, &[], |request| request.json(body)).await?;
        serde_json::from_str(&text)
            .map_err(|e| CliError::Server { url: self.url(path), why: format!("no JSON: {e}") })
    }

    /// Posts a CSV to `path`.
    pub async fn post_csv(&self, path: &str, csv: String) -> Result<String, CliError> {
        self.post_csv_to(path, &[], csv).await
    }

    /// Posts a CSV to `path` with a query.
    pub async fn post_csv_to(
        &self,
        path: &str,
        query: &[(&str, String)],
        csv: String,
    ) -> Result<String, CliError> {
        let with_csv = |request: RequestBuilder| {
            request.header("content-type", "text/csv; charset=utf-8").body(csv)
        };
        self.send(Method::POST, path, query, with_csv).await
    }

    /// Deletes what is at `path`.
    pub async fn delete(&self, path: &str) -> Result<String, CliError> {
        self.send(Method::DELETE, path, &[], |request| request).await
    }

    /// Writes what is at `path` to `to`, piece by piece.
    pub async fn download(
        &self,
        path: &str,
        query: &[(&str, String)],
        to: &mut dyn Write,
    ) -> Result<(), CliError> {
        let mut response = self.ask(Method::GET, path, query, |request| request).await?;
        let broke_off = |e: reqwest::Error| CliError::Server {
            url: self.url(path),
            why: format!("the answer broke off: {e}"),
        };
        while let Some(piece) = response.chunk().await.map_err(broke_off)? {
            to.write_all(&piece).map_err(CliError::Stream)?;
        }
        to.flush().map_err(CliError::Stream)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        with_body: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<String, CliError> {
        let response = self.ask(method, path, query, with_body).await?;
        let failed =
            |e: reqwest::Error| CliError::Server { url: self.url(path), why: e.to_string() };
        response.text().await.map_err(failed)
    }

    /// The answer of the server, when it is none of its refusals.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        with_body: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, CliError> {
        let url = self.url(path);
        let failed = |why: String| CliError::Server { url: url.clone(), why };
        let mut asked = url::Url::parse(&url).map_err(|e| failed(e.to_string()))?;
        if !query.is_empty() {
            asked.query_pairs_mut().extend_pairs(query);
        }
        let request = self.http.request(method, asked).bearer_auth(&self.key);
        let sent = with_body(request).send().await;
        let response = sent.map_err(|e| {
            failed(if e.is_connect() {
                "nothing answers there; is it running?".to_owned()
            } else {
                e.to_string()
            })
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = response.text().await.map_err(|e| failed(e.to_string()))?;
        let problem: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        let detail = problem["detail"].as_str().unwrap_or("no reason given");
        Err(failed(format!("{status}: {detail}")))
    }

    /// The whole address of `path`, for errors.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}
