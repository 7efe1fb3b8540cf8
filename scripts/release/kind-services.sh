#!/usr/bin/env bash
# Installs the chart on the kind cluster `nodelb`, in place of kube-proxy, and runs Kubernetes' own tests of Services
# on it, four at a time. Needs docker, kind, kubectl, helm, node, curl and a kubeconfig whose current context is the
# cluster. The tests of the cluster's version are downloaded.
set -euo pipefail
cd "$(dirname "$0")/../.."
docker build -t localhost/nodelb:kind .
kind load docker-image --name nodelb localhost/nodelb:kind
helm install nodelb charts/nodelb -n kube-system --set image.repository=localhost/nodelb,image.tag=kind \
  --set scope=all,apiServer.host=nodelb-control-plane --wait --timeout 5m
version=$(kubectl version -o json | node -p 'JSON.parse(require("fs").readFileSync(0)).serverVersion.gitVersion')
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
curl -fsSL "https://dl.k8s.io/$version/kubernetes-test-linux-amd64.tar.gz" |
  tar -xz -C "$folder" --strip-components=3 kubernetes/test/bin/e2e.test kubernetes/test/bin/ginkgo
"$folder/ginkgo" --procs 4 --focus '\[sig-network\] Services' --skip '\[(Disruptive|Feature:.*|Serial|Slow)\]' \
  "$folder/e2e.test" -- --kubeconfig "$HOME/.kube/config" --provider skeleton
