# syntax=docker/dockerfile:1
#
# For several platforms at once (there are prebuilt native parts for these two):
#   docker buildx build --platform linux/amd64,linux/arm64 -t registry.example.com/nodelb:0.1.0 .

# Node.js 26 is long-term support from October 2026 to April 2029. The slim image has glibc, which
# the native parts want, and no compiler, which nothing here needs. The second image is the one on which the
# first is built; of the first only Node.js itself is taken, and not npm and yarn.
ARG NODE=node:26-trixie-slim
ARG BASE=debian:trixie-slim

FROM ${NODE} AS build
WORKDIR /nodelb
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY LICENSE ./
COPY scripts scripts
COPY src src
# Types are checked by `npm test`; here only the file that runs is made.
RUN node scripts/build.mjs && node scripts/image-files.mjs /image
# The licence of Node.js holds those of what it is made of.
RUN mkdir -p /node/bin && cp -L "$(command -v node)" /node/bin/ && cp /usr/local/LICENSE /node/

FROM ${BASE}
# nodelb speaks netlink by itself; for the backend iptables it starts the programs of either flavour,
# which are all in the package iptables. nft and conntrack are for people: `kubectl exec` is often the
# only shell on a node, and these show what the kernel holds. libatomic1 is Node.js'.
RUN apt-get update \
 && apt-get install -y --no-install-recommends nftables conntrack iptables libatomic1 libstdc++6 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log \
 && ln -s /nodelb/dist/nodelb.js /usr/local/bin/nodelb
COPY --from=build /node/bin/node /usr/local/bin/node
COPY --from=build /node/LICENSE /usr/local/share/doc/node/LICENSE
COPY --from=build /image /nodelb
# Root: CAP_NET_ADMIN reaches a process of another user only by ways that the manifests forbid. It is
# the only capability needed, but for iptables-legacy; see deploy/.
USER 0:0
ENTRYPOINT ["nodelb"]
