//! TLS for everything that asks other servers: rustls with ring, which compiles in seconds.

/// A builder of HTTP clients that can speak TLS. Clients are made through it alone.
pub fn client_builder() -> reqwest::ClientBuilder {
    // The process-wide provider is set once; whoever was first set the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
}
