#!/usr/bin/env bash
# Runs a command with the helm and kubectl in PATH with which the tests run.
set -euo pipefail
tools=$("$(dirname "$0")/../../test/e2e/kubernetes-tools.sh")
PATH=$tools:$PATH exec "$@"
