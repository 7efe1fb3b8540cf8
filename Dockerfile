# syntax=docker/dockerfile:1
#
# For several platforms at once (there are prebuilt native parts for these two):
#   docker buildx build --platform linux/amd64,linux/arm64 -t registry.example.com/nodelb:0.1.0 .

# Node.js 26 is long-term support from October 2026 to April 2029. The slim image has glibc, which
# the native parts want, and no compiler, which nothing here needs.
ARG NODE=node:26-trixie-slim

FROM ${NODE} AS build
WORKDIR /nodelb
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY LICENSE ./
COPY scripts scripts
COPY src src
# Types are checked by `npm test`; here only the file that runs is made.
RUN node scripts/build.mjs && node scripts/image-files.mjs /image

FROM ${NODE}
# nodelb speaks netlink by itself; for the backend iptables it starts the programs of either flavour,
# which are all in the package iptables. nft and conntrack are for people: `kubectl exec` is often the
# only shell on a node, and these show what the kernel holds. npm and yarn are of no use here.
RUN apt-get update \
 && apt-get install -y --no-install-recommends nftables conntrack iptables \
 && rm -rf /var/lib/apt/lists/* /usr/local/lib/node_modules /opt/yarn* \
 && find /usr/local/bin -xtype l -delete \
 && ln -s /nodelb/dist/nodelb.js /usr/local/bin/nodelb
COPY --from=build /image /nodelb
# Root: CAP_NET_ADMIN reaches a process of another user only by ways that the manifests forbid. It is
# the only capability needed, but for iptables-legacy; see deploy/.
USER 0:0
ENTRYPOINT ["nodelb"]
