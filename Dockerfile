# Ringtrace in a container: `docker build -t ringtrace .`, then see compose.yaml.
#
# Three stages: the official prebuilt DuckDB (npm package, as `make` uses it), the binary, and what runs.
ARG RUST=1.95
ARG DEBIAN=bookworm

FROM node:22-${DEBIAN}-slim AS duckdb
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /duckdb
# The same release as scripts/setup; a test holds the two together.
ARG DUCKDB_VERSION=1.5.6-r.1
RUN arch="$(dpkg --print-architecture | sed s/amd64/x64/)" \
    && npm pack --silent "@duckdb/node-bindings-linux-${arch}@${DUCKDB_VERSION}" \
    && tar -xzf ./*.tgz --strip-components=1 \
    && mkdir lib && cp libduckdb.so* lib/

FROM rust:${RUST}-${DEBIAN} AS build
WORKDIR /src
COPY --from=duckdb /duckdb/lib .duckdb
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --profile dist --locked --bin ringtrace \
    && mkdir /out && cp target/dist/ringtrace .duckdb/libduckdb.so /out/

FROM debian:${DEBIAN}-slim
# redis-server: for the private Redis that runs when no other is configured. The base image pins what apt gives.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates redis-server \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin ringtrace \
    && install -d -o ringtrace -g ringtrace -m 0700 /data
COPY --from=build /out/ /usr/lib/ringtrace/
RUN ln -s /usr/lib/ringtrace/ringtrace /usr/bin/ringtrace
USER 10001
WORKDIR /data
VOLUME /data
ENV RINGTRACE_CONFIG=/etc/ringtrace/ringtrace.toml \
    RINGTRACE__DATA_FOLDER=/data \
    RINGTRACE__SERVER__LISTEN=0.0.0.0:8080
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["ringtrace", "health"]
ENTRYPOINT ["ringtrace"]
CMD ["serve"]
