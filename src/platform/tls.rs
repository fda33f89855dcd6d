//! TLS for everything that asks other servers: rustls with ring, which compiles in seconds.

/// Makes ring what every TLS connection of this process uses; whoever was first chose the same.
pub fn install_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A builder of HTTP clients that can speak TLS. Clients are made through it alone.
pub fn client_builder() -> reqwest::ClientBuilder {
    install_provider();
    reqwest::Client::builder()
}
