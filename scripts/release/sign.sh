#!/usr/bin/env bash
# Signs the image, pushes the chart as an OCI artifact and signs that, too, and signs the checksums. Needs cosign
# and helm, both logged in to the registry. Usage: sign.sh VERSION IMAGE DIGEST FOLDER
set -euo pipefail
readonly version=$1 image=$2 digest=$3 folder=$4
cosign sign --yes "$image@$digest"
cosign attest --yes --type cyclonedx --predicate "$folder/sbom.cdx.json" "$image@$digest"
pushed=$(helm push "$folder/nodelb-chart-$version.tgz" "oci://${image%/*}/charts" 2>&1 | tee /dev/stderr)
cosign sign --yes "${image%/*}/charts/nodelb@$(sed -n 's/^Digest: //p' <<<"$pushed")"
cosign sign-blob --yes --bundle "$folder/SHA256SUMS.sigstore.json" "$folder/SHA256SUMS"
