# syntax=docker/dockerfile:1

FROM node:26-slim AS build
WORKDIR /nodelb
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig*.json vitest.config.ts ./
COPY scripts scripts
COPY src src
# Types are checked by `npm test`; here only the file that runs is made.
RUN node scripts/build.mjs
# What the bundle leaves outside: two packages that come with their native part already built.
RUN npm ci --omit=dev \
 && mkdir -p /runtime/node_modules/@koromix \
 && cp -r node_modules/netlink node_modules/node-gyp-build node_modules/koffi /runtime/node_modules/ \
 && cp -r node_modules/@koromix/koffi-linux-* /runtime/node_modules/@koromix/ \
 && rm -rf /runtime/node_modules/koffi/vendor /runtime/node_modules/koffi/doc

FROM node:26-slim
# nodelb speaks netlink by itself; nft is here for people who look at what it did.
RUN apt-get update \
 && apt-get install -y --no-install-recommends nftables \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /nodelb
COPY --from=build /runtime/node_modules node_modules
COPY --from=build /nodelb/package.json package.json
COPY --from=build /nodelb/dist dist
ENTRYPOINT ["node", "dist/nodelb.js"]
