#!/usr/bin/env bash
# Builds the image of the Dockerfile without a container engine and without a registry of images: buildah runs
# its steps, on a Debian that debootstrap makes, with the Node.js that is an npm package. Needs root, Debian,
# npm, and the packages buildah and debootstrap (scripts/setup.sh image); about 3 minutes and 2 GB of disk the first time, then a minute.
# Prints the folder with the root of the image and, on standard error, how large it is.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly cache=${XDG_CACHE_HOME:-$HOME/.cache}/nodelb/image
readonly storage=(--storage-driver vfs --root "$cache/storage" --runroot "$cache/run")

say() { printf 'image: %s\n' "$*" >&2; }
quietly() {
  local log=$cache/log
  if ! "$@" >"$log" 2>&1; then
    tail -40 "$log" >&2
    say "failed: $*"
    exit 1
  fi
}
builder() { buildah "${storage[@]}" "$@"; }

# What debian:trixie-slim is in a registry.
make_base() {
  say 'making a Debian trixie (debootstrap)'
  quietly debootstrap --variant=minbase trixie "$cache/base.new" http://deb.debian.org/debian
  # As in the image of the name.
  rm -rf "$cache"/base.new/usr/share/{man,info,locale,doc-base}/* "$cache"/base.new/var/lib/apt/lists/* \
    "$cache"/base.new/var/cache/apt/*
  mv "$cache/base.new" "$cache/base"
}

# What node:26-trixie-slim is in a registry, beyond the Debian.
make_node() {
  local node work
  node=$(scripts/image-node.sh)
  work=$(mktemp -d "$cache/node.XXXXXX")
  mkdir -p "$work/local/bin" "$work/local/lib/node_modules/npm"
  npm pack --silent --pack-destination "$work" npm@11 >/dev/null
  tar -xzf "$work"/npm-11*.tgz -C "$work/local/lib/node_modules/npm" --strip-components=1
  cp "$node/bin/node" "$work/local/bin/"
  cp "$node/LICENSE" "$work/local/"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/local/bin/npm"
  mv "$work/local" "$cache/node"
  rm -rf "$work"
}

make_stand_ins() {
  if builder inspect --type image localhost/node:26-trixie-slim >/dev/null 2>&1; then return; fi
  [[ -d $cache/base ]] || make_base
  [[ -d $cache/node ]] || make_node
  say 'making the images on which the Dockerfile builds'
  local container
  container=$(builder from scratch)
  quietly builder copy "$container" "$cache/base" /
  quietly builder commit "$container" localhost/debian:trixie-slim
  quietly builder copy "$container" "$cache/node" /usr/local
  quietly builder run --isolation chroot "$container" -- \
    sh -c 'apt-get update && apt-get install -y --no-install-recommends libatomic1 libstdc++6'
  quietly builder commit --rm "$container" localhost/node:26-trixie-slim
}

build() {
  say 'building the Dockerfile (buildah)'
  # The certificates of this machine count in the build, too.
  printf 'cafile=/etc/ssl/certs/ca-certificates.crt\n' >"$cache/npmrc"
  quietly builder bud --isolation chroot --pull-never --layers=false --tag localhost/nodelb \
    --build-arg NODE=localhost/node:26-trixie-slim --build-arg BASE=localhost/debian:trixie-slim \
    --volume /etc/ssl/certs:/etc/ssl/certs:ro --volume "$cache/npmrc:/root/.npmrc:ro" .
}

# The root as a folder: no engine is there to mount it.
unpack() {
  rm -rf "$cache/oci" "$cache/root"
  local container mount
  container=$(builder from --pull-never localhost/nodelb)
  mount=$(builder mount "$container")
  cp -a "$mount" "$cache/root"
  quietly builder rm "$container"
  local size own
  size=$(du -sm --apparent-size "$cache/root" | cut -f1)
  own=$(du -sm --apparent-size "$cache/root/nodelb" | cut -f1)
  say "the image has $size MB, of which $own MB are nodelb's own and $(du -sm --apparent-size "$cache/root/usr/local/bin/node" | cut -f1) MB Node.js"
}

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
make_stand_ins
build
unpack
printf '%s\n' "$cache/root"
