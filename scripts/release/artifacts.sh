#!/usr/bin/env bash
# Makes all files of a release but the image: manifests and chart with the image by its digest, the program as an
# archive for this architecture, the list of what is in it, notes, and checksums of all. Two runs from one commit
# make the same bytes.
#
# Usage: artifacts.sh VERSION IMAGE DIGEST TREE FOLDER
#   artifacts.sh 0.2.0 registry.example.com/nodelb sha256:4a5e… https://git.example.com/nodelb/blob/v0.2.0/ release
# TREE is the address at which people read the files of this version; alerts lead to docs/troubleshoot.md there.
# Needs `npm ci` first, helm and kubectl in PATH.
set -euo pipefail
export LC_ALL=C TZ=UTC
if (($# != 5)); then
  sed -n 's/^# \{0,1\}//; 6,8p' "$0" >&2
  exit 2
fi
readonly version=$1 image=$2 digest=$3 tree=$4
mkdir -p "$5"
folder=$(cd "$5" && pwd)
readonly folder
cd "$(dirname "$0")/../.."
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Packs a folder; neither the clock nor the person who packs is in it.
pack() {
  tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=go+rX,go-w \
    -C "$work" -cf - "$1" | gzip -9n >"$folder/$2"
}

manifests() {
  local overlay
  for overlay in load-balancer all controller; do
    kubectl kustomize "deploy/overlays/$overlay" |
      sed "s#image: registry.example.com/nodelb:.*#image: $image@$digest#" >"$folder/install-$overlay.yaml"
    if ! grep -q "image: $image@$digest" "$folder/install-$overlay.yaml"; then
      echo "artifacts: install-$overlay.yaml does not name the image" >&2
      exit 1
    fi
  done
  kubectl kustomize deploy/crds >"$folder/crds.yaml"
}

chart() {
  cp -rL charts/nodelb "$work/nodelb"
  rm -r "$work/nodelb/ci"
  sed -i "s#^version: .*#version: $version#; s#^appVersion: .*#appVersion: $version#" "$work/nodelb/Chart.yaml"
  sed -i "s#^  repository: registry.example.com/nodelb#  repository: $image#; 0,/^  digest: \"\"/s##  digest: $digest#" \
    "$work/nodelb/values.yaml"
  sed -i "s#^    runbooks: \"\"#    runbooks: $tree#" "$work/nodelb/values.yaml"
  helm lint --strict --quiet "$work/nodelb" >&2
  pack nodelb "nodelb-chart-$version.tgz"
}

program() {
  npm run --silent build
  local name
  name=nodelb-$version-linux-$(node -p process.arch)
  node scripts/image-files.mjs "$work/$name"
  pack "$name" "$name.tar.gz"
}

rm -f "$folder"/*
manifests
chart
program
node scripts/release/sbom.mjs "$version" >"$folder/sbom.cdx.json"
node scripts/release/notes.mjs "$version" >"$folder/notes.md"
(cd "$folder" && sha256sum -- * >"$work/SHA256SUMS" && mv "$work/SHA256SUMS" .)
ls "$folder"
