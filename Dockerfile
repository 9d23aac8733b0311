# syntax=docker/dockerfile:1

# Exact versions, so that the same commit makes the same image; to pin the bytes as well, put @sha256:… of your registry behind them.
FROM node:22.19.0-bookworm-slim AS build
WORKDIR /crew
# First what decides the packages, so that a change of the source does not install them again.
COPY package.json package-lock.json .npmrc ./
COPY scripts scripts
RUN node scripts/crew-dev.mjs install
COPY . .
RUN npm run build && mkdir data

FROM debian:12.12-slim
LABEL org.opencontainers.image.title="Crew" \
      org.opencontainers.image.description="A task orchestration server: DAGs of tasks, pushed to webhook workers" \
      org.opencontainers.image.licenses="MIT"
# The binary brings its runtime and its certificates: nothing is installed here, and it writes to /data alone (docker run --read-only).
COPY --from=build /crew/dist/crew /usr/local/bin/crew
# A volume mounted over /data takes its owner from here, so the user below can write to it.
COPY --from=build --chown=10001:10001 /crew/data /data
USER 10001:10001
WORKDIR /data
VOLUME /data
ENV HOST=0.0.0.0 \
    PORT=8090 \
    CREW_STORAGE=sqlite:/data/crew.db
EXPOSE 8090
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["crew", "health"]
# SIGTERM drains: attempts in flight finish within CREW_SHUTDOWN_TIMEOUT_IN_MILLISECONDS (30 s), so stop with more than that.
ENTRYPOINT ["crew"]
CMD ["start"]
