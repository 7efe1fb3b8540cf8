#!/usr/bin/env bash
# Runs actionlint, which an npm package carries; 3 MB of download, once.
set -euo pipefail
readonly package=@kjanat-actionlint/actionlint-linux-x64@1.17.0
readonly sha512=NpRSVyKuBd4yizECmaEkjVQmQwvTR8gOpDqm/DL5+E3pXmyt201QJ1IUWhsYFLVn+2MlVolWKaP/8UIPYkvPTQ==
readonly folder=${XDG_CACHE_HOME:-$HOME/.cache}/nodelb/actionlint
if [[ ! -x $folder/package/bin/actionlint ]]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  npm pack --silent --pack-destination "$work" "$package" >/dev/null
  archive=$(ls "$work"/*.tgz)
  if [[ $(openssl dgst -sha512 -binary "$archive" | base64 -w0) != "$sha512" ]]; then
    printf 'actionlint: %s has another content than expected\n' "$package" >&2
    exit 1
  fi
  mkdir -p "$folder"
  tar -xzf "$archive" -C "$folder"
  chmod 755 "$folder/package/bin/actionlint"
fi
"$folder/package/bin/actionlint" "$@"
