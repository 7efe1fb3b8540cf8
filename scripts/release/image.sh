#!/usr/bin/env bash
# Builds the image for both architectures, pushes it, and prints `digest=sha256:…`.
# Usage: image.sh VERSION IMAGE
set -euo pipefail
cd "$(dirname "$0")/../.."
metadata=$(mktemp)
trap 'rm -f "$metadata"' EXIT
docker buildx build --platform linux/amd64,linux/arm64 --tag "$2:$1" --push \
  --sbom=true --provenance=mode=max --metadata-file "$metadata" . >&2
node -p '`digest=${JSON.parse(require("fs").readFileSync(process.argv[1]))["containerimage.digest"]}`' "$metadata"
